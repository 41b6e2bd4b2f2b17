// Copies a history, instead of running a server: the whole file (--backup), its events as JSON lines (--export), or such lines
// into it (--import). A written file gets its name only once it is complete.

import { once } from "node:events";
import { createReadStream, createWriteStream, existsSync, renameSync, rmSync } from "node:fs";
import type { Writable } from "node:stream";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { codeOf, fileReasonOf, messageOf, UsageError } from "../../../protocol/errors.ts";
import { type Entry, type Epochs, epochOf, serversOnly } from "../../journal/journal.ts";
import { readRoom } from "../../journal/postgres/copy.ts";
import { copyHistory, readHistory } from "../../journal/sqlite/copy.ts";
import { type History, type HistoryPlace, historyPlaceOf, openDatabase, openFile } from "../history.ts";
import type { Options } from "../options.ts";
import { importLines } from "./import.ts";

type Note = (message: string) => void;

/** Makes the copy that the options ask for, and tells `note` about it; false if they ask for none. */
export async function carryOutCopy(options: Options, note: Note): Promise<boolean> {
  const { backup, export: exported, import: imported } = options;
  const asked = [backup, exported, imported].filter((path) => path !== undefined);
  if (asked.length === 0) return false;
  if (asked.length > 1) throw new UsageError("--backup, --export and --import are one at a time");
  const place = historyPlaceOf(options, options.port);
  if (place.kind === "memory") {
    throw new UsageError("A history in memory goes with its server: --history names the one that is meant");
  }
  if (backup !== undefined) await writeBackup(place, backup, note);
  if (exported !== undefined) await exportHistory(place, options.room, exported, note);
  if (imported !== undefined) await importHistory(options, imported, note);
  return true;
}

async function writeBackup(place: HistoryPlace, target: string, note: Note): Promise<void> {
  if (place.kind !== "file") {
    throw new UsageError(
      "--backup copies a file: PostgreSQL has pg_dump for that, and --export works with both",
    );
  }
  if (target === "-")
    throw new UsageError("--backup needs the name of a file: - is for --export and --import");
  await completing(target, async (part) => copyHistory(place.path, part));
  note(`The history in ${place.path} is copied to ${target}`);
}

async function exportHistory(place: HistoryPlace, room: string, target: string, note: Note): Promise<void> {
  if (place.kind === "memory") return;
  const { epochs, pages } =
    place.kind === "file"
      ? readHistory(place.path, note)
      : await readRoom(place.url, room, note).catch(inWords);
  let count = 0;
  async function* lines(): AsyncIterable<string> {
    for await (const page of pages) {
      const seen = page.filter(({ reader }) => reader !== serversOnly);
      count += seen.length;
      yield seen.map((entry) => lineOf(entry, epochs)).join("");
    }
  }
  const writeTo = (output: Writable) =>
    pipeline(Readable.from(lines()), output).catch((error) => cannotWrite(target, error));
  if (target === "-") await writeTo(process.stdout);
  else {
    await completing(target, (part) =>
      writeTo(createWriteStream(part, { flags: "wx", mode: 0o600, flush: true })),
    );
  }
  note(`Written${target === "-" ? "" : ` to ${target}`}: ${count} events`);
}

/** The line of an event: the fields that an import needs, and none that gives access to the room. */
function lineOf({ event, author, reader }: Entry, epochs: Epochs): string {
  return `${JSON.stringify({ ...event, epoch: epochOf(epochs, event.seq), author, reader })}\n`;
}

async function importHistory(options: Options, source: string, note: Note): Promise<void> {
  const input = source === "-" ? process.stdin : await opened(source);
  const history: History = (await openDatabase(options, note)) ?? openFile(options, options.port, note);
  try {
    const { taken, known, skipped } = await importLines(
      history.journal,
      input,
      () => (history.figures?.().servers ?? 1) > 1,
    );
    const there = known === 0 ? "" : `, ${known} were there already`;
    const passed = skipped === 0 ? "" : `, ${skipped} that tell of deletions are passed over`;
    note(`Taken into ${history.place}: ${taken} events${there}${passed}`);
  } catch (error) {
    throw new Error(`${source === "-" ? "stdin" : source}: ${fileReasonOf(error)}`);
  } finally {
    await history.journal.close();
  }
}

/** The file as a stream. Throws an Error if it cannot be opened, before a history is made for it. */
async function opened(path: string): Promise<Readable> {
  const input = createReadStream(path);
  await once(input, "open").catch((error) => {
    throw new Error(`Cannot read ${path}: ${fileReasonOf(error)}`);
  });
  return input;
}

/** Lets `write` fill a file, which gets its name once it is complete. A file of that name must not exist. */
async function completing(target: string, write: (part: string) => Promise<void>): Promise<void> {
  if (existsSync(target)) throw new UsageError(`${target} is there already: name another file`);
  const part = `${target}.${process.pid}.part`;
  try {
    await write(part);
    renameSync(part, target);
  } catch (error) {
    cannotWrite(target, error);
  } finally {
    // If the disk was full, SQLite leaves its journal behind.
    for (const left of [part, `${part}-journal`]) rmSync(left, { force: true });
  }
}

/** Throws an error of the file system as a sentence, and any other as it is. */
function cannotWrite(target: string, error: unknown): never {
  const where = target === "-" ? "stdout" : target;
  const reasons: Record<string, string> = {
    ENOENT: "its folder is not there",
    EPIPE: "what read it has ended",
  };
  const code = codeOf(error);
  throw code === "" ? error : new Error(`Cannot write ${where}: ${reasons[code] ?? fileReasonOf(error)}`);
}

function inWords(error: unknown): never {
  throw new Error(`Cannot read the history: PostgreSQL ${messageOf(error)}`);
}
