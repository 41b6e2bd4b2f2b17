// The last few entries that a history has, kept in memory. A newcomer is shown some of them, and when many join at once (a
// server that was restarted, a meeting that begins) the journal does not have to be read for each.
// Between 64 and 127 entries are kept; older ones come from the journal. After a start there are those that the journal was
// read for.

import type { Entry } from "../journal/journal.ts";
import { isPast } from "../journal/pages.ts";
import { erased } from "../journal/sound.ts";

/** At least this many are kept, once there were as many: more than any dialect shows to a newcomer. */
const keptEntries = 64;

export class RecentEntries {
  /** Oldest first. */
  #entries: Entry[] = [];
  /** All that a history has from this position on is here. */
  from: number;

  /** `last`: the position behind which the entries come that will be pushed. */
  constructor(last: number) {
    this.from = last + 1;
  }

  push(entry: Entry): void {
    if (!isPast(entry.event)) return;
    this.#entries.push(entry);
    if (this.#entries.length === 2 * keptEntries) this.#keep(keptEntries);
  }

  /** Takes the texts of these events out. */
  erase(seqs: number[]): void {
    const gone = new Set(seqs);
    this.#entries = this.#entries.map((entry) => (gone.has(entry.event.seq) ? erased(entry) : entry));
  }

  /** Takes what the journal gave for `entriesBefore`, where it goes on from what is here. */
  extend(position: number, entries: Entry[]): void {
    if (position < this.from) return;
    const older = entries.filter(({ event }) => event.seq < this.from && isPast(event));
    this.from = Math.min(this.from, entries.at(-1)?.event.seq ?? 1);
    this.#entries.unshift(...older.reverse());
    if (this.#entries.length >= 2 * keptEntries) this.#keep(2 * keptEntries - 1);
  }

  /** The entries before a position that are here, newest first, at most `count`. Others may be before `from`. */
  entriesBefore(position: number, count: number): Entry[] {
    const end = this.#entries.findLastIndex(({ event }) => event.seq < position) + 1;
    return this.#entries.slice(Math.max(end - count, 0), end).reverse();
  }

  #keep(count: number): void {
    this.#entries = this.#entries.slice(-count);
    this.from = this.#entries[0]?.event.seq ?? this.from;
  }
}
