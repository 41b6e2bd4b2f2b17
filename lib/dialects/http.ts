// HTTP, which the room answers and never carries out: a web page can make a browser send it to any port, with a body
// that the page chooses. A request is known by the bytes of its first line, whatever its method, version or encoding; no
// name, command or JSON object looks like one.

const latin1 = new TextDecoder("latin1");

/** A method, blanks and the beginning of a path or a URL; a line that was cut, or of HTTP/0.9, has no more than these. */
const methodAndTarget = /^[\w!#$%&'*+.^`|~-]+\s+(\/|[a-z][a-z0-9+.-]*:\/\/)/i;
/** The first line of an IRC client whose password begins like a path. No page can make a browser send it. */
const password = /^PASS [^ ]+\s*$/;
const version = /\sHTTP\/\d(\.\d+)?\s*$/i;

/** The method, if these bytes are the first line of an HTTP request without its LF, or the beginning of a long one. */
export function methodOf(line: Uint8Array): string | undefined {
  const text = latin1.decode(line).trimStart();
  if (password.test(text)) return undefined;
  return methodAndTarget.test(text) || version.test(text) ? text.split(/\s/, 1)[0] : undefined;
}

/** The whole response to a request with this method; `waysIn` are the commands that do join the room. */
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
