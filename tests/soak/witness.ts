// A member that is in the room from the beginning to the end, says nothing, and writes down what is said. All whispers
// are for the first of them, so that no event may be missing there.

import type { Event } from "../../lib/protocol/events.ts";
import type { Peer } from "../support/clients.ts";
import type { Book } from "./book.ts";
import { connect } from "./keeper.ts";

const pingMs = 20_000;

export class Witness {
  /** The last seq heard of. */
  seq = 0;
  readonly #index: number;
  readonly #book: Book;
  readonly #here = Promise.withResolvers<void>();
  #peer: Peer | undefined;
  #pings: Timer | undefined;
  #counting: PromiseWithResolvers<number> | undefined;
  #leaving = false;

  private constructor(index: number, book: Book) {
    this.#index = index;
    this.#book = book;
  }

  static async join(port: number, index: number, book: Book): Promise<Witness> {
    const witness = new Witness(index, book);
    witness.#peer = await connect(port, (line) => witness.#listen(JSON.parse(line)));
    void witness.#peer.closed.then(() => {
      if (!witness.#leaving) book.problem(`The connection of witness ${index} was closed`);
    });
    witness.#send({ type: "join", name: `witness${index}`, history: 0 });
    witness.#pings = setInterval(() => witness.#send({ type: "ping" }), pingMs);
    await witness.#here.promise;
    return witness;
  }

  /** How many are in the room. */
  members(): Promise<number> {
    this.#counting = Promise.withResolvers();
    this.#send({ type: "who" });
    return this.#counting.promise;
  }

  leave(): void {
    this.#leaving = true;
    clearInterval(this.#pings);
    this.#peer?.close();
  }

  #send(command: object): void {
    this.#peer?.send(`${JSON.stringify(command)}\n`);
  }

  #listen(event: Event): void {
    if (event.type === "welcome") {
      this.seq = event.seq;
      this.#here.resolve();
    } else if (event.type === "members") this.#counting?.resolve(event.members.length);
    else if (event.type === "gap" || event.type === "error" || event.type === "bye") {
      this.#book.problem(`Witness ${this.#index} was sent ${JSON.stringify(event)}`);
    }
    if (!("at" in event)) return;
    const next = this.seq + 1;
    if (event.seq < next) this.#book.problem(`Witness ${this.#index} heard ${event.seq}, and not ${next}`);
    if (this.#index === 0) for (let seq = next; seq < event.seq; seq++) this.#book.skip(this.#index, seq);
    this.seq = event.seq;
    if (event.type === "deleted") this.#book.takeBack(event.seqs);
    if (event.type === "said") this.#book.hear(this.#index, event.text.split(" ", 1)[0] ?? "", event.seq);
  }
}
