// A session with a fake socket and a fake clock: what depends on time, and what may be asked of a transport.

import { describe, expect, jest, setDefaultTimeout, test } from "bun:test";
import { SqliteJournal } from "../../../../lib/server/journal/sqlite/journal.ts";
import { Origin } from "../../../../lib/server/limits/origin.ts";
import { Room } from "../../../../lib/server/room/room.ts";
import { Operators } from "../../../../lib/server/session/operators.ts";
import { testMs } from "../../../support/transcript.ts";
import { emptied, inFakeRoom, joined, order, room } from "./fake-room.ts";
import { FakeSocket, metrics, pass, textsHeard, turn, unlimited } from "./fake-socket.ts";

setDefaultTimeout(testMs);

inFakeRoom();

test("a member whose history cannot be read is in all the same, and told so", async () => {
  const journal = SqliteJournal.open({ keepEvents: 1000 });
  const said = () => ({
    event: { type: "said" as const, seq: 0, at: 0, from: "ada", text: "hi" },
    author: "ada",
  });
  journal.append(Array.from({ length: 200 }, said));
  journal.entriesBefore = () => {
    throw new Error("it is away");
  };
  const options = {
    seatMs: 30_000,
    onEvent: undefined,
    onEmpty: () => {},
    onJournalTrouble: () => {},
    metrics,
  };
  const socket = new FakeSocket(new Room(journal, options));
  socket.send({ type: "join", name: "ada", history: 100 });
  await turn();
  expect(socket.types).toEqual(["welcome", "error", "joined"]);
  expect(socket.events[1]).toMatchObject({
    code: "unavailable",
    text: "The history cannot be read now, it is away: try again",
  });
  expect(socket.acts).not.toContain("terminate");
});

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

test("what a telnet client sends by itself is passed over", async () => {
  const negotiation = Buffer.from("\xff\xfb\x1f\xff\xfd\x01", "latin1");
  const person = new FakeSocket(room);
  person.session.receive(negotiation);
  jest.advanceTimersByTime(250);
  await turn();
  expect(person.text).toBe("Welcome to the chat room. What is your name?\n");
  const hasty = new FakeSocket(room);
  hasty.session.receive(Buffer.concat([negotiation, Buffer.from("ada\r\n")]));
  await turn();
  expect(hasty.text).toStartWith("You are connected as ada. ");
});

test("a connection without a name in time is told, and closed", async () => {
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

test("a peer that half-closes gets the answer that goes on beside", async () => {
  const ada = await joined("ada");
  ada.send({ type: "say", text: "hi" }, { type: "search", text: "hi", id: "1" });
  ada.session.inputEnded();
  await pass(1_000);
  expect(ada.events.at(-1)).toMatchObject({ type: "results", id: "1", events: [{ text: "hi" }] });
  expect(ada.acts.at(-1)).toBe("end");
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

test("a flood pauses the socket, is told once, and goes on by itself", async () => {
  const socket = new FakeSocket(room);
  socket.send({ type: "join", name: "ada" });
  await turn();
  jest.advanceTimersByTime(10_000);
  const says = Array.from({ length: 10 }, (_, i) => ({ type: "say", text: `${i}` }));
  socket.acts = [];
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

test("a program that waits for the server is not silent", async () => {
  const socket = await joined("ada", { rate: { burst: 1, perSecond: 0.005 } });
  socket.send({ type: "say", text: "1" }, { type: "say", text: "2" });
  await pass(190_000, 10_000);
  expect(socket.session.isPaused).toBe(true);
  expect(socket.types).not.toContain("bye");
});

describe("a step of the clock", () => {
  test.each([3_600_000, -3_600_000])(
    "a step of the clock of %d ms changes no time that was given",
    async (stepMs) => {
      const step = () => jest.setSystemTime(Date.now() + stepMs);
      const nameless = new FakeSocket(room);
      const deaf = new FakeSocket(room);
      deaf.takes = 0;
      const ada = await joined("ada");
      step();
      jest.advanceTimersByTime(19_999);
      await turn();
      expect([nameless.text, deaf.acts]).toEqual(["Welcome to the chat room. What is your name?\n", []]);
      jest.advanceTimersByTime(1);
      await turn();
      expect(nameless.text).toEndWith("! You gave no name in time.\n");
      step();
      jest.advanceTimersByTime(4_999);
      expect(deaf.acts).not.toContain("terminate");
      jest.advanceTimersByTime(1);
      expect(deaf.acts).toContain("terminate");
      step();
      jest.advanceTimersByTime(64_999);
      await turn();
      expect(ada.types).not.toContain("bye");
      jest.advanceTimersByTime(1);
      await turn();
      expect(ada.events.at(-1)).toMatchObject({ type: "bye", code: "silent" });
    },
  );

  test.each([3_600_000, -3_600_000])(
    "a step of the clock of %d ms refills no bucket and empties none",
    async (stepMs) => {
      const ada = await joined("ada");
      await pass(10_000, 1_000);
      ada.send(...say(0, 4));
      jest.setSystemTime(Date.now() + stepMs);
      ada.send(...say(4, 6));
      await pass(300);
      expect(textsHeard(ada)).toHaveLength(6);
      await pass(10_000, 1_000);
      jest.setSystemTime(Date.now() + stepMs);
      ada.send(...say(6, 12));
      await turn();
      expect(textsHeard(ada)).toHaveLength(10);
    },
  );
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

test("a program that asks and never reads is dropped, and keeps its seat", async () => {
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
  expect(room.members.find("ada")).toBeDefined();
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

const say = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({ type: "say", text: `${from + i}` }));

describe("the flood limit", () => {
  test("the flood limit stays with a member who reconnects", async () => {
    const first = await joined("ada");
    await pass(10_000, 1_000);
    first.send(...say(0, 3));
    await turn();
    expect(textsHeard(first)).toEqual(["0", "1", "2"]);
    first.session.closed();
    const again = new FakeSocket(room);
    again.send({ type: "join", name: "ada", token: first.token, history: 0 }, ...say(3, 6));
    await turn();
    // The join is paid from what the seat has left, which is nothing.
    expect(textsHeard(again)).toEqual([]);
    expect(again.session.isPaused).toBe(true);
    await pass(1_000);
    expect(textsHeard(again)).toEqual(["3", "4", "5"]);
  });

  test("the flood limit of an address is one for all who come from there", async () => {
    const origin = new Origin("192.0.2.1", { burst: 10, perSecond: 1 });
    const generous = { rate: { burst: 100, perSecond: 100 } };
    const ada = await joined("ada", generous, origin);
    const bob = await joined("bob", generous, origin);
    const elsewhere = await joined("eve", generous, new Origin("192.0.2.2", { burst: 10, perSecond: 1 }));
    ada.send(...say(0, 8));
    await turn();
    expect(textsHeard(bob)).toHaveLength(8);
    expect(ada.session.isPaused).toBe(false);
    bob.send(...say(8, 11));
    await turn();
    expect(bob.session.isPaused).toBe(true);
    expect(textsHeard(ada)).toHaveLength(9);
    elsewhere.send({ type: "say", text: "free" });
    await turn();
    expect(textsHeard(ada)).toHaveLength(10);
    expect(elsewhere.session.isPaused).toBe(false);
    await pass(10_000);
    expect(textsHeard(ada)).toHaveLength(12);
  });

  test("the flood limit is paid for every line, in any number they come", async () => {
    order({ type: "ban", name: "eve" });
    await turn();
    const socket = new FakeSocket(room);
    socket.send(...Array.from({ length: 2_000 }, () => ({ type: "join", name: "eve" })));
    await turn();
    expect(socket.codes.filter((code) => code === "banned")).toHaveLength(4);
    expect(socket.session.isPaused).toBe(true);
    await pass(1_000);
    expect(socket.codes.filter((code) => code === "banned")).toHaveLength(14);
  });

  test("the flood limit is not paid twice by a member who comes back", async () => {
    const first = await joined("ada");
    await pass(10_000, 1_000);
    first.session.closed();
    const again = new FakeSocket(room);
    again.send({ type: "join", name: "ada", token: first.token, history: 0 }, ...say(0, 12));
    await turn();
    await pass(400);
    expect(textsHeard(again)).toHaveLength(7);
    await pass(500);
    expect(textsHeard(again)).toHaveLength(12);
  });
});

describe("looking back", () => {
  const free = { rate: unlimited };
  const asked = [
    { type: "history", before: 2, limit: 1 },
    { type: "history", before: 501, limit: 500 },
    { type: "search", text: "line" },
    { type: "who" },
    { type: "bans" },
  ];

  test.each(asked)("a program that asks %j again and again holds up no other", async (ask) => {
    for (let i = 0; i < 600; i++) {
      room.record({ event: { type: "said", seq: 0, at: 0, from: "x", text: `line ${i}` }, author: "x" });
    }
    const bob = await joined("bob", free);
    const askers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        joined(`asker${i}`, { ...free, operators: new Operators("gavel") }),
      ),
    );
    for (const asker of askers) asker.send({ type: "op", password: "gavel" });
    await turn();
    for (const asker of askers) asker.send(...Array.from({ length: 40 }, () => ask));
    bob.send({ type: "say", text: "and I say" });
    const late = new FakeSocket(room, free);
    late.send({ type: "join", name: "late", history: 0 });
    await turn();
    expect(textsHeard(bob)).toContain("and I say");
    expect(late.types).toContain("welcome");
    const answers = askers.map(({ types }) =>
      types.filter((type) => /history|results|members|bans/.test(type)),
    );
    expect(answers.flat().length).toBeLessThan(100);
    // Their turn comes, and each has all its answers.
    for (const asker of askers) {
      while (asker.types.filter((type) => /history|results|members|bans/.test(type)).length < 41)
        await turn();
    }
  });

  test("a member's history has what it said in the same packet", async () => {
    const ada = await joined("ada", free);
    ada.send({ type: "say", text: "1" }, { type: "history", limit: 1 }, { type: "say", text: "2" });
    ada.send({ type: "search", text: "2" }, { type: "ping" });
    await pass(200);
    expect(ada.events.slice(-5)).toMatchObject([
      said("ada", "1"),
      { type: "history", events: [said("ada", "1")] },
      said("ada", "2"),
      { type: "results", events: [said("ada", "2")] },
      { type: "pong" },
    ]);
    const person = new FakeSocket(room, free);
    person.send("cleo", "a word", "/history 1", "another", "/search another");
    await pass(200);
    expect(person.text).toEndWith("cleo: a word\ncleo: a word\ncleo: another\ncleo: another\n");
  });
});

const said = (from: string, text: string) => expect.objectContaining({ type: "said", from, text });

test("a long answer costs as much as lines of its length", async () => {
  const ada = await joined("ada", { rate: { burst: 10, perSecond: 10 } });
  for (let i = 0; i < 20; i++) {
    const from = `seat ${i}`;
    room.record({ event: { type: "said", seq: 0, at: 0, from, text: "x".repeat(4_000) }, author: from });
  }
  await pass(10_000, 1_000);
  // 20 times 4,000 characters and a little more are four lines of 16,384 bytes and some.
  ada.send({ type: "history", limit: 20 });
  await turn();
  expect(ada.types.at(-1)).toBe("history");
  ada.send(...Array.from({ length: 6 }, () => ({ type: "ping" })));
  await turn();
  expect(ada.session.isPaused).toBe(true);
  expect(ada.types.filter((type) => type === "pong")).toHaveLength(6);
});
