// The index of texts: FTS5 tables beside those of the journal. A message must stay cheap, so its text is not indexed when it is
// said. The index follows while the members are quiet, a slice at a time. A search that comes earlier adds the missing events
// itself, a slice with each call, so that other work can be done between.
//
//   words_0   the events 0 … 19,999       a table for each 20,000 events, so that no query, no merge of FTS5 and no removal
//   words_1   … 39,999                    takes long; the newest table is searched first, and filled first
//
// The words of a whisper are in a column of their own, each with the id of a seat in front, once for each end: searches of
// other seats do not find them. Events that are no longer kept are never found; a table is removed with its last event.

import type { Database, Statement } from "bun:sqlite";
import { resultOf } from "../../../protocol/errors.ts";
import { type Entry, type Matches, serversOnly } from "../journal.ts";
import { folded, wordsOf } from "../search.ts";
import { validEntry } from "../valid.ts";
import { isDamage } from "./mending.ts";

/** How many events a table has. */
const partEvents = 20_000;
/** How many events a call adds or reads at most. */
const sliceEvents = 100;
/** The time after which a call searches no further table, in ms. */
const callMs = 2;
/** How long the members must be quiet before events are indexed, in ms. */
const quietMs = 20;
/** A rest between two slices is this many times as long as the slice before it. */
const restShare = 3;

/** The part of the journal that the index reads. */
export interface Source {
  /** The oldest `seq` kept, and the newest. */
  readonly first: number;
  readonly last: number;
  entriesAfter(position: number, count: number): Entry[];
}

export class SearchIndex {
  readonly #db: Database;
  readonly #source: Source;
  readonly #parts = new Map<number, Part>();
  /** The numbers of the tables in the file. */
  readonly #tables: Set<number>;
  #following: ReturnType<typeof setTimeout> | undefined;
  /** The newest event at the latest look at whether the members are quiet. */
  #seen = -1;

  /** Throws SQLite's errors, as the methods do. */
  constructor(db: Database, source: Source) {
    this.#db = db;
    this.#source = source;
    // Earlier versions had one table for all events.
    db.run("DROP TABLE IF EXISTS words");
    this.#tables = tablesOf(db);
    this.follow();
  }

  /** To be called after each event: indexes it once the members have been quiet for a moment. */
  follow(): void {
    this.#following ??= setTimeout(() => this.#follow(), quietMs).unref();
  }

  stop(): void {
    clearTimeout(this.#following);
  }

  /** As Journal.matchesBefore. Damaged tables are made anew. */
  matchesBefore(text: string, position: number, count: number, viewer: string): Matches {
    try {
      return this.#matchesBefore(text, position, count, viewer);
    } catch (error) {
      this.#dropDamaged(error);
      return { entries: [], before: position };
    }
  }

  #matchesBefore(text: string, position: number, count: number, viewer: string): Matches {
    const query = matching(text, viewer);
    const begun = performance.now();
    let end = Math.min(position - 1, this.#source.last);
    while (query !== undefined && end >= this.#source.first) {
      const part = this.#part(numberOf(end));
      if (part.indexed < end) {
        this.#fill(part);
        return { entries: [], before: end + 1 };
      }
      const entries = part.matches(query, this.#source.first, end, Math.min(count, sliceEvents));
      const oldest = entries.at(-1);
      if (oldest) return { entries, before: oldest.event.seq };
      end = part.first - 1;
      if (performance.now() - begun > callMs) return { entries: [], before: part.first };
    }
    return { entries: [], before: 0 };
  }

  /** Removes these events, whose texts the journal has erased: one that is not indexed yet will have no text to index. */
  erase(seqs: number[]): void {
    try {
      for (const [number, part] of Map.groupBy(seqs, numberOf)) {
        if (this.#tables.has(number)) this.#part(number).erase(part);
      }
    } catch (error) {
      this.#dropDamaged(error);
    }
  }

  /** Removes some events that are no longer kept, or a whole table of them; false if there are none. */
  trim(events: number): boolean {
    if (this.#dropOld()) return true;
    const { first } = this.#source;
    return this.#tables.has(numberOf(first)) && this.#part(numberOf(first)).trim(first, events);
  }

  /** Indexes a slice if no event came since the latest look; then looks again, as long as there is more to do. */
  #follow(): void {
    this.#following = undefined;
    const { last } = this.#source;
    const isQuiet = last === this.#seen;
    this.#seen = last;
    const begun = performance.now();
    try {
      if (isQuiet && !this.#goOn()) return;
    } catch {
      // The disk may be full, or the index damaged: it is tried again after the next event, and a search reports the error.
      return;
    }
    const pauseMs = isQuiet ? restShare * (performance.now() - begun) : quietMs;
    this.#following = setTimeout(() => this.#follow(), pauseMs).unref();
  }

  /** Opens the newest table that is not open, or adds a slice to the newest one that lacks events; false if all is done. */
  #goOn(): boolean {
    const { first, last } = this.#source;
    for (let end = last; end >= first; end = numberOf(end) * partEvents - 1) {
      const part = this.#parts.get(numberOf(end));
      if (!part) this.#part(numberOf(end)).warm();
      else if (part.indexed < end) this.#fill(part);
      else continue;
      return true;
    }
    return false;
  }

  #part(number: number): Part {
    const known = this.#parts.get(number);
    if (known) return known;
    const part = new Part(this.#db, number, !this.#tables.has(number));
    this.#tables.add(number);
    this.#parts.set(number, part);
    return part;
  }

  /** Drops all tables if the error tells of damage, since it does not tell in which one. Throws any other error. */
  #dropDamaged(error: unknown): void {
    if (!isDamage(error)) throw error;
    for (const number of [...this.#tables]) this.#drop(number);
  }

  /** Adds a slice of events to a table. */
  #fill(part: Part): void {
    this.#dropOld();
    part.fill(this.#source);
  }

  /** Removes a table whose events are no longer kept; false if there is none. */
  #dropOld(): boolean {
    const oldest = numberOf(this.#source.first);
    for (const number of this.#tables) {
      if (number >= oldest) continue;
      this.#drop(number);
      return true;
    }
    return false;
  }

  #drop(number: number): void {
    this.#db.run(`DROP TABLE words_${number}`);
    this.#parts.delete(number);
    this.#tables.delete(number);
  }
}

class Part {
  /** The first event that belongs in it. */
  readonly first: number;
  readonly #db: Database;
  readonly #name: string;
  readonly #match: Statement<{ entry: string }, [query: string, from: number, to: number, count: number]>;
  #indexed: number;

  /** Opens the table, or creates it if it `isNew`. */
  constructor(db: Database, number: number, isNew: boolean) {
    this.#db = db;
    this.first = number * partEvents;
    const name = `words_${number}`;
    this.#name = name;
    if (isNew) db.run(schemaOf(name));
    this.#match = db.prepare(
      `SELECT entry FROM ${name} WHERE ${name} MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC LIMIT ?`,
    );
    const newest = db.query<{ last: number | null }, []>(`SELECT max(rowid) AS last FROM ${name}`).get();
    this.#indexed = newest?.last ?? this.first - 1;
  }

  /** The event up to which it has all texts. */
  get indexed(): number {
    return this.#indexed;
  }

  /** Makes a first query, which takes ten times as long as the next, since FTS5 reads the structure of the table. */
  warm(): void {
    this.matches('"x"', this.first, this.first, 1);
  }

  /** The entries from `from` to `to` that match, newest first. */
  matches(query: string, from: number, to: number, count: number): Entry[] {
    const rows = this.#match.all(query, from, to, count);
    return rows.flatMap(({ entry }) => validEntry(resultOf(() => JSON.parse(entry))) ?? []);
  }

  erase(seqs: number[]): void {
    const remove = this.#db.query<unknown, [seq: number]>(`DELETE FROM ${this.#name} WHERE rowid = ?`);
    for (const seq of seqs) if (seq <= this.#indexed) remove.run(seq);
  }

  /** Removes at most `events` events before `first`; false if there are none. */
  trim(first: number, events: number): boolean {
    const trim = this.#db.query<unknown, [first: number, events: number]>(
      `DELETE FROM ${this.#name} WHERE rowid IN
        (SELECT rowid FROM ${this.#name} WHERE rowid < ? ORDER BY rowid LIMIT ?)`,
    );
    return trim.run(first, events).changes > 0;
  }

  fill(source: Source): void {
    try {
      this.#db.run("BEGIN");
      const indexed = this.#fill(source);
      this.#db.run("COMMIT");
      this.#indexed = indexed;
    } catch (error) {
      if (this.#db.inTransaction) this.#db.run("ROLLBACK");
      throw error;
    }
  }

  #fill(source: Source): number {
    const last = Math.min(this.first + partEvents - 1, source.last);
    const entries = source.entriesAfter(Math.max(this.#indexed, source.first - 1), sliceEvents);
    const add = this.#db.query<unknown, [seq: number, text: string, whisper: string, entry: string]>(
      `INSERT INTO ${this.#name} (rowid, text, whisper, entry) VALUES (?, ?, ?, ?)`,
    );
    for (const entry of entries) {
      const { event } = entry;
      if (event.seq > last) return last;
      if (!("text" in event) || event.text === undefined) continue;
      add.run(event.seq, ...columnsOf(entry, event.text), JSON.stringify(entry));
    }
    return entries.at(-1)?.event.seq ?? last;
  }
}

/** The number of the table that an event belongs to. */
function numberOf(seq: number): number {
  return Math.floor(seq / partEvents);
}

function schemaOf(name: string): string {
  return `
    CREATE VIRTUAL TABLE ${name} USING fts5 (
      text, whisper, entry UNINDEXED, prefix = '1', tokenize = 'unicode61 remove_diacritics 2'
    );
    -- FTS5 merges a fixed number of pages at a time: with smaller pages a slice takes less time.
    INSERT INTO ${name} (${name}, rank) VALUES ('pgsz', 1000);
    -- Deleted words are taken out of the index at once.
    INSERT INTO ${name} (${name}, rank) VALUES ('secure-delete', 1);`;
}

/** The numbers of the tables in the file. FTS5 has further tables for each, with longer names. */
function tablesOf(db: Database): Set<number> {
  const names = db.query<{ name: string }, []>(
    "SELECT name FROM sqlite_schema WHERE name LIKE 'words\\_%' ESCAPE '\\'",
  );
  const numbers = names.all().flatMap(({ name }) => /^words_(\d+)$/.exec(name)?.[1] ?? []);
  return new Set(numbers.map(Number));
}

/** The two columns of a text: that for all, or that of a whisper, with its words for both ends. */
function columnsOf({ author, reader }: Entry, text: string): [text: string, whisper: string] {
  if (reader === undefined) return [text, ""];
  const ends = reader === serversOnly ? [] : [...new Set([author, reader])];
  return ["", ends.map((seat) => whispered(seat, text)).join(" ")];
}

/** The words of a text, each with a seat in front: its id in hexadecimal digits and an x, which do not end a word. */
function whispered(seat: string, text: string): string {
  const prefix = `${Buffer.from(seat).toString("hex")}x`;
  return folded(text).replaceAll(/[^ ]+/g, `${prefix}$&`);
}

/** The query for FTS5: every word, the last as a beginning. The quotes keep words from being operators. */
function matching(text: string, viewer: string): string | undefined {
  const words = wordsOf(text);
  if (words.length === 0) return undefined;
  const query = (words: string[]) => `(${words.map((word) => `"${word}"`).join(" ")} *)`;
  return `text : ${query(words)} OR whisper : ${query(words.map((word) => whispered(viewer, word)))}`;
}
