// The journal in an SQLite file, or in memory: write-ahead log, one transaction a turn. An event is durable against
// a killed server as soon as it is seen; a power cut can take the last moments (synchronous=NORMAL).
// The file is locked while it is open, since numbers are given here.

import { Database, SQLiteError, type Statement } from "bun:sqlite";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type { Recorded } from "../protocol.ts";
import {
  type Entry,
  type Journal,
  type JournalListener,
  type Page,
  pageEvents,
  pageLength,
  type SavedSeat,
} from "./journal.ts";

/** Raised to what `PRAGMA user_version` says; a file with another number is not ours to write. */
const format = 1;

const schema = `
  CREATE TABLE IF NOT EXISTS epoch (name TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY,
    author TEXT NOT NULL,
    reader TEXT,
    id TEXT,
    event TEXT NOT NULL
  );
  CREATE UNIQUE INDEX IF NOT EXISTS said_once ON events (author, id) WHERE id IS NOT NULL;
  CREATE TABLE IF NOT EXISTS seats (id TEXT PRIMARY KEY, name TEXT NOT NULL, token_hash TEXT) WITHOUT ROWID;
  PRAGMA user_version = ${format};
`;

const mayBeSeen = "(reader IS NULL OR reader = $reader OR author = $reader)";

export type SqliteOptions = {
  /** A file, made with its folder if need be and readable by its owner alone; undefined keeps the journal in memory. */
  path?: string | undefined;
  /** How many events are kept. */
  keepEvents: number;
};

/** Opens the journal. Throws an Error with one sentence for the user if the file cannot be used. */
export class SqliteJournal implements Journal {
  readonly epoch: string;
  first: number;
  last: number;

  readonly #db: Database;
  readonly #keepEvents: number;
  #listener: JournalListener | undefined;
  readonly #insert: Statement<unknown, [number, string, string | null, string | null, string]>;
  readonly #find: Statement<{ seq: number }, [string, string]>;
  readonly #trim: Statement<unknown, [number]>;
  readonly #forward: Statement<Row, PageQuery>;
  readonly #backward: Statement<Row, PageQuery>;
  readonly #transaction: { begin: Statement<unknown, []>; commit: Statement<unknown, []> };
  readonly #seat: {
    add: Statement<unknown, [string, string, string | null]>;
    rename: Statement<unknown, [string, string]>;
    remove: Statement<unknown, [string]>;
  };

  constructor({ path, keepEvents }: SqliteOptions) {
    this.#keepEvents = keepEvents;
    const db = openDatabase(path);
    this.#db = db;
    db.run("INSERT INTO epoch SELECT lower(hex(randomblob(8))) WHERE NOT EXISTS (SELECT 1 FROM epoch)");
    this.epoch = db.query<{ name: string }, []>("SELECT name FROM epoch").get()?.name ?? "";
    const bounds = db.query<{ first: number | null; last: number | null }, []>(
      "SELECT min(seq) AS first, max(seq) AS last FROM events",
    );
    const { first, last } = bounds.get() ?? { first: null, last: null };
    this.last = last ?? 0;
    this.first = first ?? this.last + 1;
    this.#transaction = { begin: db.prepare("BEGIN"), commit: db.prepare("COMMIT") };
    this.#insert = db.prepare("INSERT INTO events (seq, author, reader, id, event) VALUES (?, ?, ?, ?, ?)");
    this.#find = db.prepare("SELECT seq FROM events WHERE author = ? AND id = ?");
    this.#trim = db.prepare("DELETE FROM events WHERE seq < ?");
    const select = `SELECT seq, event FROM events WHERE seq > $after AND seq <= $upTo AND ${mayBeSeen}`;
    this.#forward = db.prepare(`${select} ORDER BY seq LIMIT $limit`);
    this.#backward = db.prepare(`${select} ORDER BY seq DESC LIMIT $limit`);
    this.#seat = {
      add: db.prepare("INSERT INTO seats (id, name, token_hash) VALUES (?, ?, ?)"),
      rename: db.prepare("UPDATE seats SET name = ? WHERE id = ?"),
      remove: db.prepare("DELETE FROM seats WHERE id = ?"),
    };
  }

  listen(listener: JournalListener): void {
    this.#listener = listener;
  }

  seats(): SavedSeat[] {
    const rows = this.#db.query<{ id: string; name: string; token_hash: string | null }, []>(
      "SELECT id, name, token_hash FROM seats",
    );
    return rows.all().map(({ id, name, token_hash }) => ({ id, name, tokenHash: token_hash ?? undefined }));
  }

  append(entries: Entry[]): void {
    const fresh: Entry[] = [];
    const repeated: { entry: Entry; seq: number }[] = [];
    let { first, last } = this;
    try {
      this.#transaction.begin.run();
      const at = Date.now();
      for (const entry of entries) {
        const { event } = entry;
        const id = "id" in event ? event.id : undefined;
        const before = id === undefined ? null : this.#find.get(entry.author, id);
        if (before) {
          repeated.push({ entry, seq: before.seq });
          continue;
        }
        event.seq = ++last;
        event.at = at;
        this.#insert.run(last, entry.author, entry.reader ?? null, id ?? null, JSON.stringify(event));
        this.#saveSeat(entry);
        fresh.push(entry);
      }
      // What falls out goes as it came, a few at a time: twice what was added, so that a smaller limit is reached too.
      const oldest = Math.min(last - this.#keepEvents + 1, first + 2 * fresh.length);
      if (oldest > first) {
        this.#trim.run(oldest);
        first = oldest;
      }
      this.#transaction.commit.run();
    } catch (error) {
      if (this.#db.inTransaction) this.#db.run("ROLLBACK");
      if (!(error instanceof SQLiteError)) throw error;
      this.#listener?.refused(entries, reasonOf(error));
      return;
    }
    this.first = first;
    this.last = last;
    this.#listener?.happened(fresh);
    for (const { entry, seq } of repeated) this.#listener?.repeated(entry, seq);
  }

  #saveSeat({ event, author, tokenHash }: Entry): void {
    if (event.type === "joined") this.#seat.add.run(author, event.name, tokenHash ?? null);
    else if (event.type === "renamed") this.#seat.rename.run(event.to, author);
    else if (event.type === "left") this.#seat.remove.run(author);
  }

  async page(after: number, upTo: number, reader: string): Promise<Page> {
    const gap = after < this.first - 1 ? { from: after + 1, to: this.first - 1 } : undefined;
    const query = { $after: after, $upTo: upTo, $limit: pageEvents, $reader: reader };
    const { taken: events, full } = take(this.#forward, query);
    const last = full ? (events.at(-1)?.seq ?? upTo) : Math.max(upTo, gap?.to ?? 0);
    return { gap, events, last };
  }

  async recent(upTo: number, limit: number, reader: string): Promise<Recorded[]> {
    const query = { $after: 0, $upTo: upTo, $limit: limit, $reader: reader };
    return take(this.#backward, query).taken.reverse();
  }

  close(): void {
    this.#db.close(true);
  }
}

type Row = { seq: number; event: string };
type PageQuery = [{ $after: number; $upTo: number; $limit: number; $reader: string }];

/** As many rows as fit in a page, and whether there may be more. */
function take(statement: Statement<Row, PageQuery>, query: PageQuery[0]) {
  const taken: Recorded[] = [];
  let length = 0;
  for (const row of statement.iterate(query)) {
    taken.push(JSON.parse(row.event));
    length += row.event.length;
    if (length >= pageLength) return { taken, full: true };
  }
  return { taken, full: taken.length === query.$limit };
}

function openDatabase(path: string | undefined): Database {
  try {
    if (path !== undefined) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      closeSync(openSync(path, "a", 0o600));
    }
    const db = new Database(path ?? ":memory:");
    db.run("PRAGMA locking_mode = EXCLUSIVE");
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA synchronous = NORMAL");
    const version = db.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;
    if (version !== 0 && version !== format)
      throw new Error(`it was written by another version (${version})`);
    db.run(schema);
    return db;
  } catch (error) {
    throw new Error(
      `Cannot keep the history in "${path}": ${reasonOf(error)}; --history names another file, or none`,
    );
  }
}

/** SQLite's codes, and the file system's, in words a user can act on. */
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
    EROFS: "it cannot be written",
  };
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const known = Object.keys(reasons).find((key) => code === key || code.startsWith(`${key}_`));
  return (known && reasons[known]) ?? (error instanceof Error ? error.message : String(error));
}
