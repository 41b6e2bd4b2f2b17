// A session with a fake socket and a fake clock: what depends on time, and what may be asked of a transport.

import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import type { Event } from "../../lib/protocol.ts";
import { Room } from "../../lib/server/room.ts";
import { Session, type SessionOptions, type Transport } from "../../lib/server/session.ts";
import { SqliteJournal } from "../../lib/server/sqlite.ts";

const options: SessionOptions = {
  rate: { burst: 3, perSecond: 10 },
  greetAfterMs: 250,
  joinWithinMs: 20_000,
  silentMs: 90_000,
};

/** What a session does to its connection, written down. */
class FakeSocket implements Transport {
  text = "";
  acts: string[] = [];
  takes = Infinity;
  readonly session: Session;

  constructor(room: Room) {
    this.session = new Session(room, this, options);
  }

  send(...lines: unknown[]): void {
    const text = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line)));
    this.session.receive(Buffer.from(`${text.join("\n")}\n`));
  }

  get events(): Event[] {
    return this.text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  get types(): string[] {
    return this.events.map(({ type }) => type);
  }

  write(bytes: Uint8Array, offset: number, length: number): number {
    const taken = Math.min(this.takes, length);
    this.text += Buffer.from(bytes.subarray(offset, offset + taken)).toString();
    return taken;
  }

  pause = () => this.acts.push("pause");
  resume = () => this.acts.push("resume");
  shutdown = () => this.acts.push("shutdown");
  end = () => this.acts.push("end");
  terminate = () => this.acts.push("terminate");
}

let room: Room;
let emptied = 0;

beforeEach(() => {
  jest.useFakeTimers();
  emptied = 0;
  room = new Room(SqliteJournal.open({ keepEvents: 1000 }), {
    seatMs: 30_000,
    onEvent: undefined,
    onEmpty: () => emptied++,
    onJournalTrouble: () => {},
  });
});

afterEach(() => {
  jest.useRealTimers();
});

/** The turn in which something was asked, and the ones that its pages and promises take. */
async function turn(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}

test("a person is greeted after a moment, a program is not", async () => {
  const person = new FakeSocket(room);
  const program = new FakeSocket(room);
  program.session.receive(Buffer.from('{"type":"join",'));
  jest.advanceTimersByTime(249);
  await turn();
  expect(person.text).toBe("");
  jest.advanceTimersByTime(1);
  await turn();
  expect(person.text).toBe("Welcome to the chat room. What is your name?\n");
  expect(program.text).toBe("");
});

test("whoever gives no name in time has to go, and is told", async () => {
  const socket = new FakeSocket(room);
  jest.advanceTimersByTime(19_999);
  expect(socket.acts).toEqual([]);
  jest.advanceTimersByTime(1);
  await turn();
  expect(socket.text).toEndWith("! You gave no name in time.\n");
  expect(socket.acts).toEqual(["resume", "shutdown"]);
  socket.session.inputEnded();
  expect(socket.acts.at(-1)).toBe("end");
});

test("a peer that never takes the goodbye is cut off", async () => {
  const socket = new FakeSocket(room);
  socket.takes = 0;
  jest.advanceTimersByTime(20_000);
  await turn();
  expect(socket.acts).not.toContain("terminate");
  jest.advanceTimersByTime(5_000);
  expect(socket.acts).toContain("terminate");
});

test("a flood pauses the socket, is told once how long, and goes on by itself", async () => {
  const socket = new FakeSocket(room);
  socket.send({ type: "join", name: "ada" });
  await turn();
  jest.advanceTimersByTime(10_000);
  const says = Array.from({ length: 10 }, (_, i) => ({ type: "say", text: `${i}` }));
  socket.send(...says);
  await turn();
  expect(socket.acts).toEqual(["pause"]);
  expect(socket.types.filter((type) => type === "said")).toHaveLength(4);
  const told = socket.events.filter(({ type }) => type === "error");
  expect(told).toMatchObject([{ code: "slow-down", retryAfterMs: 700 }]);
  for (let ms = 0; ms < 700; ms += 50) {
    jest.advanceTimersByTime(50);
    await turn();
  }
  expect(socket.types.filter((type) => type === "said")).toHaveLength(10);
  expect(socket.events.filter(({ type }) => type === "error")).toHaveLength(1);
});

test("a program that is silent too long is dropped, and its seat kept", async () => {
  const socket = new FakeSocket(room);
  const other = new FakeSocket(room);
  socket.send({ type: "join", name: "ada" });
  other.send({ type: "join", name: "bob" });
  await turn();
  jest.advanceTimersByTime(60_000);
  other.send({ type: "ping" });
  jest.advanceTimersByTime(30_000);
  await turn();
  expect(socket.events.at(-1)).toMatchObject({ type: "bye", code: "silent", retryAfterMs: 0 });
  socket.session.closed();
  other.send({ type: "who" });
  await turn();
  expect(other.events.at(-1)).toMatchObject({ members: [{ name: "ada", away: true }, { name: "bob" }] });
  expect(other.types).not.toContain("left");
});

test("a seat is kept for its time and no longer; then the room is empty", async () => {
  const socket = new FakeSocket(room);
  socket.send({ type: "join", name: "ada" });
  await turn();
  socket.session.closed();
  jest.advanceTimersByTime(29_999);
  await turn();
  expect(emptied).toBe(0);
  jest.advanceTimersByTime(1);
  await turn();
  expect(emptied).toBe(1);
});

test("whoever asks for much and reads nothing is dropped with the reason, and keeps its seat", async () => {
  const socket = new FakeSocket(room);
  socket.send({ type: "join", name: "ada" });
  await turn();
  socket.takes = 0;
  for (let i = 0; i < 1000; i++) {
    jest.advanceTimersByTime(1000);
    socket.send({ type: "help" });
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.takes = Infinity;
  socket.session.drained();
  await turn();
  expect(socket.events.at(-1)).toMatchObject({ type: "bye", code: "slow-reader", retryAfterMs: 1000 });
  expect(room.find("ada")).toBeDefined();
});

test("bytes that come after the goodbye change nothing", async () => {
  const socket = new FakeSocket(room);
  socket.send({ type: "join", name: "ada" }, { type: "quit" }, { type: "say", text: "too late" });
  await turn();
  socket.send({ type: "say", text: "much too late" });
  await turn();
  expect(socket.types.at(-1)).toBe("bye");
  expect(socket.text).not.toContain("too late");
  expect(emptied).toBe(1);
});
