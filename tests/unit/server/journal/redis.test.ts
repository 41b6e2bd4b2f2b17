// The journal in Redis by itself, against a real one: that it is what journal.ts promises, whatever becomes of Redis
// and of the connections to it.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import type { Recorded } from "../../../../lib/protocol/events.ts";
import type { Facts } from "../../../../lib/server/journal/facts.ts";
import { type Entry, type Journal, nobody } from "../../../../lib/server/journal/journal.ts";
import { lastBefore, pageAfter, pageEvents, search } from "../../../../lib/server/journal/pages.ts";
import { RedisJournal, type RedisOptions } from "../../../../lib/server/journal/redis.ts";
import * as scripts from "../../../../lib/server/journal/redis-scripts.ts";
import { SqliteJournal } from "../../../../lib/server/journal/sqlite.ts";
import { RedisServer, redisServer } from "../../../support/redis.ts";
import { FlakyProxy } from "../../../support/redis-proxy.ts";
import { patienceMs, Transcript } from "../../../support/transcript.ts";

setDefaultTimeout(2 * patienceMs);

let redis: RedisServer;
let rooms = 0;

const withRedis = describe.skipIf(redisServer === null);

/** What a listener is told, in order: texts of what happened, ids of what was said before, and what went wrong. */
type Told =
  | ["happened", Recorded]
  | ["repeated" | "contradicted" | "refused", Entry, detail?: number | string]
  | ["troubled", string | undefined]
  | ["lost", string];

/** What an entry came to is known by a number in its event, since it comes back as another object. */
type Marked = Recorded & { mark?: number };
let marks = 0;

/** A journal, and all that its listener was told. */
class Listened implements AsyncDisposable {
  readonly told = new Transcript<Told>();
  readonly journal: RedisJournal;
  /** How often the servers were counted. */
  counts = 0;
  onCount = () => {};
  readonly #looking = new Set<() => void>();
  /** What was appended here and has come to nothing yet. */
  readonly #pending = new Set<number | undefined>();

  private constructor(journal: RedisJournal) {
    this.journal = journal;
    journal.listen({
      happened: (entries) => {
        for (const entry of entries) this.told.push(["happened", this.#settle(entry)]);
      },
      repeated: (entry, seq) => {
        this.#settle(entry);
        this.told.push(["repeated", entry, seq]);
      },
      contradicted: (entry) => {
        this.#settle(entry);
        this.told.push(["contradicted", entry]);
      },
      refused: (entries, reason) => {
        for (const entry of entries) {
          this.#settle(entry);
          this.told.push(["refused", entry, reason]);
        }
      },
      troubled: (reason) => this.told.push(["troubled", reason]),
      serversChanged: () => {
        this.counts++;
        this.onCount();
        for (const look of this.#looking) look();
      },
    });
  }

  #settle({ event }: Entry): Recorded {
    const { mark, ...unmarked }: Marked = event;
    this.#pending.delete(mark);
    return unmarked;
  }

  static async open(options: Partial<RedisOptions> = {}): Promise<Listened> {
    const onLost = (reason: string) => listened.told.push(["lost", reason]);
    const journal = await RedisJournal.open({
      url: redis.url,
      room: `room ${rooms}`,
      keepEvents: 1_000_000,
      onLost,
      ...options,
    });
    const listened: Listened = new Listened(journal);
    return listened;
  }

  /** Appends, and waits until each of the entries has come to something. */
  async append(...entries: Entry[]): Promise<void> {
    const own = entries.map(({ event }) => {
      const marked: Marked = event;
      marked.mark = ++marks;
      return marks;
    });
    for (const mark of own) this.#pending.add(mark);
    this.journal.append(entries);
    await this.told.until(
      () => own.every((mark) => !this.#pending.has(mark)) || undefined,
      `what becomes of ${entries.length} entries`,
    );
  }

  /** As whoever keeps it does: again, until it is there. */
  async insist(entry: () => Entry): Promise<void> {
    for (;;) {
      const told = this.told.items.length;
      await this.append(entry());
      if (!this.told.items.slice(told).some(([what]) => what === "refused")) return;
      await this.isWell();
    }
  }

  /** Resolves while nothing is wrong with Redis. */
  async isWell(): Promise<void> {
    await this.told.until(() => this.troubles.at(-1) === undefined || undefined, "the end of the trouble");
  }

  get happened(): Recorded[] {
    return this.told.items.flatMap((told) => (told[0] === "happened" ? [told[1]] : []));
  }

  get seqs(): number[] {
    return this.happened.map(({ seq }) => seq);
  }

  get texts(): string[] {
    return textsOf(this.happened);
  }

  get troubles(): (string | undefined)[] {
    return this.told.items.flatMap((told) => (told[0] === "troubled" ? [told[1]] : []));
  }

  /** What became of the entries, in short. */
  get fates(): unknown[] {
    return this.told.items.flatMap((told) => {
      if (told[0] === "happened") return [["happened", told[1].seq]];
      return told[0] === "repeated" ? [["repeated", told[2]]] : told[0] === "troubled" ? [] : [[told[0]]];
    });
  }

  async hears(what: Told[0]): Promise<Told> {
    return this.told.until((items) => items.find(([kind]) => kind === what), what);
  }

  /** Resolves once something is so when the servers have been counted. */
  async until(condition: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (condition()) resolve();
    };
    this.#looking.add(look);
    look();
    await promise;
    this.#looking.delete(look);
  }

  /** Resolves once it has been told of this event. */
  async reaches(seq: number): Promise<void> {
    await this.told.until(() => this.journal.last >= seq || undefined, `event ${seq}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.journal.close();
  }
}

function said(text: string, author = "ada's seat", id?: string): Entry {
  return { event: { type: "said", seq: 0, at: 0, from: "ada", text, id }, author };
}

function whisper(text: string, author: string, reader: string): Entry {
  return { event: { type: "told", seq: 0, at: 0, from: "ada", to: "bob", text }, author, reader };
}

function fact(facts: Facts, expects?: Facts): Entry {
  return { ...said("a fact"), facts, ...(expects && { expects }) };
}

const many = (count: number, text = "") => Array.from({ length: count }, (_, i) => said(`${text}${i + 1}`));
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
const textsOf = (events: Recorded[]) =>
  events.flatMap((event) => ("text" in event ? [event.text ?? ""] : []));

/** The last events up to a position that the reader may see. */
const recent = async (journal: Journal, upTo: number, limit: number, reader: string) => {
  const entriesBefore = (before: number, count: number) => journal.entriesBefore(before, count);
  return (await lastBefore(entriesBefore, upTo + 1, limit, reader)).events;
};

/** Everything that the reader may see of (after, upTo], page by page. */
async function read(journal: Journal, after: number, upTo: number, reader = "anyone") {
  const events: Recorded[] = [];
  const gaps: unknown[] = [];
  for (let at = after; at < upTo; ) {
    const page = await pageAfter(journal, at, upTo, reader);
    expect(page.last).toBeGreaterThan(at);
    if (page.gap) gaps.push(page.gap);
    events.push(...page.events);
    at = page.last;
  }
  return { events, gaps };
}

beforeAll(async () => {
  if (redisServer !== null) redis = await RedisServer.start();
});
afterAll(async () => {
  await redis?.[Symbol.asyncDispose]();
});

withRedis("a journal in Redis", () => {
  test("numbers events by one, over batches and restarts, under one epoch", async () => {
    rooms++;
    let epoch: string;
    {
      await using room = await Listened.open();
      ({ epoch } = room.journal);
      expect([room.journal.first, room.journal.last]).toEqual([1, 0]);
      await room.append(said("one"), said("two"));
      await room.append(said("three"));
      expect(room.seqs).toEqual([1, 2, 3]);
    }
    await using room = await Listened.open();
    expect(room.journal.epoch).toBe(epoch);
    expect([room.journal.first, room.journal.last]).toEqual([1, 3]);
    await room.append(said("four"));
    expect(room.seqs).toEqual([4]);
    expect(textsOf((await read(room.journal, 0, 4)).events)).toEqual(["one", "two", "three", "four"]);
  });

  test("another room has another epoch and numbers of its own", async () => {
    rooms++;
    await using one = await Listened.open();
    await using two = await Listened.open({ room: `room ${rooms}:turns` });
    await one.append(said("x"), said("y"));
    await two.append(said("z"));
    expect(two.seqs).toEqual([1]);
    expect(one.journal.epoch).not.toBe(two.journal.epoch);
  });

  test("keeps any text and any name of a room as it is", async () => {
    rooms++;
    const room = `{} "ünï" ${rooms}\n*`;
    const texts = [
      "",
      "\0",
      "%d %s %",
      '"]}',
      "\\u0000",
      "a\u2028b",
      "日本 🎉",
      "x".repeat(20_000),
      "\ud800",
    ];
    {
      await using one = await Listened.open({ room });
      await using two = await Listened.open({ room });
      await one.append(...texts.map((text) => said(text, '"a b"', text === "" ? "" : undefined)));
      await two.reaches(texts.length);
      expect(two.texts).toEqual(texts);
    }
    await using later = await Listened.open({ room });
    expect(textsOf((await read(later.journal, 0, texts.length)).events)).toEqual(texts);
  });

  test("shows all who share it the same events in the same order, and none twice", async () => {
    rooms++;
    await using one = await Listened.open();
    await using two = await Listened.open();
    await using three = await Listened.open();
    const journals = [one, two, three];
    for (let turn = 0; turn < 100; turn++) {
      for (const [i, { journal }] of journals.entries())
        journal.append(many(1 + (turn % 5), `${i}-${turn}-`));
      await one.reaches(turn * 6);
    }
    for (const room of journals) await room.reaches(900);
    for (const room of journals) {
      expect(room.seqs).toEqual(upTo(900));
      expect(room.happened).toEqual(one.happened);
    }
    expect(new Set(one.texts).size).toBe(900);
    // What one has said comes in the order in which it was said.
    for (const i of [0, 1, 2]) {
      const own = one.texts.filter((text) => text.startsWith(`${i}-`));
      expect(own.map((text) => Number(text.split("-")[1]))).toEqual(
        upTo(100).flatMap((turn) => Array(1 + ((turn - 1) % 5)).fill(turn - 1)),
      );
    }
  });

  test("takes a turn that is longer than any batch, row and page", async () => {
    rooms++;
    await using one = await Listened.open();
    await using two = await Listened.open();
    await one.append(...many(5 * pageEvents + 7));
    await two.reaches(5 * pageEvents + 7);
    expect(two.seqs).toEqual(upTo(5 * pageEvents + 7));
    expect(two.happened).toEqual(one.happened);
  });
});

withRedis("the same id from the same author", () => {
  test("is said once: in a batch, between batches, at another server, after a restart", async () => {
    rooms++;
    {
      await using one = await Listened.open();
      await using two = await Listened.open();
      await one.append(
        said("x", "ada", "1"),
        said("x", "ada", "1"),
        said("x", "bob", "1"),
        said("y", "ada", "2"),
      );
      await one.append(said("x", "ada", "1"), said("no id", "ada"), said("no id", "ada"));
      expect(one.fates).toEqual([
        ["happened", 1],
        ["happened", 2],
        ["happened", 3],
        ["repeated", 1],
        ["happened", 4],
        ["happened", 5],
        ["repeated", 1],
      ]);
      await two.append(said("x", "bob", "1"));
      expect(two.fates.at(-1)).toEqual(["repeated", 2]);
      expect(two.seqs).toEqual([1, 2, 3, 4, 5]);
    }
    await using room = await Listened.open();
    await room.append(said("y", "ada", "2"));
    expect(room.fates).toEqual([["repeated", 3]]);
  });

  test("said at several servers in the same moment, is said once", async () => {
    rooms++;
    const journals = await Promise.all(upTo(3).map(() => Listened.open()));
    for (let turn = 0; turn < 50; turn++) {
      await Promise.all(journals.map((room) => room.append(said(`${turn}`, "ada", `${turn}`))));
    }
    for (const room of journals) {
      await room.reaches(50);
      expect(room.texts).toEqual(upTo(50).map((turn) => `${turn - 1}`));
      await room[Symbol.asyncDispose]();
    }
  });

  test("is known for as long as the event is kept, over many generations, and not forever", async () => {
    rooms++;
    await using room = await Listened.open({ keepEvents: 10 });
    for (let seq = 1; seq <= 100; seq++) {
      await room.append(said("x", "ada", `${seq}`));
      const oldest = Math.max(seq - 9, 1);
      await room.append(said("x", "ada", `${oldest}`));
      expect(room.fates.at(-1)).toEqual(["repeated", oldest]);
    }
    await room.append(said("x", "ada", "1"));
    expect(room.fates.at(-1)).toEqual(["happened", 101]);
    const keys = (await redis.command("KEYS", `chat:{room ${rooms}}:said:*`)) as string[];
    expect(keys.length).toBeLessThanOrEqual(2);
  });
});

withRedis("facts", () => {
  test("stay until another event changes them, whatever has fallen out of the journal", async () => {
    rooms++;
    {
      await using room = await Listened.open({ keepEvents: 5 });
      await room.append(fact({ topic: "tea", "seat 1": "ada" }), fact({ "seat 2": "bob" }));
      await room.append(fact({ "seat 1": null }));
      await room.append(...many(500));
    }
    await using room = await Listened.open({ keepEvents: 5 });
    expect(new Map(room.journal.facts())).toEqual(
      new Map([
        ["topic", "tea"],
        ["seat 2", "bob"],
      ]),
    );
  });

  test("that are expected must be so, or nothing of the entry happens", async () => {
    rooms++;
    await using room = await Listened.open();
    await room.append(
      fact({ name: "1" }, { name: null }),
      fact({ name: "2" }, { name: null }),
      fact({ name: "3", other: "x" }, { name: "2" }),
      fact({ name: null }, { name: "1", other: null }),
      fact({ name: "4" }, { name: null }),
    );
    expect(room.fates).toEqual([
      ["happened", 1],
      ["happened", 2],
      ["happened", 3],
      ["contradicted"],
      ["contradicted"],
    ]);
    await using other = await Listened.open();
    expect([...other.journal.facts()]).toEqual([["name", "4"]]);
  });

  test("go to the faster one; the other is told once it has read why", async () => {
    rooms++;
    await using one = await Listened.open();
    await using two = await Listened.open();
    for (let turn = 0; turn < 100; turn++) {
      const claim = (by: string) => fact({ [`name ${turn}`]: by }, { [`name ${turn}`]: null });
      await Promise.all([one.append(claim("one")), two.append(claim("two"))]);
      await one.reaches(turn + 1);
      await two.reaches(turn + 1);
    }
    const contradictions = [one, two].map(({ told }) => {
      let happened = 0;
      return told.items.filter(([what, entry]) => {
        if (what === "happened") happened++;
        if (what !== "contradicted") return false;
        // Whoever lost this name has heard of the one who has it now.
        const [name] = Object.keys((entry as Entry).facts ?? {});
        expect(name).toBe(`name ${happened - 1}`);
        return true;
      }).length;
    });
    expect(one.seqs).toEqual(upTo(100));
    expect(contradictions.reduce((sum, count) => sum + count)).toBe(100);
  });
});

withRedis("a page", () => {
  test("holds what comes after a position, up to another, also in the middle of a turn", async () => {
    rooms++;
    await using room = await Listened.open();
    await room.append(...many(10));
    await room.append(...many(300, "b"));
    for (const [after, to] of [
      [3, 7],
      [0, 10],
      [9, 12],
      [7, 7],
      [12, 300],
      [255, 265],
      [309, 310],
    ] as const) {
      const page = await pageAfter(room.journal, after, to, "anyone");
      expect(page).toMatchObject({ gap: undefined, last: to });
      expect(page.events.map(({ seq }) => seq)).toEqual(upTo(to).slice(after));
    }
  });

  test("shows whispers to their two ends, and passes over them for others", async () => {
    rooms++;
    await using room = await Listened.open();
    await room.append(
      said("1"),
      whisper("2", "a", "b"),
      said("3"),
      whisper("4", "b", "c"),
      whisper("5", "c", "b"),
      whisper("6", "a", nobody),
    );
    const seen = async (reader: string) => {
      const { events, last } = await pageAfter(room.journal, 0, 6, reader);
      expect(last).toBe(6);
      expect(await recent(room.journal, 6, 10, reader)).toEqual(events);
      return textsOf(events).join("");
    };
    expect(await Promise.all(["a", "b", "c", "d"].map(seen))).toEqual(["123", "12345", "1345", "13"]);
  });

  test("says what is missing before it, and only that", async () => {
    rooms++;
    await using room = await Listened.open({ keepEvents: 50 });
    const count = 12_000;
    await room.append(...many(count));
    const whole = await pageAfter(room.journal, 0, count, "anyone");
    const first = whole.events[0]?.seq ?? 0;
    // Some thousand more than were asked for, for servers that have yet to read them.
    expect(first).toBeGreaterThan(1_000);
    expect(first).toBeLessThanOrEqual(count - 50);
    expect(whole.gap).toEqual({ from: 1, to: first - 1 });
    expect((await pageAfter(room.journal, first - 3, count, "anyone")).gap).toEqual({
      from: first - 2,
      to: first - 1,
    });
    expect((await pageAfter(room.journal, first - 1, count, "anyone")).gap).toBeUndefined();
    // All that was asked for is gone: then so is what lies behind it.
    expect(await pageAfter(room.journal, 2, 5, "anyone")).toEqual({
      gap: { from: 3, to: first - 1 },
      events: [],
      last: first - 1,
    });
    await using later = await Listened.open({ keepEvents: 50 });
    expect(later.journal.first).toBe(first);
  });
});

withRedis("the same entries in SQLite", () => {
  const words = [
    "tea",
    "Tea",
    "team",
    "café",
    "cafe\u0301",
    "ÄRGER",
    "x-y",
    "it's",
    "10.0.1",
    "日本語",
    "🎉",
    "a",
  ];
  const seats = ["a", "b", "c"];
  const key = fc.constantFrom("k1", "k2", "k3");
  const value = fc.constantFrom(null, "v1", "v2");
  const facts = fc.dictionary(key, value, { noNullPrototype: true });
  // What may be said twice expects nothing.
  const once = fc.oneof(
    { weight: 2, arbitrary: fc.record({ id: fc.constantFrom("1", "2", "3", "4", undefined) }) },
    { weight: 1, arbitrary: fc.record({ expects: facts }) },
  );
  const said = fc.record({
    text: fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 4 }).map((list) => list.join(" ")),
    author: fc.constantFrom(...seats),
    reader: fc.option(fc.constantFrom(nobody, ...seats), { nil: undefined, freq: 3 }),
    facts: fc.option(facts, { nil: undefined }),
  });
  const entry = fc
    .tuple(said, once)
    .map(([said, once]) => ({ id: undefined, expects: undefined, ...said, ...once }));
  const question = fc.record({
    after: fc.nat(70),
    upTo: fc.nat(70),
    limit: fc.integer({ min: 1, max: 30 }),
    reader: fc.constantFrom(...seats, "d"),
    search: fc.array(fc.constantFrom("t", "te", "CAFÉ", "arger", "y", ...words), {
      minLength: 1,
      maxLength: 2,
    }),
  });

  /** A new one each time: the journal fills in what it knows. */
  const entryOf = ({
    text,
    author,
    id,
    reader,
    facts,
    expects,
  }: typeof entry extends fc.Arbitrary<infer T> ? T : never): Entry => ({
    event:
      reader === undefined
        ? { type: "said", seq: 0, at: 0, from: author, text, id }
        : { type: "told", seq: 0, at: 0, from: author, to: "x", text, id },
    author,
    ...(reader !== undefined && { reader }),
    ...(facts && { facts }),
    ...(expects && { expects }),
  });
  const timeless = (events: Recorded[]) =>
    events.map((event) => {
      const { at: _, mark: __, ...rest }: Marked = event;
      return rest;
    });

  test("are numbered, found, shown and remembered the same", async () => {
    let found = 0;
    let contradicted = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(entry, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 6 }),
        fc.array(question, { minLength: 10, maxLength: 10 }),
        async (batches, questions) => {
          rooms++;
          await using room = await Listened.open();
          const sqlite = SqliteJournal.open({ path: undefined, keepEvents: 1_000_000 });
          const fates: unknown[] = [];
          sqlite.listen({
            happened: (entries) => fates.push(...entries.map(({ event }) => ["happened", event.seq])),
            repeated: (_, seq) => fates.push(["repeated", seq]),
            contradicted: () => fates.push(["contradicted"]),
            refused: () => fates.push(["refused"]),
            troubled: () => {},
            serversChanged: () => {},
          });
          for (const batch of batches) {
            await room.append(...batch.map(entryOf));
            sqlite.append(batch.map(entryOf));
          }
          const sorted = (list: unknown[]) => list.map((fate) => JSON.stringify(fate)).sort();
          expect(sorted(room.fates)).toEqual(sorted(fates));
          contradicted += fates.filter((fate) => (fate as string[])[0] === "contradicted").length;
          const { last } = sqlite;
          expect(room.journal.last).toBe(last);
          for (const { after, upTo, limit, reader, search: words } of questions) {
            const [from, to] = [Math.min(after, last), Math.min(Math.max(after, upTo), last)];
            const [redisPage, sqlitePage] = await Promise.all(
              [room.journal, sqlite].map((journal) => pageAfter(journal, from, to, reader)),
            );
            expect({ ...redisPage, events: timeless(redisPage?.events ?? []) }).toEqual({
              ...sqlitePage,
              events: timeless(sqlitePage?.events ?? []),
            } as never);
            const [redisRecent = [], sqliteRecent = []] = await Promise.all(
              [room.journal, sqlite].map((journal) => recent(journal, to, limit, reader)),
            );
            expect(timeless(redisRecent)).toEqual(timeless(sqliteRecent));
            const [redisFound, sqliteFound] = await Promise.all(
              [room.journal, sqlite].map((journal) => search(journal, words.join(" "), upTo, limit, reader)),
            );
            expect({ ...redisFound, events: timeless(redisFound?.events ?? []) }).toEqual({
              ...sqliteFound,
              events: timeless(sqliteFound?.events ?? []),
            });
            found += sqliteFound?.events.length ?? 0;
          }
          await using again = await Listened.open();
          const byKey = ([a]: [string, string], [b]: [string, string]) => (a < b ? -1 : 1);
          expect([...again.journal.facts()].sort(byKey)).toEqual([...sqlite.facts()].sort(byKey));
          await sqlite.close();
        },
      ),
      { numRuns: 60, seed: 20261122 },
    );
    expect(found).toBeGreaterThan(100);
    expect(contradicted).toBeGreaterThan(100);
  });
});

withRedis("what is asked of the past", () => {
  test("before the first event is nothing", async () => {
    rooms++;
    await using room = await Listened.open();
    await room.append(...many(3));
    for (const before of [0, 1]) {
      expect(await recent(room.journal, before - 1, 10, "anyone")).toEqual([]);
      expect(await search(room.journal, "1", before, 10, "anyone")).toEqual({ events: [] });
    }
  });

  test("sync waits for what another server has written", async () => {
    rooms++;
    await using one = await Listened.open();
    await using two = await Listened.open();
    for (let turn = 1; turn <= 50; turn++) {
      await one.append(said(`${turn}`));
      await two.journal.sync();
      expect(two.journal.last).toBeGreaterThanOrEqual(turn);
    }
  });
});

withRedis("a lost reply", () => {
  test("is asked for again: whatever was done is done once", async () => {
    rooms++;
    await using proxy = await FlakyProxy.start(redis.port);
    await using room = await Listened.open({ url: `redis://localhost:${proxy.port}` });
    await using other = await Listened.open();
    let seq = 0;
    for (let turn = 0; turn < 12; turn++) {
      proxy.dropNextAnswerTo("EVAL");
      await room.append(
        said(`${turn}`),
        said(`${turn} with an id`, "ada", `${turn}`),
        fact({ [`n${turn}`]: "1" }, { [`n${turn}`]: null }),
      );
      // The stream brings them before the answer does; this one has to wait for it.
      await room.insist(() => said("next"));
      seq += 4;
    }
    expect(proxy.dropped).toBe(12);
    expect(room.troubles).toEqual([]);
    await other.reaches(seq);
    expect(room.seqs).toEqual(upTo(seq));
    expect(other.happened).toEqual(room.happened);
    expect(room.fates.filter((fate) => (fate as string[])[0] !== "happened")).toEqual([]);
  });

  test("because Redis cuts connections all the time, is asked for again", async () => {
    rooms++;
    await using one = await Listened.open();
    await using two = await Listened.open();
    const lines: string[] = [];
    for (let turn = 0; turn < 60; turn++) {
      const line = (i: number) => `${i}-${turn}`;
      lines.push(line(1), line(2));
      await Promise.all([
        one.insist(() => said(line(1), "ada", line(1))),
        two.insist(() => said(line(2), "ada", line(2))),
        redis.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"),
      ]);
    }
    await one.journal.sync();
    await two.journal.sync();
    expect(one.texts.toSorted()).toEqual(lines.toSorted());
    expect(two.happened).toEqual(one.happened);
  });
});

withRedis("a server that was away", () => {
  test("reads what it has missed, and what it was told meanwhile goes back", async () => {
    rooms++;
    await using proxy = await FlakyProxy.start(redis.port);
    await using room = await Listened.open({ url: `redis://localhost:${proxy.port}` });
    await using other = await Listened.open();
    await room.append(said("before"));
    proxy.goAway();
    await room.hears("troubled");
    await room.append(said("meanwhile", "ada", "1"));
    expect(room.fates.at(-1)).toEqual(["refused"]);
    await other.append(...many(3_000));
    expect(room.journal.last).toBe(1);
    proxy.comeBack();
    await room.reaches(3_001);
    await room.insist(() => said("meanwhile", "ada", "1"));
    expect(room.seqs).toEqual(upTo(3_002));
    expect(room.troubles).toEqual(["Redis cannot be reached", undefined]);
  });

  test("for longer than anything is kept, does not go on with holes", async () => {
    rooms++;
    await using proxy = await FlakyProxy.start(redis.port);
    await using room = await Listened.open({ url: `redis://localhost:${proxy.port}` });
    await using other = await Listened.open({ keepEvents: 5 });
    await room.append(said("before"));
    proxy.goAway();
    await other.append(...many(15_000));
    proxy.comeBack();
    expect(await room.hears("lost")).toEqual(["lost", "What happened meanwhile is not kept any more"]);
    expect(room.seqs).toEqual([1]);
  });
});

withRedis("the servers of a room", () => {
  const quick = { heartbeatMs: 50, leaseMs: 400 };

  test("know of each other; one that ends is gone at once, one that dies after its lease", async () => {
    rooms++;
    await using proxy = await FlakyProxy.start(redis.port);
    await using one = await Listened.open(quick);
    const two = await Listened.open(quick);
    await using three = await Listened.open({ ...quick, url: `redis://localhost:${proxy.port}` });
    const isAlive = (room: Listened) => one.journal.isAlive(room.journal.server);
    await one.until(() => isAlive(two) && isAlive(three));
    expect(one.journal.isAlive(one.journal.server)).toBe(true);
    expect(one.journal.isAlive("nobody")).toBe(false);

    const counts = one.counts;
    await two[Symbol.asyncDispose]();
    await one.until(() => !isAlive(two));
    expect(one.counts - counts).toBeLessThanOrEqual(3);
    expect(isAlive(three)).toBe(true);

    proxy.goAway();
    const away = Date.now();
    await one.until(() => !isAlive(three));
    expect(Date.now() - away).toBeGreaterThan(quick.leaseMs - 2 * quick.heartbeatMs);
    // It thinks no worse of the others for it.
    expect(three.journal.isAlive(one.journal.server)).toBe(true);
    proxy.comeBack();
    await one.until(() => isAlive(three));
  });

  test("one that takes a seat is alive before it has said so", async () => {
    rooms++;
    await using one = await Listened.open({ heartbeatMs: 3_600_000 });
    await using two = await Listened.open({ heartbeatMs: 3_600_000 });
    expect(one.journal.isAlive(two.journal.server)).toBe(false);
    await two.append(fact({ "at 1": two.journal.server }));
    await one.reaches(1);
    expect(one.journal.isAlive(two.journal.server)).toBe(true);
  });

  test("are not taken for dead because Redis was away", async () => {
    rooms++;
    await using redis = await RedisServer.start();
    const options = { url: redis.url, heartbeatMs: 50, leaseMs: 500 };
    await using one = await Listened.open(options);
    await using two = await Listened.open(options);
    await one.until(() => one.journal.isAlive(two.journal.server));
    let deaths = 0;
    one.onCount = () => {
      if (!one.journal.isAlive(two.journal.server)) deaths++;
    };
    await redis.kill();
    await one.hears("troubled");
    // It is about time that passes.
    await Bun.sleep(2 * options.leaseMs);
    await redis.restart();
    await one.isWell();
    const { counts } = one;
    await one.until(() => one.counts > counts + 30);
    expect(deaths).toBe(0);
  });
});

withRedis("a Redis of its own", () => {
  test("killed and started again: nothing acknowledged is lost or doubled, the trouble is told once", async () => {
    rooms++;
    await using redis = await RedisServer.start();
    await using one = await Listened.open({ url: redis.url });
    await using two = await Listened.open({ url: redis.url });
    for (let round = 0; round < 4; round++) {
      const speaking = [one, two].map(async (room, i) => {
        for (let n = 0; n < 50; n++) {
          const line = `${i}-${round}-${n}`;
          await room.insist(() => said(line, "ada", line));
        }
      });
      await one.reaches(one.journal.last + 20);
      await redis.kill();
      await redis.restart();
      await Promise.all(speaking);
    }
    await one.journal.sync();
    await two.journal.sync();
    expect(one.texts.length).toBe(400);
    expect(new Set(one.texts).size).toBe(400);
    expect(one.seqs).toEqual(upTo(400));
    expect(two.happened).toEqual(one.happened);
    for (const { troubles } of [one, two]) {
      // By turns, and for one reason at a time.
      expect(troubles.every((reason, i) => (reason !== undefined) === (i % 2 === 0))).toBe(true);
      expect(troubles.length).toBeLessThanOrEqual(8);
    }
  });

  test("loading its data for long is no answer to what it may have been told before", async () => {
    rooms++;
    await using redis = await RedisServer.start();
    await using proxy = await FlakyProxy.start(redis.port);
    await using room = await Listened.open({ url: `redis://localhost:${proxy.port}` });
    await room.append(said("before"));
    // Something to load: it answers after each 1,024 commands.
    const fill = "for i = 1, 4000 do redis.call('SET', KEYS[1], i) end";
    await redis.command("EVAL", fill, "1", "something else");
    const dropped = proxy.dropNextAnswerTo("EVAL");
    const unsure = room.append(said("without an id"));
    await dropped;
    await redis.kill();
    const restarted = redis.restart(["--key-load-delay", "300"]);
    const refusal = async (): Promise<void> => {
      const problem = await redis.command("GET", "x").catch(({ message }: Error) => message);
      if (!String(problem).startsWith("LOADING")) await refusal();
    };
    await refusal();
    await room.hears("troubled");
    // Waits for what it cannot read now, and does not give up.
    const synced = room.journal.sync();
    await Promise.all([restarted, unsure, synced]);
    await room.isWell();
    await room.append(said("the end"));
    expect(room.texts).toEqual(["before", "without an id", "the end"]);
    expect(room.fates.flat()).not.toContain("refused");
  });

  test("frozen: what was said waits or goes back, and is there once when it goes on", async () => {
    rooms++;
    await using redis = await RedisServer.start();
    await using room = await Listened.open({ url: redis.url });
    await room.append(said("before"));
    redis.stop();
    const waits = room.append(said("waits"));
    await room.hears("troubled");
    await room.append(said("goes back"));
    expect(room.fates.at(-1)).toEqual(["refused"]);
    redis.continue();
    await waits;
    await room.isWell();
    await room.insist(() => said("after"));
    expect(room.texts).toEqual(["before", "waits", "after"]);
    expect(room.troubles).toEqual(["Redis does not answer", undefined]);
  });

  test("out of memory: what was said goes back, with the reason, until there is some again", async () => {
    rooms++;
    await using redis = await RedisServer.start();
    await using room = await Listened.open({ url: redis.url, heartbeatMs: 100 });
    await room.append(said("before"));
    await redis.config("maxmemory", "1");
    await room.append(said("refused", "ada", "1"));
    expect(room.told.items.at(-1)).toMatchObject(["refused", {}, "Redis is out of memory"]);
    // What is there can be read meanwhile, and heartbeats that fail as well do not tell it again.
    expect(textsOf((await read(room.journal, 0, 1)).events)).toEqual(["before"]);
    await redis.config("maxmemory", "0");
    await room.isWell();
    await room.append(said("taken", "ada", "1"));
    expect(room.texts).toEqual(["before", "taken"]);
    expect(room.troubles).toEqual(["Redis is out of memory", undefined]);
  });

  test("told late what was asked for again: it is done once", async () => {
    rooms++;
    await using redis = await RedisServer.start();
    await using room = await Listened.open({ url: redis.url });
    await room.append(said("1"));
    await room.append(said("2"));
    const prefix = `chat:{room ${rooms}}:`;
    const keys = ["turns", "facts", "meta", "said:"].map((key) => prefix + key);
    const { server, epoch } = room.journal;
    // As the kernel may send it, long after its connection was given up for another one.
    const late = [server, "1", "1000", epoch, "0", "-", JSON.stringify(said("1")), "", "", ""];
    await redis.command("EVAL", scripts.append, `${keys.length}`, ...keys, ...late);
    await room.append(said("3"));
    expect(room.texts).toEqual(["1", "2", "3"]);
  });

  test("holding something else: it is said once, nothing is half done, and goes on once that is gone", async () => {
    rooms++;
    await using redis = await RedisServer.start();
    await using room = await Listened.open({ url: redis.url, heartbeatMs: 50 });
    await redis.command("SET", `chat:{room ${rooms}}:turns`, "x");
    await room.append(said("1", "ada", "1"));
    await room.append(said("1", "ada", "1"));
    await redis.command("DEL", `chat:{room ${rooms}}:turns`);
    await room.insist(() => said("1", "ada", "1"));
    expect(room.texts).toEqual(["1"]);
    expect(room.troubles).toHaveLength(2);
  });

  test("gone back in time, and on from there with another past: nobody goes on with both", async () => {
    rooms++;
    await using redis = await RedisServer.start();
    await using one = await Listened.open({ url: redis.url, heartbeatMs: 3_600_000 });
    const [meta, turns] = [`chat:{room ${rooms}}:meta`, `chat:{room ${rooms}}:turns`];
    const state = async () => (await redis.command("HMGET", meta, "seq", "tail")) as [string, string];
    await one.append(said("1"));
    await one.append(said("2"));
    const [seq, tail] = await state();
    await one.append(said("3"));
    // A replica that had not got the last event takes over, and a server that starts now writes on.
    await redis.command("XDEL", turns, "3-0");
    await redis.command("XSETID", turns, "2-0");
    await redis.command("HSET", meta, "seq", seq, "tail", tail);
    await using two = await Listened.open({ url: redis.url });
    await two.append(said("another 3"));
    await two.append(said("4"));
    expect((await one.hears("lost"))[1]).toContain("has lost what members have seen");
    expect(one.texts).toEqual(["1", "2", "3"]);
    expect(two.texts).toEqual(["another 3", "4"]);
  });

  test("emptied, or gone back in time: it is lost, whoever finds out first", async () => {
    rooms++;
    await using redis = await RedisServer.start();
    const options = { url: redis.url, heartbeatMs: 100 };
    await using one = await Listened.open(options);
    await one.append(...many(5));
    await redis.command("FLUSHALL");
    expect((await one.hears("lost"))[1]).toContain("was emptied");

    // Somebody else has begun it anew and is further already: only the epoch tells.
    await using two = await Listened.open({ ...options, heartbeatMs: 3_600_000 });
    await two.append(said("x"));
    await redis.command("FLUSHALL");
    await using three = await Listened.open(options);
    await three.append(...many(10));
    two.journal.append([said("into another room")]);
    expect((await two.hears("lost"))[1]).toContain("was emptied");
    await three.journal.sync();
    expect(three.texts).not.toContain("into another room");

    await redis.command("HSET", `chat:{room ${rooms}}:meta`, "seq", "3");
    await three.hears("lost");
  });
});

withRedis("a Redis that cannot be used", () => {
  const failure = async (url: string) => {
    const options = { url, room: "x", keepEvents: 1, onLost: () => {} };
    return RedisJournal.open(options).then(
      () => "it could be used",
      (error: Error) => error.message,
    );
  };

  test("is told in one sentence, without the password", async () => {
    await using redis = await RedisServer.start(["--requirepass", "geheim"]);
    const host = `localhost:${redis.port}`;
    const cannot = `Cannot keep the room in Redis at ${host}`;
    expect(await failure(`redis://${host}`)).toBe(`${cannot}, it needs a password: --redis names another`);
    expect(await failure(`redis://:falsch@${host}`)).toBe(
      `${cannot}, it has another password: --redis names another`,
    );
    expect(await failure(`redis://:geheim@${host}`)).toBe("it could be used");
    await redis.kill();
    expect(await failure(`redis://:geheim@${host}`)).toBe(
      `${cannot}, it cannot be reached: --redis names another`,
    );
    expect(await failure("nonsense")).toBe("--redis takes a URL such as redis://localhost:6379");
    expect(await failure("http://localhost:1")).toBe("--redis takes a URL such as redis://localhost:6379");
  });
});
