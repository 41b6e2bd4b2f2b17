// The last few events, at hand. Whoever joins is shown some of them, and when many join at once (a server that is back,
// a meeting that begins) none of them has to read in the journal.

import type { Recorded } from "../../protocol/events.ts";
import { type Entry, maySee, PageSize } from "../journal/journal.ts";

/** More than any dialect shows to a newcomer. */
const keptEntries = 64;

export class RecentEntries {
  #entries: Entry[] = [];

  push(entry: Entry): void {
    this.#entries.push(entry);
    if (this.#entries.length === 2 * keptEntries) this.#entries = this.#entries.slice(keptEntries);
  }

  /** The same as Journal.recent; undefined if that takes more than is at hand. */
  recent(upTo: number, limit: number, viewer: string): Recorded[] | undefined {
    const events: Recorded[] = [];
    const size = new PageSize();
    for (let i = this.#entries.length - 1; i >= 0 && events.length < limit; i--) {
      const entry = this.#entries[i];
      if (!entry || entry.event.seq > upTo) continue;
      if (maySee(viewer, entry)) events.push(entry.event);
      if (size.isFullWith(entry.event)) return events.reverse();
    }
    // Enough of them, or all there ever were.
    return events.length === limit || this.#entries[0]?.event.seq === 1 ? events.reverse() : undefined;
  }
}
