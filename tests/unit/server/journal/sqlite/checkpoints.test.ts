// The write-ahead log is written into the file beside the room's own work.

import { expect, setDefaultTimeout, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import { SqliteJournal } from "../../../../../lib/server/journal/sqlite/journal.ts";
import { temporaryFolder } from "../../../../support/server.ts";
import { testMs } from "../../../../support/transcript.ts";
import { Listened, said, upTo } from "../listened.ts";

setDefaultTimeout(testMs);

/** More than are worth a checkpoint, of 100 bytes each. */
const facts = Object.fromEntries(upTo(9_000).map((i) => [`op ${i}`, "x".repeat(100)]));

function open(path: string): Listened<SqliteJournal> {
  return new Listened(SqliteJournal.open({ path, keepEvents: 1_000_000 }));
}

test("a thread writes the log into the file, while the room goes on", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "room.sqlite");
  const room = open(path);
  await room.append({ ...said("much"), facts });
  while (statSync(path).size < 900_000) await Bun.sleep(1);
  await room.append(said("more"));
  await room.journal.close();
});

test("a history that is closed during a checkpoint is whole", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "room.sqlite");
  const room = open(path);
  await room.append({ ...said("much"), facts });
  await room.journal.close();
  const { journal } = open(path);
  expect(journal.last).toBe(1);
  expect(Object.fromEntries(journal.facts())).toEqual(facts);
  await journal.close();
});
