// Exporting and importing between a history in PostgreSQL and one in a file.

import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseFlags } from "../../../../lib/cli/flags.ts";
import type { Entry } from "../../../../lib/server/journal/journal.ts";
import { readRoom } from "../../../../lib/server/journal/postgres/copy.ts";
import { PostgresJournal } from "../../../../lib/server/journal/postgres/journal.ts";
import { readHistory } from "../../../../lib/server/journal/sqlite/copy.ts";
import { SqliteJournal } from "../../../../lib/server/journal/sqlite/journal.ts";
import { carryOutCopy } from "../../../../lib/server/operation/copies/copies.ts";
import { about, flags } from "../../../../lib/server/operation/options.ts";
import { postgresql } from "../../../support/parts.ts";
import { PostgresServer } from "../../../support/postgres.ts";
import { temporaryFolder } from "../../../support/server.ts";
import { Transcript, testMs } from "../../../support/transcript.ts";
import { Listened, said, type Told, textsOf } from "../journal/listened.ts";

setDefaultTimeout(testMs);

/** The texts in all pages. */
async function textsIn(pages: Iterable<Entry[]> | AsyncIterable<Entry[]>): Promise<string[]> {
  const read: Entry[] = [];
  for await (const page of pages) read.push(...page);
  return textsOf(read.map(({ event }) => event));
}

test("an export ends with what was said when it began", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "room.sqlite");
  await using room = new Listened(SqliteJournal.open({ path, keepEvents: 100_000 }), new Transcript<Told>());
  await room.append(said("1"), said("2"));
  const { pages } = readHistory(path, () => expect.unreachable());
  await room.append(said("later"));
  expect(await textsIn(pages)).toEqual(["1", "2"]);
});

/** The program's words when it has these flags. */
async function told(...args: string[]): Promise<string> {
  const options = parseFlags(flags, { ...about, configPath: "/no/such/file" }, args, {});
  const notes: string[] = [];
  expect(await carryOutCopy(options, (message) => notes.push(message))).toBe(true);
  return notes.join();
}

postgresql.describe("a history in PostgreSQL", () => {
  test("a room goes out as lines, to a file's history and back", async () => {
    await using postgres = await PostgresServer.start();
    using folder = temporaryFolder();
    const [url, file] = [postgres.url(), join(folder.path, "room.sqlite")];
    const journal = await PostgresJournal.open({ url, room: "main", keepEvents: 100_000 });
    await using room = new Listened(journal, new Transcript<Told>());
    await room.append(said("with an id", "ada", "7"), said("nul \0 and ☃"), { ...said("old"), at: 5_000 });
    await room.append({ event: { type: "freed", seq: 0, at: 0, name: "x", by: "y" }, author: "seat" });
    const early = await readRoom(url, "main", () => expect.unreachable());
    const whisper = { type: "told", seq: 0, at: 0, from: "a", to: "b", text: "psst" } as const;
    await room.append({
      event: whisper,
      author: "seat-a",
      reader: "seat-b",
      facts: { "seat 1": "203.0.113.9" },
    });
    expect(await textsIn(early.pages)).toEqual(["with an id", "nul \0 and ☃", "old"]);
    const lines = (name: string) => join(folder.path, name);
    // The room's own server is there meanwhile.
    expect(await told("--history", url, "--export", lines("1"))).toBe(`Written to ${lines("1")}: 5 events`);
    expect(readFileSync(lines("1"), "utf8")).not.toContain("203.0.113.9");
    expect(await told("--history", file, "--import", lines("1"))).toEndWith(": 5 events");
    await told("--history", file, "--export", lines("2"));
    for (const name of ["1", "2"]) {
      const known = ": 0 events, 5 were there already";
      expect(await told("--history", url, "--import", lines(name))).toEndWith(known);
      expect(await told("--history", file, "--import", lines(name))).toEndWith(known);
    }
    expect(await told("--history", url, "--room", "two", "--import", lines("2"))).toEndWith(": 5 events");

    // By hand, seen at once, with the time that it has.
    writeFileSync(lines("hand"), '{"at":"2001-02-03T04:05:06Z","from":"kim","text":"long ago"}\n');
    expect(await told("--history", url, "--import", lines("hand"))).toEndWith(": 1 events");
    await room.reaches(6);
    writeFileSync(lines("gone"), '{"at":5,"from":"kim","text":"hi"}\n{"type":"left","at":9,"name":"ada"}\n');
    expect(room.happened.at(-1)).toMatchObject({ from: "kim", at: Date.UTC(2001, 1, 3, 4, 5, 6) });
    for (const [args, problem] of [
      [["--history", url, "--backup", lines("b")], "PostgreSQL has pg_dump for that"],
      [["--history", url, "--import", lines("gone")], "line 2 is no message, and members would take it for"],
      [["--history", url, "--room", "none", "--export", lines("n")], 'PostgreSQL has no room "none"'],
      [
        ["--history", url, "--keep", "9", "--import", lines("1")],
        "with --keep 100000: give this one the same",
      ],
    ] as const) {
      await expect(told(...args)).rejects.toThrow(problem);
    }
    await room[Symbol.asyncDispose]();
    const done = ": 1 events, 1 were there already";
    expect(await told("--history", url, "--import", lines("gone"))).toEndWith(done);
  });
});
