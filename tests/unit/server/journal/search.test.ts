import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, jest, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { type Entry, serversOnly } from "../../../../lib/server/journal/journal.ts";
import { type Past, pageLength, search } from "../../../../lib/server/journal/pages.ts";
import { matcher } from "../../../../lib/server/journal/search.ts";
import { SqliteJournal } from "../../../../lib/server/journal/sqlite/journal.ts";
import { SearchIndex, type Source } from "../../../../lib/server/journal/sqlite/search-index.ts";
import { Room } from "../../../../lib/server/room/room.ts";
import { idleMetrics } from "../../../support/metrics.ts";
import { temporaryFolder } from "../../../support/server.ts";
import { testMs } from "../../../support/transcript.ts";
import { find } from "./contract-search.ts";
import { said, seqsOf, textsOf, whisper } from "./listened.ts";

setDefaultTimeout(testMs);

afterEach(() => void jest.useRealTimers());

function open({ path, keepEvents = 1_000_000 }: { path?: string; keepEvents?: number } = {}) {
  const journal = SqliteJournal.open({ path, keepEvents });
  return { journal, [Symbol.dispose]: () => journal.close() };
}

test("events that are not kept any more are not found", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "room.sqlite");
  {
    using room = open({ path });
    room.journal.append(Array.from({ length: 1_000 }, (_, i) => said(`word ${i + 1}`)));
    expect((await find(room, "word")).length).toBe(1_000);
  }
  {
    using room = open({ path, keepEvents: 100 });
    expect((await find(room, "word"))[0]).toBe("word 901");
    for (let i = 0; i < 5; i++) {
      room.journal.append([said("another")]);
      expect((await find(room, "word"))[0]).toBe(`word ${902 + i}`);
    }
    expect(await find(room, "word 900")).toEqual([]);
  }
  // A server that keeps more again does not get them back.
  using room = open({ path });
  expect(await find(room, "word")).not.toContain("word 1");
});

test("events that were dropped before any search are passed over", async () => {
  using room = open({ keepEvents: 100 });
  for (let i = 0; i < 20; i++) room.journal.append(Array.from({ length: 100 }, () => said(`word ${i}`)));
  expect(new Set(await find(room, "word"))).toEqual(new Set(["word 19"]));
});

/** The journal with each of its slices in a turn of its own. */
const inTurns = (journal: SqliteJournal) => ({
  async matchesBefore(text: string, position: number, count: number, viewer: string) {
    await new Promise((resolve) => setImmediate(resolve));
    return journal.matchesBefore(text, position, count, viewer);
  },
});

test("thousands of events are indexed slice by slice, once for all searches", async () => {
  using room = open();
  const { journal } = room;
  const events = 10_000;
  for (let i = 0; i < events; i += 500) {
    journal.append(Array.from({ length: 500 }, (_, j) => said(`word number${i + j + 1}`)));
  }
  let turns = 0;
  let going = true;
  const goOn = () => {
    if (!going) return;
    turns += 1;
    journal.append([said(`more word ${turns}`)]);
    setImmediate(goOn);
  };
  goOn();
  const found = await Promise.all(
    ["word number1", "word number9999", "word"].map((text) =>
      search(inTurns(journal), text, events + 1, 1_000, "anyone"),
    ),
  );
  going = false;
  // Three who search take turns at the slices, then look up to a thousand matches through.
  expect(turns).toBeWithin(events / 100 / 3, (2 * events) / 100);
  expect(found.map(({ events }) => events.length)).toEqual([1_000, 1, 1_000]);
  // Not what was said since: what was asked for is enough.
  expect(found[2]?.events.at(-1)?.seq).toBe(events);
  expect((await find(room, "more word")).length).toBe(Math.min(journal.last - events, 1_000));
});

test("long events make short slices", async () => {
  // The index does not follow by itself meanwhile, however long the search takes.
  jest.useFakeTimers();
  using room = open();
  const long = "word ".repeat(800);
  for (let i = 0; i < 4; i++) room.journal.append(Array.from({ length: 250 }, () => said(long)));
  let turns = 0;
  let going = true;
  const count = () => {
    turns += 1;
    if (going) setImmediate(count);
  };
  count();
  await search(inTurns(room.journal), "word", Infinity, 1_000, "anyone");
  going = false;
  expect(turns).toBeGreaterThan((1_000 * long.length) / (pageLength + 5_000));
});

test("a search that fails is answered with an error", async () => {
  const journal = SqliteJournal.open({ keepEvents: 100 });
  journal.append([said("word")]);
  const room = new Room(journal, {
    seatMs: 1_000,
    onEvent: undefined,
    onEmpty: () => {},
    onJournalTrouble: () => {},
    metrics: idleMetrics(),
  });
  journal.close();
  const search = () => room.archive.search("ada's seat", { type: "search", text: "word" });
  for (const answer of await Promise.all([search(), search()])) {
    expect(answer).toMatchObject({ type: "error", code: "unavailable" });
  }
});

// ---- The index by itself ----

/** A journal for the index alone: it knows where it was read, and can grow and forget. */
class Events implements Source {
  first = 1;
  last = 0;
  /** Called after each read. */
  onRead = () => {};
  readonly read: number[] = [];
  readonly #entries: Entry[] = [];

  add(...entries: Entry[]): void {
    for (const entry of entries) {
      entry.event.seq = ++this.last;
      this.#entries.push(entry);
    }
  }

  entriesAfter(position: number, count: number): Entry[] {
    this.read.push(position);
    this.onRead();
    return this.#entries.slice(position, position + count);
  }
}

/** All that this seat finds, with no call but to the index. */
function findIn(index: SearchIndex, text: string, viewer = "anyone"): Promise<Past> {
  return search(index, text, Infinity, 1_000, viewer);
}

function wordTables(db: Database): string[] {
  const tables = db.query<{ name: string }, []>("SELECT name FROM sqlite_schema ORDER BY name").all();
  return tables.map(({ name }) => name).filter((name) => /^words(_\d+)?$/.test(name));
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => said(`word ${i + 1}`));

describe("the index of a room that is quiet", () => {
  beforeEach(() => void jest.useFakeTimers());

  const pass = (ms: number) => {
    for (let i = 0; i < ms; i++) jest.advanceTimersByTime(1);
  };

  test("it follows by itself, so a search adds nothing", async () => {
    const events = new Events();
    const index = new SearchIndex(new Database(":memory:"), events);
    events.add(...numbered(1_000));
    index.follow();
    // A slice takes what the machine lets it, and so does the rest after it.
    while (Math.max(-1, ...events.read) < 900) pass(20);
    pass(20);
    const { length } = events.read;
    expect((await findIn(index, "word")).events.length).toBe(1_000);
    expect(events.read.length).toBe(length);
    // Nothing is left to do until the next event.
    expect(jest.getTimerCount()).toBe(0);
    events.add(said("word 1001"));
    index.follow();
    pass(100);
    expect(events.read).toEqual([...events.read.slice(0, length), 1_000]);
  });

  test("it waits while members speak", () => {
    const events = new Events();
    const index = new SearchIndex(new Database(":memory:"), events);
    for (let i = 0; i < 200; i++) {
      events.add(said("word"));
      index.follow();
      pass(10);
    }
    expect(events.read).toEqual([]);
    pass(100);
    expect(events.read.length).toBeGreaterThan(0);
  });

  test("it follows an event of which it could not read at first with the next", async () => {
    const events = new Events();
    const index = new SearchIndex(new Database(":memory:"), events);
    events.onRead = () => {
      throw new Error("unreadable");
    };
    events.add(said("word 1"));
    index.follow();
    pass(1_000);
    expect(events.read).toEqual([0]);
    events.onRead = () => {};
    events.add(said("word 2"));
    index.follow();
    pass(100);
    expect(textsOf((await findIn(index, "word")).events)).toEqual(["word 1", "word 2"]);
    expect(events.read).toEqual([0, 0]);
  });
});

test("a search on a full disk is refused, and works again later", async () => {
  const db = new Database(":memory:");
  const events = new Events();
  const index = new SearchIndex(db, events);
  events.add(...numbered(1_000));
  db.run("PRAGMA max_page_count = 1");
  await expect(findIn(index, "word")).rejects.toThrow("full");
  db.run("PRAGMA max_page_count = 1000000");
  expect((await findIn(index, "word")).events.length).toBe(1_000);
  // Messages that are indexed are found on a full disk, too.
  db.run("PRAGMA max_page_count = 1");
  expect((await findIn(index, "word")).events.length).toBe(1_000);
});

test("the newest events are indexed first, and no more than are needed", async () => {
  const events = new Events();
  const index = new SearchIndex(new Database(":memory:"), events);
  events.add(...numbered(45_000));
  expect((await search(index, "word", Infinity, 20, "anyone")).events.at(-1)?.seq).toBe(45_000);
  expect(Math.min(...events.read)).toBeGreaterThan(39_000);
  for (const number of [1, 19_999, 20_000, 20_001, 39_999, 40_000]) {
    expect(textsOf((await findIn(index, `${number} word`)).events)).toEqual([`word ${number}`]);
  }
});

test("tables of events that are not kept any more are removed", async () => {
  const db = new Database(":memory:");
  const events = new Events();
  const index = new SearchIndex(db, events);
  events.add(...numbered(45_000));
  await findIn(index, "absent");
  expect(wordTables(db)).toEqual(["words_0", "words_1", "words_2"]);
  events.first = 40_001;
  for (let i = 0; i < 2; i++) {
    events.add(said("word"));
    expect((await findIn(index, "word")).events.length).toBeGreaterThan(0);
  }
  expect(wordTables(db)).toEqual(["words_2"]);
  expect((await findIn(index, "word 40000")).events).toEqual([]);
  expect((await findIn(index, "word 40001")).events.length).toBe(1);
});

test("the one table of earlier versions gives way", async () => {
  const db = new Database(":memory:");
  db.run("CREATE VIRTUAL TABLE words USING fts5 (text, entry UNINDEXED, prefix = '1')");
  db.run("INSERT INTO words (rowid, text, entry) VALUES (1, 'word', '{}')");
  const events = new Events();
  events.add(said("word 1"));
  const index = new SearchIndex(db, events);
  expect(textsOf((await findIn(index, "word")).events)).toEqual(["word 1"]);
  expect(wordTables(db)).toEqual(["words_0"]);
});

test("whispers of others are not even met", async () => {
  const events = new Events();
  const index = new SearchIndex(new Database(":memory:"), events);
  events.add(said("open word"), ...Array.from({ length: 5_000 }, () => whisper("secret word", "a", "b")));
  await findIn(index, "absent");
  const met = (text: string, viewer: string) =>
    index.matchesBefore(text, Infinity, 100, viewer).entries.length;
  expect(["a", "b", "ab", "c", ""].map((viewer) => met("secret", viewer))).toEqual([100, 100, 0, 0, 0]);
  expect(["a", "c"].map((viewer) => met("word", viewer))).toEqual([100, 1]);
});

test("any seat finds exactly what it may see", async () => {
  // Ids that begin with others, that look like a prefix of the index, or like its syntax.
  const seat = fc.constantFrom("a", "ab", "61", "a x", 'a"b', "ü", "61x", "OR");
  const word = fc.constantFrom("ab", "abc", "Äb", "x", "61xab", "text", "whisper", "é", "a-b", "日本");
  const text = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(" "));
  const entry = fc.record({
    text,
    author: seat,
    reader: fc.option(fc.constantFrom("a", "ab", "61", "ü", serversOnly)),
  });
  const sought = fc.tuple(text, fc.nat(2)).map(([text, cut]) => text.slice(0, text.length - cut));
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 30 }), sought, seat, async (entries, sought, viewer) => {
      using db = new Database(":memory:");
      const events = new Events();
      const index = new SearchIndex(db, events);
      for (const { text, author, reader } of entries) {
        events.add(reader === null ? said(text, author) : whisper(text, author, reader));
      }
      const has = matcher(sought);
      const seen = entries.flatMap(({ text, author, reader }, i) => {
        const may = reader === null || (reader !== serversOnly && (reader === viewer || author === viewer));
        return may && has(text) ? [i + 1] : [];
      });
      expect(seqsOf((await findIn(index, sought, viewer)).events)).toEqual(seen);
      index.stop();
    }),
  );
});
