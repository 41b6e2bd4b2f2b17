// A request to the room is an entry for the journal, and a waiter for its outcome.

import { type Fault, fault, type Recorded } from "../../protocol/events.ts";
import type { Entry } from "../journal/journal.ts";
import type { WorkQueue } from "../limits/work-queue.ts";
import type { Roster } from "./entering/roster.ts";

/** How long a client, or the room itself, waits before it tries a failed request again, in ms. */
export const retryAfterMs = 1_000;

/**
 * Waits for the outcome of a request: it has happened, or it failed for a reason. Not a promise, since code behind a
 * promise runs after the whole batch: a waiter must run between two events of one batch, while the room is as it was
 * right after the first.
 */
export type Waiter<T> = { happened: (outcome: T) => void; failed: (problem: Fault) => void };

/** The waiters of requests that are under way. An author has at most one request of a type at a time. */
export class Waiters {
  /** By the type and the author of the event: a member may be renamed while another connection takes its seat. */
  readonly #waiting = new Map<string, Waiter<Roster | undefined>>();

  /** Adds a waiter. A connection that takes a seat overtakes another that is about to take the same seat: that one fails. */
  add({ event, author }: Entry, waiter: Waiter<Roster | undefined>): void {
    for (const type of isEntrance(event) ? entrances : []) {
      this.#take(`${type} ${author}`)?.failed(fault("conflict", "You joined from another place"));
    }
    this.#waiting.set(`${event.type} ${author}`, waiter);
  }

  has({ event, author }: Entry): boolean {
    return this.#waiting.has(`${event.type} ${author}`);
  }

  /** Removes and returns the waiter of an entry; undefined if it has none. */
  take({ event, author }: Entry): Waiter<Roster | undefined> | undefined {
    return this.#waiting.size === 0 ? undefined : this.#take(`${event.type} ${author}`);
  }

  #take(key: string): Waiter<Roster | undefined> | undefined {
    const waiter = this.#waiting.get(key);
    this.#waiting.delete(key);
    return waiter;
  }

  failAll(problem: Fault): void {
    for (const waiter of this.#waiting.values()) waiter.failed(problem);
    this.#waiting.clear();
  }
}

const entrances: readonly Recorded["type"][] = ["joined", "moved"];

/** Whether a connection gets a seat by this event. */
export function isEntrance({ type }: Recorded): boolean {
  return entrances.includes(type);
}

/** The part of the room that records requests. */
export interface Recorder {
  /** The latest event of the room. */
  readonly seq: number;
  /** The queue of work for connections that enter. */
  readonly newcomers: WorkQueue;
  /** Appends the entry to the journal at the end of this turn. */
  record(entry: Entry): void;
  /** As `record`. The waiter is given the roster before its turn, if an entry of that turn takes a seat; else undefined. */
  ask(entry: Entry, waiter: Waiter<Roster | undefined>): void;
}
