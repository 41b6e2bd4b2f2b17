// Chooses the dialect of a connection by its first line, and refuses a first line that is HTTP or too long. No line behind a
// refused one is carried out, since a web page may have made a browser send it. A new dialect is chosen here.

import { type Bye, fault, limits } from "../protocol/events.ts";
import type { Dialect } from "./dialect.ts";
import type { Host } from "./host.ts";
import { answerTo, methodOf } from "./http.ts";
import { Irc } from "./irc/irc.ts";
import { closingLine, ended, isOpening } from "./irc/wire.ts";
import { json } from "./json.ts";
import { plain } from "./plain.ts";

/** The dialect of this first line: programs begin with `{`, IRC clients with a command of IRC, people with a name. */
export function dialectOf(firstLine: string, host: () => Host): Dialect {
  if (isOpening(firstLine)) return new Irc(host());
  return firstLine.trimStart().startsWith("{") ? json : plain;
}

/** The dialect of a connection whose first line is still to come: it is answered in plain text. */
export const undecided: Dialect = { ...plain };

/** A goodbye in every dialect, for a connection that has not sent its first line. */
export function inAllDialects(bye: Bye): string {
  return plain.encode(bye) + json.encode(bye) + ended([closingLine("*", bye.text)]);
}

/** Whether these first bytes are those of a TLS handshake. */
export function beginsTls(bytes: Uint8Array): boolean {
  return bytes[0] === 0x16;
}

/** The first bytes of a connection without the negotiation of a telnet client such as PuTTY: IAC, WILL to DONT, an option. */
export function withoutTelnet(bytes: Buffer): Buffer {
  let from = 0;
  while (bytes[from] === 0xff && (bytes[from + 1] ?? 0) >= 0xfb) from += 3;
  return bytes.subarray(from);
}

/** Why a connection is ended by its first line: `problem` for the log, `answer` for the peer. */
export type Refusal = { problem: string; answer: string };

/** Why a first line (its bytes without the LF) is refused; undefined if it is taken, or has not come. */
export function refusalOf(firstLine: Uint8Array | undefined, waysIn: readonly string[]): Refusal | undefined {
  if (!firstLine) return undefined;
  const method = methodOf(firstLine);
  if (method !== undefined) return { problem: "sent an HTTP request", answer: answerTo(method, waysIn) };
  if (firstLine.length <= limits.lineBytes) return undefined;
  const text = `A first line has at most ${limits.lineBytes} bytes: connect again`;
  return { problem: "sent a first line that is too long", answer: plain.encode(fault("too-long", text)) };
}
