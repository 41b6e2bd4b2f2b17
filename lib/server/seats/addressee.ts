// Finds the seat that a whisper is for.

import { type Fault, fault } from "../../protocol/events.ts";
import { type Facts, factKey } from "../journal/facts.ts";
import type { Owners } from "./owners.ts";
import type { Seat, Seats } from "./seats.ts";

/** The seat that a whisper is for. `away`: its owner reads it at the next join, and `facts` are recorded with the whisper. */
export type Addressee = { name: string; id: string; away?: true; facts?: Facts };

/**
 * The addressee of a whisper to a name: the member who has it, or its owner who is away; or the fault. `seen`: the latest event
 * that the sender had seen: a member or owner who got the name after it is not meant. `now`: the latest event.
 */
export function addresseeOf(
  name: string,
  { seen, now }: { seen: number; now: number },
  { seats, owners }: { seats: Seats; owners: Owners },
  isAway: (seat: Seat) => boolean,
): Addressee | Fault {
  const seat = seats.byName(name);
  const owner = owners.ofName(name);
  if (!seat && !owner) return noSuchMember(name);
  const since = Math.min(seat?.namedAt ?? Infinity, owner?.since ?? Infinity);
  if (since > seen) return fault("no-such-member", `"${name}" is somebody else now: nothing was sent`);
  const { name: called, id } = seat ?? { name: owner?.name ?? name, id: owner?.seat ?? "" };
  // Its owner may be here under another name that it owns.
  const here = seats.byId(id);
  if (here && (!owner || !isAway(here))) return { name: called, id };
  const waits = owners.mailOf(id) !== undefined;
  return { name: called, id, away: true, ...(!waits && { facts: { [factKey.mail(id)]: `${now}` } }) };
}

export function noSuchMember(name: string): Fault {
  return fault("no-such-member", `Nobody here is called "${name}"`);
}
