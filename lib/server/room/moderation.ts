// Moderation: the topic, the bans and mutes in force, and the acts that they forbid a member. All are facts of the journal, so they
// survive a restart and hold on all servers of the room. A ban holds for names that look like the banned one, and for a key,
// an address or a network; a mute holds for a seat, for its name, its key and its address, even under another name. Both may
// end by themselves. The orders that make them are in orders.ts.

import { type Ban, type Fault, fault } from "../../protocol/events.ts";
import { everybody, meansAddress } from "../../protocol/fields.ts";
import { looks } from "../../protocol/looks/looks.ts";
import { type BanFact, type Fact, type Facts, factKey, type MuteFact } from "../journal/facts.ts";
import { addressKey, isLoopback, Networks } from "../limits/addresses.ts";
import { bannedKey } from "./goodbyes.ts";
import { addressOfRestriction, Restrictions } from "./restrictions.ts";

/** The properties of a member for which bans and mutes hold. `id`: of its seat. */
export type Subject = {
  readonly id: string;
  readonly looks: readonly string[];
  readonly address?: string | undefined;
  readonly keyHash?: string | undefined;
  readonly operator: boolean;
};

/** A ban or a mute whose time is over: the event that tells of it, its name for members, and the change that removes it. */
type Ended = { type: "unbanned" | "unmuted"; name: string | undefined; facts: Facts; expects: Facts };

export class Moderation {
  topic: string | undefined;
  readonly #bans = new Restrictions<BanFact>();
  readonly #mutes = new Restrictions<MuteFact>();

  /** All bans, oldest first, without the addresses and keys of members, which are secret. */
  get bans(): Ban[] {
    const shown = ({ address: _, keyHash: __, ...ban }: BanFact): Ban => ban;
    return Array.from(this.#bans.entries(), ([, ban]) => shown(ban)).sort((a, b) => a.at - b.at);
  }

  /** Applies a fact. Facts about other things change nothing here. */
  apply(fact: Fact): void {
    switch (fact.kind) {
      case "topic":
        this.topic = fact.value;
        break;
      case "mute":
        this.#mutes.set(
          fact.key,
          fact.value === undefined ? undefined : { name: fact.look, by: fact.value, at: 0 },
        );
        break;
      case "muted":
        this.#mutes.set(fact.key, fact.value);
        break;
      case "ban":
        this.#bans.set(fact.key, fact.value);
    }
  }

  /** When the next ban or mute ends by itself, in ms since 1970 UTC; Infinity if none does. */
  get nextEnd(): number {
    let next = Infinity;
    for (const [, { until = Infinity }] of [...this.#bans.entries(), ...this.#mutes.entries()]) {
      next = Math.min(next, until);
    }
    return next;
  }

  /** The bans and mutes that have ended by `now`, in ms since 1970 UTC. */
  ended(now: number): Ended[] {
    return [...endedOf("unbanned", this.#bans, now), ...endedOf("unmuted", this.#mutes, now)];
  }

  // ---- Whether a member may act: `refuses…` returns the reason why it may not; undefined if it may ----

  /** Why a member may not say, whisper, or give reasons and topics. */
  refusesSpeech(member: Subject): Fault | undefined {
    if (this.#mutes.size === 0) return undefined;
    if (this.isMuted(member)) return fault("muted", "You are muted: nobody hears you");
    return this.#isSilenced(member) ? fault("muted", "Only operators may speak now") : undefined;
  }

  #isSilenced({ operator }: Subject): boolean {
    return !operator && this.mutesAll;
  }

  /** Whether only operators may speak. */
  get mutesAll(): boolean {
    return this.#mutes.get(factKey.muted(everybody)) !== undefined;
  }

  isMuted({ id, looks, address, keyHash }: Subject): boolean {
    const mutes = this.#mutes;
    if (mutes.size === 0) return false;
    const isSeat = mutes.get(factKey.muted(id)) !== undefined;
    return isSeat || mutes.hasLook(looks) || mutes.hasKey(keyHash) || mutes.hasAddress(address);
  }

  get hasMutes(): boolean {
    return this.#mutes.size > 0;
  }

  /** Why a connection from this address may not join under this name, perhaps with a key. */
  refusesJoin(address: string, name: string, keyHash?: string): Fault | undefined {
    const banned = this.isBanned(address) || this.isKeyBanned(keyHash) || this.#isNameBanned(name);
    return banned ? fault("banned", bannedKey.text) : undefined;
  }

  /** Why a sender at this address may not post under this name. */
  refusesPost(address: string, name: string, keyHash?: string): Fault | undefined {
    const sender = { id: "", looks: looks(name), address, keyHash, operator: false };
    return this.refusesJoin(address, name, keyHash) ?? this.refusesSpeech(sender);
  }

  /** Why a member may not take another name. One who may not speak may not: a name can be a message, too. */
  refusesRename(member: Subject, to: string): Fault | undefined {
    if (this.isMuted(member)) return fault("muted", "You are muted: keep the name you have");
    if (this.#isSilenced(member))
      return fault("muted", "Only operators may speak now: keep the name you have");
    if (!this.isBanned(member.address ?? "") && !this.#isNameBanned(to)) return undefined;
    return fault("banned", `"${to}" is banned from this room: choose another name`);
  }

  /** Why this name may not be taken, for a request that came at the same time as the ban. */
  refusesName(name: string): Fault | undefined {
    return this.#isNameBanned(name) ? fault("banned", `"${name}" is banned from this room`) : undefined;
  }

  /** Whether an address is banned, under any name. Loopback addresses never are. */
  isBanned(address: string): boolean {
    return this.#bans.hasAddress(address) && !isLoopback(address);
  }

  isKeyBanned(keyHash: string | undefined): boolean {
    return this.#bans.hasKey(keyHash);
  }

  #isNameBanned(name: string): boolean {
    return this.#bans.size > 0 && this.#bans.hasLook(looks(name));
  }

  // ---- The bans and mutes that an order means ----

  /** The ban of this name or address, with the key of its fact. */
  banOf(nameOrAddress: string): [key: string, ban: BanFact] | undefined {
    const wanted = new Set(formsOf(nameOrAddress));
    return [...this.#bans.entries()].find(([, { name }]) => formsOf(name).some((form) => wanted.has(form)));
  }

  /** The bans that cover the whole of an address or network. */
  bansOver(address: string): BanFact[] {
    const key = addressKey(address);
    return [...this.#bans.entries()]
      .map(([, ban]) => ban)
      .filter((ban) => new Networks([addressOfRestriction(ban) ?? ""]).has(key));
  }

  /** The keys of the facts of the mutes of this seat or name: earlier versions wrote other keys. */
  mutesOf(id: string | undefined, name: string): string[] {
    const wanted = new Set(name === everybody ? [] : looks(name));
    const mutes = [...this.#mutes.entries()].filter(([key, mute]) => {
      if (key === factKey.muted(id ?? name)) return true;
      return key !== factKey.muted(everybody) && looks(mute.name).some((look) => wanted.has(look));
    });
    return mutes.map(([key]) => key);
  }

  /** The keys of the facts of all mutes that hold for a member, by its seat, name, key or address. */
  mutesAt({ id, looks: own, address, keyHash }: Subject): string[] {
    const holds = ([key, mute]: [string, MuteFact]) =>
      key === factKey.muted(id) ||
      looks(mute.name).some((look) => own.includes(look)) ||
      (keyHash !== undefined && mute.keyHash === keyHash) ||
      (mute.address !== undefined && address !== undefined && mute.address === addressKey(address));
    return [...this.#mutes.entries()].filter(holds).map(([key]) => key);
  }
}

function endedOf(type: Ended["type"], all: Restrictions<BanFact | MuteFact>, now: number): Ended[] {
  const ended: Ended[] = [];
  for (const [key, value] of all.entries()) {
    const { name, until = Infinity } = value;
    if (until > now) continue;
    const shown = meansAddress(name) ? undefined : name;
    ended.push({ type, name: shown, facts: { [key]: null }, expects: { [key]: JSON.stringify(value) } });
  }
  return ended;
}

/** The texts by which banned names, or addresses, are compared: two are the same if they share one. */
function formsOf(nameOrAddress: string): readonly string[] {
  return meansAddress(nameOrAddress) ? [addressKey(nameOrAddress)] : looks(nameOrAddress);
}
