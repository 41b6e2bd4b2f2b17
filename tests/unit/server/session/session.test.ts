// A session with a fake socket and a fake clock: what depends on time, and what may be asked of a transport.

import { afterEach, beforeEach, describe, expect, jest, setDefaultTimeout, test } from "bun:test";
import type { Fault } from "../../../../lib/protocol/events.ts";
import { SqliteJournal } from "../../../../lib/server/journal/sqlite.ts";
import { Door } from "../../../../lib/server/limits/door.ts";
import { Origin } from "../../../../lib/server/limits/origin.ts";
import type { Order } from "../../../../lib/server/room/moderation.ts";
import { Room } from "../../../../lib/server/room/room.ts";
import type { SessionOptions } from "../../../../lib/server/session/session.ts";
import { testMs } from "../../../support/transcript.ts";
import { FakeSocket, metrics, pass, reports, turn, unlimited } from "./fake-socket.ts";

setDefaultTimeout(testMs);

/** As if it was asked at the server's own terminal; returns what is wrong with it, if that is known at once. */
function order(order: Order): Fault | undefined {
  let problem: Fault | undefined;
  const failed = (fault: Fault) => {
    problem = fault;
  };
  const by = { name: "server", author: "console", expects: undefined };
  room.members.order(order, by, { happened: () => {}, failed });
  return problem;
}

/** A door that keeps nobody out but those who are banned. */
function openDoor(): Door {
  return new Door({
    maxConnections: 100,
    maxPerAddress: 100,
    addressRate: unlimited,
    joinWithinMs: 20_000,
    isBanned: (address) => room.members.isBanned(address),
  });
}

let room: Room;
let emptied = 0;

beforeEach(() => {
  jest.useFakeTimers();
  emptied = 0;
  reports.length = 0;
  room = new Room(SqliteJournal.open({ keepEvents: 1000 }), {
    seatMs: 30_000,
    onEvent: undefined,
    onEmpty: () => emptied++,
    onJournalTrouble: () => {},
    metrics,
  });
});

afterEach(() => {
  jest.useRealTimers();
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
      expect(saidBy(ada)).toHaveLength(6);
      await pass(10_000, 1_000);
      jest.setSystemTime(Date.now() + stepMs);
      ada.send(...say(6, 12));
      await turn();
      expect(saidBy(ada)).toHaveLength(10);
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

/** Somebody in the room, who has its token. */
async function joined(name: string, more: Partial<SessionOptions> = {}, origin?: Origin) {
  const socket = new FakeSocket(room, more, origin);
  socket.send({ type: "join", name });
  await turn();
  const [welcome] = socket.events;
  if (welcome?.type !== "welcome") throw new Error(`${name} is not in the room: ${socket.text}`);
  return Object.assign(socket, { token: welcome.token });
}

const say = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({ type: "say", text: `${from + i}` }));
const saidBy = ({ events }: FakeSocket) =>
  events.flatMap((event) => (event.type === "said" ? [event.text] : []));

describe("the flood limit", () => {
  test("the flood limit stays with a member who reconnects", async () => {
    const first = await joined("ada");
    await pass(10_000, 1_000);
    first.send(...say(0, 3));
    await turn();
    expect(saidBy(first)).toEqual(["0", "1", "2"]);
    first.session.closed();
    const again = new FakeSocket(room);
    again.send({ type: "join", name: "ada", token: first.token, history: 0 }, ...say(3, 6));
    await turn();
    // The join is paid from what the seat has left, which is nothing.
    expect(saidBy(again)).toEqual([]);
    expect(again.session.isPaused).toBe(true);
    await pass(1_000);
    expect(saidBy(again)).toEqual(["3", "4", "5"]);
  });

  test("the flood limit of an address is one for all who come from there", async () => {
    const origin = new Origin("192.0.2.1", { burst: 10, perSecond: 1 });
    const generous = { rate: { burst: 100, perSecond: 100 } };
    const ada = await joined("ada", generous, origin);
    const bob = await joined("bob", generous, origin);
    const elsewhere = await joined("eve", generous, new Origin("192.0.2.2", { burst: 10, perSecond: 1 }));
    ada.send(...say(0, 8));
    await turn();
    expect(saidBy(bob)).toHaveLength(8);
    expect(ada.session.isPaused).toBe(false);
    bob.send(...say(8, 11));
    await turn();
    expect(bob.session.isPaused).toBe(true);
    expect(saidBy(ada)).toHaveLength(9);
    elsewhere.send({ type: "say", text: "free" });
    await turn();
    expect(saidBy(ada)).toHaveLength(10);
    expect(elsewhere.session.isPaused).toBe(false);
    await pass(10_000);
    expect(saidBy(ada)).toHaveLength(12);
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
    expect(saidBy(again)).toHaveLength(7);
    await pass(500);
    expect(saidBy(again)).toHaveLength(12);
  });
});

describe("those who look back", () => {
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
      Array.from({ length: 10 }, (_, i) => joined(`asker${i}`, { ...free, operatorPassword: "gavel" })),
    );
    for (const asker of askers) asker.send({ type: "op", password: "gavel" });
    await turn();
    for (const asker of askers) asker.send(...Array.from({ length: 40 }, () => ask));
    bob.send({ type: "say", text: "and I say" });
    const late = new FakeSocket(room, free);
    late.send({ type: "join", name: "late", history: 0 });
    await turn();
    expect(saidBy(bob)).toContain("and I say");
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

describe("whoever keeps order", () => {
  const kept = { operatorPassword: "gavel" };

  test("an operator knows the password, and all hear of it", async () => {
    const ada = await joined("ada", kept);
    const bob = await joined("bob", kept);
    ada.send({ type: "op", password: "gavel" }, { type: "topic", text: "tea" });
    jest.advanceTimersByTime(0);
    await turn();
    for (const { events } of [ada, bob]) {
      expect(events.slice(-2)).toMatchObject([
        { type: "opped", name: "ada" },
        { type: "topic", by: "ada", text: "tea" },
      ]);
    }
    expect(ada.text + bob.text).not.toContain("gavel");
    expect(room.members.find("ada")?.operator).toBe(true);
  });

  test("an operator is one with its seat, after a drop too, and no longer", async () => {
    const patient = { ...kept, rate: unlimited };
    const ada = await joined("ada", patient);
    ada.send({ type: "op", password: "gavel" });
    jest.advanceTimersByTime(0);
    await turn();
    ada.session.closed();
    const back = new FakeSocket(room, patient);
    back.send({ type: "join", name: "ada", token: ada.token }, { type: "bans" });
    await turn();
    expect(back.events.at(-1)).toEqual({ type: "bans", bans: [] });
    back.send({ type: "quit" });
    await turn();
    const anew = await joined("ada", kept);
    anew.send({ type: "bans" });
    await turn();
    expect(anew.codes).toEqual(["not-operator"]);
  });

  test("a wrong operator password is answered more slowly each time", async () => {
    const ada = await joined("ada", { ...kept, rate: unlimited });
    ada.send({ type: "op", password: "x" }, { type: "op", password: " " }, { type: "kick", name: "ada" });
    await pass(250);
    expect(ada.codes).toEqual(["wrong-password"]);
    await pass(500);
    expect(ada.codes).toEqual(["wrong-password", "wrong-password", "not-operator"]);
    expect(room.members.find("ada")?.operator).toBe(false);
  });

  test("no member is an operator where there is no password for it", async () => {
    const ada = await joined("ada");
    ada.send({ type: "op", password: "gavel" });
    await turn();
    expect(ada.events.at(-1)).toMatchObject({ code: "not-operator" });
  });

  test("an operator is told what cannot be done", async () => {
    const ada = await joined("ada", kept);
    ada.send(
      { type: "op", password: "gavel" },
      { type: "kick", name: "eve" },
      { type: "unban", name: "eve" },
    );
    jest.advanceTimersByTime(0);
    await turn();
    expect(ada.codes).toEqual(["no-such-member", "no-such-ban"]);
  });
});

describe("whoever is muted", () => {
  test("a muted member is not heard, is told by id, and is heard afterwards", async () => {
    const ada = await joined("ada", { rate: unlimited });
    const bob = await joined("bob");
    order({ type: "mute", name: "ada" });
    await turn();
    ada.send(
      { type: "say", text: "hush", id: "1" },
      { type: "act", text: "hush", id: "2" },
      { type: "tell", to: "bob", text: "hush", id: "3" },
    );
    await turn();
    expect(ada.events.filter(({ type }) => type === "error")).toEqual(
      ["1", "2", "3"].map((id) => ({
        type: "error",
        code: "muted",
        text: "You are muted: nobody hears you",
        id,
      })),
    );
    expect(bob.text).not.toContain("hush");
    ada.send({ type: "who" }, { type: "ping", id: "p" });
    await turn();
    expect(ada.types.slice(-2)).toEqual(["members", "pong"]);
    order({ type: "unmute", name: "ada" });
    await turn();
    ada.send({ type: "say", text: "hello" });
    await turn();
    expect(saidBy(bob)).toEqual(["hello"]);
  });

  test("a muted member stays muted after a drop and in a goodbye", async () => {
    const ada = await joined("ada", { rate: unlimited });
    const bob = await joined("bob");
    order({ type: "mute", name: "ada" });
    await turn();
    ada.session.closed();
    const back = new FakeSocket(room, { rate: unlimited });
    back.send(
      { type: "join", name: "ada", token: ada.token },
      { type: "say", text: "hush" },
      { type: "quit", text: "hush" },
    );
    await turn();
    expect(back.codes).toEqual(["muted"]);
    expect(bob.events.at(-1)).toMatchObject({ type: "left", name: "ada" });
    expect(bob.text).not.toContain("hush");
  });

  test("a muted member stays muted when it joins again, or is an operator", async () => {
    const bob = await joined("bob");
    order({ type: "mute", name: "bob" });
    await turn();
    bob.send({ type: "quit" });
    await turn();
    const back = await joined("bob", { rate: unlimited, operatorPassword: "boss" });
    back.send(
      { type: "say", text: "hush" },
      { type: "rename", name: "hush" },
      { type: "op", password: "boss" },
      { type: "topic", text: "hush" },
    );
    await turn();
    expect(back.codes).toEqual(["muted", "muted", "muted"]);
    expect(room.members.topic).toBeUndefined();
    order({ type: "unmute", name: "bob" });
    await turn();
    back.send({ type: "say", text: "hello" });
    await turn();
    expect(saidBy(back)).toEqual(["hello"]);
  });
});

describe("in the same turn as a ban", () => {
  const remote = (address: string) => new Origin(address, unlimited);

  test("a ban's turn lets none in from the address, under any name", async () => {
    const ada = await joined("ada", { rate: unlimited }, remote("10.9.0.2"));
    const bob = await joined("bob");
    const late = new FakeSocket(room, {}, remote("10.9.0.2"));
    order({ type: "ban", name: "10.9.0.2" });
    ada.send({ type: "rename", name: "ghost" });
    late.send({ type: "join", name: "late" });
    await turn();
    await turn();
    for (const socket of [ada, late]) expect(socket.types.at(-1)).toBe("bye");
    expect(room.members.roster().members).toEqual([{ name: "bob" }]);
    expect(bob.types).toContain("left");
  });

  test("a ban's turn lets none in under the name, nor take it", async () => {
    const ada = await joined("ada");
    const late = new FakeSocket(room);
    order({ type: "ban", name: "eve" });
    late.send({ type: "join", name: "eve" });
    ada.send({ type: "rename", name: "3v3" }, { type: "rename", name: "EVE" });
    await turn();
    expect(late.codes).toEqual(["banned"]);
    expect(ada.codes).toEqual(["banned"]);
    expect(room.members.roster().members).toEqual([{ name: "3v3" }]);
  });
});

test("a ban puts out one who came under its name in the same turn", async () => {
  const late = new FakeSocket(room);
  await joined("bob", {}, new Origin("192.0.2.8", unlimited));
  late.send({ type: "join", name: "eve" });
  order({ type: "ban", name: "eve" });
  await turn();
  await turn();
  expect(late.types.at(-1)).toBe("bye");
  expect(room.members.roster().members).toEqual([{ name: "bob" }]);
});

test("a member put out is not heard in the rest of the turn", async () => {
  const eve = await joined("eve", { rate: unlimited });
  const bob = await joined("bob");
  order({ type: "kick", name: "eve" });
  eve.send({ type: "say", text: "too late" }, { type: "tell", to: "bob", text: "psst" });
  await turn();
  expect(bob.types.at(-1)).toBe("kicked");
  expect(bob.text).not.toContain("too late");
  expect(bob.text).not.toContain("psst");
});

test("a ban holds for where its member is now, not where it joined from", async () => {
  const eve = await joined("eve", {}, new Origin("10.9.0.2", unlimited));
  await joined("bob");
  eve.session.closed();
  const back = new FakeSocket(room, {}, new Origin("10.9.0.3", unlimited));
  back.send({ type: "join", name: "eve", token: eve.token });
  await turn();
  expect(back.types[0]).toBe("welcome");
  back.session.closed();
  order({ type: "ban", name: "eve" });
  await turn();
  expect(["10.9.0.2", "10.9.0.3"].map((address) => room.members.isBanned(address))).toEqual([false, true]);
});

test("a connection whose seat was taken over and given up is closed", async () => {
  const ada = await joined("ada", { rate: unlimited });
  await joined("bob");
  const again = new FakeSocket(room, { rate: unlimited });
  ada.send({ type: "rename", name: "eve" });
  again.send({ type: "join", name: "ada", token: ada.token }, { type: "quit" });
  await turn();
  await turn();
  expect(again.types.at(-1)).toBe("bye");
  expect(room.members.roster().members).toEqual([{ name: "bob" }]);
});

describe("whoever is put out", () => {
  test("a member put out hears why at the end, its token is worth nothing", async () => {
    const ada = await joined("ada");
    const bob = await joined("bob");
    order({ type: "kick", name: "ada", text: "enough" });
    await turn();
    expect(ada.events.at(-1)).toEqual({
      type: "bye",
      code: "kicked",
      text: "You were kicked by server: enough",
    });
    expect(ada.acts.at(-1)).toBe("shutdown");
    expect(bob.types).not.toContain("left");
    expect(bob.events.at(-1)).toMatchObject({ type: "kicked", name: "ada", by: "server" });
    ada.session.closed();
    await pass(31_000, 1_000);
    expect(bob.types).not.toContain("left");
    const back = new FakeSocket(room);
    back.send({ type: "join", name: "ada", token: ada.token });
    await turn();
    expect(back.events[0]).toMatchObject({ type: "welcome", name: "ada" });
    expect(back.events[0]).not.toMatchObject({ token: ada.token });
    expect(bob.types).toContain("joined");
  });

  test("a banned member takes along all who share its address", async () => {
    const door = openDoor();
    const origin = (address: string) => {
      const { origin } = door.enter(address) ?? {};
      if (!origin) throw new Error(`${address} was turned away`);
      return origin;
    };
    const spammer = await joined("spammer", {}, origin("192.0.2.7"));
    const double = await joined("double", {}, origin("::ffff:192.0.2.7"));
    const bob = await joined("bob", {}, origin("192.0.2.8"));
    order({ type: "ban", name: "spammer", text: "spam" });
    await turn();
    const goodbyes = [spammer, double].flatMap(({ events }) => events.filter(({ type }) => type === "bye"));
    expect(goodbyes).toEqual([
      { type: "bye", code: "banned", text: "You were banned by server: spam" },
      { type: "bye", code: "banned", text: "Your address is banned from this room" },
    ]);
    for (const { acts } of [spammer, double]) expect(acts.at(-1)).toBe("shutdown");
    expect(bob.types.slice(-2)).toEqual(["banned", "left"]);
    expect(door.enter("192.0.2.7")).toMatchObject({ refusal: { code: "banned" } });
    expect(bob.text).not.toContain("192.0.2.7");
  });

  test("a member banned on this machine takes no other along", async () => {
    const door = openDoor();
    const here = door.enter("::1")?.origin;
    if (!here) throw new Error("This machine was turned away");
    await joined("spammer", {}, here);
    const bob = await joined("bob", {}, here);
    order({ type: "ban", name: "spammer" });
    await turn();
    expect(bob.events.at(-1)).toMatchObject({ type: "banned", name: "spammer" });
    expect(door.enter("::1")?.origin).toBe(here);
  });

  test("a banned member cannot come under the name, nor one that looks like it", async () => {
    order({ type: "ban", name: "bill" });
    await turn();
    const bob = await joined("bob", { rate: unlimited });
    for (const name of ["bill", "BILL", "bi1l"]) {
      const socket = new FakeSocket(room);
      socket.send({ type: "join", name });
      bob.send({ type: "rename", name });
      await turn();
      expect(socket.codes).toEqual(["banned"]);
    }
    expect(bob.codes).toEqual(["banned", "banned", "banned"]);
    expect(room.members.roster().members).toEqual([{ name: "bob" }]);
    order({ type: "unban", name: "bill" });
    await turn();
    bob.send({ type: "rename", name: "bill" });
    await turn();
    expect(bob.events.at(-1)).toMatchObject({ type: "renamed", to: "bill" });
  });
});

describe("what was asked has happened once the journal has it", () => {
  test("one of two who want a name in a turn has it, the other is told", async () => {
    const [first, second] = [new FakeSocket(room), new FakeSocket(room)];
    first.send({ type: "join", name: "ada" });
    second.send({ type: "join", name: "ADA" }, { type: "join", name: "bob" });
    await turn();
    expect(first.types[0]).toBe("welcome");
    expect(second.codes).toEqual(["name-taken"]);
    expect(second.types).toContain("welcome");
    expect(room.members.roster().members).toEqual([{ name: "ada" }, { name: "bob" }]);
  });

  test("nothing behind a join is read before the journal has the join", async () => {
    const socket = new FakeSocket(room, { rate: unlimited });
    socket.send(
      { type: "join", name: "ada" },
      { type: "say", text: "1" },
      { type: "rename", name: "eve" },
      { type: "say", text: "2" },
    );
    expect(socket.acts).toEqual(["pause"]);
    await turn();
    await turn();
    expect(socket.events.filter((event) => event.type === "said")).toMatchObject([
      { from: "ada", text: "1" },
      { from: "eve", text: "2" },
    ]);
    expect(socket.acts).toEqual(["pause", "resume", "pause", "resume"]);
  });

  test("a connection that breaks while it joins leaves a seat behind", async () => {
    const bob = await joined("bob");
    const socket = new FakeSocket(room);
    socket.send({ type: "join", name: "ada" });
    socket.session.closed();
    await turn();
    expect(room.members.roster().members).toEqual([{ name: "bob" }, { name: "ada", away: true }]);
    jest.advanceTimersByTime(30_000);
    await turn();
    expect(bob.events.at(-1)).toMatchObject({ type: "left", name: "ada" });
    expect(socket.text).toBe("");
  });

  test("a person whose connection breaks while joining is gone at once", async () => {
    const bob = await joined("bob");
    const socket = new FakeSocket(room);
    socket.send("ada");
    socket.session.closed();
    await turn();
    expect(bob.types.slice(-2)).toEqual(["joined", "left"]);
    expect(room.members.roster().members).toEqual([{ name: "bob" }]);
  });

  test("a rename and a kick in one turn happen in their order", async () => {
    const ada = await joined("ada");
    const bob = await joined("bob");
    ada.send({ type: "rename", name: "eve" });
    expect(order({ type: "kick", name: "ada" })).toBeUndefined();
    await turn();
    // The kick was for a name that nobody has any more.
    expect(bob.events.at(-1)).toMatchObject({ type: "renamed", to: "eve" });
    expect(order({ type: "kick", name: "eve" })).toBeUndefined();
    ada.send({ type: "rename", name: "ada" });
    await turn();
    expect(bob.events.at(-1)).toMatchObject({ type: "kicked", name: "eve" });
    expect(ada.types.at(-1)).toBe("bye");
    expect(room.members.roster().members).toEqual([{ name: "bob" }]);
  });
});
