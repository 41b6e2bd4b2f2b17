// How members ask the room for something: an entry, and a waiter for its outcome.

import type { Fault } from "../../protocol/events.ts";
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
