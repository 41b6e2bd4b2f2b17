// Keeping order: what those who may can do, and what has been done. An order becomes an event that all see, with who
// gave it; what lasts of it (bans, the topic) are facts of the journal, so it outlives a restart and holds in the
// whole room.
//
//   ban NAME, ban ADDRESS   {name, by, at, text?, address?}: who may not join
//   topic                   what the room is about

import { isIP } from "node:net";
import type { Order } from "../commands.ts";
import { type Act, type Ban, type Fault, fault, type Recorded } from "../protocol.ts";
import { addressKey, isLoopback } from "./addresses.ts";
import type { Entry } from "./journal.ts";
import { banOf, leaving, type Seat, type Seats } from "./seats.ts";

/** A ban of a member holds for the address it came from, too. */
type StoredBan = Ban & { address?: string | undefined };

export class Moderation {
  topic: string | undefined;
  readonly #bans = new Map<string, StoredBan>();

  /** Oldest first, without the addresses that nobody typed. */
  get bans(): Ban[] {
    return [...this.#bans.values()].map(({ address: _, ...ban }) => ban).sort((a, b) => a.at - b.at);
  }

  /** Makes a fact so; those about something else are none of ours. */
  follow(key: string, value: string | null): void {
    if (key === "topic") this.topic = value ?? undefined;
    if (!key.startsWith("ban ")) return;
    if (value === null) this.#bans.delete(key);
    else this.#bans.set(key, JSON.parse(value));
  }

  /** Whether whoever comes from there, or under that name, may not join. */
  isBanned(address: string, name?: string): boolean {
    const key = addressKey(address);
    if (name !== undefined && this.#bans.has(banOf(name))) return true;
    return this.#bans.has(banOf(key)) || this.#bans.values().some((ban) => ban.address === key);
  }

  /** The order as the entry that carries it out, given by `by`, or why it cannot be carried out. */
  entry(order: Order, by: string, seats: Seats): Omit<Entry, "author"> | Fault {
    if (order.type === "topic") {
      return { event: event({ type: "topic", by, text: order.text }), facts: { topic: order.text ?? null } };
    }
    if (order.type === "ban") return this.#ban(order.name, by, order.text, seats.byName(order.name));
    if (order.type === "unban") return this.#unban(order.name, by);

    const seat = seats.byName(order.name);
    if (!seat) return fault("no-such-member", `Nobody here is called "${order.name}"`);
    const { name } = seat;
    if (order.type === "kick") {
      return { event: event({ type: "kicked", name, by, text: order.text }), ...leaving(seat) };
    }
    const type: Act = order.type === "mute" ? "muted" : "unmuted";
    return {
      event: event({ type, name, by }),
      facts: { [`mute ${seat.id}`]: order.type === "mute" ? by : null },
      expects: { [`at ${seat.id}`]: seat.server },
    };
  }

  /** A member goes at once; its address cannot come back under another name, unless it is this machine's own. */
  #ban(name: string, by: string, text: string | undefined, seat: Seat | undefined): Omit<Entry, "author"> {
    const byAddress = isIP(name) !== 0;
    const address = seat?.address && !isLoopback(seat.address) ? addressKey(seat.address) : undefined;
    const ban: StoredBan = { name: seat?.name ?? name, by, at: Date.now(), text, address };
    const away = seat && leaving(seat);
    return {
      event: event({ type: "banned", name: byAddress ? undefined : ban.name, by, text }),
      facts: { ...away?.facts, [banOf(byAddress ? addressKey(name) : name)]: JSON.stringify(ban) },
      ...(away?.expects && { expects: away.expects }),
    };
  }

  #unban(name: string, by: string): Omit<Entry, "author"> | Fault {
    const byAddress = isIP(name) !== 0;
    const key = banOf(byAddress ? addressKey(name) : name);
    const value = this.#bans.get(key);
    if (!value) return fault("no-such-ban", `"${name}" is not banned: /bans lists who is`);
    return {
      event: event({ type: "unbanned", name: byAddress ? undefined : value.name, by }),
      facts: { [key]: null },
    };
  }
}

type Unnumbered<E> = E extends Recorded ? Omit<E, "seq" | "at"> : never;

/** An event that the journal has yet to number. */
export function event(unnumbered: Unnumbered<Recorded>): Recorded {
  const { type, ...fields } = unnumbered;
  return { type, seq: 0, at: 0, ...fields } as Recorded;
}
