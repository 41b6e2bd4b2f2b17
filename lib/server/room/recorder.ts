// How members ask the room for something: an entry, and a waiter for its outcome.

import type { Fault, Recorded } from "../../protocol/events.ts";
import type { Entry } from "../journal/journal.ts";
import type { WorkQueue } from "../limits/work-queue.ts";
import type { Roster } from "./roster.ts";

/** After this time a client, or the room itself, tries again to do what failed. */
export const retryAfterMs = 1_000;

/**
 * Waits for the outcome of a request: it has happened, or it failed for a reason. Not a promise, since code behind a
 * promise runs after the whole batch: a waiter must run between two events of one batch, while the room is as it was
 * right after the first.
 */
export type Waiter<T> = { happened: (outcome: T) => void; failed: (problem: Fault) => void };

/** The part of the room that its members need. */
export interface Recorder {
  /** The last event that happened. */
  readonly seq: number;
  /** For what those who come cost. */
  readonly newcomers: WorkQueue;
  /** Appends the entry to the journal at the end of this turn. */
  record(entry: Entry): void;
  /** The same, and tells the waiter when it has happened, with the members before that turn, or why it has not. */
  ask(entry: Entry, waiter: Waiter<Roster | undefined>): void;
}

/** Whether a connection takes a seat by it. */
export function isEntrance({ type }: Recorded): boolean {
  return type === "joined" || type === "moved";
}

/** Whether the author of such an event waits for its outcome, as for all events but messages and leaving. */
export function isAwaited({ type }: Recorded): boolean {
  return type !== "said" && type !== "acted" && type !== "told" && type !== "left";
}

/** The id that the sender of a message gave it. */
export function idOf(event: Recorded): string | undefined {
  return "id" in event ? event.id : undefined;
}
