// Who had which name: an operator's order means the seat that had the name when it was given, though the member has taken
// another name since, or has left. So the names that seats had are remembered, each with the positions between which it was
// theirs, and the seats that were given up. Both are bounded, and only as old as the server: what journals keep has no
// addresses to look for.

import type { Trace } from "../../protocol/events.ts";
import { looks } from "../../protocol/looks/looks.ts";
import { nameKey } from "../../protocol/names.ts";
import type { SeatFact } from "../journal/facts.ts";

/** A name that a seat had from position `from`, until another event, at position `to`, took it away. */
export type Use = {
  name: string;
  from: number;
  to: number;
  /** When that was, by performance.now(). */
  endedAt: number;
};

/** A seat that was given up. */
export type Gone = SeatFact & {
  readonly id: string;
  /** The SHA-256 of the key that its member showed. */
  keyHash: string | undefined;
  /** Its names, the last one first. */
  uses: Use[];
  /** When it was given up, in ms since 1970 UTC; 0 if unknown. */
  until: number;
};

/** Names of one seat that are remembered. */
export const maxUses = 20;
const maxGone = 1_000;
/** An order means one who has left, or a name that was given up, for so long. */
const meantMs = 10 * 60_000;

export class Departed {
  /** The last one at the end. */
  readonly #gone: Gone[] = [];

  add(gone: Gone): void {
    this.#gone.push(gone);
    if (this.#gone.length > maxGone) this.#gone.shift();
  }

  [Symbol.iterator](): IterableIterator<Gone> {
    return this.#gone.values();
  }
}

/** Those of them who had that name or one that looks like it, the last one first. */
export function whoHad<T extends { uses: readonly Use[] }>(name: string, all: Iterable<T>): T[] {
  const wanted = new Set(looks(name));
  const had = ({ uses }: T) => uses.some((use) => looks(use.name).some((look) => wanted.has(look)));
  return [...all].filter(had).reverse();
}

/**
 * The last of the uses of that name, in any case, that began up to position `seq` and either was still going on there or
 * ended a moment ago.
 */
export function lastUse(uses: readonly Use[], name: string, seq: number): Use | undefined {
  const [key, now] = [nameKey(name), performance.now()];
  return uses.find(
    (use) => nameKey(use.name) === key && use.from <= seq && (use.to > seq || now - use.endedAt < meantMs),
  );
}

/** What operators are told of one who has left. */
export function traceOf({ name, uses, address, since, until }: Gone): Trace {
  return { name, names: uses.slice(1).map(({ name }) => name), address, since, until: until || undefined };
}
