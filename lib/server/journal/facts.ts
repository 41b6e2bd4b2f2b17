// Facts: the state of the room as of the latest event. Each fact is a value under a key, set by an event. Events are deleted in
// time; a fact stays until another event changes it. Only this file knows the form of keys and values. Later versions must be
// able to read them, so a kind may be added, and none may change.
//
//   seat ID        {name, tokenHash?, address?, since?}   a member has this seat
//   name LOOK      ID                                its name, and all that look like it, are taken
//   at ID          SERVER                            the server that its connection is, or was, with
//   op ID          the credential                    it is an operator, by a password that it gave
//   ban LOOK       {name, by, at, text?, address?, keyHash?, until?}   a member of that name may not join
//   ban ADDRESS    the same                          no member may join from that address or network
//   mute NAME      the operator's name               a member of that name may not speak; only earlier versions wrote it
//   muted ID       {name, by, at, address?, keyHash?, until?}  the member of that seat may not speak
//   muted *        {name, by, at, until?}            only operators may speak
//   own LOOK       {name, keyHash, seat, usedAt}     the name, and all that look like it, belong to the holder of a key
//   mail ID        POSITION                          after it are whispers to the owner of the seat, who has not been here since
//   read ID        POSITION                          the connection of the seat is lost, and its client has read up to there
//   topic          the topic
//
// LOOK is a look of a name (looks.ts): there is a fact "name" for each look, and one fact of the other kinds for the skeleton.
// Earlier versions wrote another skeleton, so looks are compared with those of the name in the value, or of the key itself.

import { resultOf } from "../../protocol/errors.ts";
import type { Ban } from "../../protocol/events.ts";
import { looks, skeleton } from "../../protocol/looks/looks.ts";

/** Values of facts by their keys, as they are stored; `null`: there is no such fact. */
export type Facts = Readonly<Record<string, string | null>>;

/** The facts that an event sets, and those that must hold before it. */
export type Change = { facts: Facts; expects: Facts };

/** The value of the fact "seat". */
export type SeatFact = {
  name: string;
  /** SHA-256 of the token, base64url. Absent: the member cannot get the seat again by a token. */
  tokenHash?: string | undefined;
  /** The address of its member, for bans; never sent to members. */
  address?: string | undefined;
  /** When its member joined, in ms since 1970 UTC. */
  since?: number | undefined;
};

/** The value of the fact "ban". The ban of a member holds for its key, too, and for its address if no other member was there. */
export type BanFact = Ban & Held;

/** The address or network, and the SHA-256 of the key, for which a ban or a mute holds. Never sent to members. */
type Held = { address?: string | undefined; keyHash?: string | undefined };

/** The value of the fact "own". */
export type OwnFact = {
  name: string;
  /** SHA-256 of the key, base64url; never sent to members. */
  keyHash: string;
  /** The id of every seat that the owner takes under this name, so that whispers to one reach the next one, too. */
  seat: string;
  /** When the name was taken or given up last, in ms since 1970 UTC. */
  usedAt: number;
};

/** The value of the fact "muted". */
export type MuteFact = Held & { name: string; by: string; at: number; until?: number | undefined };

/** A fact as it was read. `value` is undefined if the fact holds no longer. */
export type Fact =
  | { kind: "seat"; id: string; value: SeatFact | undefined }
  /** `value`: the id of the seat that has the name. */
  | { kind: "name"; key: string; value: string | undefined }
  | { kind: "at"; id: string; value: string | undefined }
  | { kind: "op"; id: string; value: string | undefined }
  | { kind: "ban"; key: string; value: BanFact | undefined }
  | { kind: "mute"; key: string; look: string; value: string | undefined }
  | { kind: "muted"; key: string; id: string; value: MuteFact | undefined }
  /** `look`: the skeleton of the name; `stored`: the value as the journal has it. */
  | { kind: "own"; key: string; look: string; value: OwnFact | undefined; stored: string | null }
  | { kind: "mail" | "read"; id: string; value: number | undefined }
  | { kind: "topic"; value: string | undefined };

/** The key of each kind. */
export const factKey = {
  seat: (id: string) => `seat ${id}`,
  names: (name: string) => looks(name).map((look) => `name ${look}`),
  at: (id: string) => `at ${id}`,
  op: (id: string) => `op ${id}`,
  ban: (name: string) => `ban ${skeleton(name)}`,
  /** The keys of all bans that hold for this name, which are those of names that look like it. */
  bans: (name: string) => looks(name).map((look) => `ban ${look}`),
  /** `addressKey`: as the function of that name returns it. */
  banOfAddress: (addressKey: string) => `ban ${addressKey}`,
  muted: (id: string) => `muted ${id}`,
  own: (name: string) => `own ${skeleton(name)}`,
  mail: (id: string) => `mail ${id}`,
  read: (id: string) => `read ${id}`,
  topic: "topic",
};

/** The servers that get a connection by these facts. */
export function serversIn(facts: Facts): string[] {
  return Object.entries(facts).flatMap(([key, value]) =>
    value !== null && key.startsWith(factKey.at("")) ? [value] : [],
  );
}

/** Reads stored facts, which a person may have edited: only keys with a text or `null`; undefined if it is no object. */
export function factsIn(read: unknown): Facts | undefined {
  if (typeof read !== "object" || read === null) return undefined;
  return Object.fromEntries(
    Object.entries(read).filter(([, value]) => typeof value === "string" || value === null),
  );
}

/** Reads facts. Those of a later version, and those that make no sense, are left out. */
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
    case "name":
      return { kind, key, value };
    case "mute":
      return { kind, key, look: id, value };
    case "muted": {
      const mute = parsed(value);
      return mute === undefined || isMute(mute) ? { kind, key, id, value: mute } : undefined;
    }
    case "mail":
    case "read": {
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

/** The object in a JSON text; `null` if the text is none. */
function parsed(text: string | undefined): Record<string, unknown> | null | undefined {
  if (text === undefined) return undefined;
  const value: unknown = resultOf(() => JSON.parse(text));
  return typeof value === "object" ? { ...value } : null;
}

function isSeat(value: Record<string, unknown> | null): value is SeatFact {
  const { name, tokenHash, address, since } = value ?? {};
  return typeof name === "string" && [tokenHash, address].every(isTextOrAbsent) && isNumberOrAbsent(since);
}

function isBan(value: Record<string, unknown> | null): value is BanFact {
  return isMute(value) && isTextOrAbsent((value as BanFact).text);
}

function isMute(value: Record<string, unknown> | null): value is MuteFact {
  const { name, by, at, address, keyHash, until } = value ?? {};
  const isWhole = typeof name === "string" && typeof by === "string" && typeof at === "number";
  return isWhole && [address, keyHash].every(isTextOrAbsent) && isNumberOrAbsent(until);
}

function isOwn(value: Record<string, unknown> | null): value is OwnFact {
  const { name, keyHash, seat, usedAt } = value ?? {};
  return [name, keyHash, seat].every((text) => typeof text === "string") && typeof usedAt === "number";
}

export function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

function isNumberOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === "number";
}
