// The splice, against its definition: whatever the socket takes and whenever, what a reader receives is every event
// it may see, once, in order, and each private line right behind the event it was told after.

import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import type { Dialect } from "../../../../lib/dialects/dialect.ts";
import { json } from "../../../../lib/dialects/json.ts";
import type { Event, Recorded } from "../../../../lib/protocol/events.ts";
import { LiveLog } from "../../../../lib/server/delivery/live-log.ts";
import {
  type Opening,
  privateBytes,
  Reader,
  type ReadPage,
  type Sink,
} from "../../../../lib/server/delivery/reader.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

const short: Dialect = { ...json, encode: (event) => `${textOf(event)}\n` };
const readers = 3;
const pageLimit = 4;

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("say" as const), length: fc.nat(30) }) },
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

test("a reader gets what it may see, once and in order, in short writes", async () => {
  let fellBehind = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120, size: "max" }), async (steps) => {
      const house = new House();
      await house.take({ do: "start", who: 0, back: 0 });
      for (const one of steps) await house.take(one);
      fellBehind += house.fellBehind;
      await house.drainEverything();
      for (const client of house.clients) expect(client.received).toBe(client.expected(house.journal));
    }),
    { numRuns: 5000 },
  );
  expect(fellBehind).toBeGreaterThan(100);
});

test("a client that resumes after a cut at any byte sees each event once", async () => {
  const drop = fc.record({ do: fc.constant("drop" as const), who: fc.nat(readers - 1) });
  const steps = fc.array(fc.oneof({ weight: 10, arbitrary: step }, { weight: 1, arbitrary: drop }), {
    maxLength: 120,
    size: "max",
  });
  let resumed = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      const house = new House();
      for (const client of house.clients) client.start(0);
      for (const one of steps) {
        if (one.do !== "drop") await house.take(one);
        else {
          house.clients[one.who]?.dropAndResume();
          resumed++;
        }
      }
      await house.drainEverything();
      for (const client of house.clients) {
        const visible = house.journal.filter(({ only }) => (only ?? client.index) === client.index);
        expect(client.seqs).toEqual(visible.map(({ event }) => event.seq));
      }
    }),
    { numRuns: 2000 },
  );
  expect(resumed).toBeGreaterThan(1000);
});

test("a reader that never reads stops costing memory once it is behind", async () => {
  const house = new House();
  await house.take({ do: "start", who: 0, back: 0 });
  await house.take({ do: "turn" });
  for (let i = 0; i < 2000; i++) {
    await house.take({ do: "say", length: 20 });
    if (i % 10 === 0) await house.take({ do: "turn" });
  }
  expect(house.log.readers.size).toBe(0);
  expect(house.pagesRead).toBeLessThan(3);
  await house.drainEverything();
  expect(house.clients[0]?.received).toBe(house.clients[0]?.expected(house.journal) ?? "");
});

test("a client that reads nothing has a bounded number of lines waiting", () => {
  const reader = new Reader({ write: () => 0 }, fail);
  const line = `${"x".repeat(1023)}\n`;
  let told = 0;
  while (reader.tell(line)) told++;
  // One more has been begun, and one may go over.
  expect(told).toBe(privateBytes / 1024 + 2);
});

test("a reader that reads takes a turn of many answers and whispers", async () => {
  const house = new House();
  const [client] = house.clients;
  client?.allow(Infinity);
  client?.start(0);
  await house.drainEverything();
  for (let i = 0; i < 50; i++) {
    await house.take({ do: "whisper", to: 0 });
    client?.tell();
  }
  await house.drainEverything();
  expect(client?.told).toHaveLength(50);
  expect(client?.received).toBe(client?.expected(house.journal) ?? "");
});

test("a journal that cannot be read is reported to the reader's owner", async () => {
  const told: unknown[] = [];
  const log = new LiveLog(short, 5, 256);
  const broken = () => Promise.reject(new Error("damaged"));
  for (const opening of [broken, openingAt(0)]) {
    const reader = new Reader({ write: (_, __, length) => length }, (error) => told.push(error));
    await reader.start(log, opening, broken);
    await later(undefined);
  }
  expect(told).toEqual([new Error("damaged"), new Error("damaged")]);
});

test("private lines before start() come before the opening", async () => {
  const house = new House();
  const [client] = house.clients;
  client?.reader.tell("greeting\n");
  client?.reader.tell("your name is bad\n");
  client?.start(0);
  client?.reader.tell("private\n");
  await house.drainEverything();
  expect(client?.received).toBe("greeting\nyour name is bad\nopening\nprivate\n");
});

test("finish() calls back once the last line has been written, not before", () => {
  let budget = 0;
  let written = "";
  const sink: Sink = {
    write(bytes, offset, length) {
      const taken = Math.min(budget, length);
      written += Buffer.from(bytes.subarray(offset, offset + taken)).toString();
      budget -= taken;
      return taken;
    },
  };
  const reader = new Reader(sink, fail);
  let drained = 0;
  reader.tell("first\n");
  reader.finish("bye\n", () => drained++);
  budget = 8;
  reader.drain();
  expect(drained).toBe(0);
  budget = 8;
  reader.drain();
  expect({ written, drained }).toEqual({ written: "first\nbye\n", drained: 1 });
});

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Kept = { event: Recorded; only: number | undefined };

/** A room of nothing but a journal, a small live log and some clients. */
class House {
  readonly journal: Kept[] = [];
  readonly log = new LiveLog(short, 0, 256);
  readonly clients = Array.from({ length: readers }, (_, index) => new Client(index, this));
  pagesRead = 0;
  fellBehind = 0;

  async take(step: Step): Promise<void> {
    if (step.do === "say") this.#record("x".repeat(step.length), undefined);
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

  #record(text: string, only: number | undefined): void {
    const event: Recorded = { type: "said", seq: this.journal.length + 1, at: 0, from: "ada", text };
    this.journal.push({ event, only });
    if (only === undefined) {
      const live = this.log.readers.size;
      this.log.append(event);
      this.fellBehind += live - this.log.readers.size;
      return;
    }
    this.log.skip(event.seq);
    this.clients[only]?.reader.whisper(event);
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
        expect(offset + length).toBeLessThanOrEqual(bytes.length);
        const taken = Math.min(this.#budget, length);
        this.received += Buffer.from(bytes.subarray(offset, offset + taken)).toString();
        this.#budget -= taken;
        this.#short = taken < length;
        return taken;
      },
    };
    // So little that a few whispers at once find no room.
    return new Reader(sink, fail, 40);
  }

  #hangUp: () => void = () => {};

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
      const events = seen.slice(0, pageLimit).map(({ event }) => event);
      const pieces = events.map((event) => Buffer.from(short.encode(event)));
      take(await later({ pieces, last: seen.length > pageLimit ? (events.at(-1)?.seq ?? upTo) : upTo }));
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

  /** What the definition says it must have received. */
  expected(journal: Kept[]): string {
    if (!this.started) return "";
    const events = journal
      .filter(({ event, only }) => event.seq > this.#from && (only ?? this.index) === this.index)
      .map(({ event }) => ({ key: event.seq, line: `${textOf(event)}\n` }));
    const told = this.told.map(({ after, line }) => ({ key: after + 0.5, line }));
    const all = [...events, ...told].sort((a, b) => a.key - b.key);
    return `opening\n${all.map(({ line }) => line).join("")}`;
  }
}

/** In two pieces, and one that is empty. */
function openingAt(position: number): Opening {
  const pieces = ["open", "", "ing\n"].map((text) => Buffer.from(text));
  return async (take) => take(await later({ pieces, last: position }));
}

function fail(error: unknown): never {
  throw error;
}

/** As from a journal that is elsewhere: the room goes on in the meantime. */
function later<T>(value: T): Promise<T> {
  return new Promise((resolve) => setImmediate(() => resolve(value)));
}

function textOf(event: Event): string {
  return event.type === "said" ? `${event.seq} ${event.text}` : event.type;
}
