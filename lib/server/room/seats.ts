// The seats of the room, one for each member, as the journal's facts have them after the last event. A seat is kept for a
// time when its connection is lost: a client that comes back with the seat's token goes on where it stopped.
//
// Only facts change a seat. The functions below say, for each change, which facts it sets and which it expects.

import { createHash, randomBytes } from "node:crypto";
import type { Answer, Bye, Member, Recorded } from "../../protocol/events.ts";
import { nameKey, skeleton } from "../../protocol/names.ts";
import {
  type Change,
  type Fact,
  type Facts,
  factKey,
  type OwnFact,
  type SeatFact,
} from "../journal/facts.ts";
import { addressKey } from "../limits/addresses.ts";
import type { TokenBucket } from "../limits/token-bucket.ts";

/** A key that a connection has shown. */
export type ShownKey = {
  /** Its SHA-256, base64url. */
  hash: string;
  /** For the names that come to be owned from the connection's address. */
  names: TokenBucket;
  /** Whether it may take a new seat; false if the key stood for the room's password, as that of a seat in use. */
  isAdmitted: boolean;
};

/** That a name is kept for the holder of a key, and the same as the journal has it. */
export type Owned = OwnFact & { readonly stored: string };

/** The connection on a seat. */
export interface Occupant {
  /** The address that it comes from. */
  readonly address: string;
  /** The key that it joined with, for the names it takes. */
  readonly key?: ShownKey | undefined;
  /** Whether its member has asked to leave. */
  readonly leaving: boolean;
  answer(answer: Answer): void;
  /** Takes an event that only this member and another may see; `isOwn`: this member caused it. */
  whisper(event: Recorded, isOwn: boolean): void;
  /** Is told of an event for all that this member caused, right after the live logs. */
  did?(event: Recorded): void;
  /** Writes the events that it has not written yet. */
  pump(): void;
  /** Says goodbye and closes. The connection has no seat any more. */
  dismiss(bye: Bye): void;
}

/** A member's place in the room: its facts, and what only this server knows of it. */
export type Seat = SeatFact & {
  /** Never sent to members, and never used for another seat. */
  readonly id: string;
  /** The server that its connection is, or was, with. */
  server: string;
  operator: boolean;
  /** Absent while its name is no key's. */
  owned?: Owned | undefined;
  /** The `seq` of the event that gave it its name; 0 if that was before this server began. */
  namedAt: number;
  /** Whispers that waited when its member came are behind this position; absent if there were none. */
  mail?: number | undefined;
  /** The connection on it; absent while the member is away, or with another server. */
  occupant?: Occupant | undefined;
  /** What others were shown of it last. */
  shown?: Member | undefined;
  /** Runs while the member is away; when it ends the seat is given up. */
  expiry?: Timer | undefined;
  /** The rate limit of its member, which a new connection takes over: reconnecting must not refill the bucket. */
  bucket?: TokenBucket | undefined;
  /** What `speakingAt` returned last, and for which name and server. */
  speaking?: { name: string; server: string; facts: Facts } | undefined;
};

export class Seats implements Iterable<Seat> {
  readonly #byId = new Map<string, Seat>();
  readonly #byName = new Map<string, Seat>();
  readonly #byToken = new Map<string, Seat>();
  readonly #byAddress = new Map<string, Set<Seat>>();

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

  /** The seat with that name, or with one that looks like it. */
  byLook(name: string): Seat | undefined {
    return this.bySkeleton(skeleton(name));
  }

  bySkeleton(look: string): Seat | undefined {
    return this.#byName.get(look);
  }

  /** The seat with that name, in any case or width. */
  byName(name: string): Seat | undefined {
    const seat = this.byLook(name);
    return seat && nameKey(seat.name) === nameKey(name) ? seat : undefined;
  }

  byToken(token: string): Seat | undefined {
    return this.#byToken.get(hashOf(token));
  }

  /** The seats of members from this address, as `addressKey` has it; empty, or a copy. */
  byAddress(address: string): Seat[] {
    return [...(this.#byAddress.get(address) ?? [])];
  }

  /** Applies a fact that event `seq` brought. Facts about other things than seats change nothing here. */
  apply(fact: Fact, seq = 0): void {
    if (fact.kind === "seat") return this.#set(fact.id, fact.value, seq);
    if (fact.kind === "own") return this.#setOwned(fact);
    const seat = "id" in fact ? this.#byId.get(fact.id) : undefined;
    if (!seat) return;
    if (fact.kind === "at") seat.server = fact.value ?? "";
    else if (fact.kind === "op") seat.operator = fact.value !== undefined;
  }

  /** The event that gives a seat its name says whose the name is behind that. */
  #setOwned({ look, value, stored }: Fact & { kind: "own" }): void {
    const seat = this.#byName.get(look);
    if (seat) seat.owned = value && { ...value, stored: stored ?? "" };
  }

  #set(id: string, fact: SeatFact | undefined, seq: number): void {
    const seat = this.#byId.get(id);
    if (seat) {
      this.#byName.delete(skeleton(seat.name));
      if (seat.tokenHash !== undefined) this.#byToken.delete(seat.tokenHash);
      this.#leaveAddress(seat);
    }
    if (!fact) {
      clearTimeout(seat?.expiry);
      this.#byId.delete(id);
      return;
    }
    const keepsName = seat !== undefined && nameKey(seat.name) === nameKey(fact.name);
    const namedAt = keepsName ? seat.namedAt : seq;
    const held: Seat = Object.assign(seat ?? { id, server: "", operator: false }, {
      tokenHash: undefined,
      address: undefined,
      ...fact,
      namedAt,
    });
    if (!keepsName) held.owned = undefined;
    this.#byId.set(id, held);
    this.#byName.set(skeleton(held.name), held);
    if (held.tokenHash !== undefined) this.#byToken.set(held.tokenHash, held);
    if (held.address === undefined) return;
    const address = addressKey(held.address);
    const neighbours = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, neighbours.add(held));
  }

  #leaveAddress(seat: Seat): void {
    const address = addressKey(seat.address ?? "");
    const neighbours = this.#byAddress.get(address);
    neighbours?.delete(seat);
    if (neighbours?.size === 0) this.#byAddress.delete(address);
  }
}

/** Its member is here again, or its seat is not this room's to give up any more. */
export function stopExpiry(seat: Seat): void {
  clearTimeout(seat.expiry);
  seat.expiry = undefined;
}

/** Its member as others see it: the same object as long as that is the same. */
export function memberAt(seat: Seat, isAway: boolean): Member {
  const { name, shown } = seat;
  const away = isAway || undefined;
  const owned = seat.owned ? true : undefined;
  if (shown?.name === name && shown.away === away && shown.owned === owned) return shown;
  seat.shown = { name, ...(away && { away }), ...(owned && { owned }) };
  return seat.shown;
}

/** The fact that a seat's connection is still with the same server. */
export function sittingAt({ id, server }: Seat): Facts {
  return { [factKey.at(id)]: server };
}

/**
 * The facts that what a member says expects: its seat is still with the same server, and it is not muted. They are kept,
 * since each message expects them and the look of a name takes long to work out.
 */
export function speakingAt(seat: Seat): Facts {
  const { name, server, speaking } = seat;
  if (speaking?.name === name && speaking.server === server) return speaking.facts;
  const facts = { ...sittingAt(seat), [factKey.mute(name)]: null };
  seat.speaking = { name, server, facts };
  return facts;
}

/** A member takes a new seat, under a name that is free and not banned. */
export function taking(id: string, server: string, fact: SeatFact): Change {
  const name = factKey.name(fact.name);
  return {
    facts: { [factKey.seat(id)]: JSON.stringify(fact), [name]: id, [factKey.at(id)]: server },
    expects: { [name]: null, [factKey.ban(fact.name)]: null },
  };
}

/** A member's connection comes from elsewhere, perhaps with another token, if the seat has not moved in the meantime. */
export function moving(
  { id, name, server }: Seat,
  to: string,
  address: string,
  tokenHash: string | undefined,
): Change {
  const fact: SeatFact = { name, tokenHash, address };
  return {
    facts: { [factKey.seat(id)]: JSON.stringify(fact), [factKey.at(id)]: to },
    expects: { [factKey.at(id)]: server, [factKey.name(name)]: id },
  };
}

/** A member takes another name, which is not banned and is free, or is its own written in another way. */
export function renaming({ id, name, tokenHash, address }: Seat, to: string): Change {
  const [before, after] = [factKey.name(name), factKey.name(to)];
  const fact: SeatFact = { name: to, tokenHash, address };
  return {
    facts: { [before]: null, [after]: id, [factKey.seat(id)]: JSON.stringify(fact) },
    expects: { [before]: id, [after]: after === before ? id : null, [factKey.ban(to)]: null },
  };
}

/** A seat is given up, with all facts about it. It must still be with the same server, under the same name. */
export function leaving({ id, name, server, owned, occupant }: Seat): Change {
  const { seat, at, op } = factKey;
  const given = {
    facts: { [seat(id)]: null, [factKey.name(name)]: null, [at(id)]: null, [op(id)]: null },
    expects: { [at(id)]: server, [factKey.name(name)]: id },
  };
  if (!owned) return given;
  // A member that is here has read what waited for it.
  const read = { facts: occupant ? { [factKey.mail(id)]: null } : {}, expects: {} };
  return both(both(given, read), owning(name, owned, owned.stored));
}

/** A name is kept for the holder of a key from now on, if what the journal has about that is still `stored`. */
export function owning(
  name: string,
  { keyHash, seat }: Omit<OwnFact, "name" | "usedAt">,
  stored: string | null,
): Change {
  const own: OwnFact = { name, keyHash, seat, usedAt: Date.now() };
  return { facts: { [factKey.own(name)]: JSON.stringify(own) }, expects: { [factKey.own(name)]: stored } };
}

/** Two changes in one event; where both change a fact, the second one counts. */
export function both(first: Change, second: Change): Change {
  return {
    facts: { ...first.facts, ...second.facts },
    expects: { ...first.expects, ...second.expects },
  };
}

/** 72 random bits, so that no two seats get the same. */
export function newSeatId(): string {
  return randomBytes(9).toString("base64url");
}

/** 144 random bits, which cannot be guessed. */
export function newToken(): string {
  return randomBytes(18).toString("base64url");
}

/** The SHA-256 of a token: the server keeps no token itself. */
export function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
