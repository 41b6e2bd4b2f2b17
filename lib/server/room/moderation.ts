// Moderation: the orders that operators can give, the bans and mutes in force, and what a member may do under them. An
// order becomes an event that all members see, with the operator's name. Bans, mutes and the topic are facts of the
// journal, so they survive a restart and hold on all servers of the room.

import { isIP } from "node:net";
import type { CommandOf } from "../../protocol/commands.ts";
import { type Ban, type Fault, fault } from "../../protocol/events.ts";
import { type BanFact, type Fact, factKey } from "../journal/facts.ts";
import { type Entry, unnumbered } from "../journal/journal.ts";
import { addressKey, isLoopback } from "../limits/addresses.ts";
import { leaving, type Seats } from "../seats/seats.ts";

/** An order of an operator. A topic without a text removes the topic. */
export type Order = CommandOf<"kick" | "ban" | "unban" | "mute" | "unmute" | "topic">;

export class Moderation {
  topic: string | undefined;
  readonly #bans = new Map<string, BanFact>();
  /** Each banned address, and how many bans are of it: a member's also hold for the address it came from. */
  readonly #addresses = new Map<string, number>();
  readonly #mutes = new Set<string>();

  /** All bans, oldest first. The address of a banned member is left out: only the server knows it. */
  get bans(): Ban[] {
    return [...this.#bans.values()].map(({ address: _, ...ban }) => ban).sort((a, b) => a.at - b.at);
  }

  /** Applies a fact. Facts about other things change nothing here. */
  apply(fact: Fact): void {
    switch (fact.kind) {
      case "topic":
        this.topic = fact.value;
        break;
      case "mute":
        if (fact.value === undefined) this.#mutes.delete(fact.key);
        else this.#mutes.add(fact.key);
        break;
      case "ban":
        this.#count(this.#bans.get(fact.key), -1);
        this.#count(fact.value, 1);
        if (fact.value === undefined) this.#bans.delete(fact.key);
        else this.#bans.set(fact.key, fact.value);
    }
  }

  #count(ban: BanFact | undefined, one: 1 | -1): void {
    const address = ban && addressOfBan(ban);
    if (address === undefined) return;
    const bans = (this.#addresses.get(address) ?? 0) + one;
    if (bans === 0) this.#addresses.delete(address);
    else this.#addresses.set(address, bans);
  }

  // ---- What a member may do: each answers with the reason why not; undefined if it may ----

  /** To say, whisper, or give reasons and topics under this name. */
  refusesSpeech(name: string): Fault | undefined {
    return this.#isMuted(name) ? fault("muted", "You are muted: nobody hears you") : undefined;
  }

  /** To join from this address under this name. */
  refusesJoin(address: string, name: string): Fault | undefined {
    const banned = this.isBanned(address) || this.#isNameBanned(name);
    return banned ? fault("banned", "You are banned from this room") : undefined;
  }

  /** To take another name: a muted member must not, since it is muted by its name. */
  refusesRename(from: string, to: string, address: string): Fault | undefined {
    if (this.#isMuted(from)) return fault("muted", "You are muted: keep the name you have");
    if (!this.isBanned(address) && !this.#isNameBanned(to)) return undefined;
    return fault("banned", `"${to}" is banned from this room: choose another name`);
  }

  /** To have this name, for a member whose request came at the same time as the ban. */
  refusesName(name: string): Fault | undefined {
    return this.#isNameBanned(name) ? fault("banned", `"${name}" is banned from this room`) : undefined;
  }

  /** Whether connections from this address are refused, under any name. */
  isBanned(address: string): boolean {
    return this.#addresses.size > 0 && this.#addresses.has(addressKey(address));
  }

  #isNameBanned(name: string): boolean {
    return this.#bans.size > 0 && this.#bans.has(factKey.ban(name));
  }

  #isMuted(name: string): boolean {
    return this.#mutes.size > 0 && this.#mutes.has(factKey.mute(name));
  }

  /** The entry that carries out an order of the operator `by`, or the reason why it cannot be carried out. */
  entryOf(order: Order, by: string, seats: Seats): Omit<Entry, "author"> | Fault {
    if (order.type === "topic") {
      return {
        event: unnumbered({ type: "topic", by, text: order.text }),
        facts: { [factKey.topic]: order.text ?? null },
      };
    }
    if (order.type === "ban") return this.#ban(order, by, seats);
    if (order.type === "unban") return this.#unban(order.name, by);
    if (order.type === "unmute") return this.#unmute(order.name, by);

    const seat = seats.byName(order.name);
    if (!seat) return fault("no-such-member", `Nobody here is called "${order.name}"`);
    const { name } = seat;
    if (order.type === "kick") {
      return { event: unnumbered({ type: "kicked", name, by, text: order.text }), ...leaving(seat) };
    }
    return { event: unnumbered({ type: "muted", name, by }), facts: { [factKey.mute(name)]: by } };
  }

  /** A banned member loses its seat, and its address is banned with it, unless that is this machine's own. */
  #ban({ name, text }: Order & { name: string }, by: string, seats: Seats): Omit<Entry, "author"> | Fault {
    if (isIP(name) !== 0 && isLoopback(name)) {
      return fault("bad-field", "That is the server's own machine: ban a name, or another address");
    }
    const isAddress = isIP(name) !== 0;
    const key = factKey.ban(isAddress ? addressKey(name) : name);
    const seat = isAddress ? undefined : seats.byLook(name);
    const from = seat?.occupant?.address ?? seat?.address;
    const ban: BanFact = {
      name: seat?.name ?? name,
      by,
      at: Date.now(),
      text,
      // To ban a name once more keeps the address that was banned with it.
      address: from !== undefined && !isLoopback(from) ? addressKey(from) : this.#bans.get(key)?.address,
    };
    const away = seat && leaving(seat);
    return {
      event: unnumbered({ type: "banned", name: isAddress ? undefined : ban.name, by, text }),
      facts: { ...away?.facts, [key]: JSON.stringify(ban) },
      // If a member took the name in the same moment, the order is carried out once more, for that member.
      expects: away?.expects ?? (isAddress ? {} : { [factKey.name(name)]: null }),
    };
  }

  #unmute(name: string, by: string): Omit<Entry, "author"> | Fault {
    if (!this.#isMuted(name)) return fault("no-such-member", `Nobody called "${name}" is muted`);
    return { event: unnumbered({ type: "unmuted", name, by }), facts: { [factKey.mute(name)]: null } };
  }

  #unban(name: string, by: string): Omit<Entry, "author"> | Fault {
    const byAddress = isIP(name) !== 0;
    const key = factKey.ban(byAddress ? addressKey(name) : name);
    const value = this.#bans.get(key);
    if (!value) return fault("no-such-ban", `"${name}" is not banned: /bans lists who is`);
    return {
      event: unnumbered({ type: "unbanned", name: byAddress ? undefined : value.name, by }),
      facts: { [key]: null },
    };
  }
}

/** The address that a ban holds for, as `addressKey` has it; undefined if it is of a name alone. */
export function addressOfBan({ name, address }: BanFact): string | undefined {
  return isIP(name) === 0 ? address : addressKey(name);
}
