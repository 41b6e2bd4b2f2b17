// Who sits in the room, under which name: what the facts of the journal say, as of the last event. A seat is held by
// a connection, or for a while by a token alone: whoever shows the token again sits where it sat, and nobody noticed.
//
//   seat ID     {name, tokenHash?, address?}
//   name NAME   the seat's ID: each name has one, and so have all that look like it
//   at ID       the server its connection is, or was, with
//   op ID       may keep order

import { createHash, randomBytes } from "node:crypto";
import type { Answer, Bye, Recorded } from "../../protocol/events.ts";
import { nameKey, skeleton } from "../../protocol/names.ts";
import type { Facts } from "../journal/journal.ts";
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

/** What the fact `seat ID` says. */
export type SeatFact = {
  name: string;
  /** SHA-256 of the token, base64url. Without one nobody can come back to the seat. */
  tokenHash?: string | undefined;
  /** Where its member joined from; for those who keep order, never told. */
  address?: string | undefined;
};

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

  /** Makes a fact so as of event `seq`; those that are about nobody's seat are none of ours. */
  apply(key: string, value: string | null, seq = 0): void {
    const [kind, id = ""] = key.split(" ");
    if (kind === "seat") return this.#hold(id, value === null ? undefined : JSON.parse(value), seq);
    const seat = this.#byId.get(id);
    if (!seat) return;
    if (kind === "at") seat.server = value ?? "";
    else if (kind === "op") seat.operator = value !== null;
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
  return { [`at ${id}`]: server };
}

/** What is so once a new seat is taken, and that its name must be free. */
export function taking(id: string, server: string, fact: SeatFact): { facts: Facts; expects: Facts } {
  const name = `name ${skeleton(fact.name)}`;
  return {
    facts: { [`seat ${id}`]: JSON.stringify(fact), [name]: id, [`at ${id}`]: server },
    expects: { [name]: null, [banOf(fact.name)]: null },
  };
}

/** … once its connection is with that server, from that address; nobody else may have moved it meanwhile. */
export function moving(seat: Seat, to: string, address: string): { facts: Facts; expects: Facts } {
  const { id, name, tokenHash, server } = seat;
  const fact: SeatFact = { name, tokenHash, address };
  return {
    facts: { [`seat ${id}`]: JSON.stringify(fact), [`at ${id}`]: to },
    expects: { [`at ${id}`]: server, [`name ${skeleton(name)}`]: id },
  };
}

/** … once its member has another name, which must be free if it is not the same one written otherwise. */
export function renaming(
  { id, name, tokenHash, address }: Seat,
  to: string,
): { facts: Facts; expects: Facts } {
  const [before, after] = [`name ${skeleton(name)}`, `name ${skeleton(to)}`];
  return {
    facts: {
      [before]: null,
      [after]: id,
      [`seat ${id}`]: JSON.stringify({ name: to, tokenHash, address } satisfies SeatFact),
    },
    expects: { [before]: id, [after]: after === before ? id : null, [banOf(to)]: null },
  };
}

/** … once it is given up, where it was. */
export function leaving({ id, name, server }: Seat): { facts: Facts; expects: Facts } {
  return {
    facts: {
      [`seat ${id}`]: null,
      [`name ${skeleton(name)}`]: null,
      [`at ${id}`]: null,
      [`op ${id}`]: null,
    },
    expects: { [`at ${id}`]: server, [`name ${skeleton(name)}`]: id },
  };
}

/** The fact that whoever is called so, or looks like it, is banned. */
export function banOf(nameOrAddress: string): string {
  return `ban ${skeleton(nameOrAddress)}`;
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
