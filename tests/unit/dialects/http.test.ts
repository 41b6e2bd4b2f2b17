import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { answerTo, methodOf } from "../../../lib/dialects/http.ts";
import { testMs } from "../../support/transcript.ts";

setDefaultTimeout(testMs);

const long = "x".repeat(20_000);

describe("methodOf()", () => {
  const requests: [line: string, method: string][] = [
    ["GET / HTTP/1.1\r", "GET"],
    ["POST /form HTTP/1.0\r", "POST"],
    ["OPTIONS * HTTP/1.1", "OPTIONS"],
    ["CONNECT example.org:443 HTTP/1.1", "CONNECT"],
    ["PRI * HTTP/2.0\r", "PRI"],
    ["HEAD http://example.org/ HTTP/1.1", "HEAD"],
    ["brew coffee://pot HTTP/1.1", "brew"],
    ["get / http/1.1", "get"],
    ["M-SEARCH * HTTP/1.1", "M-SEARCH"],
    ["!#$%&'*+.^_`|~9a / HTTP/1.1", "!#$%&'*+.^_`|~9a"],
    ["GET /", "GET"],
    ["get /index.html\r", "get"],
    ["GET  /two blanks", "GET"],
    ["GET\t/\tHTTP/1.1", "GET"],
    ["GET /a b c HTTP/1.1  \r", "GET"],
    ["GET no-slash HTTP/3", "GET"],
    [" \t GET / HTTP/1.1", "GET"],
    ["OPTIONS rtsp://camera/ RTSP/1.0", "OPTIONS"],
    ["GET /\xff\x80\x00 HTTP/1.1", "GET"],
    ["\xff\xfe /\xe4 HTTP/1.1", "\xff\xfe"],
    ["PASS /x HTTP/1.1\r", "PASS"],
    ["USER http://example.org/ HTTP/1.1\r", "USER"],
    [`POST /${long}`, "POST"],
    [`GET http://example.org/${long}`, "GET"],
  ];
  test.each(requests)("methodOf() knows %j", (line, method) => {
    // Latin-1 for the bytes, which its decoder takes for Windows-1252.
    expect(methodOf(Buffer.from(line, "latin1"))).toBe(method.replace("\xff\xfe", "ÿþ"));
  });

  test.each([
    "",
    " ",
    "GET",
    "Post\r",
    "get ",
    "ada",
    "José",
    "two words",
    "HTTP/1.1",
    "/me GET / HTTP",
    "/help",
    "/nick GET /",
    "hello *waves*",
    "and/or",
    "12:30",
    '{"type":"join","name":"ada"}',
    '{"type":"join","name":"ada","password":"GET / HTTP/1.1"}',
    '{ "type" : "say", "text": "see http://example.org/ HTTP/2" }',
    "Jos\xe9",
    "PASS /geheim\r",
    "PASS /geheim and more\r",
    "USER /root host /root :root\r",
    "USER ada 0 * :I write HTTP/2\r",
    "NICK /ada",
    "\xff\xfb\x1fada",
    long,
  ])("methodOf() takes %j for none", (line) => {
    expect(methodOf(Buffer.from(line, "latin1"))).toBeUndefined();
  });
});

describe("answerTo()", () => {
  const now = new Date(Date.UTC(2026, 0, 2, 3, 4, 5));
  const body = "This is a chat room, not a web server. Join it from a terminal:\n  nc örtchen 53000\n";
  const head = [
    "HTTP/1.1 400 Bad Request",
    "Date: Fri, 02 Jan 2026 03:04:05 GMT",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Length: 84",
    "Connection: close",
    "Cache-Control: no-store",
    "X-Content-Type-Options: nosniff",
    "\r\n",
  ].join("\r\n");

  test("answerTo() says what this is and how to join, its length in bytes", () => {
    expect(answerTo("GET", ["nc örtchen 53000"], now)).toBe(head + body);
    expect(Buffer.byteLength(body)).toBe(84);
  });

  test("answerTo() has no body for HEAD", () => {
    expect(answerTo("HEAD", ["nc örtchen 53000"], now)).toBe(head);
  });
});
