// A WebSocket's transport on a socket that the test plays: how bytes become messages, and messages bytes.

import { beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { type Carried, WebSocketTransport } from "../../../../../lib/server/transports/web/web-socket.ts";
import { Random } from "../../../../support/random.ts";
import { testMs } from "../../../../support/transcript.ts";

setDefaultTimeout(testMs);

/** As Bun's: it takes every message, tells if some of it waits, and drops what comes once it is closed. */
class PlayedSocket implements Carried {
  messages: string[] = [];
  acts: string[] = [];
  /** How many bytes wait. */
  waiting = 0;
  /** How many the network takes of the next messages. */
  takes = Infinity;
  isClosed = false;

  sendBinary(data: Parameters<Carried["sendBinary"]>[0]): number {
    if (this.isClosed) return 0;
    if (this.waiting > 0) throw new Error("A message is begun while another one waits");
    const bytes = Buffer.from(data as Uint8Array<ArrayBuffer>);
    this.messages.push(bytes.toString());
    const taken = Math.min(bytes.length, this.takes);
    this.takes -= taken;
    this.waiting = bytes.length - taken;
    return this.waiting > 0 ? -1 : bytes.length;
  }

  getBufferedAmount = () => this.waiting;
  pause = () => void this.acts.push("pause");
  resume = () => void this.acts.push("resume");
  close = (code?: number) => void this.acts.push(`close ${code}`);
  terminate = () => void this.acts.push("terminate");
}

let socket: PlayedSocket;
let transport: WebSocketTransport;
let heard: string[];

beforeEach(() => {
  socket = new PlayedSocket();
  heard = [];
  transport = new WebSocketTransport(socket, (chunk) => heard.push(String(chunk)));
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

function write(text: string): number {
  const bytes = Buffer.from(`before${text}behind`);
  return transport.write(bytes, 6, bytes.length - 12);
}

test("a write of a few lines is one message", () => {
  expect(write("one\ntwo\n")).toBe(8);
  expect(socket.messages).toEqual(["one\ntwo\n"]);
});

test("a long write is messages of whole lines, at most 16 KiB each", () => {
  const lines = Array.from({ length: 3_000 }, (_, i) => `line ${i}\n`).join("");
  expect(write(lines)).toBe(lines.length);
  expect(socket.messages.join("")).toBe(lines);
  expect(socket.messages).toHaveLength(Math.ceil(lines.length / (16 * 1024 - 16)));
  for (const message of socket.messages) {
    expect(message).toEndWith("\n");
    expect(message.length).toBeLessThanOrEqual(16 * 1024);
  }
});

test("a line that is longer is one message, however it is written", () => {
  const long = "x".repeat(50_000);
  expect(write(`{${long}`)).toBe(50_001);
  expect(write(long)).toBe(50_000);
  expect(socket.messages).toEqual([]);
  const rest = `${long}}\nshort\n`;
  expect(write(rest)).toBe(rest.length);
  expect(socket.messages).toEqual([`{${long}${long}${long}}\n`, "short\n"]);
});

test("nothing is begun while a message waits", () => {
  const lines = `${"x".repeat(16_000)}\n`.repeat(4);
  socket.takes = 20_000;
  expect(write(lines)).toBe(2 * 16_001);
  expect(write("more\n")).toBe(0);
  socket.waiting = 5;
  expect(transport.drained()).toBe(false);
  expect(write("more\n")).toBe(0);
  [socket.waiting, socket.takes] = [0, Infinity];
  expect(transport.drained()).toBe(true);
  expect(write("more\n")).toBe(5);
  expect(socket.messages.at(-1)).toBe("more\n");
});

test("whatever is taken when, all lines arrive whole and in order", () => {
  const random = new Random(20261126);
  for (let round = 0; round < 50; round++) {
    socket = new PlayedSocket();
    transport = new WebSocketTransport(socket, () => {});
    const lines = Array.from({ length: 30 }, (_, i) => `${i} ${"é".repeat(random.below(12_000))}\n`);
    const bytes = Buffer.from(lines.join(""));
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(random.between(1, 40_000), bytes.length - at);
      socket.takes = random.below(60_000);
      const taken = transport.write(bytes, at, length);
      at += taken;
      if (taken === length) continue;
      socket.waiting = 0;
      expect(transport.drained()).toBe(true);
    }
    for (const message of socket.messages) expect(message).toEndWith("\n");
    expect(socket.messages.join("")).toBe(lines.join(""));
  }
});

test("a socket that drops a message is closed, and takes nothing more", () => {
  socket.isClosed = true;
  expect(write("too late\n")).toBe(-1);
  expect(socket.acts).toEqual(["terminate"]);
});

test("a line may come in 64 messages, and not in any number", () => {
  const pieces = (count: number) => {
    for (let i = 0; i < count; i++) transport.received(Buffer.from("x"));
  };
  for (let line = 0; line < 3; line++) {
    pieces(64);
    transport.received(Buffer.from("\n"));
  }
  expect(heard.join("")).toBe(`${"x".repeat(64)}\n`.repeat(3));
  pieces(64);
  expect(socket.acts).toEqual([]);
  transport.received(Buffer.alloc(0));
  expect(socket.acts).toEqual(["terminate"]);
});

test("a text message ends its line, a binary one is bytes as they come", () => {
  for (const message of ["one", "two\n", "three\nfour", "", Buffer.from("fi"), Buffer.from("ve\n")]) {
    transport.received(message);
  }
  expect(heard).toEqual(["one\n", "two\n", "three\nfour\n", "\n", "fi", "ve\n"]);
});

test("what comes in a pause is kept, and delivered in one piece then", () => {
  transport.pause();
  for (const message of ["one", Buffer.from("tw"), Buffer.from("ö\n"), "three"]) transport.received(message);
  expect(heard).toEqual([]);
  transport.resume();
  expect(heard).toEqual(["one\ntwö\nthree\n"]);
  transport.received("four");
  expect(heard).toEqual(["one\ntwö\nthree\n", "four\n"]);
  expect(socket.acts).toEqual(["pause", "resume"]);
});

test("a pause that begins with what was kept reads nothing more", () => {
  transport = new WebSocketTransport(socket, (chunk) => {
    heard.push(String(chunk));
    transport.pause();
  });
  transport.pause();
  transport.received("one");
  transport.resume();
  transport.received("two");
  expect([heard, socket.acts]).toEqual([["one\n"], ["pause", "pause"]]);
  transport.resume();
  expect(heard).toEqual(["one\n", "two\n"]);
});

test("a goodbye is written before the WebSocket is closed, a turn later", async () => {
  write("bye\n");
  transport.shutdown();
  expect(socket.acts).toEqual([]);
  await turn();
  expect(socket.acts).toEqual(["close 1000"]);
});

test("a goodbye that waits is waited for", async () => {
  socket.takes = 1;
  write("bye\n");
  transport.end();
  await turn();
  socket.waiting = 1;
  transport.drained();
  expect(socket.acts).toEqual([]);
  socket.waiting = 0;
  transport.drained();
  expect(socket.acts).toEqual(["close 1000"]);
});
