// The last few entries, kept in memory. A newcomer is shown some of them, and when many join at once (a server that was
// restarted, a meeting that begins) the journal does not have to be read for each.
// Between 64 and 127 entries are kept; older ones come from the journal.

import type { Entry } from "../journal/journal.ts";
import { erased } from "../journal/sound.ts";

/** At least this many are kept, once there were as many: more than any dialect shows to a newcomer. */
const keptEntries = 64;

export class RecentEntries {
  /** Oldest first, without holes. */
  #entries: Entry[] = [];

  push(entry: Entry): void {
    this.#entries.push(entry);
    if (this.#entries.length === 2 * keptEntries) this.#entries = this.#entries.slice(keptEntries);
  }

  /** Takes the texts of these events out. */
  erase(seqs: number[]): void {
    const gone = new Set(seqs);
    this.#entries = this.#entries.map((entry) => (gone.has(entry.event.seq) ? erased(entry) : entry));
  }

  /** As Journal.entriesBefore; undefined if older entries are asked for than are kept here. */
  entriesBefore(position: number, count: number): Entry[] | undefined {
    const end = this.#entries.findLastIndex(({ event }) => event.seq < position) + 1;
    const hasTheFirst = this.#entries[0]?.event.seq === 1;
    if (end < count && !hasTheFirst) return undefined;
    return this.#entries.slice(Math.max(end - count, 0), end).reverse();
  }
}
