// The journal numbers the events of a room and makes them durable. No member is shown an event before the journal has it. It is
// an interface, since a room may be kept in SQLite or in PostgreSQL. `append` returns nothing: events come to the listener, so
// that all servers that share a journal see them in the same order.

import type { Recorded } from "../../protocol/events.ts";
import type { Facts } from "./facts.ts";

/** An event, with the data that the journal keeps with it and sends to no member. */
export type Entry = {
  event: Recorded;
  /** The event as JSON, if the journal has made it: live logs use the same text. */
  json?: string;
  /** The id of the seat that caused it. A name would not do, since another member may have it later. */
  author: string;
  /** The only seat beside the author's that may see it; or `serversOnly`. Absent: all seats may see it. */
  reader?: string | undefined;
  /** The facts that the event changes. */
  facts?: Facts;
  /** The event happens only if these facts hold when it is numbered: another entry may have changed them before. */
  expects?: Facts | undefined;
  /** The server that appended the entry; absent: this one. */
  server?: string;
  /** The time of an imported event, in ms since 1970 UTC. Absent: now. */
  at?: number;
};

/** The `reader` of an entry that no seat may see, not even the author's. */
export const serversOnly = "";

/** The id that the sender gave a message. */
export function idOf(event: Recorded): string | undefined {
  return "id" in event ? event.id : undefined;
}

/** The epochs of a journal in order, each with its first position. */
export type Epochs = [epoch: string, start: number][];

/** The last position of an epoch, which is before the next epoch begins; undefined if the epoch is unknown. */
export function endOfEpoch(epochs: Epochs, epoch: string): number | undefined {
  const at = epochs.findIndex(([name]) => name === epoch);
  if (at < 0) return undefined;
  const [, next = Number.POSITIVE_INFINITY] = epochs[at + 1] ?? [];
  return next - 1;
}

/** The epoch of a position; undefined before the first known epoch. */
export function epochOf(epochs: Epochs, seq: number): string | undefined {
  return epochs.findLast(([, start]) => start <= seq)?.[0];
}

export interface JournalListener {
  /** These entries are numbered and durable. They come in order, each once. */
  happened(entries: Entry[]): void;
  /** The journal has a message of this author with this id already, as event `seq`. This one was not appended. */
  repeated(entry: Entry, seq: number): void;
  /** The entry did not happen, since the facts that it expects do not hold. */
  contradicted(entry: Entry): void;
  /** The journal could not store these entries, for this reason. None of them happened. */
  refused(entries: Entry[], reason: string): void;
  /** The journal refuses all entries from now on, for this reason; undefined: it takes them again. */
  troubled(reason: string | undefined): void;
  /** The result of `isAlive` may have changed for a server. */
  serversChanged(): void;
  /** Another epoch has begun. All events so far belong to it, too. */
  epochBegan(): void;
  /**
   * The journal has lost events that the listener has seen. The room has to begin again, with `epoch`, `last` and `facts` as they
   * are now.
   */
  beganAgain(): void;
}

/** Matching entries, newest first. `before`: the search goes on before this position; 0 if it is complete. */
export type Matches = { entries: Entry[]; before: number };

/** The events of a room, numbered, and its facts. */
export interface Journal {
  /** The present epoch. Whenever a number may be given a second time, another epoch begins: a position is (epoch, `seq`). */
  readonly epoch: string;
  /** The last `seq` of an epoch: events of the epoch with a higher one are lost. Undefined for an unknown epoch. */
  endOf(epoch: string): number | undefined;
  /** The oldest `seq` that is kept; `last + 1` if there is none. */
  readonly first: number;
  /** The newest `seq`; 0 before the first event ever. */
  readonly last: number;
  /** The name of this server among those that share the journal. */
  readonly server: string;
  /** How long a server may be silent before it counts as lost, in ms; absent in a journal for one server. */
  readonly leaseMs?: number;
  /** Whether a server has sent a heartbeat within `leaseMs`. */
  isAlive(server: string): boolean;
  /** The last event that another server is known to have read, and so shown to its members; undefined if unknown. */
  readBy(server: string): number | undefined;
  /** Sets the listener, which gets every event after `last`. Called once, before the first `append`. */
  listen(listener: JournalListener): void;
  /** The facts as of `last`. Called once, before the first event comes. */
  facts(): Iterable<[key: string, value: string]>;
  /**
   * Resolves once the listener has the outcome of all entries that were appended here before this call, and all events that other
   * servers had written by then. Rejects if the journal cannot be read.
   */
  sync(): Promise<void>;
  /**
   * Numbers the entries, and stores them with the facts that they set, in one transaction. Fills in `seq` and `at` of their
   * events. The listener gets the outcome of each, before `append` returns or later. With an event `deleted` it erases the
   * texts of the messages that this one names: `erased` (erased.ts) returns what stays of them.
   */
  append(entries: Entry[]): void;
  /**
   * The kept entries with a `seq` above `position`, oldest first: at most `count`, and no more than fit in a page, but at least
   * one if there is any. Every position costs the same time. Like the next two methods it throws or rejects with an Error
   * whose message says in words why the journal cannot be read.
   */
  entriesAfter(position: number, count: number): Entry[] | Promise<Entry[]>;
  /** As `entriesAfter`, for the kept entries with a `seq` below `position`, newest first. */
  entriesBefore(position: number, count: number): Entry[] | Promise<Entry[]>;
  /**
   * As `entriesBefore`, for events that have every word of the text; the last word may be the beginning of one. A call takes no
   * more time than a page, so it may find nothing and return a `before` at which to go on. It may leave out entries that the
   * seat `viewer` may not see.
   */
  matchesBefore(text: string, position: number, count: number, viewer: string): Matches | Promise<Matches>;
  close(): Promise<void>;
}

type Unnumbered<E> = E extends Recorded ? Omit<E, "seq" | "at"> : never;

/** An event without a number, which the journal will give it. */
export function unnumbered(event: Unnumbered<Recorded>): Recorded {
  const { type, ...fields } = event;
  return { type, seq: 0, at: 0, ...fields } as Recorded;
}
