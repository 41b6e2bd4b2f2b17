// The servers of a room, tried in turn, and the waits between the tries, so that clients do not storm a server that comes
// back: each server is tried once without a wait, then after longer and longer waits, which are random, so that clients
// spread. If the room has only one server, the wait is at least as long as that server asked for.

import type { Connect } from "./wire.ts";

/** The room that a front end joins, and the secrets that open it. */
export type RoomOptions = {
  /** The servers of the room: the first that answers is taken, after a loss the next one. */
  servers: readonly [Connect, ...Connect[]];
  /** The servers' addresses, as messages name them. */
  address: string;
  /** The room's password; undefined if none was given. */
  password: string | undefined;
  /** The key that the names we take are kept for; without one they are not kept. */
  key?: string | undefined;
};

const firstWaitMs = 250;
const longestWaitMs = 15_000;

export class Servers {
  readonly #connects: RoomOptions["servers"];
  /** How many times a server was given up. Modulo the number of servers, the index of the present one. */
  #givenUp = 0;
  /** How often `wait` was called since a connection worked. */
  #waits = 0;

  constructor(connects: RoomOptions["servers"]) {
    this.#connects = connects;
  }

  get count(): number {
    return this.#connects.length;
  }

  /** The server to connect to. */
  get present(): Connect {
    return this.#connects[this.#givenUp % this.count] ?? this.#connects[0];
  }

  /** Goes on to the next server. Returns how many times a server was given up so far. */
  giveUp(): number {
    return ++this.#givenUp;
  }

  /** The wait before the next try, in ms; `askedMs`: the wait that the only server of a room asked for. */
  wait(askedMs = 0): number {
    const round = Math.floor(this.#waits++ / this.count);
    const growing = round === 0 ? 0 : firstWaitMs * 2 ** (round - 1);
    const asked = this.count === 1 ? askedMs : 0;
    return Math.max(Math.min(growing, longestWaitMs) * (0.5 + Math.random() / 2), asked);
  }

  /** The connection works: the next loss is a first one again. */
  works(): void {
    this.#waits = 0;
  }
}
