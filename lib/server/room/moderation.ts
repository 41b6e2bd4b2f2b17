// Keeping order: what those who may can do, and what has been done. An order becomes an event that all see, with who
// gave it; what lasts of it (bans, the topic) are facts of the journal, so it outlives a restart and holds in the
// whole room.
import { isIP } from "node:net";
import type { CommandOf } from "../../protocol/commands.ts";
import { type Ban, type Fault, fault } from "../../protocol/events.ts";
import { type BanFact, type Fact, factKey } from "../journal/facts.ts";
import { type Entry, unnumbered } from "../journal/journal.ts";
import { addressKey, isLoopback } from "../limits/addresses.ts";
import { leaving, type Seats } from "./seats.ts";

/** What operators can do. A topic without a text is taken away. */
export type Order = CommandOf<"kick" | "ban" | "unban" | "mute" | "unmute" | "topic">;

export class Moderation {
  topic: string | undefined;
  readonly #bans = new Map<string, BanFact>();
  readonly #mutes = new Set<string>();

  /** Oldest first, without the addresses that nobody typed. */
  get bans(): Ban[] {
    return [...this.#bans.values()].map(({ address: _, ...ban }) => ban).sort((a, b) => a.at - b.at);
  }

  /** Makes a fact so; those about something else change nothing here. */
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
        if (fact.value === undefined) this.#bans.delete(fact.key);
        else this.#bans.set(fact.key, fact.value);
    }
  }

  // ---- What a member may do: each answers why not, or undefined if it may ----

  /** What is said, whispered, done or ordered under this name. */
  refusesSpeech(name: string): Fault | undefined {
    return this.#isMuted(name) ? fault("muted", "You are muted: nobody hears you") : undefined;
  }

  refusesJoin(address: string, name: string): Fault | undefined {
    const banned = this.isBanned(address) || this.#isNameBanned(name);
    return banned ? fault("banned", "You are banned from this room") : undefined;
  }

  /** A muted member keeps its name, under which it is muted. */
  refusesRename(from: string, to: string, address: string): Fault | undefined {
    if (this.#isMuted(from)) return fault("muted", "You are muted: keep the name you have");
    if (!this.isBanned(address) && !this.#isNameBanned(to)) return undefined;
    return fault("banned", `"${to}" is banned from this room: choose another name`);
  }

  /** A name that was banned in the moment in which it was asked for. */
  refusesName(name: string): Fault | undefined {
    return this.#isNameBanned(name) ? fault("banned", `"${name}" is banned from this room`) : undefined;
  }

  /** Whether who comes from that address may not be here, whatever the name. */
  isBanned(address: string): boolean {
    if (this.#bans.size === 0) return false;
    const key = addressKey(address);
    return this.#bans.has(factKey.ban(key)) || this.#bans.values().some((ban) => ban.address === key);
  }

  #isNameBanned(name: string): boolean {
    return this.#bans.size > 0 && this.#bans.has(factKey.ban(name));
  }

  #isMuted(name: string): boolean {
    return this.#mutes.size > 0 && this.#mutes.has(factKey.mute(name));
  }

  /** The order as the entry that carries it out, given by `by`, or why it cannot be carried out. */
  entry(order: Order, by: string, seats: Seats): Omit<Entry, "author"> | Fault {
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

  /** A member goes at once; its address cannot come back under another name, unless it is this machine's own. */
  #ban({ name, text }: Order & { name: string }, by: string, seats: Seats): Omit<Entry, "author"> | Fault {
    if (isIP(name) !== 0 && isLoopback(name)) {
      return fault("bad-field", "That is the server's own machine: ban a name, or another address");
    }
    const isAddress = isIP(name) !== 0;
    const key = factKey.ban(isAddress ? addressKey(name) : name);
    const seat = isAddress ? undefined : seats.looking(name);
    const from = seat?.occupant?.address ?? seat?.address;
    const ban: BanFact = {
      name: seat?.name ?? name,
      by,
      at: Date.now(),
      text,
      // One that holds already goes on to hold.
      address: from !== undefined && !isLoopback(from) ? addressKey(from) : this.#bans.get(key)?.address,
    };
    const away = seat && leaving(seat);
    return {
      event: unnumbered({ type: "banned", name: isAddress ? undefined : ban.name, by, text }),
      facts: { ...away?.facts, [key]: JSON.stringify(ban) },
      // Nobody of that name may have come in the same moment.
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
