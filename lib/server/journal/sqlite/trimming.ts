// Deletes events that are too many or too old: their rows, the ids of messages, and their indexed texts; and gives the space back
// to the disk. It works in slices, with rests between them, so that messages do not wait. The transaction that stores new
// messages also deletes some events.

import type { Database, Statement } from "bun:sqlite";
import type { SearchIndex } from "./search-index.ts";
import { type Row, type Turns, validEntries } from "./turns.ts";

/** The most that a slice does: events that it deletes, rows that it removes from the index, and pages that it gives back. */
const sliceEvents = 1_000;
const sliceRows = 100;
const slicePages = 64;
/** A rest between two slices is this many times as long as the slice before it. */
const restShare = 4;
/** The time between two looks, in ms: while events come, and while none come but some may become too old. */
const busyMs = 5_000;
const idleMs = 60_000;
/** How long it may work without a rest at the start and at the end of the server, in ms. */
const atOnceMs = 100;
/** How many free pages there must be, and which part of all pages, before they are given back. */
const freePages = 64;
const freeShare = 1 / 5;

/** The range of kept events. `first`, the oldest one, rises as events become too old. */
export type Kept = { first: number; readonly last: number };

export class Trimming {
  readonly #db: Database;
  readonly #kept: Kept;
  readonly #turns: Turns;
  readonly #index: SearchIndex;
  readonly #keepMs: number | undefined;
  readonly #deleted: () => void;
  readonly #oldest: Statement<Row, [count: number]>;
  readonly #trimTurns: Statement<unknown, [{ $oldest: number; $entries: number }]>;
  readonly #trimSaid: Statement<unknown, [{ $oldest: number; $entries: number }]>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether the timer was set by `follow` already. */
  #isAhead = false;

  /** `deleted` is called, perhaps within a transaction, after rows were deleted. */
  constructor(
    db: Database,
    kept: Kept,
    { turns, index, deleted }: { turns: Turns; index: SearchIndex; deleted: () => void },
    keepMs: number | undefined,
  ) {
    this.#db = db;
    this.#kept = kept;
    this.#turns = turns;
    this.#index = index;
    this.#keepMs = keepMs;
    this.#deleted = deleted;
    this.#oldest = db.prepare("SELECT first, last, entries FROM turns ORDER BY last LIMIT ?");
    this.#trimTurns = db.prepare(deletionFrom("turns", "last", "first"));
    this.#trimSaid = db.prepare(deletionFrom("said", "seq", "seq"));
  }

  /** Begins: works for a moment, and then by a timer. */
  start(): void {
    this.#next(this.#atOnce() ? 0 : idleMs);
  }

  /** To be called after events: older ones may not be kept any longer. */
  follow(): void {
    if (this.#isAhead) return;
    this.#next(busyMs);
    this.#isAhead = true;
  }

  /** Ends, after working for a moment. */
  stop(): void {
    this.#atOnce();
    clearTimeout(this.#timer);
  }

  /** Deletes at most `count` events before `oldest`, within the transaction under way. Returns the number of deleted rows. */
  deleteEvents(oldest: number, count: number): number {
    if (oldest <= 1) return 0;
    const range = { $oldest: oldest, $entries: count };
    return this.#trimTurns.run(range).changes + this.#trimSaid.run(range).changes;
  }

  /** Does a slice after a delay, and goes on by itself: after a rest while there is more to do, else once a minute. */
  #next(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#isAhead = false;
    this.#timer = setTimeout(() => {
      const begun = performance.now();
      this.#isAhead = false;
      this.#next(this.#slice() ? restShare * (performance.now() - begun) : idleMs);
    }, delayMs).unref();
  }

  /** Works without rests for a moment. Returns whether there is more to do. */
  #atOnce(): boolean {
    const end = performance.now() + atOnceMs;
    let hasMore = this.#slice();
    while (hasMore && performance.now() < end) hasMore = this.#slice();
    return hasMore;
  }

  /** Does a slice of the work; false if there is none. */
  #slice(): boolean {
    try {
      this.#raiseFirst();
      if (this.#transact(() => this.deleteEvents(this.#kept.first, sliceEvents) > 0 || this.#cutRow()))
        return true;
      if (this.#transact(() => this.#index.trim(sliceRows))) return true;
      return this.#giveBack();
    } catch {
      // The disk may be full or the file damaged: the timer tries again, and storing the next message reports it.
      return false;
    }
  }

  /** Takes a step that deletes rows, in a transaction; false if it deleted none. */
  #transact(step: () => boolean): boolean {
    const hasDeleted = this.#db.transaction(step)();
    if (hasDeleted) this.#deleted();
    return hasDeleted;
  }

  /** Raises `first` above events that are too old. Except for imported ones they are in the order of their times. */
  #raiseFirst(): void {
    if (this.#keepMs === undefined) return;
    const since = Date.now() - this.#keepMs;
    for (const row of this.#oldest.all(sliceRows)) {
      const { entries } = validEntries(row);
      if (entries.some(({ event }) => event.at >= since)) return;
      this.#kept.first = Math.max(this.#kept.first, row.last + 1);
    }
  }

  /** Removes the events that are no longer kept from the oldest row. */
  #cutRow(): boolean {
    const row = this.#oldest.get(1);
    if (!row || row.first >= this.#kept.first) return false;
    this.#turns.cut(row, this.#kept.first);
    return true;
  }

  /** Gives some free pages back to the disk; false if they are too few. */
  #giveBack(): boolean {
    const count = (pragma: string) =>
      Number(Object.values(this.#db.query<Record<string, number>, []>(`PRAGMA ${pragma}`).get() ?? {})[0]);
    const free = count("freelist_count");
    if (count("auto_vacuum") === 0 || free < freePages || free < freeShare * count("page_count"))
      return false;
    this.#db.run(`PRAGMA incremental_vacuum(${slicePages})`);
    this.#deleted();
    return true;
  }
}

/** The statement that deletes rows before $oldest, for $entries positions at most. A row has the positions `first` to `last`. */
function deletionFrom(table: string, last: string, first: string): string {
  // Ordered by the primary key: the smallest `first` would take a look at all rows.
  const begin = `SELECT ${first} FROM ${table} ORDER BY ${last} LIMIT 1`;
  return `DELETE FROM ${table} WHERE ${last} < min($oldest, (${begin}) + $entries)`;
}
