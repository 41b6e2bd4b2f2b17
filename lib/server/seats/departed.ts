// The former names of seats, and the seats that were given up. An order of an operator means the seat that had the name when the
// order was given, even if the member has taken another name since, or has left. So each former name is remembered, with the
// positions between which the seat had it. The memory of both is bounded, and begins with the start of the server: it cannot
// be made from the events of a journal, which have no addresses.

import type { Trace } from "../../protocol/events.ts";
import { looks } from "../../protocol/looks/looks.ts";
import { nameKey } from "../../protocol/names.ts";
import type { SeatFact } from "../journal/facts.ts";

/** A name that a seat had, from the event `from` until the event `to`. */
export type Use = {
  name: string;
  from: number;
  to: number;
  /** When the seat lost the name, by performance.now(). */
  endedAt: number;
};

/** A seat that was given up. */
export type Gone = SeatFact & {
  readonly id: string;
  keyHash: string | undefined;
  /** Its names, the latest first. */
  uses: Use[];
  /** When it was given up, in ms since 1970 UTC; 0 if unknown. */
  until: number;
  /** The last event that its member had read: the one by which it left, or an earlier one if its connection was lost before. */
  read: number;
};

/** How many names of a seat are remembered. */
export const maxUses = 20;
const maxGone = 1_000;
/** For how many names `readOf` knows it: as many as a big room has members, since all may leave at once. */
const maxRead = 10_000;
/** How long an order can mean a name or a seat after that was given up, in ms. */
const meantMs = 10 * 60_000;

export class Departed {
  /** The latest last. */
  readonly #gone: Gone[] = [];
  /** By the key of a name, the latest event that its last member had read; the member that left last comes last. */
  readonly #read = new Map<string, number>();

  add(gone: Gone): void {
    this.#gone.push(gone);
    if (this.#gone.length > maxGone) this.#gone.shift();
    const key = nameKey(gone.name);
    this.#read.delete(key);
    this.#read.set(key, gone.read);
    const [oldest] = this.#read.keys();
    if (this.#read.size > maxRead && oldest !== undefined) this.#read.delete(oldest);
  }

  /** The last event that the latest member with this name had read when its seat was given up; undefined if unknown. */
  readOf(name: string): number | undefined {
    return this.#read.get(nameKey(name));
  }

  [Symbol.iterator](): IterableIterator<Gone> {
    return this.#gone.values();
  }
}

/** The seats that had this name or one that looks like it, the latest first. */
export function whoHad<T extends { uses: readonly Use[] }>(name: string, all: Iterable<T>): T[] {
  const wanted = new Set(looks(name));
  const had = ({ uses }: T) => uses.some((use) => looks(use.name).some((look) => wanted.has(look)));
  return [...all].filter(had).reverse();
}

/** The latest use of this name, in any case, that began up to event `seq`, and that ended after it or in the last ten minutes. */
export function lastUse(uses: readonly Use[], name: string, seq: number): Use | undefined {
  const [key, now] = [nameKey(name), performance.now()];
  return uses.find(
    (use) => nameKey(use.name) === key && use.from <= seq && (use.to > seq || now - use.endedAt < meantMs),
  );
}

/** The details of a member who has left, for operators. */
export function traceOf({ name, uses, address, since, until }: Gone): Trace {
  return { name, names: uses.slice(1).map(({ name }) => name), address, since, until: until || undefined };
}
