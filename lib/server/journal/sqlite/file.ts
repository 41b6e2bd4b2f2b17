// The SQLite file of a history: opens it, creates its tables, and says why it cannot be opened. Only one server may number events
// in it, so a server holds a lock on another file, FILE.lock, until its process ends. The history itself is not locked: other
// programs may read it while the room is open, to copy it.
//
//   turns   the entries of a turn, as JSON: a row for each turn writes fewer pages than a row for each event
//   said    the ids of messages by author, for as long as the event is kept
//   facts   the facts that hold now, as facts.ts writes them
//   epochs  where each epoch begins
//   words   tables with the texts to search in (search-index.ts)

import { Database } from "bun:sqlite";
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { codeOf, fileReasonOf } from "../../../protocol/errors.ts";
import type { Epochs } from "../journal.ts";
import { filesOf, isDamage, isDamaged, mend } from "./mending.ts";
import { storedAs, validEntries } from "./turns.ts";

/** The format of the file, its `PRAGMA user_version`. A file of a higher one is refused. */
export const format = 3;

const schema = `
  CREATE TABLE IF NOT EXISTS epochs (name TEXT PRIMARY KEY, start INTEGER NOT NULL);
  -- Earlier versions had one epoch for ever.
  CREATE TABLE IF NOT EXISTS epoch (name TEXT NOT NULL);
  INSERT OR IGNORE INTO epochs SELECT name, 1 FROM epoch;
  DROP TABLE epoch;
  CREATE TABLE IF NOT EXISTS turns (last INTEGER PRIMARY KEY, first INTEGER NOT NULL, entries TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS said (seq INTEGER PRIMARY KEY, author TEXT NOT NULL, id TEXT NOT NULL);
  CREATE UNIQUE INDEX IF NOT EXISTS said_once ON said (author, id);
  CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  -- Format 1 kept seats in a table of their own: its members have to join again.
  DROP TABLE IF EXISTS seats;
`;

/** How long a statement waits for another program that writes to the file, in ms. */
const busyMs = 500;

/**
 * Creates the file if it is missing, with its folder, readable by its owner alone. Returns its real path: through a link, a
 * second server must find the same lock, and mending the same write-ahead log.
 */
export function makeFile(path: string): string {
  makePrivate(path);
  return realpathSync(path);
}

/**
 * Opens a file that exists; undefined: in memory. A damaged file is mended as far as it can be read, and `note` is told.
 * Throws SQLite's errors.
 */
export function openTables(path: string | undefined, note: (message: string) => void): Database {
  if (path === undefined) return makeTables(":memory:");
  try {
    const db = makeTables(path);
    if (!isDamaged(db)) return db;
    db.close();
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
  note(mend(path, makeTables));
  return makeTables(path);
}

function makeTables(path: string): Database {
  if (path !== ":memory:") makePrivate(path);
  const db = new Database(path);
  try {
    return prepared(db);
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Throws an Error if another program made the file, which must stay as it is. One without tables is a history to be. */
function refuseForeign(db: Database): void {
  const tables = db.query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  const isOurs = tables.some(({ name }) => ["epoch", "epochs", "turns"].includes(name));
  if (tables.length > 0 && !isOurs) throw new Error("it is not a history file");
}

function prepared(db: Database): Database {
  db.run(`PRAGMA busy_timeout = ${busyMs}`);
  refuseForeign(db);
  // SQLite made the files beside it as soon as it was read, with the rights that it had then.
  for (const file of filesOf(db.filename).filter(existsSync)) chmodSync(file, 0o600);
  // Before the first table is created: SQLite can then give the space of deleted rows back to the disk bit by bit.
  db.run("PRAGMA auto_vacuum = INCREMENTAL");
  db.run("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = NORMAL");
  db.run("PRAGMA temp_store = MEMORY");
  // SQLite overwrites deleted texts in the file.
  db.run("PRAGMA secure_delete = ON");
  const before = versionOf(db);
  if (before > format) throw new Error(`it was written by another version (${before})`);
  const isNew = db.query("SELECT 1 FROM sqlite_schema LIMIT 1").get() === null;
  db.run(schema);
  if (before < format && !isNew) renew(db);
  db.run(`PRAGMA user_version = ${format}`);
  return db;
}

export function versionOf(db: Database): number {
  return db.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;
}

/** Removes data that formats before 3 kept too long: addresses in the rows of events, and the remains of deleted rows. */
function renew(db: Database): void {
  db.transaction(() => {
    const update = db.prepare("UPDATE turns SET entries = ? WHERE last = ?");
    const withFacts = db.prepare<{ first: number; last: number; entries: string }, [number]>(
      `SELECT first, last, entries FROM turns WHERE last > ? AND instr(entries, '"facts"') ORDER BY last LIMIT 100`,
    );
    for (let rows = withFacts.all(0); rows.length > 0; rows = withFacts.all(rows.at(-1)?.last ?? Infinity)) {
      for (const row of rows) update.run(storedAs(validEntries(row).entries), row.last);
    }
    const words = db.query<{ name: string }, []>(
      "SELECT name FROM sqlite_schema WHERE name LIKE 'words%' AND sql LIKE 'CREATE VIRTUAL TABLE%'",
    );
    for (const { name } of words.all()) db.run(`DROP TABLE ${name}`);
  })();
  db.run("VACUUM");
}

/** The epochs in order, each with its first position. */
export function epochsIn(db: Database): Epochs {
  const epochs = db.query<{ name: string; start: number }, []>(
    "SELECT name, start FROM epochs ORDER BY rowid",
  );
  return epochs.all().map(({ name, start }) => [name, start]);
}

/** Creates the file and its folder if they are missing, for the owner alone. */
function makePrivate(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const found = statSync(path, { throwIfNoEntry: false });
  // A device, such as /dev/null, belongs to the whole machine; to open a pipe would wait for its reader.
  if (found && !found.isFile() && !found.isDirectory()) throw new Error("it is a device or a pipe");
  closeSync(openSync(path, "a", 0o600));
}

/** Locks the history against other servers, until the lock is closed or the process ends. Throws an Error if it is locked. */
export function lockHistory(path: string): Database {
  const file = `${path}.lock`;
  makePrivate(file);
  const lock = new Database(file);
  try {
    // The lock file stays empty, so it needs no journal beside it.
    lock.run("PRAGMA journal_mode = MEMORY");
    lock.run("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if (codeOf(error) === "SQLITE_BUSY") throw new Error("another server is using it");
    throw error;
  }
}

/** Says an error of SQLite or of the file system in words, for the person who runs the server. */
export function reasonOf(error: unknown): string {
  const reasons: Record<string, string> = {
    SQLITE_BUSY: "another program is using it",
    SQLITE_LOCKED: "another program is using it",
    SQLITE_CANTOPEN: "it cannot be opened",
    SQLITE_READONLY_DIRECTORY: "its folder cannot be written",
    SQLITE_READONLY: "it cannot be written",
    SQLITE_NOTADB: "it is not a history file, or damaged",
    SQLITE_CORRUPT: "it is damaged: put a backup in its place",
    SQLITE_FULL: "the disk is full",
    SQLITE_IOERR: "the disk is full or failing",
    EEXIST: "its folder cannot be made",
    ENOENT: "its folder cannot be made",
    ENOTDIR: "its folder cannot be made",
    EPERM: "it belongs to another user",
  };
  const code = codeOf(error);
  const known = Object.keys(reasons).find((key) => code === key || code.startsWith(`${key}_`));
  return (known && reasons[known]) ?? fileReasonOf(error);
}
