// Which dialect a connection speaks, by its first line, and which first lines are of none. A new dialect has its line
// here. What follows a line of none is not obeyed: it may be what a web page made a browser send.

import { fault, limits } from "../protocol/events.ts";
import type { Dialect } from "./dialect.ts";
import { answerTo, methodOf } from "./http.ts";
import { json } from "./json.ts";
import { plain } from "./plain.ts";

/** A program opens with `{`, a person with a name. */
export function dialectOf(firstLine: string): Dialect {
  return firstLine.trimStart().startsWith("{") ? json : plain;
}

/** Why the connection has to end, for the log, and what it is answered. */
export type Refusal = { problem: string; answer: string };

/** Refuses a first line, its bytes without the LF, that is HTTP or too long to tell; no other one, nor if there is none. */
export function refusalOf(firstLine: Uint8Array | undefined, waysIn: readonly string[]): Refusal | undefined {
  if (!firstLine) return undefined;
  const method = methodOf(firstLine);
  if (method !== undefined) return { problem: "sent an HTTP request", answer: answerTo(method, waysIn) };
  if (firstLine.length <= limits.lineBytes) return undefined;
  const text = `A first line has at most ${limits.lineBytes} bytes: connect again`;
  return { problem: "sent a first line that is too long", answer: plain.encode(fault("too-long", text)) };
}
