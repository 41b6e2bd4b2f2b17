// The journal: the one place where events get their number and become durable. Nobody sees an event before the
// journal has it. It is an interface because there is more than one place a room can be kept in; `append` does not
// answer, events arrive at the listener, so that a journal shared by several servers shows all of them one order.

import type { Recorded } from "../../protocol/events.ts";

/**
 * What is so now, by key: who sits where under which name, who is banned, what the topic is. Events come and fall out
 * of the journal again, the facts that they brought stay until another event changes them. `null`: not so (any more).
 */
export type Facts = Readonly<Record<string, string | null>>;

/** An event with what the journal must know of it and no reader may. */
export type Entry = {
  event: Recorded;
  /** The seat it came from: `said before` and `may see` are asked of seats, since names change hands. */
  author: string;
  /** The one seat, beside the author's, that may see it, or `nobody`. Absent: everyone may. */
  reader?: string;
  /** What is so from this event on. */
  facts?: Facts;
  /** It only happens if these are so; else somebody was faster. */
  expects?: Facts;
};

/** As an entry's reader: not even its author sees it. */
export const nobody = "";

export interface JournalListener {
  /** Numbered, durable, in order; every entry exactly once. */
  happened(entries: Entry[]): void;
  /** This author's message with this id is in the journal already, as `seq`. */
  repeated(entry: Entry, seq: number): void;
  /** What this entry expects is not so: it did not happen. */
  contradicted(entry: Entry): void;
  /** The journal could not take these now; it holds none of them. */
  refused(entries: Entry[], reason: string): void;
  /** The journal takes nothing from now on, for this reason; or takes everything again (undefined). */
  troubled(reason: string | undefined): void;
  /** Who is alive of the servers may have changed. */
  serversChanged(): void;
}

/** Positions from … to that are not kept any more. From 0: from nobody knows where. */
export type Gap = { from: number; to: number };

/** Events in order, what is missing before them, and the position up to which there is nothing else to see. */
export type Page = { gap?: Gap | undefined; events: Recorded[]; last: number };

/** What a search found, oldest first, and whether there is more of it before. */
export type Found = { events: Recorded[]; more?: true };

export interface Journal {
  /** Names this journal: a position is (epoch, seq). */
  readonly epoch: string;
  /** The oldest `seq` kept; `last + 1` when there is none. */
  readonly first: number;
  /** The newest `seq`; 0 before the first event ever. */
  readonly last: number;
  /** This server's name among those that share the journal. */
  readonly server: string;
  /** Whether that server has been heard of lately. */
  isAlive(server: string): boolean;
  /** Who is told of events from now on. */
  listen(listener: JournalListener): void;
  /** What is so as of `last`. */
  facts(): Iterable<[key: string, value: string]>;
  /**
   * Resolves once the listener has been told all that was appended here so far, and all that is in the journal now,
   * whoever wrote it. Rejects if it cannot be read.
   */
  sync(): Promise<void>;
  /** Tells the listener, before it returns or later. Fills in `seq` and `at`. */
  append(entries: Entry[]): void;
  /** What the seat `viewer` may see of (after, upTo], oldest first, as much as makes one page. */
  page(after: number, upTo: number, viewer: string): Promise<Page>;
  /** The last `limit` events up to `upTo` that the seat `viewer` may see, oldest first, as many as fit in a page. */
  recent(upTo: number, limit: number, viewer: string): Promise<Recorded[]>;
  /**
   * The last `limit` events before `before` that have every word of the text, its last word perhaps as a beginning,
   * and that the seat `viewer` may see; as many as fit in a page. Rejects, with a reason in words, if it cannot look now.
   */
  search(text: string, before: number, limit: number, viewer: string): Promise<Found>;
  close(): Promise<void>;
}

/** A page ends with the event that takes it over this many characters: what one slow reader may hold in memory. */
export const pageLength = 128 * 1024;
/** And with this many events, so that a page of short ones is not a long turn. */
export const pageEvents = 1_000;

/** Whispers are for two seats, everything else for all. */
export function maySee(seat: string, { author, reader }: Entry): boolean {
  return reader === undefined || reader === seat || (author === seat && reader !== nobody);
}

/** About how many characters an event is on the wire. */
export function lengthOf(event: Recorded): number {
  return 100 + ("text" in event ? (event.text?.length ?? 0) : 0);
}

/** How much was looked through for a page, seen by its reader or not: what one page may cost. */
export class PageSize {
  #events = 0;
  #length = 0;

  isFullWith(event: Recorded): boolean {
    this.#events++;
    this.#length += lengthOf(event);
    return this.#events >= pageEvents || this.#length >= pageLength;
  }
}
