// A connection that the door refused. It is sent the reason, none of its lines is read, and it is closed a moment later:
// closing at once could lose the reason on its way. The door limits the number of such connections.

import { inAllDialects } from "../../dialects/choose.ts";
import type { Bye } from "../../protocol/events.ts";
import { farewellMs } from "../limits/door.ts";
import type { Connection, Transport } from "./transport.ts";

export class TurnedAway implements Connection {
  readonly #transport: Transport;
  readonly #farewell: Timer;

  constructor(transport: Transport, why: Bye) {
    this.#transport = transport;
    const bytes = Buffer.from(transport.dialect ? transport.dialect.encode(why) : inAllDialects(why));
    transport.write(bytes, 0, bytes.length);
    // Closing at once would reset the connection of a peer that has sent bytes.
    transport.shutdown();
    this.#farewell = setTimeout(() => transport.terminate(), farewellMs);
  }

  closed(): void {
    clearTimeout(this.#farewell);
  }

  inputEnded(): void {
    this.#transport.end();
  }

  dismiss(): void {
    this.#transport.terminate();
  }

  receive(): void {}
  drained(): void {}
}
