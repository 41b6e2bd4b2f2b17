// The room as IRC shows it: a server with one channel. What a client is told of a member's user and host is made from its
// name alone, so that a mask of any shape that clients make of it means one member, and nothing is told of an address.

import { nameKey } from "../../protocol/names.ts";

/** The user name of every member. */
export const userName = "u";

/** Names that are looked up again and again keep their source. */
const sources = new Map<string, string>();
const keptSources = 4_096;

/** `:NAME!u@HOST`, the source of what a member does. */
export function sourceOf(name: string): string {
  const before = sources.get(name);
  if (before !== undefined) return before;
  if (sources.size >= keptSources) sources.clear();
  const source = `:${maskOf(name)}`;
  sources.set(name, source);
  return source;
}

/** `NAME!u@HOST`. */
export function maskOf(name: string): string {
  return `${name}!${userName}@${hostOf(name)}`;
}

/** The host of a member: its name, if that can stand there, or else a number that is made of it. */
export function hostOf(name: string): string {
  const key = nameKey(name);
  return /^[\w-]+$/.test(key) ? key : `x-${Bun.hash.crc32(key).toString(36)}`;
}

/** The name that a mask of a ban means; `members`: those whose host may be in it. Undefined if it means no single one. */
export function nameOfMask(mask: string, members: Iterable<{ name: string }>): string | undefined {
  const end = mask.search(/[!@]/);
  const nick = end === -1 ? mask : mask.slice(0, end);
  if (nick !== "" && !/[*?]/.test(nick) && mask[end] !== "@") return nick;
  const host = mask.includes("@") ? mask.slice(mask.indexOf("@") + 1) : "";
  const meant = host.replace(/^\*\.?/, "").toLowerCase();
  if (meant === "" || /[*?]/.test(meant)) return undefined;
  for (const { name } of members) if (hostOf(name) === meant) return name;
  return meant;
}
