// Reads and writes lines of IRC: RFC 1459, with the message tags of IRCv3 (https://ircv3.net/specs/extensions/message-tags).
//
//   @time=…;msgid=…  :ada!u@ada  PRIVMSG  #room  :hello there
//   tags             source      command  parameters, the last one with blanks
//
// A line to a client has at most 512 bytes beside its tags, CR LF included: some clients hang up at a longer one.

import { visibleRow } from "../../protocol/text.ts";

/** The name of the server: it has a dot, which no member's name has. */
export const serverName = "chat.room";

/** Bytes in a line to a client, its tags and its CR LF not counted. */
export const maxLineBytes = 510;
/** Bytes in the tags of a client: message-tags allows 4,094, and the `@` before and the blank behind them count, too. */
const maxTagBytes = 4_096;

/** A line of a client. Its command is in capitals. */
export type Line = { tags: Map<string, string>; command: string; params: string[] };

/** The first command of a client, in capitals, and a parameter. No name has a blank, so no other dialect begins like this. */
const opening = /^(?:@\S+ +)?(?::\S+ +)?(?:CAP|PASS|NICK|USER|AUTHENTICATE|PING|PROTOCTL|QUIT) +\S/;

/** Whether a connection that begins with this line speaks IRC. */
export function isOpening(line: string): boolean {
  return opening.test(line);
}

/** Reads a line, without its CR and NUL; "too-long" if its tags are too long; undefined if it is blank. */
export function parseLine(raw: string): Line | "too-long" | undefined {
  let rest = raw.replaceAll(/[\r\0]/g, "").trimStart();
  let tags = "";
  if (rest.startsWith("@")) {
    const end = rest.indexOf(" ");
    tags = rest.slice(1, end === -1 ? undefined : end);
    if (Buffer.byteLength(tags) + 2 > maxTagBytes) return "too-long";
    rest = end === -1 ? "" : rest.slice(end).trimStart();
  }
  // A client could name any source, so it is dropped.
  if (rest.startsWith(":")) rest = rest.includes(" ") ? rest.slice(rest.indexOf(" ")).trimStart() : "";
  const colon = rest.indexOf(" :");
  const middle = colon === -1 ? rest : rest.slice(0, colon);
  const [command = "", ...params] = middle.split(" ").filter(Boolean);
  if (command === "") return undefined;
  if (colon !== -1) params.push(rest.slice(colon + 2));
  return { tags: parseTags(tags), command: command.toUpperCase(), params };
}

/** Reads `key=value;key;…`, the form of the tags of a line and of the attributes of a search. */
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

/** The value of a tag, without the characters that would end it. */
export function escaped(value: string): string {
  return value
    .replaceAll("\\", "\\\\")
    .replaceAll(";", "\\:")
    .replaceAll(" ", "\\s")
    .replaceAll("\r", "\\r")
    .replaceAll("\n", "\\n");
}

/** The line with one more tag in front. */
export function tagged(line: string, key: string, value: string): string {
  const tag = `@${key}=${escaped(value)}`;
  return line.startsWith("@") ? `${tag};${line.slice(1)}` : `${tag} ${line}`;
}

/**
 * A line of the server: a command or a numeric, and its parameters, of which the last may have blanks. Text from a client may be
 * in it: characters that control a terminal are replaced.
 */
export function serverLine(command: string, ...params: string[]): string {
  const middle = params.slice(0, -1).map(word);
  const last = params.at(-1);
  const line = [`:${serverName}`, command, ...middle, ...(last === undefined ? [] : [`:${last}`])].join(" ");
  return cut(visibleRow(line), maxLineBytes);
}

/** Text from a client in the form of a parameter before the last: without blanks, 160 bytes at most, and never empty. */
export function word(text: string): string {
  const shown = cut(text.replace(/^:+/, "").replaceAll(/\s/g, "_"), 160);
  return shown === "" ? "*" : shown;
}

/** The last line of a connection, with the reason for its end. */
export function closingLine(me: string, why: string): string {
  return cut(`ERROR :Closing Link: ${me} (${why})`, maxLineBytes);
}

/** The lines with CR LF behind each. */
export function ended(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `${lines.join("\r\n")}\r\n`;
}

/** Characters that belong to the one before them: marks, joiners, variation selectors and skin tones. */
const joining = /^(?:\p{M}|\p{Emoji_Modifier}|\p{Join_Control}|[\u{e0020}-\u{e007f}])/u;

/**
 * Cuts a row into pieces of at most `maxBytes` each, which joined are the row again. A cut is behind a blank, if the second half
 * of the piece has one, and never within a character with its marks, unless that is longer than a piece.
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

/** The beginning of a text, of at most `maxBytes`. */
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

/** Whether the second of the two regional indicators that make a flag is at this index. */
function isSecondIndicator(text: string, at: number): boolean {
  if (!/^\p{RI}/u.test(text.slice(at, at + 2))) return false;
  let before = 0;
  for (let end = at; /^\p{RI}/u.test(text.slice(end - 2, end)); end -= 2) before++;
  return before % 2 === 1;
}
