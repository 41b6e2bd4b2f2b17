// A room without connections, in which operators give orders.

import { type Fault, isFault } from "../../../../lib/protocol/events.ts";
import { looks } from "../../../../lib/protocol/looks/looks.ts";
import { readFacts, type SeatFact } from "../../../../lib/server/journal/facts.ts";
import type { Entry } from "../../../../lib/server/journal/journal.ts";
import { Moderation, type Subject } from "../../../../lib/server/room/moderation.ts";
import { type Carried, entryOf, type Order } from "../../../../lib/server/room/orders.ts";
import { taking } from "../../../../lib/server/seats/changes.ts";
import { Owners } from "../../../../lib/server/seats/owners.ts";
import { type Seat, Seats } from "../../../../lib/server/seats/seats.ts";

/** A room with the operator ann, whose orders are carried out at once. */
export class Kept {
  readonly seats = new Seats();
  readonly moderation = new Moderation();
  readonly owners = new Owners(86_400_000, this.seats);
  /** Where ann is. */
  operatorAt = "198.51.100.99";

  constructor(...holders: SeatFact[]) {
    for (const fact of holders) this.apply(taking(`seat-of-${fact.name}`, "here", fact));
  }

  seat(name: string): Seat {
    const seat = this.seats.byName(name);
    if (!seat) throw new Error(`No member is called ${name}`);
    return seat;
  }

  apply({ facts = {} }: Pick<Entry, "facts">, event?: { seq: number; at: number }): void {
    for (const fact of readFacts(Object.entries(facts))) {
      this.seats.apply(fact, event);
      this.moderation.apply(fact);
    }
  }

  /** What the order would be in the journal. */
  entry(order: Order, by = "ann"): Carried {
    const entry = this.refusal(order, by);
    if (isFault(entry)) throw new Error(entry.text);
    return entry;
  }

  obey(order: Order, by = "ann"): Carried {
    const entry = this.entry(order, by);
    this.apply(entry);
    return entry;
  }

  refusal(order: Order, name = "ann"): Carried | Fault {
    const by = { name, author: "seat-of-ann", address: this.operatorAt, expects: undefined };
    return entryOf(order, by, this);
  }
}

/** Whether a member may not speak; one of that name alone, unless more is told of it. */
export const isMuted = ({ moderation }: Kept, name: string, more: Partial<Subject> = {}) =>
  moderation.refusesSpeech({ id: "another", looks: looks(name), operator: false, ...more }) !== undefined;
export const mayNotJoin = ({ moderation }: Kept, address: string, name: string) =>
  moderation.refusesJoin(address, name) !== undefined;

export const bob: SeatFact = { name: "bob", tokenHash: "hash", address: "192.0.2.1" };
