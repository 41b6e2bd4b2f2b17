// Checks events that are read from a file or a database: another version, a person or a failing disk may have written them. An
// event of an unknown type is of a newer version, and passes unchecked.

import type { Answer, Recorded } from "../../protocol/events.ts";
import { isTextOrAbsent } from "./facts.ts";
import type { Entry } from "./journal.ts";

/** The event, if it has all that its type needs; else undefined. */
export function validEvent(value: unknown): Recorded | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { type, seq, at, ...content }: Record<string, unknown> = { ...value };
  if (typeof type !== "string" || answers.has(type)) return undefined;
  if (typeof seq !== "number" || !Number.isSafeInteger(seq) || seq < 0) return undefined;
  if (typeof at !== "number" || !isTime(at)) return undefined;
  return hasContent(type, content) ? (value as Recorded) : undefined;
}

/** The entry, if it is one with a valid event; else undefined. */
export function validEntry(value: unknown): Entry | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { event, author, reader, server }: Record<string, unknown> = { ...value };
  const isValid = validEvent(event) && typeof author === "string" && [reader, server].every(isTextOrAbsent);
  return isValid ? (value as Entry) : undefined;
}

/** Whether an event has all that its type needs, and texts under the keys of texts. */
function hasContent(type: string, content: Record<string, unknown>): boolean {
  const keys = needed.get(type);
  if (keys === undefined) return true;
  const { seqs, saidAt } = content;
  if (type === "deleted" && !(isTime(saidAt) && Array.isArray(seqs) && seqs.every(Number.isSafeInteger)))
    return false;
  return (
    keys.every((key) => content[key] !== undefined) && texts.every((key) => isTextOrAbsent(content[key]))
  );
}

function isTime(value: unknown): boolean {
  return typeof value === "number" && Math.abs(value) <= latestTime;
}

/** The keys of texts in events. */
const texts = ["from", "to", "name", "by", "text", "id"];

/** The latest time of a Date, in ms since 1970 UTC. PostgreSQL has later ones, and "infinity". */
const latestTime = 8.64e15;

/** The types of answers. None may come from a journal: a `bye` would end every connection. */
const answers = new Set<string>(
  Object.keys({
    welcome: 1,
    error: 1,
    bye: 1,
    members: 1,
    history: 1,
    waiting: 1,
    results: 1,
    bans: 1,
    subject: 1,
    pong: 1,
    seen: 1,
    gap: 1,
    epoch: 1,
    whois: 1,
    whowas: 1,
    note: 1,
    help: 1,
  } satisfies Record<Answer["type"], 1>),
);

/** The texts that an event must have, by its type. */
const needed = new Map(
  Object.entries({
    said: ["from", "text"],
    acted: ["from", "text"],
    told: ["from", "to", "text"],
    joined: ["name"],
    left: ["name"],
    renamed: ["from", "to"],
    kicked: ["by"],
    banned: ["by"],
    unbanned: ["by"],
    muted: ["by"],
    unmuted: ["by"],
    opped: ["name"],
    freed: ["name", "by"],
    deopped: ["name", "by"],
    topic: ["by"],
    deleted: ["by", "name"],
    moved: ["name"],
    erased: [],
  } satisfies Record<Recorded["type"], string[]>),
);
