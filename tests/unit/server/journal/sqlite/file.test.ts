// The file of a history: the events it keeps and those deleted from it, other programs that read it, and old formats.

import { Database } from "bun:sqlite";
import { describe, expect, jest, setDefaultTimeout, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { search } from "../../../../../lib/server/journal/pages.ts";
import { SqliteJournal, type SqliteOptions } from "../../../../../lib/server/journal/sqlite/journal.ts";
import { temporaryFolder } from "../../../../support/server.ts";
import { testMs } from "../../../../support/transcript.ts";
import { deletion } from "../contract-delete.ts";
import { fact, Listened, pageAfter, read, said, seqsOf, textsOf, upTo, whisper } from "../listened.ts";

setDefaultTimeout(testMs);

type Folder = ReturnType<typeof temporaryFolder>;

const pathIn = ({ path }: Folder) => join(path, "room.sqlite");

function open(folder: Folder, options: Partial<SqliteOptions> = {}): Listened<SqliteJournal> & Disposable {
  const journal = SqliteJournal.open({ path: pathIn(folder), keepEvents: 1_000_000, ...options });
  return Object.assign(new Listened(journal), { [Symbol.dispose]: () => void journal.close() });
}

/** All bytes of the file and of those beside it. */
function bytesIn({ path }: Folder): string {
  return readdirSync(path)
    .map((name) => readFileSync(join(path, name), "latin1"))
    .join();
}

describe("another program's file", () => {
  const madeBy: Record<string, (path: string) => void> = {
    "a text": (path) => writeFileSync(path, "# A list of things to do, which is no history\n".repeat(9)),
    "a database": (path) => {
      using db = new Database(path);
      db.run("CREATE TABLE seats (cinema TEXT)");
      db.run("INSERT INTO seats VALUES ('row 7')");
    },
  };

  test.each(Object.entries(madeBy))("that is %s is refused, and stays as it is", (_, make) => {
    using folder = temporaryFolder();
    make(pathIn(folder));
    chmodSync(pathIn(folder), 0o644);
    const before = readFileSync(pathIn(folder));
    expect(() => open(folder)).toThrow("it is not a history file");
    expect(readFileSync(pathIn(folder))).toEqual(before);
    expect(statSync(pathIn(folder)).mode & 0o777).toBe(0o644);
  });

  test("a history that others could read is closed to them", async () => {
    using folder = temporaryFolder();
    await open(folder).journal.close();
    chmodSync(pathIn(folder), 0o644);
    using _room = open(folder);
    for (const name of readdirSync(folder.path)) {
      expect(statSync(join(folder.path, name)).mode & 0o077).toBe(0);
    }
  });
});

describe("what is in the file", () => {
  test("a message that was taken back is in no file, at once", async () => {
    using folder = temporaryFolder();
    using room = open(folder);
    for (const text of ["a", "xylophones", "b", "quokkas"]) await room.append(said(text));
    await room.append(whisper("zeppelins", "ada's seat", "bob's seat"));
    // So that they are in the index, too.
    for (const word of ["xylophones", "zeppelins"]) {
      expect((await search(room.journal, word, 9, 9, "bob's seat")).events).toHaveLength(1);
    }
    for (const word of ["xylophones", "zeppelins"]) expect(bytesIn(folder)).toContain(word);
    await room.append(deletion(2, 5));
    const left = bytesIn(folder);
    expect(left).not.toMatch(/xylophone|ylophones|zeppelin|eppelins/i);
    expect(left).toContain("quokkas");
  });

  test("what is not kept any more is in no file once it is closed", async () => {
    using folder = temporaryFolder();
    {
      using room = open(folder, { keepEvents: 10 });
      for (let i = 0; i < 30; i++) await room.append(said(`message-${i}-`));
      // A row of many events, of which some are kept.
      await room.append(...upTo(20).map((i) => said(`together-${i}-`)));
      await search(room.journal, "message", 100, 10, "anyone");
    }
    expect(bytesIn(folder)).not.toMatch(/message-|together-([1-9]|10)-/);
    expect(bytesIn(folder)).toContain("together-11-");
  });

  test("what is not kept any more is in no file after a minute", async () => {
    using folder = temporaryFolder();
    jest.useFakeTimers();
    try {
      using room = open(folder, { keepEvents: 10 });
      for (let i = 0; i < 300; i++) await room.append(said(`message-${i}-`));
      expect(bytesIn(folder)).toContain("message-0-");
      // Those that were said last are deleted some seconds later.
      for (let seconds = 0; seconds < 75; seconds++) jest.advanceTimersByTime(1_000);
      expect(bytesIn(folder)).not.toMatch(/message-([0-9]|[1-9][0-9]|1[0-9]{2})-/);
      expect(bytesIn(folder)).toContain("message-299-");
    } finally {
      jest.useRealTimers();
    }
  });

  test("an address is in the file for as long as a fact has it", async () => {
    using folder = temporaryFolder();
    {
      using room = open(folder);
      await room.append(fact({ "seat 1": '{"name":"ada","address":"203.0.113.77"}' }));
    }
    expect(bytesIn(folder)).toContain("203.0.113.77");
    {
      using room = open(folder);
      expect([...room.journal.facts()]).toHaveLength(1);
      await room.append(fact({ "seat 1": null }));
    }
    expect(bytesIn(folder)).not.toContain("203.0.113.77");
  });
});

describe("what is kept", () => {
  test("a lower number deletes the others and makes the file small", async () => {
    using folder = temporaryFolder();
    const long = "x".repeat(500);
    {
      using room = open(folder);
      for (let i = 0; i < 40; i++) await room.append(...upTo(100).map((n) => said(`${i} ${n} ${long}`)));
    }
    const before = statSync(pathIn(folder)).size;
    {
      using room = open(folder, { keepEvents: 100 });
      expect(room.journal.first).toBe(3_901);
    }
    expect(statSync(pathIn(folder)).size).toBeLessThan(before / 4);
    using room = open(folder, { keepEvents: 100 });
    expect(seqsOf((await read(room.journal, 3_900, 4_000)).events)).toEqual(upTo(4_000).slice(-100));
    expect(await room.journal.entriesAfter(0, 1)).toMatchObject([{ event: { seq: 3_901 } }]);
  });

  test("events that are too old are deleted at the start", async () => {
    using folder = temporaryFolder();
    const hourMs = 3_600_000;
    {
      using room = open(folder);
      const hoursAgo = (hours: number) => ({ ...said(`${hours} h`), at: Date.now() - hours * hourMs });
      for (const hours of [50, 30, 25]) await room.append(hoursAgo(hours));
      await room.append(hoursAgo(23), said("now"));
    }
    using room = open(folder, { keepMs: 24 * hourMs });
    expect(room.journal.first).toBe(4);
    const { gap, events } = await pageAfter(room.journal, 0, 5, "anyone");
    expect(gap).toEqual({ from: 1, to: 3 });
    expect(textsOf(events)).toEqual(["23 h", "now"]);
  });
});

describe("other programs", () => {
  test("another program reads the file, and copies it, while the room talks", async () => {
    using folder = temporaryFolder();
    using room = open(folder);
    await room.append(said("one"));
    using reader = new Database(pathIn(folder), { readonly: true });
    expect(reader.query("SELECT count(*) AS n FROM turns").get()).toEqual({ n: 1 });
    reader.run("BEGIN");
    reader.query("SELECT * FROM turns").all();
    await room.append(said("two"), deletion(1));
    reader.run("COMMIT");
    expect(reader.query("SELECT count(*) AS n FROM turns").get()).toEqual({ n: 2 });
    expect(room.fates).toHaveLength(3);
    expect(room.troubles).toEqual([]);
  });

  test("a file that was closed is whole by itself", async () => {
    using folder = temporaryFolder();
    {
      using room = open(folder);
      await room.append(said("one"));
    }
    expect(readdirSync(folder.path).sort()).toEqual(["room.sqlite", "room.sqlite.lock"]);
    expect(statSync(`${pathIn(folder)}.lock`)).toMatchObject({ size: 0 });
  });
});

describe("a file of format 2", () => {
  const sql = readFileSync(join(import.meta.dir, "format-2.sql"), "utf8");

  test("a history of format 2 goes on, without the addresses in its rows", async () => {
    using folder = temporaryFolder();
    {
      using db = new Database(pathIn(folder));
      db.run(sql);
    }
    expect(bytesIn(folder)).toContain("203.0.113.77");
    {
      using room = open(folder);
      expect([room.journal.first, room.journal.last]).toEqual([1, 5]);
      expect(room.journal.endOf("6c782743575c75a1")).toBe(5);
      expect([...room.journal.facts()].map(([key]) => key)).toEqual(["ban eve"]);
      const { events } = await read(room.journal, 0, 5, "seat-bob");
      expect(events.map(({ type }) => type)).toEqual(["joined", "said", "told", "banned", "left"]);
      expect((await search(room.journal, "kettle", 6, 10, "anyone")).events).toHaveLength(1);
      expect((await search(room.journal, "psst", 6, 10, "seat-bob")).events).toHaveLength(1);
      await room.append(said("the kettle is on", "seat-ada", "a-1"), said("on"));
      expect(room.fates).toEqual([
        ["happened", 6],
        ["repeated", 2],
      ]);
    }
    const bytes = bytesIn(folder);
    expect(bytes).not.toContain("203.0.113.77");
    // The ban holds for its address.
    expect(bytes).toContain("198.51.100.9");
  });
});

test("a pipe or a device is no history, and stays open to others", () => {
  using folder = temporaryFolder();
  const path = pathIn(folder);
  expect(Bun.spawnSync(["mkfifo", "-m", "666", path]).exitCode).toBe(0);
  expect(() => open(folder)).toThrow(`Cannot keep the history in "${path}": it is a device or a pipe`);
  expect(statSync(path).mode & 0o777).toBe(0o666);
});
