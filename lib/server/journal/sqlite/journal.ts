// The journal in an SQLite file, or in memory: a write-ahead log, with one transaction for each turn of the event loop. An event
// that members have seen survives the end of the process; a power cut can lose the last moments (synchronous=NORMAL).
// Deleted messages and trimmed events are overwritten in the file and in the log.

import { type Database, SQLiteError, type Statement } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import type { Facts } from "../facts.ts";
import {
  type Entry,
  type Epochs,
  endOfEpoch,
  idOf,
  type Journal,
  type JournalListener,
  type Matches,
} from "../journal.ts";
import { firstOf } from "../pages.ts";
import { Checkpoints } from "./checkpoints.ts";
import { Cleaning } from "./cleaning.ts";
import { epochsIn, lockHistory, makeFile, openTables, reasonOf } from "./file.ts";
import { SearchIndex } from "./search-index.ts";
import { Trimming } from "./trimming.ts";
import { type Row, Turns } from "./turns.ts";

/** After this many new entries, old ones that are no longer kept are deleted, at most `trimmedForEach` for each new one. */
const trimmedAfter = 256;
const trimmedForEach = 2;

export type SqliteOptions = {
  /** The file, created with its folder if it is missing, readable by its owner alone. Undefined: in memory. */
  path?: string | undefined;
  /** How many events are kept: the newest. */
  keepEvents: number;
  /** How long an event is kept, in milliseconds; undefined: however old it is. */
  keepMs?: number | undefined;
  /** Called with a sentence for the person who runs the server; the same one may come many times. */
  note?: (message: string) => void;
};

/** The outcomes of the entries of a turn, and the facts that they set. */
type Stored = {
  fresh: Entry[];
  repeated: { entry: Entry; seq: number }[];
  contradicted: Entry[];
  changed: Map<string, string | null>;
  /** About how many pages of the file were written. */
  pages: number;
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
  /** How many entries were added since the latest deletion of old ones. */
  #untrimmed = 0;
  #trouble: string | undefined;
  readonly #lock: Database | undefined;
  readonly #turns: Turns;
  readonly #said: {
    /** Adds an author's id of a message, unless it is that of a kept event. The last parameter: the oldest kept `seq`. */
    add: Statement<unknown, [number, string, string, number]>;
    find: Statement<{ seq: number }, [string, string]>;
  };
  readonly #transaction: { begin: Statement<unknown, []>; commit: Statement<unknown, []> };
  readonly #fact: {
    set: Statement<unknown, [string, string]>;
    remove: Statement<unknown, [string]>;
  };
  /** The facts, as in the file: each message expects some, so they must be quick to look up. */
  readonly #facts: Map<string, string>;
  readonly #words: SearchIndex;
  readonly #checkpoints: Checkpoints | undefined;
  readonly #cleaning: Cleaning;
  readonly #trimming: Trimming;

  /** Opens the file, or creates it. Throws an Error of one sentence if it cannot be used. */
  static open(options: SqliteOptions): SqliteJournal {
    const { note = () => {} } = options;
    let lock: Database | undefined;
    try {
      const path = options.path === undefined ? undefined : makeFile(options.path);
      lock = path === undefined ? undefined : lockHistory(path);
      return new SqliteJournal(openTables(path, note), lock, { ...options, path });
    } catch (error) {
      lock?.close();
      const hint = "--history names another file, or none";
      throw new Error(`Cannot keep the history in "${options.path}": ${reasonOf(error)}; ${hint}`);
    }
  }

  private constructor(
    db: Database,
    lock: Database | undefined,
    { path, keepEvents, keepMs, note = () => {} }: SqliteOptions,
  ) {
    this.#db = db;
    this.#lock = lock;
    this.#keepEvents = keepEvents;
    const end = (order: "ASC" | "DESC") =>
      db.query<Row, []>(`SELECT first, last, entries FROM turns ORDER BY last ${order} LIMIT 1`).get();
    const first = end("ASC")?.first;
    const last = end("DESC")?.last;
    this.last = last ?? 0;
    this.first = Math.max(first ?? 1, this.last - keepEvents + 1);
    this.epoch = randomBytes(8).toString("hex");
    this.#epochs = beginEpoch(db, this.epoch, this.first, this.last);
    this.#transaction = { begin: db.prepare("BEGIN"), commit: db.prepare("COMMIT") };
    this.#turns = new Turns(db, (first, last) =>
      note(`The history is damaged: what it had of events ${first} to ${last} is passed over`),
    );
    this.#turns.check(db);
    this.#said = {
      add: db.prepare(`INSERT OR REPLACE INTO said (seq, author, id) VALUES (?, ?, ?)
        ON CONFLICT (author, id) DO UPDATE SET seq = excluded.seq WHERE seq < ?`),
      find: db.prepare("SELECT seq FROM said WHERE author = ? AND id = ?"),
    };
    this.#fact = {
      set: db.prepare("INSERT OR REPLACE INTO facts (key, value) VALUES (?, ?)"),
      remove: db.prepare("DELETE FROM facts WHERE key = ?"),
    };
    const facts = db.query<{ key: string; value: string }, []>("SELECT key, value FROM facts").all();
    this.#facts = new Map(facts.map(({ key, value }) => [key, value]));
    this.#words = new SearchIndex(db, this);
    this.#checkpoints = path === undefined ? undefined : new Checkpoints(db, path);
    this.#cleaning = new Cleaning(db);
    const deleted = () => this.#cleaning.requireLater();
    this.#trimming = new Trimming(db, this, { turns: this.#turns, index: this.#words, deleted }, keepMs);
    this.#trimming.start();
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

  readBy(): undefined {}

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
    const { fresh, repeated, contradicted, changed, pages } = stored;
    for (const [key, value] of changed) {
      if (value === null) this.#facts.delete(key);
      else this.#facts.set(key, value);
    }
    this.#troubled(undefined);
    this.#cleaning.clean();
    this.#checkpoints?.follow(pages + changed.size);
    this.last += fresh.length;
    this.first = Math.max(this.first, this.last - this.#keepEvents + 1);
    this.#words.follow();
    this.#trimming.follow();
    this.#listener?.happened(fresh);
    for (const { entry, seq } of repeated) this.#listener?.repeated(entry, seq);
    for (const entry of contradicted) this.#listener?.contradicted(entry);
  }

  /** Numbers the entries that happen, and writes them and the facts that they set, in one transaction. */
  #store(entries: Entry[]): Stored {
    const stored: Stored = { fresh: [], repeated: [], contradicted: [], changed: new Map(), pages: 0 };
    const { fresh, repeated, contradicted, changed } = stored;
    const at = Date.now();
    this.#transaction.begin.run();
    for (const entry of entries) {
      const { event, author, facts, expects } = entry;
      if (expects && !this.#holds(expects, changed)) {
        contradicted.push(entry);
        continue;
      }
      const id = idOf(event);
      const seq = this.last + fresh.length + 1;
      if (id !== undefined && this.#said.add.run(seq, author, id, this.first).changes === 0) {
        repeated.push({ entry, seq: this.#said.find.get(author, id)?.seq ?? seq });
        continue;
      }
      // The id has a place in an index, which may be on any page.
      if (id !== undefined) stored.pages++;
      fresh.push(entry);
      event.seq = seq;
      event.at = entry.at ?? at;
      if (facts) this.#write(facts, changed);
      if (event.type === "deleted") this.#erase(event.seqs);
    }
    stored.pages += this.#turns.add(fresh);
    this.#untrimmed += fresh.length;
    if (this.#untrimmed >= trimmedAfter) {
      const first = Math.max(this.first, this.last + fresh.length - this.#keepEvents + 1);
      if (this.#trimming.deleteEvents(first, trimmedForEach * this.#untrimmed) > 0)
        this.#cleaning.requireLater();
      this.#untrimmed = 0;
    }
    this.#transaction.commit.run();
    return stored;
  }

  #erase(seqs: number[]): void {
    this.#turns.erase(seqs);
    this.#words.erase(seqs);
    this.#cleaning.require();
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
    return inWords(() => firstOf(this.#turns.after(Math.max(position, this.first - 1)), count));
  }

  entriesBefore(position: number, count: number): Entry[] {
    return inWords(() => firstOf(this.#kept(this.#turns.upTo(position - 1)), count));
  }

  *#kept(entries: Iterable<Entry>): Iterable<Entry> {
    for (const entry of entries) {
      if (entry.event.seq < this.first) return;
      yield entry;
    }
  }

  matchesBefore(text: string, position: number, count: number, viewer: string): Matches {
    return inWords(() => this.#words.matchesBefore(text, position, count, viewer));
  }

  async close(): Promise<void> {
    this.#words.stop();
    this.#trimming.stop();
    this.#cleaning.stop();
    const checkpoint = this.#checkpoints?.stop();
    if (checkpoint) await checkpoint;
    this.#db.close(true);
    this.#lock?.close();
  }
}

/**
 * Begins an epoch at each start: a power cut may have lost the last events, or a backup may have replaced the file, and then
 * numbers are given a second time. Epochs that ended before the oldest event are deleted, since a position in one of them
 * gets the same answer as one in an unknown epoch.
 */
function beginEpoch(db: Database, epoch: string, first: number, last: number): Epochs {
  db.run("DELETE FROM epochs WHERE start < (SELECT max(start) FROM epochs WHERE start <= ?)", [first]);
  db.run("INSERT INTO epochs (name, start) VALUES (?, ?)", [epoch, last + 1]);
  return epochsIn(db);
}

/** Throws an Error that says in words why it failed. */
function inWords<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(reasonOf(error));
  }
}
