// The seats of the room, one for each member, as the journal's facts have them after the last event. A seat is kept for a
// time when its connection is lost: a client that comes back with the seat's token goes on where it stopped.
//
// Only facts change a seat: changes.ts says, for each change, which facts it sets and which it expects.

import type { Answer, Bye, Member, Recorded } from "../../protocol/events.ts";
import { looks } from "../../protocol/looks/looks.ts";
import { nameKey } from "../../protocol/names.ts";
import type { Fact, Facts, OwnFact, SeatFact } from "../journal/facts.ts";
import { addressKey, Networks } from "../limits/addresses.ts";
import type { TokenBucket } from "../limits/token-bucket.ts";
import { Departed, type Gone, maxUses, type Use } from "./departed.ts";
import { Groups } from "./groups.ts";
import { hashOf } from "./tokens.ts";

/** The key that a connection has sent. */
export type ShownKey = {
  /** Its SHA-256, base64url. */
  hash: string;
  /** The rate at which names may come to be owned from the connection's address. */
  names: TokenBucket;
  /** Whether the connection may take a new seat; false if it gave the key of a seat in use in place of the room's password. */
  isAdmitted: boolean;
};

/** The owner of a name. `stored`: the value of the fact in the journal. */
export type Owned = OwnFact & { readonly stored: string };

/** The connection on a seat. */
export interface Occupant {
  readonly address: string;
  /** The key with which it joined: the names that it takes belong to it. */
  readonly key?: ShownKey | undefined;
  /** The latest event that its client has read, if the client will not send this position itself when it comes back. */
  readonly read?: number | undefined;
  readonly leaving: boolean;
  answer(answer: Answer): void;
  /** Takes an event that only this member and another may see. `isOwn`: this member caused it. */
  whisper(event: Recorded, isOwn: boolean): void;
  /** Takes an event for all that this member caused. Called after the live logs have it. */
  did?(event: Recorded): void;
  /** Writes the events that it has not written yet. */
  pump(): void;
  /** Says goodbye and closes: the connection has lost its seat. */
  dismiss(bye: Bye): void;
}

/** The seat of a member: its facts, and the state that only this server knows. */
export type Seat = SeatFact & {
  /** Never sent to members, and never used for another seat. */
  readonly id: string;
  /** The server of its present or latest connection. */
  server: string;
  operator: boolean;
  /** The owner of its name; absent if the name has none. */
  owned?: Owned | undefined;
  /** The credential that made it an operator. */
  credential?: string | undefined;
  /** The keys of its facts "name". */
  readonly nameKeys: Set<string>;
  looks: readonly string[];
  /** Its former names, the latest first. */
  uses: readonly Use[];
  /** The event that gave it its name; 0 if that was before this server started. */
  namedAt: number;
  /** Whispers that waited when its member came are after this position; absent if there were none. */
  mail?: number | undefined;
  /** `read` of its former connection; absent if that was at another server, and is not known to be lost. */
  read?: number | undefined;
  /** The latest event that the last member with its name had read when it left; absent if it left before this server started. */
  readBefore?: number | undefined;
  /** Its connection; absent while the member is away, or at another server. */
  occupant?: Occupant | undefined;
  /** The member as other members were shown it last. */
  shown?: Member | undefined;
  /** Runs while the member is away: then the seat is given up. */
  expiry?: Timer | undefined;
  /** The rate limit of its member. A new connection takes it over: reconnecting must not refill the bucket. */
  bucket?: TokenBucket | undefined;
  /** The rate limit of its member's renames, which a new connection takes over, too. */
  renames?: TokenBucket | undefined;
  /** The latest result of `speakingAt`, and its inputs. */
  speaking?: { server: string; operator: boolean; facts: Facts } | undefined;
};

export class Seats implements Iterable<Seat> {
  readonly #byId = new Map<string, Seat>();
  readonly departed = new Departed();
  readonly #byLook = new Map<string, Seat>();
  readonly #byNameKey = new Map<string, Seat>();
  readonly #byToken = new Map<string, Seat>();
  readonly #byAddress = new Groups<Seat>();

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

  /** The seat with this name, or with one that looks like it. */
  byLook(name: string): Seat | undefined {
    return looks(name)
      .map((look) => this.bySkeleton(look))
      .find((seat) => seat !== undefined);
  }

  bySkeleton(look: string): Seat | undefined {
    return this.#byLook.get(look);
  }

  /** The seat with this name, in any case or width. */
  byName(name: string): Seat | undefined {
    const seat = this.byLook(name);
    return seat && nameKey(seat.name) === nameKey(name) ? seat : undefined;
  }

  byToken(token: string | undefined): Seat | undefined {
    return token === undefined ? undefined : this.#byToken.get(hashOf(token));
  }

  /** A copy of the seats of members from this address, as `addressKey` returns it. */
  byAddress(address: string): Seat[] {
    return [...this.#byAddress.get(address)];
  }

  /** The seats of members from a network of any length. */
  within(network: string): Seat[] {
    if (!network.includes("/") || network.endsWith("::/64")) return this.byAddress(network);
    const networks = new Networks([network]);
    return Array.from(this).filter(({ address }) => address !== undefined && networks.has(address));
  }

  /** Applies a fact of an event. Facts that are not about seats change nothing here. */
  apply(fact: Fact, event: Position = start): void {
    if (fact.kind === "seat") return this.#set(fact.id, fact.value, event);
    if (fact.kind === "name") return this.#setName(fact.key, fact.value);
    if (fact.kind === "own") return this.#setOwned(fact);
    const seat = "id" in fact ? this.#byId.get(fact.id) : undefined;
    if (!seat) return;
    if (fact.kind === "at") seat.server = fact.value ?? "";
    else if (fact.kind === "op") {
      seat.credential = fact.value;
      seat.operator = fact.value !== undefined;
    } else if (fact.kind === "read") seat.read = fact.value ?? seat.read;
  }

  /** Events have the fact "own" behind the fact "seat" that gives a seat the name. */
  #setOwned({ look, value, stored }: Fact & { kind: "own" }): void {
    const seat = this.#byLook.get(look);
    if (seat) seat.owned = value && { ...value, stored: stored ?? "" };
  }

  #setName(key: string, id: string | undefined): void {
    this.#byNameKey.get(key)?.nameKeys.delete(key);
    const seat = id === undefined ? undefined : this.#byId.get(id);
    if (seat) {
      this.#byNameKey.set(key, seat);
      seat.nameKeys.add(key);
    } else this.#byNameKey.delete(key);
  }

  #set(id: string, fact: SeatFact | undefined, { seq, at }: Position): void {
    const before = this.#byId.get(id);
    if (before) this.#removeFromIndexes(before);
    if (fact) return this.#addToIndexes(before ? changed(before, fact, seq) : this.#newSeat(id, fact, seq));
    clearTimeout(before?.expiry);
    this.#byId.delete(id);
    if (before) this.departed.add(goneOf(before, seq, at));
  }

  #newSeat(id: string, fact: SeatFact, namedAt: number): Seat {
    const own = { id, server: "", operator: false, nameKeys: new Set<string>(), uses: [] };
    return { ...own, ...fact, looks: looks(fact.name), namedAt, readBefore: this.departed.readOf(fact.name) };
  }

  #addToIndexes(seat: Seat): void {
    this.#byId.set(seat.id, seat);
    for (const look of seat.looks) this.#byLook.set(look, seat);
    if (seat.tokenHash !== undefined) this.#byToken.set(seat.tokenHash, seat);
    if (seat.address !== undefined) this.#byAddress.add(addressKey(seat.address), seat);
  }

  #removeFromIndexes(seat: Seat): void {
    for (const look of seat.looks) if (this.#byLook.get(look) === seat) this.#byLook.delete(look);
    if (seat.tokenHash !== undefined) this.#byToken.delete(seat.tokenHash);
    if (seat.address !== undefined) this.#byAddress.delete(addressKey(seat.address), seat);
  }
}

/** Changes a seat to its fact of event `seq`. */
function changed(seat: Seat, fact: SeatFact, seq: number): Seat {
  const isRenamed = nameKey(seat.name) !== nameKey(fact.name);
  const renamed = isRenamed && { namedAt: seq, uses: usesUntil(seat, seq), owned: undefined };
  const absent = { tokenHash: undefined, address: undefined };
  return Object.assign(seat, renamed, absent, fact, { looks: looks(fact.name) });
}

/** Keeps the seat: its member is here again, or another server may give it up. */
export function stopExpiry(seat: Seat): void {
  clearTimeout(seat.expiry);
  seat.expiry = undefined;
}

/** The member of a seat as other members see it: the same object until something in it changes. */
export function memberAt(seat: Seat, isAway: boolean): Member {
  const { name, shown } = seat;
  const away = isAway || undefined;
  const owned = seat.owned ? true : undefined;
  const operator = seat.operator || undefined;
  const isSame = shown?.away === away && shown?.owned === owned && shown?.operator === operator;
  if (shown?.name === name && isSame) return shown;
  seat.shown = { name, ...(away && { away }), ...(owned && { owned }), ...(operator && { operator }) };
  return seat.shown;
}

/** The position of an event in the journal, and its time in ms since 1970 UTC. */
export type Position = { seq: number; at: number };
const start: Position = { seq: 0, at: 0 };

function goneOf(seat: Seat, seq: number, until: number): Gone {
  const { id, name, address, since, occupant } = seat;
  const uses = usesUntil(seat, seq);
  const read = occupant ? seq : (seat.read ?? seq);
  return { id, name, address, since, keyHash: keyHashOf(seat), uses, until, read };
}

/** The SHA-256 of the key of a seat's member; undefined if it has none that this server knows. */
export function keyHashOf({ occupant, owned }: Seat): string | undefined {
  return occupant?.key?.hash ?? owned?.keyHash;
}

/** The former names of a seat that loses its name at event `to`. */
function usesUntil({ name, namedAt, uses }: Seat, to: number): Use[] {
  return [{ name, from: namedAt, to, endedAt: performance.now() }, ...uses].slice(0, maxUses);
}
