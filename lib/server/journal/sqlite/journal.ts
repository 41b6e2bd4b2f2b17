// The journal in an SQLite file, or in memory: a write-ahead log, one transaction for each turn of the event loop. An
// event that members have seen survives the end of the process; a power cut can lose the last moments
// (synchronous=NORMAL). The file is locked while it is open, since only this server may number events in it.
//
//   turns   the entries of one turn, as JSON: a row for each turn writes fewer pages than a row for each event
//   said    the ids of messages by author, for as long as the event is kept
//   facts   the facts that hold now, as facts.ts writes them
//   words   the texts to search in (search-index.ts)

import { Database, SQLiteError, type Statement } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import { closeSync, fchmodSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { codeOf, messageOf } from "../../../protocol/errors.ts";
import type { Facts } from "../facts.ts";
import {
  type Entry,
  type Epochs,
  endOfEpoch,
  type Journal,
  type JournalListener,
  type Matches,
} from "../journal.ts";
import { firstOf } from "../pages.ts";
import { SearchIndex } from "./search-index.ts";

/** The `PRAGMA user_version` of files written here; a file with a higher one is refused. */
const format = 2;

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
  PRAGMA user_version = ${format};
`;

/** Both find their first row by the primary key, so that a page costs the same at every position. */
export const pageQueries = {
  /** The rows with entries after a position, oldest first. */
  after: "SELECT entries FROM turns WHERE last > ?1 ORDER BY last",
  /** The row that holds a position and those before it, newest first. */
  upTo: `SELECT entries FROM turns
    WHERE last <= ifnull((SELECT min(last) FROM turns WHERE last >= ?1), ?1) ORDER BY last DESC`,
};

/** A row holds at most this many entries, and no more than fit in a page, so that none takes long to read. */
const rowEvents = 250;
/** Each entry that is added deletes at most this many rows of entries that are not kept any more. */
const trimmedRows = 2;

export type SqliteOptions = {
  /** The file, made with its folder if it is not there, readable by its owner alone. Undefined: in memory. */
  path?: string | undefined;
  /** How many of the newest events are kept. */
  keepEvents: number;
};

/** What became of the entries of a turn, and the facts that they have changed. */
type Stored = {
  fresh: Entry[];
  repeated: { entry: Entry; seq: number }[];
  contradicted: Entry[];
  changed: Map<string, string | null>;
};

export class SqliteJournal implements Journal {
  readonly epoch: string;
  /** No other server shares this journal. */
  readonly server = "here";
  first: number;
  last: number;

  readonly #epochs: Epochs;
  readonly #db: Database;
  readonly #keepEvents: number;
  #listener: JournalListener | undefined;
  #trouble: string | undefined;
  readonly #turn: {
    add: Statement<unknown, [number, number, string]>;
    after: Statement<Row, [number]>;
    upTo: Statement<Row, [number]>;
    trim: Statement<unknown, [{ $oldest: number; $rows: number }]>;
  };
  readonly #said: {
    add: Statement<unknown, [number, string, string]>;
    find: Statement<{ seq: number }, [string, string]>;
    trim: Statement<unknown, [{ $oldest: number; $rows: number }]>;
  };
  readonly #transaction: { begin: Statement<unknown, []>; commit: Statement<unknown, []> };
  readonly #fact: {
    set: Statement<unknown, [string, string]>;
    remove: Statement<unknown, [string]>;
  };
  /** The facts in the file, also in memory: each message expects some, so they must be quick to look up. */
  readonly #facts: Map<string, string>;
  readonly #words: SearchIndex;

  /** Opens the file or makes it. Throws an Error of one sentence if it cannot be used. */
  static open({ path, keepEvents }: SqliteOptions): SqliteJournal {
    try {
      return new SqliteJournal(openDatabase(path), keepEvents);
    } catch (error) {
      const hint = "--history names another file, or none";
      throw new Error(`Cannot keep the history in "${path}": ${reasonOf(error)}; ${hint}`);
    }
  }

  private constructor(db: Database, keepEvents: number) {
    this.#db = db;
    this.#keepEvents = keepEvents;
    const bounds = db.query<{ first: number | null; last: number | null }, []>(
      "SELECT min(first) AS first, max(last) AS last FROM turns",
    );
    const { first, last } = bounds.get() ?? { first: null, last: null };
    this.last = last ?? 0;
    this.first = Math.max(first ?? 1, this.last - keepEvents + 1);
    this.epoch = randomBytes(8).toString("hex");
    this.#epochs = beginEpoch(db, this.epoch, this.first, this.last);
    this.#transaction = { begin: db.prepare("BEGIN"), commit: db.prepare("COMMIT") };
    this.#turn = {
      add: db.prepare("INSERT INTO turns (first, last, entries) VALUES (?, ?, ?)"),
      after: db.prepare(pageQueries.after),
      upTo: db.prepare(pageQueries.upTo),
      trim: db.prepare(trimming("turns", "last")),
    };
    this.#said = {
      add: db.prepare("INSERT OR REPLACE INTO said (seq, author, id) VALUES (?, ?, ?)"),
      find: db.prepare("SELECT seq FROM said WHERE author = ? AND id = ?"),
      trim: db.prepare(trimming("said", "seq")),
    };
    this.#fact = {
      set: db.prepare("INSERT OR REPLACE INTO facts (key, value) VALUES (?, ?)"),
      remove: db.prepare("DELETE FROM facts WHERE key = ?"),
    };
    const facts = db.query<{ key: string; value: string }, []>("SELECT key, value FROM facts").all();
    this.#facts = new Map(facts.map(({ key, value }) => [key, value]));
    this.#words = new SearchIndex(db, this);
  }

  listen(listener: JournalListener): void {
    this.#listener = listener;
  }

  facts(): Iterable<[key: string, value: string]> {
    return this.#facts;
  }

  endOf(epoch: string): number | undefined {
    return endOfEpoch(this.#epochs, epoch);
  }

  isAlive(server: string): boolean {
    return server === this.server;
  }

  /** Resolves at once, since `append` calls the listener before it returns. */
  async sync(): Promise<void> {}

  append(entries: Entry[]): void {
    let stored: Stored;
    try {
      stored = this.#store(entries);
    } catch (error) {
      if (this.#db.inTransaction) this.#db.run("ROLLBACK");
      if (!(error instanceof SQLiteError)) throw error;
      this.#troubled(reasonOf(error));
      this.#listener?.refused(entries, reasonOf(error));
      return;
    }
    const { fresh, repeated, contradicted, changed } = stored;
    for (const [key, value] of changed) {
      if (value === null) this.#facts.delete(key);
      else this.#facts.set(key, value);
    }
    this.#troubled(undefined);
    this.last += fresh.length;
    this.first = Math.max(this.first, this.last - this.#keepEvents + 1);
    this.#words.follow();
    this.#listener?.happened(fresh);
    for (const { entry, seq } of repeated) this.#listener?.repeated(entry, seq);
    for (const entry of contradicted) this.#listener?.contradicted(entry);
  }

  /** Numbers the entries that happen, and writes them with all that they change, in one transaction. */
  #store(entries: Entry[]): Stored {
    const stored: Stored = { fresh: [], repeated: [], contradicted: [], changed: new Map() };
    const { fresh, repeated, contradicted, changed } = stored;
    const at = Date.now();
    this.#transaction.begin.run();
    for (const { expects, ...entry } of entries) {
      const { event, author, facts } = entry;
      if (expects && !this.#holds(expects, changed)) {
        contradicted.push({ expects, ...entry });
        continue;
      }
      const id = "id" in event ? event.id : undefined;
      const before = id === undefined ? null : this.#said.find.get(author, id);
      if (before && before.seq >= this.first) {
        repeated.push({ entry, seq: before.seq });
        continue;
      }
      fresh.push(entry);
      event.seq = this.last + fresh.length;
      event.at = at;
      if (id !== undefined) this.#said.add.run(event.seq, author, id);
      if (facts) this.#write(facts, changed);
    }
    this.#addRows(fresh);
    this.#trim(this.last + fresh.length - this.#keepEvents + 1, trimmedRows * fresh.length);
    this.#transaction.commit.run();
    return stored;
  }

  #addRows(fresh: Entry[]): void {
    for (let stored = 0; stored < fresh.length; ) {
      const row = firstOf(fresh.slice(stored), rowEvents);
      const first = this.last + 1 + stored;
      stored += row.length;
      this.#turn.add.run(first, this.last + stored, JSON.stringify(row));
    }
  }

  /** Deletes some of the rows of entries before `$oldest`. */
  #trim($oldest: number, $rows: number): void {
    if ($oldest <= 1) return;
    this.#turn.trim.run({ $oldest, $rows });
    this.#said.trim.run({ $oldest, $rows });
  }

  #troubled(reason: string | undefined): void {
    if ((reason === undefined) !== (this.#trouble === undefined)) this.#listener?.troubled(reason);
    this.#trouble = reason;
  }

  /** Whether these facts hold, after the earlier changes of this turn. */
  #holds(expected: Facts, changed: ReadonlyMap<string, string | null>): boolean {
    for (const key in expected) {
      const value = changed.get(key);
      if ((value === undefined ? (this.#facts.get(key) ?? null) : value) !== expected[key]) return false;
    }
    return true;
  }

  #write(facts: Facts, changed: Map<string, string | null>): void {
    for (const [key, value] of Object.entries(facts)) {
      if (value === null) this.#fact.remove.run(key);
      else this.#fact.set.run(key, value);
      changed.set(key, value);
    }
  }

  entriesAfter(position: number, count: number): Entry[] {
    return firstOf(this.#after(Math.max(position, this.first - 1)), count);
  }

  entriesBefore(position: number, count: number): Entry[] {
    return firstOf(this.#before(position), count);
  }

  *#after(position: number): Iterable<Entry> {
    for (const entries of this.#rows(this.#turn.after, position)) {
      for (const entry of entries) if (entry.event.seq > position) yield entry;
    }
  }

  *#before(position: number): Iterable<Entry> {
    for (const entries of this.#rows(this.#turn.upTo, position - 1)) {
      for (const entry of entries.reverse()) {
        if (entry.event.seq < this.first) return;
        if (entry.event.seq < position) yield entry;
      }
    }
  }

  /** The entries of each row that the query finds. Throws an Error with the reason in words. */
  *#rows(rows: Statement<Row, [number]>, bound: number): Iterable<Entry[]> {
    try {
      for (const { entries } of rows.iterate(bound)) yield JSON.parse(entries);
    } catch (error) {
      throw new Error(reasonOf(error));
    }
  }

  matchesBefore(text: string, position: number, count: number, viewer: string): Matches {
    try {
      return this.#words.matchesBefore(text, position, count, viewer);
    } catch (error) {
      throw new Error(reasonOf(error));
    }
  }

  async close(): Promise<void> {
    this.#words.stop();
    this.#db.close(true);
  }
}

/**
 * Begins an epoch at each start: a power cut may have lost the last events, or a backup may have replaced the file, and
 * then numbers are given again. Epochs that ended before the oldest event are deleted: a position in them gets the same
 * answer as one in an unknown epoch.
 */
function beginEpoch(db: Database, epoch: string, first: number, last: number): Epochs {
  db.run("DELETE FROM epochs WHERE start < (SELECT max(start) FROM epochs WHERE start <= ?)", [first]);
  db.run("INSERT INTO epochs (name, start) VALUES (?, ?)", [epoch, last + 1]);
  const epochs = db.query<{ name: string; start: number }, []>(
    "SELECT name, start FROM epochs ORDER BY rowid",
  );
  return epochs.all().map(({ name, start }) => [name, start]);
}

type Row = { entries: string };

/** The statement that deletes at most $rows rows with a key below $oldest. */
function trimming(table: string, key: string): string {
  return `DELETE FROM ${table} WHERE ${key} IN
    (SELECT ${key} FROM ${table} WHERE ${key} < $oldest ORDER BY ${key} LIMIT $rows)`;
}

function openDatabase(path: string | undefined): Database {
  if (path !== undefined) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const file = openSync(path, "a", 0o600);
    fchmodSync(file, 0o600);
    closeSync(file);
  }
  const db = new Database(path ?? ":memory:");
  db.run("PRAGMA locking_mode = EXCLUSIVE");
  db.run("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = NORMAL");
  db.run("PRAGMA temp_store = MEMORY");
  const version = db.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;
  if (version > format) throw new Error(`it was written by another version (${version})`);
  db.run(schema);
  return db;
}

/** An error of SQLite or the file system, in words for the person who runs the server. */
function reasonOf(error: unknown): string {
  const reasons: Record<string, string> = {
    SQLITE_BUSY: "another server is using it",
    SQLITE_LOCKED: "another server is using it",
    SQLITE_CANTOPEN: "it cannot be opened",
    SQLITE_READONLY: "it cannot be written",
    SQLITE_NOTADB: "it is not a history file",
    SQLITE_CORRUPT: "it is damaged",
    SQLITE_FULL: "the disk is full",
    SQLITE_IOERR: "the disk is full or failing",
    EACCES: "permission is denied",
    EEXIST: "its folder cannot be made",
    EISDIR: "it is a folder",
    ENOENT: "its folder cannot be made",
    ENOTDIR: "its folder cannot be made",
    ENOSPC: "the disk is full",
    EPERM: "it belongs to another user",
    EROFS: "it cannot be written",
  };
  const code = codeOf(error);
  const known = Object.keys(reasons).find((key) => code === key || code.startsWith(`${key}_`));
  return (known && reasons[known]) ?? messageOf(error);
}
