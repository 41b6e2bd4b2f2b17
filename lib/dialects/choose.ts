// Chooses the dialect of a connection by its first line, and refuses first lines of no dialect: HTTP, and lines that are
// too long. Nothing behind a refused line is carried out: a web page may have made a browser send it. A new dialect has
// its line here.

import { type Bye, fault, limits } from "../protocol/events.ts";
import type { Dialect } from "./dialect.ts";
import type { Host } from "./host.ts";
import { answerTo, methodOf } from "./http.ts";
import { Irc } from "./irc/irc.ts";
import { closingLine, ended, isOpening } from "./irc/wire.ts";
import { json } from "./json.ts";
import { plain } from "./plain.ts";

/** The dialect: a program begins with `{`, a client of IRC with one of its commands, a person with a name. */
export function dialectOf(firstLine: string, host: () => Host): Dialect {
  if (isOpening(firstLine)) return new Irc(host());
  return firstLine.trimStart().startsWith("{") ? json : plain;
}

/** The dialect of a connection whose first line is still to come: what it is told then is plain text. */
export const undecided: Dialect = { ...plain };

/** A goodbye in all dialects, to a connection whose first line would have shown which one it speaks. */
export function inAllDialects(bye: Bye): string {
  return plain.encode(bye) + json.encode(bye) + ended([closingLine("*", bye.text)]);
}

/** Whether these are the first bytes of a client that speaks TLS. */
export function beginsTls(bytes: Uint8Array): boolean {
  return bytes[0] === 0x16;
}

/** Why the connection has to end, for the log, and the answer it gets. */
export type Refusal = { problem: string; answer: string };

/** Why a first line (its bytes without the LF) is refused; undefined if it is not, and while there is none. */
export function refusalOf(firstLine: Uint8Array | undefined, waysIn: readonly string[]): Refusal | undefined {
  if (!firstLine) return undefined;
  const method = methodOf(firstLine);
  if (method !== undefined) return { problem: "sent an HTTP request", answer: answerTo(method, waysIn) };
  if (firstLine.length <= limits.lineBytes) return undefined;
  const text = `A first line has at most ${limits.lineBytes} bytes: connect again`;
  return { problem: "sent a first line that is too long", answer: plain.encode(fault("too-long", text)) };
}
