import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Recorded } from "../../../../lib/protocol/events.ts";
import { type Entry, type Journal, nobody } from "../../../../lib/server/journal/journal.ts";
import {
  lastBefore,
  pageAfter,
  pageEvents,
  pageLength,
  search,
} from "../../../../lib/server/journal/pages.ts";
import { pageQueries, SqliteJournal } from "../../../../lib/server/journal/sqlite.ts";
import { temporaryFolder } from "../../../support/server.ts";

function said(text: string, author = "ada's seat", id?: string): Entry {
  return { event: { type: "said", seq: 0, at: 0, from: "ada", text, id }, author };
}

function whisper(text: string, author: string, reader: string): Entry {
  return { event: { type: "told", seq: 0, at: 0, from: "ada", to: "bob", text }, author, reader };
}

/** A journal, and all that its listener was told. */
function open(path?: string, keepEvents = 1_000_000) {
  const journal = SqliteJournal.open({ path, keepEvents });
  const told: unknown[] = [];
  journal.listen({
    happened: (entries) => told.push(...entries.map(({ event }) => ["happened", event.seq])),
    repeated: (_, seq) => told.push(["repeated", seq]),
    contradicted: ({ event }) => told.push(["contradicted", event.type]),
    refused: (entries, reason) => told.push(["refused", entries.length, reason]),
    troubled: (reason) => told.push(["troubled", reason]),
    serversChanged: () => {},
  });
  return { journal, told, [Symbol.dispose]: () => journal.close() };
}

/** What is in the file, seen by somebody else once it is closed. */
function rowsIn(path: string): { turns: number; said: number } {
  using db = new Database(path, { readonly: true });
  const count = (table: string) =>
    db.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? -1;
  return { turns: count("turns"), said: count("said") };
}

const textsOf = (events: Recorded[]) => events.flatMap((event) => ("text" in event ? [event.text] : []));

/** The last events up to a position that the reader may see. */
const recent = async (journal: Journal, upTo: number, limit: number, reader: string) => {
  const entriesBefore = (before: number, count: number) => journal.entriesBefore(before, count);
  return (await lastBefore(entriesBefore, upTo + 1, limit, reader)).events;
};

test("events are numbered by one, across turns and across restarts, under one epoch", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "a", "b.sqlite");
  let epoch: string;
  {
    using room = open(path);
    ({ epoch } = room.journal);
    expect([room.journal.first, room.journal.last]).toEqual([1, 0]);
    room.journal.append([said("one"), said("two")]);
    room.journal.append([said("three")]);
    expect(room.told).toEqual([
      ["happened", 1],
      ["happened", 2],
      ["happened", 3],
    ]);
  }
  using room = open(path);
  expect(room.journal.epoch).toBe(epoch);
  expect([room.journal.first, room.journal.last]).toEqual([1, 3]);
  room.journal.append([said("four")]);
  expect(room.told).toEqual([["happened", 4]]);
});

test("another journal has another epoch", () => {
  using one = open();
  using two = open();
  expect(one.journal.epoch).toMatch(/^[0-9a-f]{16}$/);
  expect(one.journal.epoch).not.toBe(two.journal.epoch);
});

test("the same id from the same seat is said once, in a turn, between turns, after a restart", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "room.sqlite");
  {
    using room = open(path);
    room.journal.append([
      said("x", "ada", "1"),
      said("x", "ada", "1"),
      said("x", "bob", "1"),
      said("y", "ada", "2"),
    ]);
    room.journal.append([said("x", "ada", "1"), said("no id", "ada"), said("no id", "ada")]);
    expect(room.told).toEqual([
      ["happened", 1],
      ["happened", 2],
      ["happened", 3],
      ["repeated", 1],
      ["happened", 4],
      ["happened", 5],
      ["repeated", 1],
    ]);
  }
  using room = open(path);
  room.journal.append([said("y", "ada", "2")]);
  expect(room.told).toEqual([["repeated", 3]]);
});

describe("a page", () => {
  test("holds what comes after a position, up to another, and ends where the next begins", async () => {
    using room = open();
    room.journal.append(Array.from({ length: 10 }, (_, i) => said(`${i + 1}`)));
    const page = await pageAfter(room.journal, 3, 7, "anyone");
    expect(textsOf(page.events)).toEqual(["4", "5", "6", "7"]);
    expect(page.last).toBe(7);
    expect(await pageAfter(room.journal, 7, 7, "anyone")).toMatchObject({ events: [], last: 7 });
  });

  test("shows whispers to their two ends, and passes over them for others", async () => {
    using room = open();
    room.journal.append([
      said("1"),
      whisper("2", "a", "b"),
      said("3"),
      whisper("4", "b", "c"),
      whisper("5", "c", "b"),
    ]);
    const seen = async (reader: string) => {
      const { events, last } = await pageAfter(room.journal, 0, 5, reader);
      expect(last).toBe(5);
      expect(await recent(room.journal, 5, 10, reader)).toEqual(events);
      return textsOf(events).join("");
    };
    expect([await seen("a"), await seen("b"), await seen("c"), await seen("d")]).toEqual([
      "123",
      "12345",
      "1345",
      "13",
    ]);
  });

  test("is bounded in events and in length, and loses nothing between two", async () => {
    using room = open();
    const long = "x".repeat(4000);
    room.journal.append(Array.from({ length: 200 }, (_, i) => said(`${i} ${long}`)));
    room.journal.append(Array.from({ length: 3 * pageEvents }, (_, i) => said(`${i + 200}`)));
    const seqs: number[] = [];
    for (let after = 0; after < room.journal.last; ) {
      const { events, last } = await pageAfter(room.journal, after, room.journal.last, "anyone");
      expect(events.length).toBeLessThanOrEqual(pageEvents);
      expect(textsOf(events).join("").length).toBeLessThan(pageLength + 5000);
      seqs.push(...events.map(({ seq }) => seq));
      after = last;
    }
    expect(seqs).toEqual(Array.from({ length: 200 + 3 * pageEvents }, (_, i) => i + 1));
    expect((await recent(room.journal, 200, 200, "anyone")).at(-1)?.seq).toBe(200);
    expect((await recent(room.journal, 200, 200, "anyone")).length).toBeLessThan(40);
  });
});

describe("facts", () => {
  const topic = (text: string, more: Pick<Entry, "facts" | "expects">): Entry => ({
    event: { type: "topic", seq: 0, at: 0, by: "ada", text },
    author: "ada's seat",
    ...more,
  });
  const factsOf = (journal: SqliteJournal) => Object.fromEntries(journal.facts());

  test("are so from the event on that brings them, until another one changes them", () => {
    using room = open();
    room.journal.append([said("1"), topic("a", { facts: { topic: "a", "ban bob": "{}" } })]);
    expect(factsOf(room.journal)).toEqual({ topic: "a", "ban bob": "{}" });
    room.journal.append([topic("b", { facts: { topic: "b", "name b": "" } })]);
    expect(factsOf(room.journal)).toEqual({ topic: "b", "ban bob": "{}", "name b": "" });
    room.journal.append([topic("", { facts: { topic: null, "ban bob": null, "ban nobody": null } })]);
    expect(factsOf(room.journal)).toEqual({ "name b": "" });
  });

  test("that are expected and not so contradict an entry: it gets no number and changes nothing", async () => {
    using room = open();
    room.journal.append([topic("a", { facts: { topic: "a" } })]);
    room.journal.append([
      topic("not b", { facts: { topic: "x" }, expects: { topic: "b" } }),
      topic("not free", { facts: { topic: "x" }, expects: { topic: null } }),
      topic("half true", { facts: { topic: "x" }, expects: { topic: "a", other: "" } }),
      topic("b", { facts: { topic: "b" }, expects: { topic: "a", other: null } }),
    ]);
    expect(room.told).toEqual([
      ["happened", 1],
      ["happened", 2],
      ["contradicted", "topic"],
      ["contradicted", "topic"],
      ["contradicted", "topic"],
    ]);
    expect(factsOf(room.journal)).toEqual({ topic: "b" });
    expect(textsOf((await pageAfter(room.journal, 0, 2, "anyone")).events)).toEqual(["a", "b"]);
  });

  test("of an entry hold for those behind it in the same batch", () => {
    using room = open();
    const take = (id: string) => topic(id, { facts: { "name ada": id }, expects: { "name ada": null } });
    room.journal.append([
      take("first"),
      take("second"),
      topic("away", { facts: { "name ada": null }, expects: { "name ada": "first" } }),
      take("third"),
    ]);
    expect(room.told).toEqual([
      ["happened", 1],
      ["happened", 2],
      ["happened", 3],
      ["contradicted", "topic"],
    ]);
    expect(factsOf(room.journal)).toEqual({ "name ada": "third" });
  });

  test("of what was said before are not brought again", () => {
    using room = open();
    const entry = (value: string): Entry => ({ ...said("x", "ada", "1"), facts: { key: value } });
    room.journal.append([entry("one"), entry("two")]);
    expect(room.told).toEqual([
      ["happened", 1],
      ["repeated", 1],
    ]);
    expect(factsOf(room.journal)).toEqual({ key: "one" });
  });

  test("outlive a restart, and the events that brought them", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "room.sqlite");
    {
      using room = open(path, 5);
      room.journal.append([topic("tea", { facts: { topic: "tea" } })]);
      for (let i = 0; i < 100; i++) room.journal.append([said(`${i}`)]);
    }
    using room = open(path, 5);
    expect(factsOf(room.journal)).toEqual({ topic: "tea" });
    room.told.length = 0;
    room.journal.append([topic("coffee", { facts: {}, expects: { topic: "tea" } })]);
    expect(room.told).toEqual([["happened", 102]]);
  });

  test("are told to no reader", async () => {
    using room = open();
    room.journal.append([topic("a", { facts: { secret: "hush" }, expects: { secret: null } })]);
    const page = await pageAfter(room.journal, 0, 1, "ada's seat");
    const past = await recent(room.journal, 1, 10, "ada's seat");
    const found = await search(room.journal, "a", 2, 10, "ada's seat");
    expect(JSON.stringify([page, past, found, room.told])).not.toContain("secret");
  });
});

test("what only the journal is told of is read by nobody, and counted all the same", async () => {
  using room = open();
  const event: Recorded = { type: "moved", seq: 0, at: 0, name: "ada" };
  room.journal.append([said("1", "ada"), { event, author: "ada", reader: nobody }, said("3", "ada")]);
  for (const reader of ["ada", "bob"]) {
    const { events, last } = await pageAfter(room.journal, 0, 3, reader);
    expect([events.map(({ seq }) => seq), last]).toEqual([[1, 3], 3]);
  }
});

test("a file of the format before facts is taken over: what was said stays, whoever sat there joins anew", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "room.sqlite");
  {
    using room = open(path);
    room.journal.append([said("old", "ada", "1")]);
  }
  {
    using db = new Database(path);
    db.run("DROP TABLE facts");
    db.run("CREATE TABLE seats (id TEXT PRIMARY KEY, name TEXT NOT NULL, token_hash TEXT) WITHOUT ROWID");
    db.run("INSERT INTO seats VALUES ('s1', 'ada', 'hash')");
    db.run("PRAGMA user_version = 1");
  }
  {
    using room = open(path);
    expect([...room.journal.facts()]).toEqual([]);
    expect(room.journal.last).toBe(1);
    room.journal.append([
      { ...said("new", "bob"), facts: { topic: "tea" }, expects: { topic: null } },
      said("old", "ada", "1"),
    ]);
    expect(room.told).toEqual([
      ["happened", 2],
      ["repeated", 1],
    ]);
    expect(textsOf((await pageAfter(room.journal, 0, 2, "anyone")).events)).toEqual(["old", "new"]);
  }
  using db = new Database(path, { readonly: true });
  expect(db.query("PRAGMA user_version").get()).toEqual({ user_version: 2 });
  expect(db.query("SELECT name FROM sqlite_master WHERE name = 'seats'").get()).toBeNull();
});

test.each(Object.entries(pageQueries))("the query %j looks through no rows but its own", (_, sql) => {
  using folder = temporaryFolder();
  const path = join(folder.path, "room.sqlite");
  open(path)[Symbol.dispose]();
  using db = new Database(path);
  const plan = db.query<{ detail: string }, [number]>(`EXPLAIN QUERY PLAN ${sql}`).all(1);
  const steps = plan.map(({ detail }) => detail).join("; ");
  expect(steps).toContain("SEARCH turns USING INTEGER PRIMARY KEY");
  expect(steps).not.toMatch(/SCAN turns|TEMP B-TREE/);
});

test("a turn of long messages is several rows, so that none takes long to read", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "room.sqlite");
  {
    using room = open(path);
    room.journal.append(Array.from({ length: 200 }, (_, i) => said(`${i} ${"x".repeat(4_000)}`)));
    const { events } = await pageAfter(room.journal, 100, 103, "anyone");
    expect(events.map(({ seq }) => seq)).toEqual([101, 102, 103]);
  }
  using db = new Database(path, { readonly: true });
  const longest = db.query<{ n: number }, []>("SELECT max(length(entries)) AS n FROM turns").get()?.n ?? 0;
  expect(longest).toBeWithin(1, 2 * pageLength);
});

test("only the newest events are kept, and their ids", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "room.sqlite");
  {
    using room = open(path);
    room.journal.append(Array.from({ length: 1000 }, (_, i) => said(`${i + 1}`, "ada", `id-${i + 1}`)));
  }
  using room = open(path, 100);
  expect(room.journal.first).toBe(901);
  room.told.length = 0;
  // Said before, and fallen out: it is said again, whether its row is still there or not.
  for (const n of [1, 500, 900]) room.journal.append([said(`${n}`, "ada", `id-${n}`)]);
  room.journal.append([said("1000", "ada", "id-1000")]);
  expect(room.told).toEqual([
    ["happened", 1001],
    ["happened", 1002],
    ["happened", 1003],
    ["repeated", 1000],
  ]);
  for (let i = 0; i < 500; i++) room.journal.append([said("more")]);
  expect(room.journal.last - room.journal.first + 1).toBe(100);
  const { events } = await pageAfter(room.journal, 0, room.journal.last, "anyone");
  expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, i) => room.journal.first + i));
  room.journal.close();
  expect(rowsIn(path)).toEqual({ turns: 100, said: 0 });
});

test("a page from a position that is not kept says what is missing", async () => {
  using room = open(undefined, 5);
  for (let i = 1; i <= 20; i++) room.journal.append([said(`${i}`)]);
  const page = await pageAfter(room.journal, 3, 20, "anyone");
  expect(page.gap).toEqual({ from: 4, to: 15 });
  expect(textsOf(page.events)).toEqual(["16", "17", "18", "19", "20"]);
  expect(await pageAfter(room.journal, 3, 10, "anyone")).toEqual({
    gap: { from: 4, to: 15 },
    events: [],
    last: 15,
  });
  expect((await pageAfter(room.journal, 15, 20, "anyone")).gap).toBeUndefined();
});

test("the file is its owner's alone", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "room.sqlite");
  using room = open(path);
  room.journal.append([said("x")]);
  for (const file of [path, `${path}-wal`]) expect(statSync(file).mode & 0o077).toBe(0);
});

describe("a file that cannot be used is explained in one sentence", () => {
  test("another server holds it", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "room.sqlite");
    using _ = open(path);
    expect(() => open(path)).toThrow("another server is using it");
  });

  test("it is not a history file, or a damaged one", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "room.sqlite");
    await Bun.write(path, "no database at all, but long enough to be looked at".repeat(100));
    expect(() => open(path)).toThrow("it is not a history file");
    {
      using room = open(`${path}.2`);
      room.journal.append(Array.from({ length: 500 }, (_, i) => said(`${i}`)));
    }
    const bytes = Buffer.from(await Bun.file(`${path}.2`).arrayBuffer());
    bytes.fill(0xaa, 100, 4096);
    await Bun.write(`${path}.2`, bytes);
    expect(() => open(`${path}.2`)).toThrow("it is damaged");
  });

  test("it is a folder, or in a folder that cannot be made", async () => {
    using folder = temporaryFolder();
    expect(() => open(folder.path)).toThrow("it is a folder");
    await Bun.write(join(folder.path, "file"), "");
    expect(() => open(join(folder.path, "file", "room.sqlite"))).toThrow("its folder cannot be made");
  });

  test("a newer version wrote it", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "room.sqlite");
    const db = new Database(path);
    db.run("PRAGMA user_version = 99");
    db.close();
    expect(() => open(path)).toThrow("another version");
  });
});
