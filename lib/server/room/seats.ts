// Who sits in the room, under which name: what the facts of the journal say, as of the last event. A seat is held by
// a connection, or for a while by a token alone: whoever shows the token again sits where it sat, and nobody noticed.
import { createHash, randomBytes } from "node:crypto";
import type { Answer, Bye, Recorded } from "../../protocol/events.ts";
import { nameKey, skeleton } from "../../protocol/names.ts";
import { type Change, type Fact, type Facts, factKey, type SeatFact } from "../journal/facts.ts";
import type { TokenBucket } from "../limits/token-bucket.ts";

/** The connection on a seat. */
export interface Occupant {
  /** Where it comes from. */
  readonly address: string;
  /** Whether it has asked to leave. */
  readonly leaving: boolean;
  answer(answer: Answer): void;
  /** An event that only this member and another may see. */
  whisper(event: Recorded): void;
  /** Says goodbye and closes; the seat is not this connection's any more. */
  dismiss(bye: Bye): void;
}

export type Seat = SeatFact & {
  /** Never told to anyone, never used again. */
  readonly id: string;
  server: string;
  operator: boolean;
  /** The event since which it has its name; 0 if it had that already when this server began. */
  namedAt: number;
  /** Absent while the member is away, or with another server. */
  occupant?: Occupant | undefined;
  /** Runs while the member is away. */
  expiry?: Timer | undefined;
  /** What its member may still say at once, with whatever connection. */
  bucket?: TokenBucket | undefined;
};

export class Seats implements Iterable<Seat> {
  readonly #byId = new Map<string, Seat>();
  readonly #byName = new Map<string, Seat>();
  readonly #byToken = new Map<string, Seat>();

  get size(): number {
    return this.#byId.size;
  }

  /** In the order they were taken. */
  [Symbol.iterator](): IterableIterator<Seat> {
    return this.#byId.values();
  }

  byId(id: string): Seat | undefined {
    return this.#byId.get(id);
  }

  /** Whoever is called so, or has a name that looks like it. */
  looking(name: string): Seat | undefined {
    return this.#byName.get(skeleton(name));
  }

  /** Whoever is called so, not whoever's name looks like it. */
  byName(name: string): Seat | undefined {
    const seat = this.looking(name);
    return seat && nameKey(seat.name) === nameKey(name) ? seat : undefined;
  }

  byToken(token: string): Seat | undefined {
    return this.#byToken.get(hashOf(token));
  }

  /** Makes a fact so as of event `seq`; those that are about no seat change nothing here. */
  apply(fact: Fact, seq = 0): void {
    if (fact.kind === "seat") return this.#hold(fact.id, fact.value, seq);
    const seat = "id" in fact ? this.#byId.get(fact.id) : undefined;
    if (!seat) return;
    if (fact.kind === "at") seat.server = fact.value ?? "";
    else if (fact.kind === "op") seat.operator = fact.value !== undefined;
  }

  #hold(id: string, fact: SeatFact | undefined, seq: number): void {
    const seat = this.#byId.get(id);
    if (seat) {
      this.#byName.delete(skeleton(seat.name));
      if (seat.tokenHash !== undefined) this.#byToken.delete(seat.tokenHash);
    }
    if (!fact) {
      clearTimeout(seat?.expiry);
      this.#byId.delete(id);
      return;
    }
    const keepsName = seat !== undefined && nameKey(seat.name) === nameKey(fact.name);
    const namedAt = keepsName ? seat.namedAt : seq;
    const held = Object.assign(seat ?? { id, server: "", operator: false }, fact, { namedAt });
    this.#byId.set(id, held);
    this.#byName.set(skeleton(held.name), held);
    if (held.tokenHash !== undefined) this.#byToken.set(held.tokenHash, held);
  }
}

/** What is so as long as its connection is where it is. */
export function sittingAt({ id, server }: Seat): Facts {
  return { [factKey.at(id)]: server };
}

/** A new seat is taken: its name must be free, and not banned. */
export function taking(id: string, server: string, fact: SeatFact): Change {
  const name = factKey.name(fact.name);
  return {
    facts: { [factKey.seat(id)]: JSON.stringify(fact), [name]: id, [factKey.at(id)]: server },
    expects: { [name]: null, [factKey.ban(fact.name)]: null },
  };
}

/** Its connection is with another server or from another address now: it must not have moved elsewhere meanwhile. */
export function moving({ id, name, tokenHash, server }: Seat, to: string, address: string): Change {
  const fact: SeatFact = { name, tokenHash, address };
  return {
    facts: { [factKey.seat(id)]: JSON.stringify(fact), [factKey.at(id)]: to },
    expects: { [factKey.at(id)]: server, [factKey.name(name)]: id },
  };
}

/** Its member has another name: that must be free, unless it is the old one written otherwise, and not banned. */
export function renaming({ id, name, tokenHash, address }: Seat, to: string): Change {
  const [before, after] = [factKey.name(name), factKey.name(to)];
  const fact: SeatFact = { name: to, tokenHash, address };
  return {
    facts: { [before]: null, [after]: id, [factKey.seat(id)]: JSON.stringify(fact) },
    expects: { [before]: id, [after]: after === before ? id : null, [factKey.ban(to)]: null },
  };
}

/** It is given up, with all that is known of it: it must be where it was, under the same name. */
export function leaving({ id, name, server }: Seat): Change {
  const { seat, at, op } = factKey;
  return {
    facts: { [seat(id)]: null, [factKey.name(name)]: null, [at(id)]: null, [op(id)]: null },
    expects: { [at(id)]: server, [factKey.name(name)]: id },
  };
}

export function newSeatId(): string {
  return randomBytes(9).toString("base64url");
}

/** Enough to never be guessed: 144 random bits. */
export function newToken(): string {
  return randomBytes(18).toString("base64url");
}

export function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
