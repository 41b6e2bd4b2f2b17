// Orders of operators. Each becomes an event, which names the operator and which all members see, and the facts that it sets. A
// name in an order means the member who had it when the order was given: that member may have taken another name or left a
// moment ago. With a position (`seq`) it means the member who had the name at that event.

import { networkIn } from "../../protocol/addresses.ts";
import type { CommandOf } from "../../protocol/commands.ts";
import { type Fault, fault } from "../../protocol/events.ts";
import { everybody, meansAddress } from "../../protocol/fields.ts";
import { type BanFact, type Facts, factKey, type MuteFact } from "../journal/facts.ts";
import { type Entry, unnumbered } from "../journal/journal.ts";
import { addressKey, isLoopback, Networks } from "../limits/addresses.ts";
import { noSuchMember } from "../seats/addressee.ts";
import { both, leaving } from "../seats/changes.ts";
import { type Gone, lastUse } from "../seats/departed.ts";
import type { Owners } from "../seats/owners.ts";
import { keyHashOf, type Seat, type Seats } from "../seats/seats.ts";
import type { Moderation, Subject } from "./moderation.ts";
import { addressOfRestriction } from "./restrictions.ts";

/** An order of an operator. A topic without a text removes the topic. */
export type Order = CommandOf<"kick" | "ban" | "unban" | "mute" | "unmute" | "free" | "deop" | "topic">;

/** The operator who gives an order: its name, the author of its entries, its address, and the facts that its orders expect. */
export type Operator = { name: string; author: string; address: string; expects: Facts | undefined };

/** The entry that carries out an order, and a note for the operator. */
export type Carried = Omit<Entry, "author"> & { note?: string | undefined };

/** The state of the room that the facts give: the seats, the bans and mutes, and the owners of names. */
export type RoomFacts = { seats: Seats; moderation: Moderation; owners: Owners };

/** The entry that carries out an order, or why it cannot be carried out. */
export function entryOf(order: Order, by: Operator, room: RoomFacts): Carried | Fault {
  switch (order.type) {
    case "topic":
      return {
        event: unnumbered({ type: "topic", by: by.name, text: order.text }),
        facts: { [factKey.topic]: order.text ?? null },
      };
    case "kick":
      return kick(order, by, room);
    case "ban":
      return meansAddress(order.name) ? banAddress(order, by) : banName(order, by, room);
    case "unban":
      return unban(order.name, by, room);
    case "mute":
      return mute(order, by, room);
    case "unmute":
      return unmute(order, by, room);
    case "free":
      return free(order.name, by, room);
    case "deop":
      return deop(order, by, room);
  }
}

function kick({ name, text, seq }: CommandOf<"kick">, by: Operator, { seats }: RoomFacts): Carried | Fault {
  const meant = find(name, seq, seats);
  if (!meant) return noSuchMember(name);
  if (!isHere(meant)) {
    return fault("no-such-member", `"${name}" has left already: /ban keeps out the name and the address`);
  }
  const kicked = unnumbered({ type: "kicked", name: meant.name, by: by.name, text });
  return { event: kicked, ...leaving(meant) };
}

/** Bans a name. Its member loses the seat, and its address is banned, too, unless other members are at that address. */
function banName(order: CommandOf<"ban">, by: Operator, { seats, moderation }: RoomFacts): Carried | Fault {
  const { name, for: ms, text, seq } = order;
  const alike = seats.byLook(name);
  const meant = find(name, seq, seats) ?? (alike && alike.namedAt <= (seq ?? Infinity) ? alike : undefined);
  const refused = refusesBan(name, meant, by, seats);
  if (refused) return refused;
  const from = meant && addressOf(meant);
  const others = meant ? othersAt(meant, seats) : [];
  const isShared = others.length > 0 || (from !== undefined && from === by.address);
  const [oldKey, old] = moderation.banOf(name) ?? [];
  const ban: BanFact = {
    name: meant?.name ?? name,
    by: by.name,
    at: Date.now(),
    text,
    // A second ban of a name keeps the address of the first.
    address: from === undefined || isShared ? old?.address : from,
    keyHash: meant ? keyOf(meant) : old?.keyHash,
    until: untilOf(ms),
  };
  const away = isHere(meant) ? leaving(meant) : undefined;
  const key = factKey.ban(ban.name);
  return {
    event: unnumbered({ type: "banned", name: ban.name, by: by.name, text, until: ban.until }),
    facts: { ...away?.facts, ...(oldKey !== undefined && { [oldKey]: null }), [key]: JSON.stringify(ban) },
    // If a member takes the name in the same moment, the order is carried out once more, for that member.
    expects: away?.expects ?? Object.fromEntries(factKey.names(name).map((key) => [key, null])),
    note: from !== undefined && isShared ? sharedNote(ban.name, from) : undefined,
  };
}

/** Why a name may not be banned with the member that is meant: another one has it, or the operator itself. */
function refusesBan(
  name: string,
  meant: Seat | Gone | undefined,
  by: Operator,
  seats: Seats,
): Fault | undefined {
  const holder = seats.byLook(meant?.name ?? name);
  if (holder && holder !== meant) {
    const problem = `"${name}" is somebody else now: /whowas ${name} tells the address to ban`;
    return fault("no-such-member", problem);
  }
  return meant?.id === by.author ? fault("bad-field", "That is you: ban another name") : undefined;
}

function sharedNote(name: string, address: string): string {
  return `${address} is not banned with ${name}, since other members are there: /ban ${address} bans it`;
}

function banAddress({ name, for: ms, text }: CommandOf<"ban">, by: Operator): Carried | Fault {
  if (!networkIn(name)) {
    return fault("bad-name", "That is no name, no address and no network: write 192.0.2.7, or 192.0.2.0/24");
  }
  const address = addressKey(name);
  if (isLoopback(address)) {
    return fault("bad-field", "That is the server's own machine: ban a name, or another address");
  }
  if (new Networks([address]).has(by.address)) {
    return fault("bad-field", "You are at that address yourself: ban a name, or a network without you");
  }
  const ban: BanFact = { name: address, by: by.name, at: Date.now(), text, until: untilOf(ms) };
  return {
    event: unnumbered({ type: "banned", by: by.name, text, until: ban.until }),
    facts: { [factKey.banOfAddress(address)]: JSON.stringify(ban) },
  };
}

function unban(name: string, by: Operator, { moderation }: RoomFacts): Carried | Fault {
  const [key, ban] = moderation.banOf(name) ?? [];
  const address = ban ? addressOfRestriction(ban) : name;
  const other = moderation.bansOver(address ?? "").find((one) => one !== ban)?.name;
  if (key === undefined) {
    const problem = other ? `is banned with ${other}: /unban ${other}` : "is not banned: /bans lists who is";
    return fault("no-such-ban", `"${name}" ${problem}`);
  }
  const shown = ban && !meansAddress(ban.name) ? ban.name : undefined;
  return {
    event: unnumbered({ type: "unbanned", name: shown, by: by.name }),
    facts: { [key]: null },
    note: other && `The address stays banned with ${other}: /unban ${other}`,
  };
}

function mute(
  { name, for: ms, seq }: CommandOf<"mute">,
  by: Operator,
  { seats }: RoomFacts,
): Carried | Fault {
  const meant = name === everybody ? undefined : find(name, seq, seats);
  if (name !== everybody && !meant) return noSuchMember(name);
  const isShared = meant !== undefined && othersAt(meant, seats).length > 0;
  const fact: MuteFact = {
    name: meant?.name ?? everybody,
    by: by.name,
    at: Date.now(),
    address: meant && !isShared ? addressOf(meant) : undefined,
    keyHash: meant && keyOf(meant),
    until: untilOf(ms),
  };
  return {
    event: unnumbered({ type: "muted", name: fact.name, by: by.name, until: fact.until }),
    facts: { [factKey.muted(meant?.id ?? everybody)]: JSON.stringify(fact) },
  };
}

function unmute(
  { name, seq }: CommandOf<"unmute">,
  by: Operator,
  { seats, moderation }: RoomFacts,
): Carried | Fault {
  const meant = name === everybody ? undefined : find(name, seq, seats);
  const keys = moderation.mutesOf(meant?.id, name);
  // A member who was muted under another name: the mute holds by its key or its address.
  if (keys.length === 0 && isHere(meant)) keys.push(...moderation.mutesAt(subjectOf(meant)));
  if (keys.length === 0) {
    const problem = name === everybody ? "Nobody is muted but by name" : `Nobody called "${name}" is muted`;
    return fault("no-such-member", problem);
  }
  return {
    event: unnumbered({ type: "unmuted", name: meant?.name ?? name, by: by.name }),
    facts: Object.fromEntries(keys.map((key) => [key, null])),
  };
}

function free(name: string, by: Operator, { owners }: RoomFacts): Carried | Fault {
  const freed = owners.free(name);
  if (!freed) return fault("no-such-member", `No key owns "${name}"`);
  return { event: unnumbered({ type: "freed", name: freed.name, by: by.name }), ...freed.change };
}

/** Ends that a member is an operator; without a name, the one who gives the order. */
function deop({ name }: CommandOf<"deop">, by: Operator, { seats, owners }: RoomFacts): Carried | Fault {
  const seat = name === undefined ? seats.byId(by.author) : seats.byName(name);
  if (!seat) {
    return name === undefined
      ? fault("bad-field", "The server stays one: /deop NAME is for members")
      : noSuchMember(name);
  }
  if (!seat.operator) return fault("no-such-member", `"${seat.name}" is no operator`);
  const op = factKey.op(seat.id);
  const ended = { facts: { [op]: null }, expects: { [op]: seat.credential ?? null } };
  const titles = owners.freeTitles(keyHashOf(seat));
  return {
    event: unnumbered({ type: "deopped", name: seat.name, by: by.name }),
    ...(titles ? both(ended, titles) : ended),
  };
}

// ---- The member that an order means ----

/**
 * The member who has the name; if there is none, the last one who had it in the last ten minutes and has another name now or
 * has left. A member who took the name after event `seq` is not meant.
 */
export function find(name: string, seq: number | undefined, seats: Seats): Seat | Gone | undefined {
  const now = seats.byName(name);
  const upTo = seq ?? Infinity;
  if (now && now.namedAt <= upTo) return now;
  let meant: Seat | Gone | undefined;
  let from = -1;
  for (const had of [...seats.departed, ...seats]) {
    const use = lastUse(had.uses, name, upTo);
    if (!use || use.from < from) continue;
    meant = had;
    from = use.from;
  }
  return meant;
}

function isHere(meant: Seat | Gone | undefined): meant is Seat {
  return meant !== undefined && "nameKeys" in meant;
}

/** The address that an order bans or mutes with a member; undefined for a loopback address. */
function addressOf(meant: Seat | Gone): string | undefined {
  const address = (isHere(meant) ? meant.occupant?.address : undefined) ?? meant.address;
  return address === undefined || isLoopback(address) ? undefined : addressKey(address);
}

function keyOf(meant: Seat | Gone): string | undefined {
  return isHere(meant) ? keyHashOf(meant) : meant.keyHash;
}

/** The properties of a seat's member for which bans and mutes hold. */
export function subjectOf(seat: Seat): Subject {
  const { id, looks, address, occupant, operator } = seat;
  return { id, looks, address: occupant?.address ?? address, keyHash: keyHashOf(seat), operator };
}

/** The other members at the address that an order would ban or mute. */
function othersAt(meant: Seat | Gone, seats: Seats): Seat[] {
  const address = addressOf(meant);
  return address === undefined ? [] : seats.byAddress(address).filter(({ id }) => id !== meant.id);
}

function untilOf(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Date.now() + ms;
}
