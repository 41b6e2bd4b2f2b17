// Counts and logs connections that open and close, and the mistakes and attacks of strangers, each with its address. If an
// address does the same again and again, that has one line a minute.

import { addressKey } from "../limits/addresses.ts";
import type { Admission } from "../limits/door.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics/metrics.ts";

/** How many wrong passwords from one address have a line of their own within a minute: more than a person can type. */
const guessesLogged = 100;

export class Traffic {
  readonly #log: Log;
  readonly #metrics: Metrics;

  constructor(log: Log, metrics: Metrics) {
    this.#log = log;
    this.#metrics = metrics;
  }

  /** A stranger did something wrong. `isGuess`: it gave a wrong password, each of which has a line. */
  readonly report = (problem: string, address: string, isGuess?: true): void => {
    if (isGuess) this.#metrics.wrongPasswords.add(1);
    const lines = isGuess ? guessesLogged : 1;
    this.#log.repeated(`${problem} ${address}`, `${address} ${problem}`, { address }, lines);
  };

  /** A sender without a seat posted a message. */
  readonly posted = (name: string, address: string): void => {
    this.#log.note(`${address} posted as ${name}`, { name, address });
  };

  /** A connection was let in or refused. `host`: its address; `address`: the same with the port. */
  came(host: string, address: string, admission: Admission): void {
    const { origin, refusal } = admission;
    if (origin) {
      this.#metrics.connections.add(1);
      return this.#note("connected", address, admission);
    }
    this.#metrics.refusedConnections.add(1);
    const message = `${host} was turned away: ${refusal.text}`;
    this.#log.repeated(`${refusal.code} ${addressKey(host)}`, message, { address: host });
  }

  /** Called while the door still counts the connection. */
  went(address: string, admission: Admission): void {
    this.#note("disconnected", address, admission);
  }

  /** Writes a line for each of the connections that an address has at once; one that connects in a loop has one a minute. */
  #note(what: "connected" | "disconnected", address: string, { origin }: Admission): void {
    if (!origin) return;
    const key = `${origin.address} ${origin.connections} ${what}`;
    this.#log.noteRepeated(key, `${address} ${what}`, { address });
  }
}
