// Damage to the file of a history: the room goes on with what can be read, and says so.

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  lstatSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { search } from "../../../../../lib/server/journal/pages.ts";
import { SqliteJournal } from "../../../../../lib/server/journal/sqlite/journal.ts";
import { temporaryFolder } from "../../../../support/server.ts";
import { testMs } from "../../../../support/transcript.ts";
import { fact, Listened, read, said, seqsOf, textsOf, upTo } from "../listened.ts";

setDefaultTimeout(testMs);

const count = 900;
const pageBytes = 4096;

type Room = Listened<SqliteJournal> & Disposable & { notes: string[] };

function open(path: string): Room {
  const notes: string[] = [];
  const journal = SqliteJournal.open({ path, keepEvents: 1_000_000, note: (message) => notes.push(message) });
  return Object.assign(new Listened(journal), { notes, [Symbol.dispose]: () => void journal.close() });
}

/** A history of 900 messages in 300 rows, indexed, with a fact. */
async function write(path: string): Promise<void> {
  using room = open(path);
  for (let i = 0; i < count - 1; i += 3) {
    const texts = [1, 2, 3].map((k) => `text ${i + k} ${"x".repeat(150)}`);
    await room.append(...texts.map((text, k) => said(text, "ada", `id-${i + k + 1}`)));
  }
  for (let before = count; before > 0; before -= 90) await search(room.journal, "zzz", before, 1, "anyone");
  await room.append(fact({ topic: "tea" }));
}

/** What can be read is right, and the room goes on; returns how many of the first messages were read. */
async function goesOn(room: Room): Promise<number> {
  const { journal } = room;
  const { events } = await read(journal, 0, journal.last);
  const numbered = textsOf(events).filter((text) => text.startsWith("text "));
  expect(numbered.map((text) => Number(text.split(" ")[1]))).toEqual(
    seqsOf(events).slice(0, numbered.length),
  );
  expect((await search(journal, "text", journal.last + 1, 5, "anyone")).events).toHaveLength(5);
  await room.append(said("new", "ada", "new"));
  expect(room.fates.at(-1)).toEqual(["happened", journal.last]);
  expect(textsOf((await read(journal, journal.last - 1, journal.last)).events)).toEqual(["new"]);
  return numbered.length;
}

/** Fills the middle one of the pages on which events are: in their rows, or in the index. */
function spoil(path: string, where: "rows" | "index", fill: (page: Buffer) => void): void {
  const bytes = readFileSync(path);
  const pages = upTo(bytes.length / pageBytes - 1).map((page) =>
    bytes.subarray(page * pageBytes, (page + 1) * pageBytes),
  );
  const have = pages.filter((page) => page.includes('{"event":{"type":"said"'));
  const meant = have.filter((page) => page.includes('[{"event"') === (where === "rows"));
  fill(meant[Math.floor(meant.length / 2)] ?? Buffer.alloc(0));
  writeFileSync(path, bytes);
}

const fills: [what: string, fill: (page: Buffer) => void][] = [
  ["zeros", (page) => page.fill(0)],
  ["another pattern", (page) => page.fill(0xaa)],
  ["garbage behind its header", (page) => page.fill(0x5a, 200)],
];

test.each(fills)("a page of events that is %s costs its events alone", async (_, fill) => {
  using folder = temporaryFolder();
  const path = join(folder.path, "room.sqlite");
  await write(path);
  spoil(path, "rows", fill);
  {
    using room = open(path);
    expect(await goesOn(room)).toBeWithin(count - 60, count);
    expect(room.notes[0]).toMatch(/^The history (was|is) damaged: /);
    const { gaps } = await read(room.journal, 0, room.journal.last);
    expect(gaps).not.toEqual([]);
    expect([...room.journal.facts()]).toEqual([["topic", "tea"]]);
  }
  using room = open(path);
  expect(room.journal.last).toBe(count + 2);
});

test.each(fills)("an index with a page that is %s is made anew", async (_, fill) => {
  using folder = temporaryFolder();
  const path = join(folder.path, "room.sqlite");
  await write(path);
  spoil(path, "index", fill);
  using room = open(path);
  expect(await goesOn(room)).toBe(count);
});

test("a file that was cut off goes on with its beginning", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "room.sqlite");
  await write(path);
  truncateSync(path, Math.floor(readFileSync(path).length / 3));
  chmodSync(path, 0o644);
  using room = open(path);
  expect(await goesOn(room)).toBeGreaterThan(50);
  expect(room.notes).toHaveLength(1);
  for (const file of [path, `${path}.damaged`]) expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("rows that make no sense are passed over and told", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "room.sqlite");
  await write(path);
  {
    using db = new Database(path);
    const replaceRow = (last: number, entries: string) =>
      db.run(`UPDATE turns SET entries = ${entries} WHERE last = ${last}`);
    replaceRow(9, "'no JSON'");
    replaceRow(30, "7");
    replaceRow(60, "zeroblob(10)");
    replaceRow(90, `'[{"event":{"type":"said","seq":"x"},"author":1}]'`);
    replaceRow(120, `replace(entries, '"seq":119', '"seq":5')`);
    replaceRow(150, `replace(entries, '"text":"text 149', '"test":"text 149')`);
  }
  using room = open(path);
  expect(room.notes[0]).toContain("events 7 to 9 is passed over");
  expect(await goesOn(room)).toBe(count - 4 * 3 - 2);
  const { gaps } = await read(room.journal, 0, room.journal.last);
  expect(gaps).toHaveLength(6);
  expect(new Set(room.notes).size).toBe(6);
});

test("a file that a link leads to is locked and mended in its own place", async () => {
  using folder = temporaryFolder();
  const [path, link] = [join(folder.path, "room.sqlite"), join(folder.path, "link.sqlite")];
  symlinkSync("room.sqlite", link);
  await write(link);
  truncateSync(path, 40 * pageBytes);
  using room = open(link);
  expect(room.notes).toEqual([expect.stringContaining("/room.sqlite.damaged now")]);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(await goesOn(room)).toBeGreaterThan(0);
  for (const same of [path, link]) expect(() => open(same)).toThrow("another server is using it");
});
