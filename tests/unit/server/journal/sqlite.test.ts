import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import { pageLength } from "../../../../lib/server/journal/pages.ts";
import { SqliteJournal } from "../../../../lib/server/journal/sqlite/journal.ts";
import { pageQueries } from "../../../../lib/server/journal/sqlite/turns.ts";
import { temporaryFolder } from "../../../support/server.ts";
import { testMs } from "../../../support/transcript.ts";
import { type Kind, testContract } from "./contract.ts";
import { testDeletionContract } from "./contract-delete.ts";
import { testAgainstModel } from "./contract-model.ts";
import { testSearchContract } from "./contract-search.ts";
import { Listened, pageAfter, said, seqsOf, textsOf, upTo } from "./listened.ts";

setDefaultTimeout(testMs);

/** Closed at the end of the block without a wait: SQLite does all at once. */
function open(path?: string, keepEvents = 1_000_000): Listened<SqliteJournal> & Disposable {
  const journal = SqliteJournal.open({ path, keepEvents });
  return Object.assign(new Listened(journal), { [Symbol.dispose]: () => void journal.close() });
}

/** How many rows the file has; it must be closed. */
function rowsIn(path: string): { turns: number; said: number } {
  using db = new Database(path, { readonly: true });
  const count = (table: string) =>
    db.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? -1;
  return { turns: count("turns"), said: count("said") };
}

const inFile: Kind = {
  place() {
    const folder = temporaryFolder();
    const path = join(folder.path, "a", "b.sqlite");
    return {
      open: (keepEvents) => SqliteJournal.open({ path, keepEvents }),
      [Symbol.asyncDispose]: async () => folder[Symbol.dispose](),
    };
  },
  lasts: true,
};

const inMemory: Kind = {
  place: () => ({
    open: (keepEvents) => SqliteJournal.open({ keepEvents }),
    [Symbol.asyncDispose]: async () => {},
  }),
  lasts: false,
};

describe("a journal in a file", () => {
  testContract(inFile);
  testDeletionContract(inFile);
  testSearchContract(inFile);
  testAgainstModel(inFile, 20);
});

describe("a journal in memory", () => {
  testContract(inMemory);
  testSearchContract(inMemory);
});

test("a file of the format before facts keeps its events, not its seats", async () => {
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
    await room.append(
      { ...said("new", "bob"), facts: { topic: "tea" }, expects: { topic: null } },
      said("old", "ada", "1"),
    );
    expect(room.fates).toEqual([
      ["happened", 2],
      ["repeated", 1],
    ]);
    expect(textsOf((await pageAfter(room.journal, 0, 2, "anyone")).events)).toEqual(["old", "new"]);
  }
  using db = new Database(path, { readonly: true });
  expect(db.query("PRAGMA user_version").get()).toEqual({ user_version: 3 });
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

test("a turn of long messages is several rows", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "room.sqlite");
  {
    using room = open(path);
    room.journal.append(Array.from({ length: 200 }, (_, i) => said(`${i} ${"x".repeat(4_000)}`)));
    const { events } = await pageAfter(room.journal, 100, 103, "anyone");
    expect(seqsOf(events)).toEqual([101, 102, 103]);
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
    room.journal.append(upTo(1000).map((n) => said(`${n}`, "ada", `id-${n}`)));
  }
  using room = open(path, 100);
  expect(room.journal.first).toBe(901);
  // Said before, and fallen out: it is said again, whether its row is still there or not.
  for (const n of [1, 500, 900]) await room.append(said(`${n}`, "ada", `id-${n}`));
  await room.append(said("1000", "ada", "id-1000"));
  expect(room.fates).toEqual([
    ["happened", 1001],
    ["happened", 1002],
    ["happened", 1003],
    ["repeated", 1000],
  ]);
  for (let i = 0; i < 1000; i++) room.journal.append([said("more")]);
  expect(room.journal.last - room.journal.first + 1).toBe(100);
  const { events } = await pageAfter(room.journal, 0, room.journal.last, "anyone");
  expect(seqsOf(events)).toEqual(upTo(room.journal.last).slice(-100));
  room.journal.close();
  // Rows are deleted once in 256 events.
  const { turns, said: ids } = rowsIn(path);
  expect(turns).toBeLessThan(100 + 256);
  expect(ids).toBe(0);
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

describe("a file that cannot be used", () => {
  test("a file that another server uses is refused", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "room.sqlite");
    using _ = open(path);
    expect(() => open(path)).toThrow("another server is using it");
  });

  test("a file that is no history, or damaged, is refused", async () => {
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

  test("a folder, or a file in what is no folder, is refused", async () => {
    using folder = temporaryFolder();
    expect(() => open(folder.path)).toThrow("it is a folder");
    await Bun.write(join(folder.path, "file"), "");
    expect(() => open(join(folder.path, "file", "room.sqlite"))).toThrow("its folder cannot be made");
  });

  test("a file of a newer version is refused", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "room.sqlite");
    const db = new Database(path);
    db.run("PRAGMA user_version = 99");
    db.close();
    expect(() => open(path)).toThrow("another version");
  });
});
