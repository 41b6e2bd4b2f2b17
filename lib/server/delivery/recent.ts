// The last few entries that a history has, kept in memory. A newcomer is shown some of them, and when many join at once (a
// server that was restarted, a meeting that begins) the journal does not have to be read for each.
// Between 64 and 127 entries are kept; older ones come from the journal.

import type { Entry } from "../journal/journal.ts";
import { isPast } from "../journal/pages.ts";

/** At least this many are kept, once there were as many: more than any dialect shows to a newcomer. */
const keptEntries = 64;

export class RecentEntries {
  /** Oldest first; no entry that a history has is missing between two of them. */
  #entries: Entry[] = [];
  /** Whether a history has nothing before the first of them. */
  #isAll: boolean;

  /** `last`: the position behind which the entries come that will be pushed. */
  constructor(last: number) {
    this.#isAll = last === 0;
  }

  push(entry: Entry): void {
    if (!isPast(entry.event)) return;
    this.#entries.push(entry);
    if (this.#entries.length < 2 * keptEntries) return;
    this.#entries = this.#entries.slice(keptEntries);
    this.#isAll = false;
  }

  /** As Journal.entriesBefore, of what a history has; undefined if older entries are asked for than are kept here. */
  entriesBefore(position: number, count: number): Entry[] | undefined {
    const end = this.#entries.findLastIndex(({ event }) => event.seq < position) + 1;
    if (end < count && !this.#isAll) return undefined;
    return this.#entries.slice(Math.max(end - count, 0), end).reverse();
  }
}
