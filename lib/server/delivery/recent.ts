// The last few events, at hand. Whoever joins is shown some of them, and when many join at once (a server that is back,
// a meeting that begins) none of them has to read in the journal.

import type { Entry } from "../journal/journal.ts";

/** More than any dialect shows to a newcomer. */
const keptEntries = 64;

export class RecentEntries {
  /** Without holes, oldest first. */
  #entries: Entry[] = [];

  push(entry: Entry): void {
    this.#entries.push(entry);
    if (this.#entries.length === 2 * keptEntries) this.#entries = this.#entries.slice(keptEntries);
  }

  /** The same as Journal.entriesBefore; undefined if that takes more than is at hand. */
  entriesBefore(position: number, count: number): Entry[] | undefined {
    const end = this.#entries.findLastIndex(({ event }) => event.seq < position) + 1;
    const isAllThereEverWas = this.#entries[0]?.event.seq === 1;
    if (end < count && !isAllThereEverWas) return undefined;
    return this.#entries.slice(Math.max(end - count, 0), end).reverse();
  }
}
