// The journal: the one place where events get their number and become durable. No member sees an event before the
// journal has it. It is an interface because a room can be kept in more than one kind of place. `append` returns
// nothing: events arrive at the listener, so that several servers that share a journal see them in the same order.

import type { Recorded } from "../../protocol/events.ts";
import type { Facts } from "./facts.ts";

/** An event, and what the journal keeps with it but no member is sent. */
export type Entry = {
  event: Recorded;
  /** The event as JSON, where the journal has made it, so that it is made once. */
  json?: string;
  /** The id of the seat that caused it. Not the seat's name, since another member may have that later. */
  author: string;
  /** The only seat, beside the author's, that may see it, or `serversOnly`. Absent: every seat may. */
  reader?: string | undefined;
  /** The facts that the event changes. */
  facts?: Facts;
  /** The event only happens if these facts hold when it is appended; another entry may have changed them first. */
  expects?: Facts | undefined;
  /** The server that appended the entry; absent: this one. */
  server?: string;
  /** When it happened, if that was elsewhere: it is taken over from there (ms since 1970 UTC). Absent: now. */
  at?: number;
};

/** The `reader` of an entry that no seat may see, not even its author's. */
export const serversOnly = "";

/** The id that the sender of a message gave it. */
export function idOf(event: Recorded): string | undefined {
  return "id" in event ? event.id : undefined;
}

/** The epochs of a journal in their order, and the first position of each. */
export type Epochs = [epoch: string, start: number][];

/** The last position of an epoch: the next epoch begins behind it. Undefined if the epoch is none of these. */
export function endOfEpoch(epochs: Epochs, epoch: string): number | undefined {
  const at = epochs.findIndex(([name]) => name === epoch);
  if (at < 0) return undefined;
  const [, next = Number.POSITIVE_INFINITY] = epochs[at + 1] ?? [];
  return next - 1;
}

/** The epoch of a position; undefined before the first one that is known. */
export function epochOf(epochs: Epochs, seq: number): string | undefined {
  return epochs.findLast(([, start]) => start <= seq)?.[0];
}

/** Receives the outcome of every entry. */
export interface JournalListener {
  /** These entries are numbered and durable. They come in order, each exactly once. */
  happened(entries: Entry[]): void;
  /** The author's message with this id is in the journal already, as event `seq`; it was not appended again. */
  repeated(entry: Entry, seq: number): void;
  /** The facts that this entry expects do not hold: it did not happen. */
  contradicted(entry: Entry): void;
  /** The journal could not take these entries, for this reason; none of them happened. */
  refused(entries: Entry[], reason: string): void;
  /** The journal refuses everything from now on, for this reason; or takes entries again (undefined). */
  troubled(reason: string | undefined): void;
  /** `isAlive` may have changed for some server. */
  serversChanged(): void;
  /** The journal goes on under another `epoch`, with all events that have happened so far. */
  epochBegan(): void;
  /**
   * The journal has lost events that the listener was told of: the room begins again, from `epoch`, `last` and `facts` as
   * they are now.
   */
  beganAgain(): void;
}

/** Matching entries, newest first, and the position before which to look for more; 0 if there is nothing before it. */
export type Matches = { entries: Entry[]; before: number };

/** The events of a room, numbered, and its facts. */
export interface Journal {
  /** A position is an epoch and a `seq`. Whenever numbers may be given again, another epoch begins. */
  readonly epoch: string;
  /** The last `seq` of an epoch; a higher one in it was lost. Undefined if this journal knows no such epoch. */
  endOf(epoch: string): number | undefined;
  /** The oldest `seq` kept; `last + 1` when there is none. */
  readonly first: number;
  /** The newest `seq`; 0 before the first event ever. */
  readonly last: number;
  /** This server's name among those that share the journal. */
  readonly server: string;
  /** How long a server may be silent before it counts as lost, in ms; absent where there is only one. */
  readonly leaseMs?: number;
  /** Whether that server has sent a heartbeat within `leaseMs`. */
  isAlive(server: string): boolean;
  /** Sets the only listener, which gets every event after `last`. Called once, before the first `append`. */
  listen(listener: JournalListener): void;
  /** The facts as of `last`. Called once, before the first event comes. */
  facts(): Iterable<[key: string, value: string]>;
  /**
   * Resolves once the listener has the outcome of each entry that was appended here before, and each event that any
   * server had written by now. Rejects if the journal cannot be read.
   */
  sync(): Promise<void>;
  /**
   * Numbers the entries and stores them together with the facts they change, all in one transaction. The listener gets
   * the outcome of each, before `append` returns or later. Fills in `seq` and `at` of their events. As it numbers an event
   * `deleted`, it takes the texts out of the messages that this one names: `erased` (sound.ts) makes their remains.
   */
  append(entries: Entry[]): void;
  /**
   * The entries that are kept with a `seq` above `position`, oldest first: at most `count`, and no more than fit in a
   * page, but at least one if there is any. Every position costs the same. Like the next two methods it throws or rejects
   * with an Error whose message says in words why the journal cannot be read.
   */
  entriesAfter(position: number, count: number): Entry[] | Promise<Entry[]>;
  /** The same for the entries with a `seq` below `position`, newest first. */
  entriesBefore(position: number, count: number): Entry[] | Promise<Entry[]>;
  /**
   * As `entriesBefore`, of events that have every word of the text; its last word may be the beginning of one. One call
   * costs no more than a page, so it may find nothing and still say before which position to look on. It may leave out
   * entries that the seat `viewer` may not see.
   */
  matchesBefore(text: string, position: number, count: number, viewer: string): Matches | Promise<Matches>;
  close(): Promise<void>;
}

type Unnumbered<E> = E extends Recorded ? Omit<E, "seq" | "at"> : never;

/** An event that the journal has yet to number. */
export function unnumbered(event: Unnumbered<Recorded>): Recorded {
  const { type, ...fields } = event;
  return { type, seq: 0, at: 0, ...fields } as Recorded;
}
