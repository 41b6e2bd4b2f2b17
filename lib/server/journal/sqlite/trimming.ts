// Deletes events that are too many or too old from the file: their rows, the ids said in them, their indexed texts;
// and gives the disk its space back. It works in slices, with rests between them, so that it holds up no message. The
// transaction that stores new messages deletes some of the surplus events itself.

import type { Database, Statement } from "bun:sqlite";
import type { SearchIndex } from "./search-index.ts";
import { type Row, soundEntries, type Turns } from "./turns.ts";

/** One slice deletes at most so many events, takes so many rows out of the index, and gives back so many pages. */
const sliceEvents = 1_000;
const sliceRows = 100;
const slicePages = 64;
/** A rest between two slices is so many times as long as the slice before it. */
const restShare = 4;
/** While events come it looks after so long again, and otherwise, for what has become too old. */
const busyMs = 5_000;
const idleMs = 60_000;
/** How long it may work at once before the first member is here, and after the last. */
const atOnceMs = 100;
/** So many free pages, and this part of all, are worth to be given back. */
const freePages = 64;
const freeShare = 1 / 5;

/** The range of kept events: `first` is the oldest one, and rises. */
export type Kept = { first: number; readonly last: number };

export class Trimming {
  readonly #db: Database;
  readonly #kept: Kept;
  readonly #turns: Turns;
  readonly #index: SearchIndex;
  readonly #keepMs: number | undefined;
  /** Called when something was deleted. */
  readonly #deleted: () => void;
  readonly #oldest: Statement<Row, [count: number]>;
  readonly #trimTurns: Statement<unknown, [{ $oldest: number; $entries: number }]>;
  readonly #trimSaid: Statement<unknown, [{ $oldest: number; $entries: number }]>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAhead = false;

  constructor(
    db: Database,
    kept: Kept,
    { turns, index }: { turns: Turns; index: SearchIndex },
    keepMs: number | undefined,
    deleted: () => void,
  ) {
    this.#db = db;
    this.#kept = kept;
    this.#turns = turns;
    this.#index = index;
    this.#keepMs = keepMs;
    this.#deleted = deleted;
    this.#oldest = db.prepare("SELECT first, last, entries FROM turns ORDER BY last LIMIT ?");
    this.#trimTurns = db.prepare(trimming("turns", "last", "first"));
    this.#trimSaid = db.prepare(trimming("said", "seq", "seq"));
  }

  /** Begins, and goes on for a moment before it returns. */
  start(): void {
    if (this.#atOnce()) this.#next(0);
    else this.#next(idleMs);
  }

  /** To be called after events: some of those before may not be kept any more. */
  follow(): void {
    if (this.#isAhead) return;
    this.#next(busyMs);
    this.#isAhead = true;
  }

  /** Ends, after a moment in which it does as many of the remaining slices as it can. */
  stop(): void {
    this.#atOnce();
    clearTimeout(this.#timer);
  }

  /** Deletes some of the events before `$oldest`, as part of the transaction that is under way. */
  events($oldest: number, $entries: number): number {
    if ($oldest <= 1) return 0;
    const { changes } = this.#trimTurns.run({ $oldest, $entries });
    return changes + this.#trimSaid.run({ $oldest, $entries }).changes;
  }

  #next(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#isAhead = false;
    this.#timer = setTimeout(() => {
      const begun = performance.now();
      this.#isAhead = false;
      this.#next(this.#slice() ? restShare * (performance.now() - begun) : idleMs);
    }, delayMs).unref();
  }

  /** Whether there is more to do. */
  #atOnce(): boolean {
    const end = performance.now() + atOnceMs;
    let hasMore = this.#slice();
    while (hasMore && performance.now() < end) hasMore = this.#slice();
    return hasMore;
  }

  /** Does a part of the work; false if there is none. */
  #slice(): boolean {
    try {
      this.#age();
      if (this.#transact(() => this.events(this.#kept.first, sliceEvents) > 0 || this.#cutRow())) return true;
      if (this.#transact(() => this.#index.trim(sliceRows))) return true;
      return this.#giveBack();
    } catch {
      // The disk may be full or the file damaged: the timer tries again, and storing the next message reports it.
      return false;
    }
  }

  #transact(step: () => boolean): boolean {
    const hasDeleted = this.#db.transaction(step)();
    if (hasDeleted) this.#deleted();
    return hasDeleted;
  }

  /** Finds some of the events that are too old. They are in the order of their time, but for those from elsewhere. */
  #age(): void {
    if (this.#keepMs === undefined) return;
    const since = Date.now() - this.#keepMs;
    for (const row of this.#oldest.all(sliceRows)) {
      const { entries } = soundEntries(row);
      if (entries.some(({ event }) => event.at >= since)) return;
      this.#kept.first = Math.max(this.#kept.first, row.last + 1);
    }
  }

  /** Takes those events out of the oldest row that are not kept. */
  #cutRow(): boolean {
    const row = this.#oldest.get(1);
    if (!row || row.first >= this.#kept.first) return false;
    this.#turns.cut(row, this.#kept.first);
    return true;
  }

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

/** The statement that deletes the rows before $oldest, of the first $entries at most. A row is from `first` to `last`. */
function trimming(table: string, last: string, first: string): string {
  // By the primary key, since the smallest `first` would be looked for in all rows.
  const begin = `SELECT ${first} FROM ${table} ORDER BY ${last} LIMIT 1`;
  return `DELETE FROM ${table} WHERE ${last} < min($oldest, (${begin}) + $entries)`;
}
