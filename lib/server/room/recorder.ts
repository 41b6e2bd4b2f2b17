// How members ask the room for something: an entry, and a waiter for its outcome.

import { type Fault, fault, type Recorded } from "../../protocol/events.ts";
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

/** The waiters of the requests that are under way: of one kind, each author has at most one. */
export class Waiters {
  /** By the type of the event and its author: a member may be renamed while another connection takes its seat. */
  readonly #waiting = new Map<string, Waiter<Roster | undefined>>();

  /** A connection that enters overtakes the one that is about to enter on the same seat. */
  add({ event, author }: Entry, waiter: Waiter<Roster | undefined>): void {
    for (const type of isEntrance(event) ? entrances : []) {
      this.#take(`${type} ${author}`)?.failed(fault("conflict", "You joined from another place"));
    }
    this.#waiting.set(`${event.type} ${author}`, waiter);
  }

  has({ event, author }: Entry): boolean {
    return this.#waiting.has(`${event.type} ${author}`);
  }

  /** The waiter for the outcome of an entry, which waits no longer; undefined if there is none. */
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

/** Whether by this event a connection comes to a seat. */
export function isEntrance({ type }: Recorded): boolean {
  return entrances.includes(type);
}

/** The part of the room that its members need. */
export interface Recorder {
  /** The last event that happened. */
  readonly seq: number;
  /** Runs the costly work for connections that enter. */
  readonly newcomers: WorkQueue;
  /** Appends the entry to the journal at the end of this turn. */
  record(entry: Entry): void;
  /** The same, and tells the waiter when it has happened, with the members before that turn, or why it has not. */
  ask(entry: Entry, waiter: Waiter<Roster | undefined>): void;
}
