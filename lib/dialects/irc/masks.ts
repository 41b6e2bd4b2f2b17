// Sources and masks: NAME!USER@HOST. The user and the host of a member are made from its name alone, so that no address is
// told, and every mask that a client makes of them means one member.

import { nameKey } from "../../protocol/names.ts";

/** The user name of every member. */
export const userName = "u";

/** `:NAME!u@HOST`, which begins the lines about a member's acts. */
export function sourceOf(name: string): string {
  return `:${maskOf(name)}`;
}

/** `NAME!u@HOST`. */
export function maskOf(name: string): string {
  return `${name}!${userName}@${hostOf(name)}`;
}

/** The host of a member: its name if that is ASCII, else x- and a checksum of the name. */
export function hostOf(name: string): string {
  const key = nameKey(name);
  return /^[\w-]+$/.test(key) ? key : `x-${Bun.hash.crc32(key).toString(36)}`;
}

/** The name that the mask of a ban means; undefined if it means several. `members`: a host in the mask may be one of theirs. */
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
