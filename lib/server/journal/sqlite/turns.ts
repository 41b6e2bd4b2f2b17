// The rows of events in an SQLite file, one for each turn of the event loop. Each row is checked as it is read: the file may be
// damaged, and a person may have written to it. Entries that make no sense are left out, and reported.

import type { Database, Statement } from "bun:sqlite";
import { resultOf } from "../../../protocol/errors.ts";
import { erased } from "../erased.ts";
import type { Entry } from "../journal.ts";
import { firstOf } from "../pages.ts";
import { validEntry } from "../valid.ts";

/** The queries of a page. They find the first row by the primary key, so that a page takes the same time at every position. */
export const pageQueries = {
  /** The rows with entries after a position, oldest first. */
  after: "SELECT first, last, entries FROM turns WHERE last > ?1 ORDER BY last",
  /** The row that holds a position and those before it, newest first. */
  upTo: `SELECT first, last, entries FROM turns
    WHERE last <= ifnull((SELECT min(last) FROM turns WHERE last >= ?1), ?1) ORDER BY last DESC`,
};

/** A row has at most this many entries, and no more than fit in a page, so that reading it does not take long. */
const rowEvents = 250;

/** The size of a page of the file. */
const pageBytes = 4_096;

/** A row: its entries, as JSON, are numbered from `first` to `last`. */
export type Row = { first: number; last: number; entries: string };

/** Called for a row whose entries, between these positions, cannot all be read. */
type Unreadable = (first: number, last: number) => void;

export class Turns {
  readonly #unreadable: Unreadable;
  readonly #add: Statement<unknown, [first: number, last: number, entries: string]>;
  readonly #after: Statement<Row, [number]>;
  readonly #upTo: Statement<Row, [number]>;
  readonly #replace: Statement<unknown, [first: number, entries: string, last: number]>;

  /** Throws SQLite's errors, as the methods do. */
  constructor(db: Database, unreadable: Unreadable) {
    this.#unreadable = unreadable;
    this.#add = db.prepare("INSERT INTO turns (first, last, entries) VALUES (?, ?, ?)");
    this.#after = db.prepare(pageQueries.after);
    this.#upTo = db.prepare(pageQueries.upTo);
    this.#replace = db.prepare("UPDATE turns SET first = ?, entries = ? WHERE last = ?");
  }

  /** Reports the rows that are no JSON, which damage leaves. Other rows that make no sense are found when they are read. */
  check(db: Database): void {
    const damaged = db.query<Row, []>("SELECT first, last FROM turns WHERE NOT json_valid(entries)");
    for (const { first, last } of damaged.iterate()) this.#unreadable(first, last);
  }

  /** Adds these entries, which are numbered without gaps. Returns about how many pages that wrote. */
  add(entries: Entry[]): number {
    let pages = 0;
    for (let stored = 0; stored < entries.length; ) {
      const row = firstOf(entries.slice(stored), rowEvents);
      stored += row.length;
      const [first, last] = [row[0]?.event.seq ?? 0, row.at(-1)?.event.seq ?? 0];
      const text = storedAs(row);
      this.#add.run(first, last, text);
      pages += 1 + text.length / pageBytes;
    }
    return pages;
  }

  /** The entries after a position, oldest first. */
  *after(position: number): Iterable<Entry> {
    let before = position;
    for (const row of this.#after.iterate(position)) {
      for (const entry of this.#read(row)) {
        if (entry.event.seq <= before) continue;
        before = entry.event.seq;
        yield entry;
      }
    }
  }

  /** The entries up to a position, newest first. */
  *upTo(position: number): Iterable<Entry> {
    let after = position + 1;
    for (const row of this.#upTo.iterate(position)) {
      for (const entry of this.#read(row).reverse()) {
        if (entry.event.seq >= after) continue;
        after = entry.event.seq;
        yield entry;
      }
    }
  }

  /** Removes the texts of these events from the file. */
  erase(seqs: number[]): void {
    const left = new Set(seqs);
    for (const seq of seqs) {
      const row = left.has(seq) ? this.#after.get(seq - 1) : null;
      if (!row) continue;
      const entries = this.#read(row);
      const without = entries.map((entry) => (left.delete(entry.event.seq) ? erased(entry) : entry));
      this.#replace.run(row.first, storedAs(without), row.last);
    }
  }

  /** Removes the entries before `first` from a row. */
  cut(row: Row, first: number): void {
    const kept = validEntries(row).entries.filter(({ event }) => event.seq >= first);
    this.#replace.run(first, storedAs(kept), row.last);
  }

  #read(row: Row): Entry[] {
    const { entries, isWhole } = validEntries(row);
    if (!isWhole) this.#unreadable(row.first, row.last);
    return entries;
  }
}

/** Entries in the form of a row: without their facts, which have a table of their own for as long as they hold. */
export function storedAs(entries: Entry[]): string {
  return `[${entries.map(textOf).join()}]`;
}

/** An entry as JSON: event, author and reader. The entry keeps the JSON of its event for the live logs. */
function textOf(entry: Entry): string {
  const { event, author, reader } = entry;
  entry.json = JSON.stringify(event);
  return `{"event":${entry.json},${JSON.stringify({ author, reader }).slice(1)}`;
}

/** The entries of a row that make sense, in order, and whether these are all entries of the row. */
export function validEntries({ first, last, entries }: Row): { entries: Entry[]; isWhole: boolean } {
  let before = 0;
  const valid = listIn(entries).flatMap((value) => {
    const entry = validEntry(value);
    if (!entry || entry.event.seq <= before || entry.event.seq > last) return [];
    before = entry.event.seq;
    return [entry];
  });
  return { entries: valid, isWhole: valid.length === last - first + 1 };
}

function listIn(json: unknown): unknown[] {
  const value: unknown = typeof json === "string" ? resultOf(() => JSON.parse(json)) : undefined;
  return Array.isArray(value) ? value : [];
}
