// Who owns a name. A name that was taken with a key is kept for the holders of that key: no other member gets it, or one
// that looks like it, until it was unused for `ownMs`, or an operator sets it free. Names are kept as facts of the journal, with
// the SHA-256 of the key. A name that was unused for too long is free at once; its fact is deleted with a later join.
//
// What squatters can do is bounded. A key owns at most `keyNames` names: for another one, it gives up its oldest that is not
// in use. How many names an address comes to own, with all its keys, origin.ts limits. If `allNames` are owned, a newcomer's
// name is not kept: no owner loses a name for it, since the squatter's names may be the newer ones. In the last two cases
// the member joins all the same, and is told.

import { type Fault, fault, isFault } from "../../protocol/events.ts";
import { looks, skeleton } from "../../protocol/looks/looks.ts";
import { nameKey } from "../../protocol/names.ts";
import { type Change, type Fact, factKey } from "../journal/facts.ts";
import { both, owning } from "./changes.ts";
import type { Owned, Seat, Seats, ShownKey } from "./seats.ts";
import { newSeatId } from "./tokens.ts";

const keyNames = 50;
/** At most; about 300 bytes each in memory. */
const allNames = 100_000;
/** As long as members join: how often some names are checked for being unused for too long, and how many at once. */
const pruneEveryMs = 1_000;
const prunedNames = 16;

/** What a member that takes a name changes about who owns it. */
export type Claim = {
  /** The seat to take under this name, and whether no seat had that id before. */
  seat: string;
  isNew: boolean;
  /** Whether the name is its member's from now on. */
  owned: boolean;
  change: Change;
  /** Why it is not, although its member has shown a key. */
  problem?: Fault | undefined;
};

/** `since`: the event that gave the name to its owner; 0 if that was before this server began. */
type Kept = Owned & { readonly since: number };

export class Owners {
  /** How long a name is kept after it was last used; 0: no name is. */
  readonly #ownMs: number;
  readonly #seats: Seats;
  /** By the looks of the name, those that were used last at the end. */
  readonly #kept = new Map<string, Kept>();
  /** The same by all that each name looks like. */
  readonly #byLook = new Map<string, Set<string>>();
  /** The looks of the names of each key, in the same order. */
  readonly #ofKey = new Map<string, Set<string>>();
  /** The positions behind which whispers wait, by the id of the seat that they are for. */
  readonly #mail = new Map<string, number>();
  #prunedAt = -Infinity;

  constructor(ownMs: number, seats: Seats) {
    this.#ownMs = ownMs;
    this.#seats = seats;
  }

  /** Whether names are kept for keys at all. */
  get areKept(): boolean {
    return this.#ownMs > 0;
  }

  /** Applies a fact that event `seq` brought. Facts about other things change nothing here. */
  apply(fact: Fact, seq = 0): void {
    if (fact.kind === "mail") {
      if (fact.value === undefined) this.#mail.delete(fact.id);
      else this.#mail.set(fact.id, fact.value);
    }
    if (fact.kind !== "own") return;
    const { look, value, stored } = fact;
    const before = this.#kept.get(look);
    this.#remove(look, before);
    if (!value) return;
    const since = before?.keyHash === value.keyHash ? before.since : seq;
    this.#kept.set(look, { ...value, stored: stored ?? "", since });
    const names = this.#ofKey.get(value.keyHash) ?? new Set();
    this.#ofKey.set(value.keyHash, names.add(look));
    for (const seen of looks(value.name)) {
      const same = this.#byLook.get(seen) ?? new Set();
      this.#byLook.set(seen, same.add(look));
    }
  }

  #remove(look: string, kept: Kept | undefined): void {
    if (!kept) return;
    this.#kept.delete(look);
    const names = this.#ofKey.get(kept.keyHash);
    names?.delete(look);
    if (names?.size === 0) this.#ofKey.delete(kept.keyHash);
    for (const seen of looks(kept.name)) {
      const same = this.#byLook.get(seen);
      same?.delete(look);
      if (same?.size === 0) this.#byLook.delete(seen);
    }
  }

  /** Who owns a name, or one that looks like it. */
  ofLook(name: string): Kept | undefined {
    if (this.#kept.size === 0) return undefined;
    for (const look of looks(name).flatMap((seen) => [...(this.#byLook.get(seen) ?? [])])) {
      const kept = this.#kept.get(look);
      if (kept && !this.#isOver(look, kept)) return kept;
    }
    return undefined;
  }

  /** Who owns a name, in any case or width. */
  ofName(name: string): Kept | undefined {
    const kept = this.ofLook(name);
    return kept && nameKey(kept.name) === nameKey(name) ? kept : undefined;
  }

  /** The seat that is in use under a name, if the name is that key's. */
  seatOf(name: string, keyHash: string | undefined): Seat | undefined {
    return keyHash !== undefined && this.ofName(name)?.keyHash === keyHash
      ? this.#seats.byName(name)
      : undefined;
  }

  /** The position behind which whispers wait for the member of a seat; undefined if there are none. */
  mailOf(seat: string): number | undefined {
    return this.#mail.get(seat);
  }

  /** For a member who joins under that name; the seat is new, or the one of its owner if that is not in use. */
  join(name: string, key: ShownKey | undefined): Claim | Fault {
    const owner = this.ofLook(name);
    const isFree = owner !== undefined && this.#seats.byId(owner.seat) === undefined;
    return this.#claim(name, key, isFree ? { seat: owner.seat, isNew: false } : newSeat());
  }

  /** For a member who takes another name on its seat. Names that it owns already stay with the seats they have. */
  rename(seat: Seat, name: string): Claim | Fault {
    const { owned } = seat;
    // The same name, written in another way.
    if (owned && skeleton(name) === skeleton(seat.name)) {
      return { ...keptSeat(seat), owned: true, change: owning(name, owned, owned.stored) };
    }
    const claim = this.#claim(name, seat.occupant?.key, keptSeat(seat), this.ofLook(name)?.seat);
    if (isFault(claim) || !owned) return claim;
    // It was used up to now.
    return { ...claim, change: both(owning(seat.name, owned, owned.stored), claim.change) };
  }

  /** `recorded`: the seat of the owner's under this name the next time. */
  #claim(
    name: string,
    key: ShownKey | undefined,
    seat: Pick<Claim, "seat" | "isNew">,
    recorded = seat.seat,
  ): Claim | Fault {
    const owner = this.ofLook(name);
    if (owner && owner.keyHash !== key?.hash) {
      return fault("name-owned", `"${name}" belongs to another key: choose another name`);
    }
    const unowned = { ...seat, owned: false, change: this.#without(name) };
    if (!key || this.#ownMs === 0) return unowned;
    const stored = this.#kept.get(skeleton(name))?.stored ?? null;
    const own = owning(name, { keyHash: key.hash, seat: recorded }, stored);
    if (owner) return { ...seat, owned: true, change: own };
    const given = this.#makeRoom(key);
    if (isFault(given)) return { ...unowned, problem: given };
    return { ...seat, owned: true, change: both(given, own) };
  }

  /** The change that removes the owner of a name, whose time is over; an empty change if none is kept. */
  #without(name: string): Change {
    const key = factKey.own(name);
    const kept = this.#kept.get(skeleton(name));
    if (kept) return givingUp(kept);
    return this.#ownMs === 0 ? { facts: { [key]: null }, expects: {} } : { facts: {}, expects: {} };
  }

  /** What a key gives up for another name of its own, or why the name cannot be kept. */
  #makeRoom({ hash, names }: ShownKey): Change | Fault {
    const owned = this.#ofKey.get(hash);
    const isFull = owned !== undefined && owned.size >= keyNames;
    const oldest = isFull && [...owned].find((look) => !this.#isInUse(look));
    const kept = oldest ? this.#kept.get(oldest) : undefined;
    if (isFull && !kept) return notKept(`your key owns ${keyNames} names that are in use`);
    if (!isFull && this.#kept.size >= allNames) return notKept(`all ${allNames} names are owned`);
    const now = performance.now();
    if (names.take(now) > 0) {
      names.take(now, -1);
      return notKept("too many were taken from your address lately");
    }
    return kept ? givingUp(kept) : { facts: {}, expects: {} };
  }

  /** The change that sets a name free, and the name; undefined if it is not owned. */
  free(name: string): { name: string; change: Change } | undefined {
    const kept = this.ofLook(name);
    return kept && { name: kept.name, change: givingUp(kept) };
  }

  /** The change that deletes a few of the names that were unused for too long; undefined if there are none to delete now. */
  prune(): Change | undefined {
    const now = performance.now();
    if (now - this.#prunedAt < pruneEveryMs) return undefined;
    this.#prunedAt = now;
    const over: Kept[] = [];
    for (const [look, kept] of [...this.#kept.entries().take(prunedNames)]) {
      if (this.#isOver(look, kept)) over.push(kept);
      if (!this.#isInUse(look)) continue;
      // It may have been taken long ago, and would keep its place before those that are over.
      this.#kept.delete(look);
      this.#kept.set(look, kept);
    }
    return over.length === 0 ? undefined : over.map(givingUp).reduce(both);
  }

  #isInUse(look: string): boolean {
    return this.#seats.bySkeleton(look) !== undefined;
  }

  #isOver(look: string, { usedAt }: Kept): boolean {
    return Date.now() - usedAt > this.#ownMs && !this.#isInUse(look);
  }
}

function newSeat(): Pick<Claim, "seat" | "isNew"> {
  return { seat: newSeatId(), isNew: true };
}

function keptSeat({ id }: Seat): Pick<Claim, "seat" | "isNew"> {
  return { seat: id, isNew: false };
}

function givingUp({ name, seat, stored }: Owned): Change {
  const key = factKey.own(name);
  return { facts: { [key]: null, [factKey.mail(seat)]: null }, expects: { [key]: stored } };
}

function notKept(why: string): Fault {
  return fault("name-not-kept", `This name is not kept for you: ${why}`);
}
