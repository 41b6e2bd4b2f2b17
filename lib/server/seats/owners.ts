// The owners of names. A name that was taken with a key belongs to the holders of that key: no other member gets it, or a name
// that looks like it, until it was unused for `ownMs` or an operator sets it free. An owner is a fact of the journal, with the
// SHA-256 of the key. A name that was unused for too long is free at once; its fact is deleted with a later join.
//
// Squatters are limited. A key owns at most `keyNames` names: for a further one it gives up its oldest name that is not in use.
// Origin (origin.ts) limits how many names an address comes to own, with all its keys. If `allNames` names are owned, a
// further name gets no owner: no present owner loses a name, since the newer names may be a squatter's. In the last two cases
// the member joins all the same, and is told.

import { type Fault, fault, isFault } from "../../protocol/events.ts";
import { isTitle, looks, skeleton } from "../../protocol/looks/looks.ts";
import { nameKey } from "../../protocol/names.ts";
import { type Change, type Fact, factKey } from "../journal/facts.ts";
import { both, noChange, owning } from "./changes.ts";
import { Groups } from "./groups.ts";
import type { Owned, Seat, Seats, ShownKey } from "./seats.ts";
import { newSeatId } from "./tokens.ts";

const keyNames = 50;
/** The most owned names; each takes about 300 bytes of memory. */
const allNames = 100_000;
/** While members join: how often some names are checked for being unused for too long, and how many each time. */
const pruneEveryMs = 1_000;
const prunedNames = 16;

/** How the owner of a name changes when a member takes it. */
type Claim = {
  /** The id of the seat to take under this name, and whether it is new. */
  seat: string;
  isNew: boolean;
  /** Whether the name belongs to the member's key from now on. */
  owned: boolean;
  change: Change;
  /** Why the name does not belong to the member's key, if it has one. */
  problem?: Fault | undefined;
};

/** An owned name. `since`: the event that gave it to its owner; 0 if that was before this server started. */
type Kept = Owned & { readonly since: number };

export class Owners {
  /** How long a name belongs to its key after its last use, in ms; 0: no name does. */
  readonly #ownMs: number;
  readonly #seats: Seats;
  /** By the skeleton of the name, the latest used last. */
  readonly #kept = new Map<string, Kept>();
  /** By a look, the skeletons of the owned names with that look. */
  readonly #byLook = new Groups<string>();
  /** By the SHA-256 of a key, the skeletons of the names that it owns, the latest used last. */
  readonly #ofKey = new Groups<string>();
  /** By the id of a seat, the position after which whispers wait for its member. */
  readonly #mail = new Map<string, number>();
  #prunedAt = -Infinity;

  constructor(ownMs: number, seats: Seats) {
    this.#ownMs = ownMs;
    this.#seats = seats;
  }

  /** Whether names have owners at all. */
  get areKept(): boolean {
    return this.#ownMs > 0;
  }

  /** Applies a fact of event `seq`. Facts of other kinds change nothing here. */
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
    this.#ofKey.add(value.keyHash, look);
    for (const seen of looks(value.name)) this.#byLook.add(seen, look);
  }

  #remove(look: string, kept: Kept | undefined): void {
    if (!kept) return;
    this.#kept.delete(look);
    this.#ofKey.delete(kept.keyHash, look);
    for (const seen of looks(kept.name)) this.#byLook.delete(seen, look);
  }

  /** The owner of a name, or of one that looks like it. */
  ofLook(name: string): Kept | undefined {
    if (this.#kept.size === 0) return undefined;
    for (const look of looks(name).flatMap((seen) => [...this.#byLook.get(seen)])) {
      const kept = this.#kept.get(look);
      if (kept && !this.#isOver(look, kept)) return kept;
    }
    return undefined;
  }

  /** The owner of a name, in any case or width. */
  ofName(name: string): Kept | undefined {
    const kept = this.ofLook(name);
    return kept && nameKey(kept.name) === nameKey(name) ? kept : undefined;
  }

  /** Whether the name, in any case or width, belongs to this key. */
  isOwn(name: string, keyHash: string | undefined): boolean {
    return keyHash !== undefined && this.ofName(name)?.keyHash === keyHash;
  }

  /** The seat that is in use under a name, if the name belongs to this key. */
  seatOf(name: string, keyHash: string | undefined): Seat | undefined {
    return this.isOwn(name, keyHash) ? this.#seats.byName(name) : undefined;
  }

  /** The position after which whispers wait for the member of a seat; undefined if there are none. */
  mailOf(seat: string): number | undefined {
    return this.#mail.get(seat);
  }

  /** The claim of a member who joins under a name: on a new seat, or on the owner's if that is not in use. */
  join(name: string, key: ShownKey | undefined): Claim | Fault {
    const owner = this.ofLook(name);
    const isFree = owner !== undefined && this.#seats.byId(owner.seat) === undefined;
    return this.#claim(name, key, isFree ? { seat: owner.seat, isNew: false } : newSeat());
  }

  /** The claim of a member who takes another name on its seat. A name that it owns already keeps the id of its own seat. */
  rename(seat: Seat, name: string): Claim | Fault {
    const { owned } = seat;
    // The same name, written in another way.
    if (owned && skeleton(name) === skeleton(seat.name)) {
      return { ...keptSeat(seat), owned: true, change: owning(name, owned, owned.stored) };
    }
    const claim = this.#claim(name, seat.occupant?.key, keptSeat(seat), this.ofLook(name)?.seat);
    if (isFault(claim) || !owned) return claim;
    // The former name was used up to now.
    return { ...claim, change: both(owning(seat.name, owned, owned.stored), claim.change) };
  }

  /** `recorded`: the id of the seat that the owner will get under this name at its next join. */
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
    const unowned = { ...seat, owned: false, change: this.#removingOwner(name) };
    if (!key || !this.areKept) return unowned;
    const stored = this.#kept.get(skeleton(name))?.stored ?? null;
    const own = owning(name, { keyHash: key.hash, seat: recorded }, stored);
    if (owner) return { ...seat, owned: true, change: own };
    const given = this.#makeRoom(key);
    if (isFault(given)) return { ...unowned, problem: given };
    return { ...seat, owned: true, change: both(given, own) };
  }

  /** The change that removes the owner of a name that was unused for too long; `noChange` if it has no owner. */
  #removingOwner(name: string): Change {
    const kept = this.#kept.get(skeleton(name));
    if (kept) return givingUp(kept);
    // If names have no owners now, one from an earlier start may be in the journal, and is not known here.
    return this.areKept ? noChange : { facts: { [factKey.own(name)]: null }, expects: {} };
  }

  /** The name that a key gives up for a further one, or why the further name gets no owner. */
  #makeRoom({ hash, names }: ShownKey): Change | Fault {
    const owned = this.#ofKey.get(hash);
    const isFull = owned.size >= keyNames;
    const oldest = isFull && [...owned].find((look) => !this.#isInUse(look));
    const kept = oldest ? this.#kept.get(oldest) : undefined;
    if (isFull && !kept) return notKept(`your key owns ${keyNames} names that are in use`);
    if (!isFull && this.#kept.size >= allNames) return notKept(`all ${allNames} names are owned`);
    const now = performance.now();
    if (names.take(now) > 0) {
      names.take(now, -1);
      return notKept("too many were taken from your address lately");
    }
    return kept ? givingUp(kept) : noChange;
  }

  /** The change that sets a name free, and the owned name; undefined if it has no owner. */
  free(name: string): { name: string; change: Change } | undefined {
    const kept = this.ofLook(name);
    return kept && { name: kept.name, change: givingUp(kept) };
  }

  /** The change that sets the titles of a key free, since its member is no operator any more; undefined if it has none. */
  freeTitles(keyHash: string | undefined): Change | undefined {
    const owned = [...this.#ofKey.get(keyHash ?? "")].flatMap((look) => this.#kept.get(look) ?? []);
    const titles = owned.filter(({ name }) => isTitle(name));
    return titles.length === 0 ? undefined : titles.map(givingUp).reduce(both);
  }

  /** The change that deletes the owners of some names that were unused for too long; undefined if there are none now. */
  prune(): Change | undefined {
    const now = performance.now();
    if (now - this.#prunedAt < pruneEveryMs) return undefined;
    this.#prunedAt = now;
    const over: Kept[] = [];
    for (const [look, kept] of [...this.#kept.entries().take(prunedNames)]) {
      if (this.#isOver(look, kept)) over.push(kept);
      if (!this.#isInUse(look)) continue;
      // A name in use may be the oldest, and would keep later ones from being checked: it goes to the end.
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
