// HTTP requests to the chat port. A web page can make a browser send one to any port, with a body that the page chooses, so
// the server answers it and carries out none of its lines. A request is recognised by the bytes of its first line, with any
// method and version; no name, command or JSON object looks like one.

import { isOpening } from "./irc/wire.ts";

const latin1 = new TextDecoder("latin1");

/** A method, blanks and the beginning of a path or a URL. A line of HTTP/0.9, or one that was cut, has no more. */
const methodAndTarget = /^[\w!#$%&'*+.^`|~-]+\s+(\/|[a-z][a-z0-9+.-]*:\/\/)/i;
const version = /\sHTTP\/\d(\.\d+)?\s*$/i;

/** The method, if the bytes are the first line of an HTTP request (without its LF, perhaps cut); else undefined. */
export function methodOf(line: Uint8Array): string | undefined {
  const text = latin1.decode(line).trimStart();
  const [hasTarget, hasVersion] = [methodAndTarget.test(text), version.test(text)];
  // An IRC client may have a password or a user like a path; a browser, whose method a page may choose, sends a version, too.
  const isRequest = isOpening(text) ? hasTarget && hasVersion : hasTarget || hasVersion;
  return isRequest ? text.split(/\s/, 1)[0] : undefined;
}

/** The whole response to a request with this method. `waysIn`: commands that join the room. */
export function answerTo(method: string, waysIn: readonly string[], now = new Date()): string {
  const body = [
    "This is a chat room, not a web server. Join it from a terminal:",
    ...waysIn.map((command) => `  ${command}`),
    "",
  ].join("\n");
  const head = [
    "HTTP/1.1 400 Bad Request",
    `Date: ${now.toUTCString()}`,
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
    "Cache-Control: no-store",
    "X-Content-Type-Options: nosniff",
    "",
    "",
  ].join("\r\n");
  return method === "HEAD" ? head : head + body;
}
