// Facts: what holds in the room as of the last event, each under a key. Events set facts. An event is deleted in time, a
// fact stays until another event changes it. Only this file knows how keys and values are written. Later versions must be
// able to read them: a kind may be added, none may change.
//
//   seat ID        {name, tokenHash?, address?}      a member has this seat
//   name NAME      ID                                its name, and all that look like it, are taken
//   at ID          SERVER                            the server that its connection is, or was, with
//   op ID          yes                               it is an operator
//   ban NAME       {name, by, at, text?, address?}   a member of that name may not join
//   ban ADDRESS    the same                          no member may join from there
//   mute NAME      the operator's name               a member of that name may not speak
//   own NAME       {name, keyHash, seat, usedAt}     the name, and all that look like it, are kept for the holder of a key
//   mail ID        POSITION                          behind it are whispers to its owner, who has not been here since
//   topic          the topic
//
// NAME is written as its skeleton, which is the same for all names that look alike.

import type { Ban } from "../../protocol/events.ts";
import { skeleton } from "../../protocol/names.ts";

/** Facts by their keys, as they are stored; `null`: no such fact, or no more. */
export type Facts = Readonly<Record<string, string | null>>;

/** The facts that an event changes, and those that must hold before it. */
export type Change = { facts: Facts; expects: Facts };

/** The value of the fact "seat". */
export type SeatFact = {
  name: string;
  /** SHA-256 of the token, base64url. Without one its member cannot come back to the seat. */
  tokenHash?: string | undefined;
  /** The address its member joined from, for bans; never sent to members. */
  address?: string | undefined;
};

/** A ban of a member holds for the member's address, too, which is never sent to members. */
export type BanFact = Ban & { address?: string | undefined };

/** The value of the fact "own". */
export type OwnFact = {
  name: string;
  /** SHA-256 of the key, base64url; never sent to members. */
  keyHash: string;
  /** The id of the seats that its owner takes under this name, one after the other; so what is for one is for the next. */
  seat: string;
  /** When the name was last taken or given up, in ms since 1970 UTC. */
  usedAt: number;
};

/** A fact as it was read; without a value it no longer holds. Facts of names are left out: the seat has the name, too. */
export type Fact =
  | { kind: "seat"; id: string; value: SeatFact | undefined }
  | { kind: "at"; id: string; value: string | undefined }
  | { kind: "op"; id: string; value: string | undefined }
  | { kind: "ban"; key: string; value: BanFact | undefined }
  | { kind: "mute"; key: string; value: string | undefined }
  /** `look`: the skeleton of the name; `stored`: the value as the journal has it. */
  | { kind: "own"; key: string; look: string; value: OwnFact | undefined; stored: string | null }
  | { kind: "mail"; id: string; value: number | undefined }
  | { kind: "topic"; value: string | undefined };

/** The key of each kind. */
export const factKey = {
  seat: (id: string) => `seat ${id}`,
  name: (name: string) => `name ${skeleton(name)}`,
  at: (id: string) => `at ${id}`,
  op: (id: string) => `op ${id}`,
  /** An address is given as `addressKey` has it. */
  ban: (nameOrAddress: string) => `ban ${skeleton(nameOrAddress)}`,
  mute: (name: string) => `mute ${skeleton(name)}`,
  own: (name: string) => `own ${skeleton(name)}`,
  mail: (id: string) => `mail ${id}`,
  topic: "topic",
};

/** The servers to which these facts bring a connection. */
export function serversIn(facts: Facts): string[] {
  return Object.entries(facts).flatMap(([key, value]) =>
    value !== null && key.startsWith(factKey.at("")) ? [value] : [],
  );
}

/** The facts among what was read from a place where a person may write, too: all that have a text or `null`. */
export function factsIn(read: unknown): Facts | undefined {
  if (typeof read !== "object" || read === null) return undefined;
  return Object.fromEntries(
    Object.entries(read).filter(([, value]) => typeof value === "string" || value === null),
  );
}

/** The facts that this version knows, as they were read; those of a later version, or without sense, are passed over. */
export function readFacts(facts: Iterable<[key: string, value: string | null]>): Fact[] {
  return Array.from(facts, ([key, value]) => readFact(key, value)).filter((fact) => fact !== undefined);
}

function readFact(key: string, stored: string | null): Fact | undefined {
  if (key === factKey.topic) return { kind: "topic", value: stored ?? undefined };
  const [, kind, id] = /^(\S+) (.+)$/s.exec(key) ?? [];
  if (id === undefined) return undefined;
  const value = stored ?? undefined;
  switch (kind) {
    case "seat": {
      const seat = parsed(value);
      return seat === undefined || isSeat(seat) ? { kind, id, value: seat } : undefined;
    }
    case "at":
    case "op":
      return { kind, id, value };
    case "ban": {
      const ban = parsed(value);
      return ban === undefined || isBan(ban) ? { kind, key, value: ban } : undefined;
    }
    case "mute":
      return { kind, key, value };
    case "mail": {
      const position = value === undefined ? undefined : Number(value);
      return Number.isNaN(position) ? undefined : { kind, id, value: position };
    }
    case "own": {
      const own = parsed(value);
      return own === undefined || isOwn(own) ? { kind, key, look: id, value: own, stored } : undefined;
    }
    default:
      return undefined;
  }
}

/** `null` if it is no object in JSON. */
function parsed(text: string | undefined): Record<string, unknown> | null | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" ? { ...value } : null;
  } catch {
    return null;
  }
}

function isSeat(value: Record<string, unknown> | null): value is SeatFact {
  return typeof value?.name === "string" && [value.tokenHash, value.address].every(isTextOrAbsent);
}

function isBan(value: Record<string, unknown> | null): value is BanFact {
  const { name, by, at, text, address } = value ?? {};
  const isWhole = typeof name === "string" && typeof by === "string" && typeof at === "number";
  return isWhole && [text, address].every(isTextOrAbsent);
}

function isOwn(value: Record<string, unknown> | null): value is OwnFact {
  const { name, keyHash, seat, usedAt } = value ?? {};
  return [name, keyHash, seat].every((text) => typeof text === "string") && typeof usedAt === "number";
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}
