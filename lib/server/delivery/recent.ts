// The latest entries, in memory. Newcomers are shown some of them, and when many join at once (after a restart, at the beginning
// of a meeting) the journal need not be read for each. Between 64 and 127 messages are kept, and as many other events between
// them. After a start the older ones are read from the journal, once a member is shown them.

import { isMessage } from "../../protocol/events.ts";
import { erased } from "../journal/erased.ts";
import type { Entry } from "../journal/journal.ts";

/** How many messages, and how many other events, are kept at least: more than any dialect shows to a newcomer. */
const kept = 64;

export class RecentEntries {
  /** Oldest first. */
  #entries: Entry[] = [];
  #messages = 0;
  /** The position from which on all messages are here. */
  from: number;

  /** `last`: the latest event; later ones are pushed. */
  constructor(last: number) {
    this.from = last + 1;
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
    if (isMessage(entry.event)) this.#messages++;
    this.#trim(kept);
  }

  erase(seqs: number[]): void {
    const gone = new Set(seqs);
    this.#entries = this.#entries.map((entry) => (gone.has(entry.event.seq) ? erased(entry) : entry));
    this.#messages = this.#entries.filter(({ event }) => isMessage(event)).length;
  }

  /** Adds entries that the journal returned for `entriesBefore(position)`, if they reach up to the oldest ones here. */
  extend(position: number, entries: Entry[]): void {
    if (position < this.from) return;
    const older = entries.filter(({ event }) => event.seq < this.from);
    this.from = Math.min(this.from, entries.at(-1)?.event.seq ?? 1);
    this.#entries.unshift(...older.reverse());
    this.#messages += older.filter(({ event }) => isMessage(event)).length;
    this.#trim(2 * kept - 1);
  }

  /** The entries before a position, newest first, at most `count`. There may be further ones before `from`. */
  entriesBefore(position: number, count: number): Entry[] {
    const end = this.#entries.findLastIndex(({ event }) => event.seq < position) + 1;
    return this.#entries.slice(Math.max(end - count, 0), end).reverse();
  }

  /** Keeps only the latest `count` messages, or other events, once there are twice as many of them as are kept at least. */
  #trim(count: number): void {
    const others = this.#entries.length - this.#messages;
    if (this.#messages >= 2 * kept) {
      const oldest = this.#entries.filter(({ event }) => isMessage(event)).at(-count);
      this.#entries = this.#entries.filter(({ event }) => event.seq >= (oldest?.event.seq ?? 0));
      this.#messages = count;
      this.from = oldest?.event.seq ?? this.from;
    } else if (others >= 2 * kept) {
      const oldest = this.#entries.filter(({ event }) => !isMessage(event)).at(-count);
      const from = oldest?.event.seq ?? 0;
      this.#entries = this.#entries.filter(({ event }) => isMessage(event) || event.seq >= from);
    }
  }
}
