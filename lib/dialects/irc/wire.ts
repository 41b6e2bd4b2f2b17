// Lines of IRC, read and written: RFC 1459, with the message tags of IRCv3 (https://ircv3.net/specs/extensions/message-tags).
//
//   @time=…;msgid=…  :ada!u@ada  PRIVMSG  #room  :hello there
//   tags             source      command  parameters, the last one with blanks
//
// A line to a client has at most 512 bytes without its tags, CR LF included: some clients hang up on a longer one.

import { visibleRow } from "../../protocol/text.ts";

/** The name of the server, with a dot, so that no member's source looks like it. */
export const serverName = "chat.room";

/** Bytes in a line to a client, its tags and its CR LF not counted. */
export const maxLineBytes = 510;
/** Bytes in the tags of a client, with the `@` and the blank behind them: what message-tags allows, 4,094 and those two. */
const maxTagBytes = 4_096;

/** A line of a client. Its command is in capitals. */
export type Line = { tags: Map<string, string>; command: string; params: string[] };

/** Clients begin in capitals, and no name that is valid has a blank, so no other dialect begins like this. */
const opening = /^(?:@\S+ +)?(?::\S+ +)?(?:CAP|PASS|NICK|USER|AUTHENTICATE|PING|PROTOCTL|QUIT) +\S/;

/** Whether a connection that begins with this line speaks IRC. */
export function isOpening(line: string): boolean {
  return opening.test(line);
}

/** What a line says; "too-long" if its tags are; undefined if it says nothing. CR and NUL in it are passed over. */
export function parseLine(raw: string): Line | "too-long" | undefined {
  let rest = raw.replaceAll(/[\r\0]/g, "").trimStart();
  let tags = "";
  if (rest.startsWith("@")) {
    const end = rest.indexOf(" ");
    tags = rest.slice(1, end === -1 ? undefined : end);
    if (Buffer.byteLength(tags) + 2 > maxTagBytes) return "too-long";
    rest = end === -1 ? "" : rest.slice(end).trimStart();
  }
  // What a client says of its own source is not taken for true.
  if (rest.startsWith(":")) rest = rest.includes(" ") ? rest.slice(rest.indexOf(" ")).trimStart() : "";
  const colon = rest.indexOf(" :");
  const middle = colon === -1 ? rest : rest.slice(0, colon);
  const [command = "", ...params] = middle.split(" ").filter(Boolean);
  if (command === "") return undefined;
  if (colon !== -1) params.push(rest.slice(colon + 2));
  return { tags: parseTags(tags), command: command.toUpperCase(), params };
}

/** `key=value;key;…`, as the tags of a line and the attributes of a search are written. */
export function parseTags(tags: string): Map<string, string> {
  const parsed = new Map<string, string>();
  for (const tag of tags.split(";")) {
    const end = tag.indexOf("=");
    const key = end === -1 ? tag : tag.slice(0, end);
    if (key !== "") parsed.set(key, end === -1 ? "" : unescaped(tag.slice(end + 1)));
  }
  return parsed;
}

const escapes: Record<string, string> = { ":": ";", s: " ", r: "\r", n: "\n" };

function unescaped(value: string): string {
  return value.replaceAll(/\\(.?)/gs, (_, letter: string) => escapes[letter] ?? letter);
}

/** The value of a tag as it is written. */
export function escaped(value: string): string {
  return value
    .replaceAll("\\", "\\\\")
    .replaceAll(";", "\\:")
    .replaceAll(" ", "\\s")
    .replaceAll("\r", "\\r")
    .replaceAll("\n", "\\n");
}

/** The line with one tag more in front. */
export function tagged(line: string, key: string, value: string): string {
  const tag = `@${key}=${escaped(value)}`;
  return line.startsWith("@") ? `${tag};${line.slice(1)}` : `${tag} ${line}`;
}

/**
 * A line of the server: the command or the numeric, and its parameters, of which the last may have blanks. What a client
 * sent may be in it, without what a terminal would obey.
 */
export function serverLine(command: string, ...params: string[]): string {
  const middle = params.slice(0, -1).map(word);
  const last = params.at(-1);
  const line = [`:${serverName}`, command, ...middle, ...(last === undefined ? [] : [`:${last}`])].join(" ");
  return cut(visibleRow(line), maxLineBytes);
}

/** What a client sent, as it may stand in the middle of a line that answers it. */
export function word(text: string): string {
  const shown = cut(text.replace(/^:+/, "").replaceAll(/\s/g, "_"), 160);
  return shown === "" ? "*" : shown;
}

/** What a connection is told last, and why. */
export function closingLine(me: string, why: string): string {
  return cut(`ERROR :Closing Link: ${me} (${why})`, maxLineBytes);
}

/** The lines as they are sent. */
export function ended(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `${lines.join("\r\n")}\r\n`;
}

/** What belongs to the character before it: marks, joiners, variation selectors and skin tones. */
const joining = /^(?:\p{M}|\p{Emoji_Modifier}|\p{Join_Control}|[\u{e0020}-\u{e007f}])/u;

/**
 * A row in pieces of at most so many bytes: joined, they are the row. It is cut behind a blank, if there is one in the
 * second half of what fits, and never before what belongs to the character before it, unless a character is longer than
 * a piece.
 */
export function pieces(row: string, maxBytes: number): string[] {
  const found: string[] = [];
  let rest = row;
  while (Buffer.byteLength(rest) > maxBytes) {
    const end = endOfPiece(rest, maxBytes);
    found.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  found.push(rest);
  return found;
}

/** The beginning of a text that has at most so many bytes. */
export function cut(text: string, maxBytes: number): string {
  return text.length * 3 <= maxBytes ? text : (pieces(text, maxBytes)[0] ?? "");
}

function endOfPiece(text: string, maxBytes: number): number {
  let bytes = 0;
  let end = 0;
  /** The last place where it may be cut, and the last one behind a blank. */
  let [between, blank] = [0, 0];
  let previous = "";
  for (const character of text) {
    const isJoined = joining.test(character) || previous === "\u200d" || isSecondIndicator(text, end);
    if (!isJoined) between = end;
    if (!isJoined && previous === " " && bytes > maxBytes / 2) blank = end;
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) return blank || between || end || character.length;
    end += character.length;
    previous = character;
  }
  return end;
}

/** Whether the second of two regional indicators, which are one flag, is at this place. */
function isSecondIndicator(text: string, at: number): boolean {
  if (!/^\p{RI}/u.test(text.slice(at, at + 2))) return false;
  let before = 0;
  for (let end = at; /^\p{RI}/u.test(text.slice(end - 2, end)); end -= 2) before++;
  return before % 2 === 1;
}
