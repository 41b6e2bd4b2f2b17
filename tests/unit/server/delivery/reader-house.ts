// The room of the reader's tests: nothing but a journal, a small live log and some clients, and what happens to them in
// random steps. What a client must have received is worked out from its definition. Of what a client said itself it may be
// told in words of its own, or in none.

import { expect } from "bun:test";
import fc from "fast-check";
import type { Dialect } from "../../../../lib/dialects/dialect.ts";
import { json } from "../../../../lib/dialects/json.ts";
import type { Event, Recorded } from "../../../../lib/protocol/events.ts";
import { type FanOut, LiveLog } from "../../../../lib/server/delivery/live-log.ts";
import { type Opening, Reader, type ReadPage, type Sink } from "../../../../lib/server/delivery/reader.ts";

export const short: Dialect = { ...json, encode: (event) => `${textOf(event)}\n` };
export const readers = 3;
/** For each reader, whether its socket has a descriptor for the fan-out. */
export const plain = fc.array(fc.boolean(), { minLength: readers, maxLength: readers });
const pageLimit = 4;

export const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("say" as const), length: fc.nat(30), by: fc.nat(readers) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("whisper" as const), to: fc.nat(readers) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("tell" as const), to: fc.nat(readers - 1) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("start" as const), who: fc.nat(readers - 1), back: fc.nat(8) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("take" as const), who: fc.nat(readers - 1), bytes: fc.nat(90) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("turn" as const) }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Kept = { event: Recorded; only: number | undefined; by?: number | undefined };

/** A room of nothing but a journal, a small live log and some clients. */
export class House {
  readonly journal: Kept[] = [];
  readonly fanOut = new FakeFanOut(this);
  readonly log = new LiveLog(short, 0, 256, this.fanOut);
  readonly clients: Client[];
  pagesRead = 0;
  fellBehind = 0;

  /** Without `plain`, all readers write by themselves. */
  constructor(plain: boolean[] = []) {
    this.clients = Array.from({ length: readers }, (_, index) => new Client(index, this, plain[index]));
  }

  async take(step: Step): Promise<void> {
    if (step.do === "say") this.#record("x".repeat(step.length), undefined, step.by);
    else if (step.do === "whisper") this.#record("whisper", step.to);
    else if (step.do === "tell") this.clients[step.to]?.tell();
    else if (step.do === "start") this.clients[step.who]?.start(Math.max(0, this.log.headSeq - step.back));
    else if (step.do === "take") this.clients[step.who]?.allow(step.bytes);
    else await this.turn();
  }

  async turn(): Promise<void> {
    this.log.pump();
    await new Promise((resolve) => setImmediate(resolve));
  }

  async drainEverything(): Promise<void> {
    for (const client of this.clients) client.allow(Infinity);
    await this.turn();
    for (let turns = 0; this.clients.some(({ reader, started }) => started && reader.behind); turns++) {
      expect(turns).toBeLessThan(2000);
      await this.turn();
    }
    await this.turn();
  }

  #record(text: string, only: number | undefined, by?: number): void {
    const event: Recorded = { type: "said", seq: this.journal.length + 1, at: 0, from: "ada", text };
    this.journal.push({ event, only, by });
    if (only === undefined) {
      const live = this.log.readers.size;
      this.log.append(event);
      this.fellBehind += live - this.log.readers.size;
      const words = ownWords(event.seq);
      if (by !== undefined && words !== undefined) this.clients[by]?.reader.replace(event.seq, words);
      return;
    }
    this.log.advance(event.seq);
    this.clients[only]?.reader.whisper(event);
  }
}

/** It takes two parts at once; a descriptor is the number of a client. */
class FakeFanOut implements FanOut {
  readonly size = 2;
  /** The descriptors of each call. */
  readonly calls: number[][] = [];
  #parts: { descriptor: number; bytes: Uint8Array; offset: number; length: number }[] = [];

  constructor(readonly house: House) {}

  add(descriptor: number, bytes: Uint8Array, offset: number, length: number): void {
    expect(this.#parts.length).toBeLessThan(this.size);
    this.#parts.push({ descriptor, bytes, offset, length });
  }

  send(): number[] {
    const parts = this.#parts;
    this.#parts = [];
    this.calls.push(parts.map(({ descriptor }) => descriptor));
    return parts.map(({ descriptor, bytes, offset, length }) => {
      return this.house.clients[descriptor]?.take(bytes, offset, length) ?? 0;
    });
  }
}

class Client {
  reader: Reader;
  readonly told: { after: number; line: string }[] = [];
  received = "";
  started = false;
  /** The events that came whole on the connections before this one. */
  #before: number[] = [];
  #from = 0;
  #budget = 0;
  #short = false;

  constructor(
    readonly index: number,
    readonly house: House,
    readonly plain = false,
  ) {
    this.reader = this.#connect();
  }

  #connect(): Reader {
    let gone = false;
    this.#hangUp = () => {
      gone = true;
    };
    const sink: Sink = {
      write: (bytes, offset, length) => {
        expect(gone).toBe(false);
        const taken = this.take(bytes, offset, length);
        this.#short = taken < length;
        return taken;
      },
      descriptor: this.plain ? this.index : undefined,
    };
    // So little that a few whispers at once find no room.
    return new Reader(sink, fail, 40);
  }

  #hangUp: () => void = () => {};

  /** What the socket takes now. Only after a short write by the reader itself it tells when it takes more. */
  take(bytes: Uint8Array, offset: number, length: number): number {
    expect(offset + length).toBeLessThanOrEqual(bytes.length);
    const taken = Math.min(this.#budget, length);
    this.received += Buffer.from(bytes.subarray(offset, offset + taken)).toString();
    this.#budget -= taken;
    return taken;
  }

  /** Every event that came whole, on this connection and those before. */
  get seqs(): number[] {
    const whole = this.received.slice(0, this.received.lastIndexOf("\n") + 1);
    return [...this.#before, ...Array.from(whole.matchAll(/^(\d+) /gm), ([, seq]) => Number(seq))];
  }

  dropAndResume(): void {
    const { seqs } = this;
    this.reader.close();
    this.#hangUp();
    this.#before = seqs;
    this.received = "";
    this.#short = false;
    this.reader = this.#connect();
    this.started = false;
    this.start(seqs.at(-1) ?? 0);
  }

  start(position: number): void {
    if (this.started) return;
    this.started = true;
    this.#from = position;
    const readPage: ReadPage = async (wanted, take) => {
      await later(undefined);
      const range = wanted();
      if (!range) return;
      const { after, upTo } = range;
      this.house.pagesRead++;
      const seen = this.house.journal.filter(
        ({ event, only }) => event.seq > after && event.seq <= upTo && (only ?? this.index) === this.index,
      );
      const events = seen.slice(0, pageLimit);
      const pieces = events.map((kept) => Buffer.from(this.lineFor(kept)));
      take(
        await later({ pieces, last: seen.length > pageLimit ? (events.at(-1)?.event.seq ?? upTo) : upTo }),
      );
    };
    this.reader.start(this.house.log, openingAt(position), readPage);
  }

  tell(): void {
    if (!this.started) return;
    const line = `private ${this.told.length}\n`;
    const after = this.house.log.headSeq;
    if (this.reader.tell(line)) this.told.push({ after, line });
    this.reader.pump();
  }

  allow(bytes: number): void {
    this.#budget += bytes;
    if (!this.#short) return;
    this.#short = false;
    this.reader.drain();
  }

  /** The line in which it is told of an event; "" if it is not. */
  lineFor({ event, by }: Kept): string {
    return (by === this.index ? ownWords(event.seq) : undefined) ?? short.encode(event);
  }

  /** What the definition says it must have received. */
  expected(journal: Kept[]): string {
    if (!this.started) return "";
    const events = journal
      .filter(({ event, only }) => event.seq > this.#from && (only ?? this.index) === this.index)
      .map((kept) => ({ key: kept.event.seq, line: this.lineFor(kept) }));
    const told = this.told.map(({ after, line }) => ({ key: after + 0.5, line }));
    const all = [...events, ...told].sort((a, b) => a.key - b.key);
    return `opening\n${all.map(({ line }) => line).join("")}`;
  }
}

/** A third of its own events a client is told in words of its own, of another third it is told nothing. */
function ownWords(seq: number): string | undefined {
  return seq % 3 === 0 ? undefined : seq % 3 === 1 ? `${seq} mine\n` : "";
}

/** In two pieces, and one that is empty. */
export function openingAt(position: number): Opening {
  const pieces = ["open", "", "ing\n"].map((text) => Buffer.from(text));
  return async (take) => take(await later({ pieces, last: position }));
}

export function fail(error: unknown): never {
  throw error;
}

/** As from a journal that is elsewhere: the room goes on in the meantime. */
export function later<T>(value: T): Promise<T> {
  return new Promise((resolve) => setImmediate(() => resolve(value)));
}

function textOf(event: Event): string {
  return event.type === "said" ? `${event.seq} ${event.text}` : event.type;
}
