// A connection that the door refused: it is told why and closed a moment later, and nothing it sends is read. The moment
// lets it read the reason, which closing at once could take back; the door bounds how many such connections there are.

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
    // Closing at once would reset a peer that has begun to speak, and could take the reason back.
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
