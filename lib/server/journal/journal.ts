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

/** What matches, newest first, and before which position to look on for more; 0 if there is nothing before. */
export type Matches = { entries: Entry[]; before: number };

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
  /**
   * The entries kept behind a position, oldest first: at most `count` and no more than fit in a page, none only if there
   * are none. Like the two below it costs the same at every position, and throws or rejects with a reason in words.
   */
  entriesAfter(position: number, count: number): Entry[] | Promise<Entry[]>;
  /** The same of those before a position, newest first. */
  entriesBefore(position: number, count: number): Entry[] | Promise<Entry[]>;
  /**
   * And of those before it whose event has every word of the text, the last word perhaps as a beginning. It looks no
   * further, and does no more for it, than a page costs.
   */
  matchesBefore(text: string, position: number, count: number): Matches | Promise<Matches>;
  close(): Promise<void>;
}
