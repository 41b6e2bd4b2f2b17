// The past of the room for its members: they look back, search, and take messages back. The latest entries are in memory; all
// others are read from the journal, in the room's queue of costly work.

import type { PastRequest } from "../../../dialects/host.ts";
import type { CommandOf } from "../../../protocol/commands.ts";
import { messageOf } from "../../../protocol/errors.ts";
import { type Answer, type Fault, fault, limits, type Recorded } from "../../../protocol/events.ts";
import { pastOf } from "../../delivery/past.ts";
import { RecentEntries } from "../../delivery/recent.ts";
import type { Entry, Journal } from "../../journal/journal.ts";
import { lastBefore, type Past, search, whispersTo } from "../../journal/pages.ts";
import { unreadable } from "../entering/roster.ts";
import { type ArchiveRoom, type Deleter, takeBack } from "./deletion.ts";

/** How many events a search shows if the command has no number. */
const foundEvents = 20;

export class Archive {
  readonly #journal: Journal;
  readonly #room: ArchiveRoom;
  #recent: RecentEntries;
  /** How many deletions have happened since the server started. */
  #deletions = 0;

  constructor(journal: Journal, room: ArchiveRoom) {
    this.#journal = journal;
    this.#room = room;
    this.#recent = new RecentEntries(journal.last);
  }

  /** Takes the next entry that happened. */
  push(entry: Entry): void {
    this.#recent.push(entry);
    if (entry.event.type !== "deleted") return;
    this.#deletions++;
    this.#recent.erase(entry.event.seqs);
  }

  /** The journal began again: the entries held in memory may not be in it, so they are dropped. */
  clear(): void {
    this.#recent = new RecentEntries(this.#journal.last);
  }

  /**
   * The last `count` messages up to a position that the seat `viewer` may see. Rejects if the journal cannot be read, or
   * once the connection that asked `isGone`.
   */
  recall(viewer: string, position: number, count: number, isGone?: () => boolean): Promise<Past> {
    const end = Math.min(position, this.#room.seq) + 1;
    const limit = Math.min(count, limits.historyEvents);
    const recent = this.#recent;
    const entriesBefore = async (position: number, count: number) => {
      const found = recent.entriesBefore(position, count);
      if (found.length > 0 || recent.from <= 1) return found;
      const before = Math.min(position, recent.from);
      const deletions = this.#deletions;
      const entries = await this.#queued(isGone).entriesBefore(before, count);
      // Entries that were deleted while they were being read must not be kept here.
      if (deletions === this.#deletions) recent.extend(before, entries);
      return entries;
    };
    return lastBefore(entriesBefore, end, limit, viewer);
  }

  /** The first whispers to a seat, of the events after one position and before another. */
  whispersTo(seat: string, after: number, before: number): Promise<Recorded[]> {
    return whispersTo(this.#queued().entriesAfter, seat, after, before);
  }

  /** The events with these words that the seat `viewer` may see, or the fault if the history cannot be searched. */
  async search(
    viewer: string,
    { text, before, limit, id }: CommandOf<"search">,
    isGone?: () => boolean,
  ): Promise<Answer> {
    const now = this.#room.seq + 1;
    const events = Math.min(limit ?? foundEvents, limits.searchEvents);
    try {
      const found = await search(this.#queued(isGone), text, Math.min(before ?? now, now), events, viewer);
      return { type: "results", text, ...found, id };
    } catch (error) {
      const problem = `The history cannot be searched now, ${messageOf(error)}: try again`;
      return { ...fault("unavailable", problem), id };
    }
  }

  /** Past events that the seat `viewer` may see. Rejects as `recall` does. */
  past(viewer: string, request: PastRequest, isGone: () => boolean): Promise<Recorded[]> {
    const { first } = this.#journal;
    const endOf = (epoch: string) => this.#journal.endOf(epoch);
    const source = { ...this.#queued(isGone), endOf, first, last: this.#room.seq };
    const nameOf = (seat: string) => this.#room.members.nameOf(seat);
    return pastOf(source, request, { id: viewer, nameOf });
  }

  /** Takes messages back. Resolves with the fault if not all messages that the request means were taken back. */
  async delete(request: CommandOf<"delete">, by: Deleter): Promise<Fault | undefined> {
    await this.#room.afterTurn();
    try {
      return await takeBack(this.#queued(), this.#room, request, by);
    } catch (error) {
      return unreadable(error);
    }
  }

  /** The journal, read in the room's queue of costly work. A read rejects if the connection `isGone` when its turn comes. */
  #queued(isGone?: () => boolean): Pick<Journal, "entriesAfter" | "entriesBefore" | "matchesBefore"> {
    const { work } = this.#room;
    return {
      entriesAfter: (...asked) => work.run(() => this.#journal.entriesAfter(...asked), isGone),
      entriesBefore: (...asked) => work.run(() => this.#journal.entriesBefore(...asked), isGone),
      matchesBefore: (...asked) => work.run(() => this.#journal.matchesBefore(...asked), isGone),
    };
  }
}
