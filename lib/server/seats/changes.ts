// The changes of seats: for each the facts that it sets, and those that must still hold when the journal numbers its event.
// So of two members who want one name, at one server or at two, the second is contradicted.

import { everybody } from "../../protocol/fields.ts";
import { type Change, type Facts, factKey, type OwnFact, type SeatFact } from "../journal/facts.ts";
import type { Seat } from "./seats.ts";

/** Expects that the seat's connection is still with the same server. */
export function sittingAt({ id, server }: Seat): Facts {
  return { [factKey.at(id)]: server };
}

/**
 * Expects, for each message of a member, that its seat is still with the same server and that it is not muted. The result is
 * kept in the seat until it changes.
 */
export function speakingAt(seat: Seat): Facts {
  const { id, server, operator, speaking } = seat;
  if (speaking?.server === server && speaking.operator === operator) return speaking.facts;
  const unmuted = { ...sittingAt(seat), [factKey.muted(id)]: null };
  const facts = operator ? unmuted : { ...unmuted, [factKey.muted(everybody)]: null };
  seat.speaking = { server, operator, facts };
  return facts;
}

/** A member takes a new seat, under a name that is free and not banned. `alike`: the seat with a name that looks like it. */
export function taking(id: string, server: string, fact: SeatFact, alike?: Seat): Change {
  const keys = factKey.names(fact.name);
  return {
    facts: { [factKey.seat(id)]: JSON.stringify(fact), ...all(keys, id), [factKey.at(id)]: server },
    expects: { ...all(keys, null), ...all(alike?.nameKeys ?? [], null), ...notBanned(fact.name) },
  };
}

/** Expects, for a post, that its name is free or that of the sender's `own` seat, that no ban holds for it, and no `mute *`. */
export function posting(name: string, own: Seat | undefined): Facts {
  const names = own ? all(own.nameKeys, own.id) : all(factKey.names(name), null);
  return { ...names, ...notBanned(name), [factKey.muted(everybody)]: null };
}

/** Another connection gets a seat, perhaps from another address or with another token, if the seat has not moved meanwhile. */
export function moving(seat: Seat, to: string, address: string, tokenHash: string | undefined): Change {
  const { id, name, server, since, nameKeys } = seat;
  const fact: SeatFact = { name, tokenHash, address, since };
  return {
    facts: { [factKey.seat(id)]: JSON.stringify(fact), [factKey.at(id)]: to, [factKey.read(id)]: null },
    expects: { [factKey.at(id)]: server, ...all(nameKeys, id) },
  };
}

/** A member takes another name, as in `taking`, or writes its own in another way. */
export function renaming(seat: Seat, to: string, alike?: Seat): Change {
  const { id, tokenHash, address, since, nameKeys } = seat;
  const keys = factKey.names(to);
  const fact: SeatFact = { name: to, tokenHash, address, since };
  return {
    facts: { ...all(nameKeys, null), ...all(keys, id), [factKey.seat(id)]: JSON.stringify(fact) },
    expects: {
      ...all(keys, null),
      ...all(alike?.nameKeys ?? [], null),
      ...all(nameKeys, id),
      ...notBanned(to),
    },
  };
}

/** The connection of a seat is lost; its client, which will not send its position, has read up to `read`. */
export function losing(seat: Seat, read: number): Change {
  return { facts: { [factKey.read(seat.id)]: `${read}` }, expects: sittingAt(seat) };
}

/** A seat is given up, with all facts about it, if it is still with the same server and has the same name. */
export function leaving({ id, name, server, owned, occupant, nameKeys }: Seat): Change {
  const { seat, at, op, read: lost } = factKey;
  const given = {
    facts: { [seat(id)]: null, ...all(nameKeys, null), ...all([at(id), op(id), lost(id)], null) },
    expects: { [at(id)]: server, ...all(nameKeys, id) },
  };
  if (!owned) return given;
  // A member that is here has read the whispers that waited.
  const read = occupant ? readingMail(id) : noChange;
  return both(both(given, read), owning(name, owned, owned.stored));
}

/** The member of a seat has read the whispers that waited for it. */
export function readingMail(id: string): Change {
  return { facts: { [factKey.mail(id)]: null }, expects: {} };
}

/** A name belongs to a key from now on, if the fact about its owner is still `stored`. */
export function owning(
  name: string,
  { keyHash, seat }: Omit<OwnFact, "name" | "usedAt">,
  stored: string | null,
): Change {
  const own: OwnFact = { name, keyHash, seat, usedAt: Date.now() };
  return { facts: { [factKey.own(name)]: JSON.stringify(own) }, expects: { [factKey.own(name)]: stored } };
}

export const noChange: Change = { facts: {}, expects: {} };

/** Two changes in one event; if both set a fact, the second counts. */
export function both(first: Change, second: Change): Change {
  return { facts: { ...first.facts, ...second.facts }, expects: { ...first.expects, ...second.expects } };
}

/** Expects that no name that looks like this one is banned. */
function notBanned(name: string): Facts {
  return all(factKey.bans(name), null);
}

function all(keys: Iterable<string>, value: string | null): Facts {
  return Object.fromEntries(Array.from(keys, (key) => [key, value]));
}
