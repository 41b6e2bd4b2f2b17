// What may not be obeyed, because a web page can make a browser send it: all that follows a first line of HTTP.

import { afterEach, beforeEach, describe, expect, jest, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { SqliteJournal } from "../../../../lib/server/journal/sqlite/journal.ts";
import { Room } from "../../../../lib/server/room/room.ts";
import { testMs } from "../../../support/transcript.ts";
import { FakeSocket, metrics, reports, turn } from "./fake-socket.ts";

setDefaultTimeout(testMs);

let room: Room;
let heard: string[];

beforeEach(() => {
  jest.useFakeTimers();
  reports.length = 0;
  heard = [];
  room = new Room(SqliteJournal.open({ keepEvents: 1000 }), {
    seatMs: 30_000,
    onEvent: ({ type }) => heard.push(type),
    onEmpty: () => {},
    onJournalTrouble: () => {},
    metrics,
  });
});

afterEach(() => {
  jest.useRealTimers();
});

const latin1 = (text: string) => Buffer.from(text, "latin1");
const long = "x".repeat(20_000);
const heads = [
  "GET / HTTP/1.1\r\nHost: localhost:53000\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n",
  "post /form HTTP/1.0\n\n",
  "OPTIONS * HTTP/1.1\r\n\r\n",
  "brew coffee://pot/ HTTP/1.1\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "GET /\r\n",
  "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
  "\r\n\r\n \r\nGET /a b HTTP/1.1\r\n\r\n",
  "GET /\xff\xfe\xe4 HTTP/1.1\r\n\r\n",
  `GET /${long} HTTP/1.1\r\n\r\n`,
  `POST http://localhost/${long} HTTP/1.1\r\n\r\n`,
  "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n",
].map(latin1);
const bodies = [
  "",
  "mallory\nhi\n",
  "mallory\r\nhi",
  '{"type":"join","name":"mallory"}\n{"type":"say","text":"hi"}\n',
  "\n\nmallory\n/me waves\n/quit bye\n",
].map(latin1);

/** Sends the pieces, one by one, and the end of input if it is wanted. */
async function sent(pieces: Buffer[], ended: boolean): Promise<FakeSocket> {
  const socket = new FakeSocket(room);
  for (const piece of pieces) socket.session.receive(piece);
  if (ended) socket.session.inputEnded();
  jest.advanceTimersByTime(1_000);
  await turn();
  return socket;
}

describe("an HTTP request", () => {
  test("an HTTP request is answered and obeyed in nothing, wherever it is cut", async () => {
    const places = fc.array(fc.nat({ max: 25_000 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...heads),
        fc.constantFrom(...bodies),
        places,
        fc.boolean(),
        async (head, body, places, ended) => {
          const bytes = Buffer.concat([head, body]);
          const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort(
            (a, b) => a - b,
          );
          const pieces = ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
          const socket = await sent(pieces, ended);
          expect(socket.text).toStartWith("HTTP/1.1 400 Bad Request\r\n");
          expect(socket.text).toEndWith(
            "\r\n\r\nThis is a chat room, not a web server. Join it from a terminal:\n  nc room.example 53000\n",
          );
          expect(socket.acts.at(-1)).toBe(ended ? "end" : "shutdown");
        },
      ),
      { numRuns: 200 },
    );
    expect(heard).toEqual([]);
    expect(room.members.arrivals.visited).toBe(false);
  });

  test("an HTTP request is answered byte by byte, its line whole or not", async () => {
    const bytes = latin1("POST / HTTP/1.1\r\n\r\nmallory\nhi\n");
    const pieces = [...bytes].map((byte) => Buffer.of(byte));
    expect((await sent(pieces, false)).text).toStartWith("HTTP/1.1 400 ");
    expect((await sent([latin1("GET /index.ht")], true)).text).toStartWith("HTTP/1.1 400 ");
    expect(heard).toEqual([]);
  });

  test("an HTTP request is reported by its address and none of its words", async () => {
    await sent([latin1("GET /secret HTTP/1.1\r\n\r\n")], false);
    expect(reports).toEqual(["192.0.2.1 sent an HTTP request"]);
  });

  test("an HTTP request may still be coming when its answer is there", async () => {
    const socket = await sent([latin1("POST / HTTP/1.1\r\n")], false);
    socket.session.receive(latin1("Content-Length: 11\r\n\r\n"));
    jest.advanceTimersByTime(3_000);
    socket.session.receive(latin1("mallory\nhi\n"));
    await turn();
    expect(socket.acts).not.toContain("terminate");
    socket.session.inputEnded();
    expect(socket.acts.at(-1)).toBe("end");
    expect(heard).toEqual([]);
  });
});

describe("a first line that is too long to tell", () => {
  test.each([
    ["a word", long],
    ["a request without a path", `CONNECT ${long} HTTP/1.1`],
    ["a join", `{"type":"join","name":"ada","history":0,"more":"${long}"}`],
    ["not UTF-8", `\xff${long}`],
  ])("an endless first line ends the connection: %s", async (_, line) => {
    const bytes = latin1(`${line}\r\n\r\nmallory\nhi\n`);
    for (const pieces of [[bytes], [bytes.subarray(0, 16_385), bytes.subarray(16_385)]]) {
      const socket = await sent(pieces, false);
      expect(socket.text).toMatch(
        /^(! A first line has at most 16384 bytes: connect again\.\n$|HTTP\/1\.1 400 )/,
      );
      expect(socket.acts.at(-1)).toBe("shutdown");
    }
    expect(heard).toEqual([]);
  });

  test("a member's lines are never taken for first lines", async () => {
    const socket = await sent([latin1(`ada\n${long}\nhi\n`)], false);
    expect(socket.text).toContain("this one was dropped");
    expect(heard).toEqual(["joined", "said"]);
  });
});

describe("a person on nc", () => {
  test.each(["GET", "Post", "options", "HTTP"])("a person on nc may be called %s", async (name) => {
    const socket = await sent([latin1(`${name}\r\nhello / there HTTP/1.1\n`)], false);
    expect(socket.text).toContain(`You are connected as ${name}.`);
    expect(socket.text).toContain(`${name}: hello / there HTTP/1.1\n`);
  });

  test.each(["Jos\xe9", "\xff\xfb\x1f\xff\xfb\x20jose", "two words", "/me waves", "/help"])(
    "a person on nc may try again after %j",
    async (mistake) => {
      const socket = await sent([latin1(`${mistake}\r\n`)], false);
      socket.send("jose");
      await turn();
      expect(socket.text).toContain("You are connected as jose.");
    },
  );
});
