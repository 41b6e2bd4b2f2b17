// Keeping order: what those who may can do, and what has been done. An order becomes an event that all see, with who
// gave it; what lasts of it (bans, the topic) are facts of the journal, so it outlives a restart and holds in the
// whole room.
//
//   ban NAME, ban ADDRESS   {name, by, at, text?, address?}: who may not join
//   mute NAME               who may not be heard
//   topic                   what the room is about
//
// A name stands for all that look like it.

import { isIP } from "node:net";
import type { CommandOf } from "../../protocol/commands.ts";
import { type Ban, type Fault, fault, type Recorded } from "../../protocol/events.ts";
import { skeleton } from "../../protocol/names.ts";
import type { Entry } from "../journal/journal.ts";
import { addressKey, isLoopback } from "../limits/addresses.ts";
import { banOf, leaving, type Seats } from "./seats.ts";

/** What operators can do. A topic without a text is taken away. */
export type Order = CommandOf<"kick" | "ban" | "unban" | "mute" | "unmute" | "topic">;

/** A ban of a member holds for the address it came from, too. */
type StoredBan = Ban & { address?: string | undefined };

export class Moderation {
  topic: string | undefined;
  readonly #bans = new Map<string, StoredBan>();
  readonly #mutes = new Set<string>();

  /** Oldest first, without the addresses that nobody typed. */
  get bans(): Ban[] {
    return [...this.#bans.values()].map(({ address: _, ...ban }) => ban).sort((a, b) => a.at - b.at);
  }

  /** Makes a fact so; those about something else are none of ours. */
  apply(key: string, value: string | null): void {
    const [kind] = key.split(" ");
    if (key === "topic") this.topic = value ?? undefined;
    else if (kind === "mute" && value !== null) this.#mutes.add(key);
    else if (kind === "mute") this.#mutes.delete(key);
    else if (kind === "ban" && value !== null) this.#bans.set(key, JSON.parse(value));
    else if (kind === "ban") this.#bans.delete(key);
  }

  /** Whether nobody is to hear whoever has that name. */
  isMuted(name: string): boolean {
    return this.#mutes.size > 0 && this.#mutes.has(muteOf(name));
  }

  /** Whether whoever comes from there, or under that name, may not join. */
  isBanned(address: string, name?: string): boolean {
    if (this.#bans.size === 0) return false;
    const key = addressKey(address);
    if (name !== undefined && this.#bans.has(banOf(name))) return true;
    return this.#bans.has(banOf(key)) || this.#bans.values().some((ban) => ban.address === key);
  }

  /** The order as the entry that carries it out, given by `by`, or why it cannot be carried out. */
  entry(order: Order, by: string, seats: Seats): Omit<Entry, "author"> | Fault {
    if (order.type === "topic") {
      return {
        event: unnumbered({ type: "topic", by, text: order.text }),
        facts: { topic: order.text ?? null },
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
    return { event: unnumbered({ type: "muted", name, by }), facts: { [muteOf(name)]: by } };
  }

  /** A member goes at once; its address cannot come back under another name, unless it is this machine's own. */
  #ban({ name, text }: Order & { name: string }, by: string, seats: Seats): Omit<Entry, "author"> | Fault {
    if (isIP(name) !== 0 && isLoopback(name)) {
      return fault("bad-field", "That is the server's own machine: ban a name, or another address");
    }
    const isAddress = isIP(name) !== 0;
    const key = banOf(isAddress ? addressKey(name) : name);
    const seat = isAddress ? undefined : seats.looking(name);
    const from = seat?.occupant?.address ?? seat?.address;
    const ban: StoredBan = {
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
      expects: away?.expects ?? (isAddress ? {} : { [`name ${skeleton(name)}`]: null }),
    };
  }

  #unmute(name: string, by: string): Omit<Entry, "author"> | Fault {
    if (!this.isMuted(name)) return fault("no-such-member", `Nobody called "${name}" is muted`);
    return { event: unnumbered({ type: "unmuted", name, by }), facts: { [muteOf(name)]: null } };
  }

  #unban(name: string, by: string): Omit<Entry, "author"> | Fault {
    const byAddress = isIP(name) !== 0;
    const key = banOf(byAddress ? addressKey(name) : name);
    const value = this.#bans.get(key);
    if (!value) return fault("no-such-ban", `"${name}" is not banned: /bans lists who is`);
    return {
      event: unnumbered({ type: "unbanned", name: byAddress ? undefined : value.name, by }),
      facts: { [key]: null },
    };
  }
}

function muteOf(name: string): string {
  return `mute ${skeleton(name)}`;
}

type Unnumbered<E> = E extends Recorded ? Omit<E, "seq" | "at"> : never;

/** An event that the journal has yet to number. */
export function unnumbered(event: Unnumbered<Recorded>): Recorded {
  const { type, ...fields } = event;
  return { type, seq: 0, at: 0, ...fields } as Recorded;
}
