// The last few entries, kept in memory. A newcomer is shown some of them, and when many join at once (a server that was
// restarted, a meeting that begins) the journal does not have to be read for each.
// Between 64 and 127 messages are kept, and the last 64 of what happened between them; older messages come from the
// journal. After a start there are those that the journal was read for.

import { isMessage } from "../../protocol/events.ts";
import type { Entry } from "../journal/journal.ts";
import { erased } from "../journal/sound.ts";

/** At least this many of either kind are kept, once there were as many: more than any dialect shows to a newcomer. */
const kept = 64;

export class RecentEntries {
  /** Oldest first. */
  #entries: Entry[] = [];
  #messages = 0;
  /** All messages from this position on are here. */
  from: number;

  /** `last`: the position behind which the entries come that will be pushed. */
  constructor(last: number) {
    this.from = last + 1;
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
    if (isMessage(entry.event)) this.#messages++;
    this.#trim(kept);
  }

  /** Takes the texts of these events out. */
  erase(seqs: number[]): void {
    const gone = new Set(seqs);
    this.#entries = this.#entries.map((entry) => (gone.has(entry.event.seq) ? erased(entry) : entry));
    this.#messages = this.#entries.filter(({ event }) => isMessage(event)).length;
  }

  /** Adds the entries that the journal gave for `entriesBefore`, if they join the oldest ones here. */
  extend(position: number, entries: Entry[]): void {
    if (position < this.from) return;
    const older = entries.filter(({ event }) => event.seq < this.from);
    this.from = Math.min(this.from, entries.at(-1)?.event.seq ?? 1);
    this.#entries.unshift(...older.reverse());
    this.#messages += older.filter(({ event }) => isMessage(event)).length;
    this.#trim(2 * kept - 1);
  }

  /** The entries before a position that are here, newest first, at most `count`. Others may be before `from`. */
  entriesBefore(position: number, count: number): Entry[] {
    const end = this.#entries.findLastIndex(({ event }) => event.seq < position) + 1;
    return this.#entries.slice(Math.max(end - count, 0), end).reverse();
  }

  /** Where there are twice as many of a kind as have to be kept, the last `count` of it stay. */
  #trim(count: number): void {
    const others = this.#entries.length - this.#messages;
    if (this.#messages >= 2 * kept) {
      let gone = this.#messages - count;
      const first = this.#entries.findIndex(({ event }) => isMessage(event) && gone-- === 0);
      this.#entries = this.#entries.slice(first);
      this.#messages = count;
      this.from = this.#entries[0]?.event.seq ?? this.from;
    } else if (others >= 2 * kept) {
      let gone = others - count;
      this.#entries = this.#entries.filter(({ event }) => isMessage(event) || gone-- <= 0);
    }
  }
}
