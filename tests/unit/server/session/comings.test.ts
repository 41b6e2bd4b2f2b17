// What all members are shown of one who comes, goes or takes another name: how often, and under which names.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Origin } from "../../../../lib/server/limits/origin.ts";
import { Operators } from "../../../../lib/server/session/operators.ts";
import type { SessionOptions } from "../../../../lib/server/session/options.ts";
import { testMs } from "../../../support/transcript.ts";
import { inFakeRoom, joined, order, room } from "./fake-room.ts";
import { FakeSocket, pass, turn, unlimited } from "./fake-socket.ts";

setDefaultTimeout(testMs);

/** Whether the operators' password is still the one that was given. */
let isSamePassword = true;
inFakeRoom({ holds: () => isSamePassword });

const slow = { burst: 2, perSecond: 1 };
const free: Partial<SessionOptions> = { rate: unlimited };

describe("how often a member or an address is heard to come and go", () => {
  test("renames wait for their turn, and so does what is behind them", async () => {
    const bob = await joined("bob", free);
    const eve = await joined("eve", { ...free, renames: slow });
    for (const name of ["eve1", "eve2", "eve3", "eve4"]) eve.send({ type: "rename", name });
    eve.send({ type: "say", text: "hi" });
    await turn();
    const names = () => bob.events.flatMap((event) => (event.type === "renamed" ? [event.to] : []));
    expect(names()).toEqual(["eve1", "eve2"]);
    await pass(1_000);
    expect(names()).toEqual(["eve1", "eve2", "eve3"]);
    await pass(1_000);
    expect(names()).toEqual(["eve1", "eve2", "eve3", "eve4"]);
    expect(bob.events.at(-1)).toMatchObject({ type: "said", from: "eve4" });
  });

  test("a seat that is taken again has no more renames than before", async () => {
    const eve = await joined("eve", { ...free, renames: slow });
    eve.send({ type: "rename", name: "eve1" }, { type: "rename", name: "eve2" });
    await turn();
    const again = new FakeSocket(room, { ...free, renames: slow });
    again.send({ type: "join", name: "eve", token: eve.token, after: 0 }, { type: "rename", name: "eve3" });
    await turn();
    expect(room.members.find("eve2")).toBeDefined();
    await pass(1_000);
    expect(room.members.find("eve3")).toBeDefined();
  });

  test("joins and farewells have a limit, coming back to a seat has none", async () => {
    const bob = await joined("bob", free);
    const origin = new Origin("192.0.2.7", unlimited, slow);
    const heard = () => bob.events.flatMap((event) => (event.type === "left" ? [event.text ?? ""] : []));
    for (const name of ["a1", "a2", "a3"]) {
      const socket = new FakeSocket(room, free, origin);
      socket.send({ type: "join", name }, { type: "quit", text: `bye from ${name}` });
    }
    await pass(100, 10);
    expect(bob.types.filter((type) => type === "joined")).toHaveLength(3);
    expect(heard()).toEqual(["", ""]);
    await pass(5_000);
    expect(bob.events.findLast(({ type }) => type === "joined")).toMatchObject({ name: "a3" });
    await pass(20_000);
    const calm = await joined("calm", free, origin);
    calm.send({ type: "quit", text: "good night" });
    await turn();
    expect(heard().at(-1)).toBe("good night");
    const dora = await joined("dora", free, new Origin("192.0.2.8", unlimited, { burst: 1, perSecond: 1 }));
    for (let i = 0; i < 5; i++) {
      const again = new FakeSocket(room, free, origin);
      again.send({ type: "join", name: "dora", token: dora.token, after: 0 });
      await turn();
      expect(again.types[0]).toBe("welcome");
    }
  });

  test("a connection that is gone before its turn does not join", async () => {
    const origin = new Origin("192.0.2.7", unlimited, { burst: 1, perSecond: 1 });
    await joined("ada", free, origin);
    const late = new FakeSocket(room, free, origin);
    late.send({ type: "join", name: "late" });
    late.session.closed();
    await pass(3_000);
    expect(room.members.find("late")).toBeUndefined();
  });
});

describe("names of those who run things", () => {
  const key = "the-key-of-the-admin";

  test("an operator alone can take one, and owns it with a key from then on", async () => {
    const ada = new FakeSocket(room, { ...free, operators: new Operators("boss") });
    ada.send({ type: "join", name: "ada", key }, { type: "rename", name: "admin" });
    await turn();
    expect(ada.codes).toEqual(["name-reserved"]);
    ada.send({ type: "op", password: "boss" }, { type: "rename", name: "Admin" });
    await turn();
    ada.send({ type: "quit" });
    await turn();
    const strangers = ["admin", "Adrnin", "r00t", "Here"].map((name) => {
      const socket = new FakeSocket(room, free);
      socket.send({ type: "join", name, key: "the-key-of-another" });
      return socket;
    });
    const back = new FakeSocket(room, free);
    back.send({ type: "join", name: "admin", key });
    await pass(1_000);
    expect(strangers.map(({ codes }) => codes)).toEqual([
      ["name-owned"],
      ["name-owned"],
      ["name-reserved"],
      ["name-reserved"],
    ]);
    expect(back.events[0]).toMatchObject({ type: "welcome" });
    const script = new FakeSocket(room, free);
    const post = { type: "post", name: "admin", text: "done" };
    script.send({ ...post, id: "1" }, { ...post, id: "2", key });
    await pass(1_000);
    expect(script.events).toMatchObject([{ code: "name-owned" }, { type: "seen", id: "2" }]);
  });

  test.each(["deop", "another password"])(
    "an operator that is made none owns none any more: %s",
    async (how) => {
      const operators = new Operators("boss");
      const ada = new FakeSocket(room, { ...free, operators });
      ada.send({ type: "join", name: "ada", key }, { type: "op", password: "boss" });
      for (const name of ["root", "bea", "admin"]) ada.send({ type: "rename", name });
      await pass(1_000);
      const [welcome] = ada.events;
      if (how === "deop") ada.send({ type: "deop" });
      else {
        isSamePassword = false;
        room.members.enforcement.revokeOperators();
        isSamePassword = true;
      }
      await pass(1_000);
      expect(room.members.roster().members).toEqual([{ name: "admin" }]);
      expect(["root", "bea", "admin"].map((name) => room.members.ownerOf(name)?.name)).toEqual([
        undefined,
        "bea",
        undefined,
      ]);
      // It keeps the name until it leaves, over a drop, too.
      ada.session.closed();
      const back = new FakeSocket(room, free);
      const token = welcome?.type === "welcome" ? welcome.token : undefined;
      back.send({ type: "join", name: "admin", token, key });
      await turn();
      expect(back.events[0]).toMatchObject({ type: "welcome", name: "admin" });
      back.send({ type: "quit" });
      await turn();
      const again = new FakeSocket(room, free);
      again.send({ type: "join", name: "admin", key });
      await turn();
      expect(again.codes).toEqual(["name-reserved"]);
    },
  );

  test("a name that looks like another one is taken, in any of its looks", async () => {
    for (const name of ["mallory", "ivy", "Dan"]) await joined(name, free);
    for (const name of ["rnallory", "\u03b9\u03bd\u03b3", "\u0110an"]) {
      const socket = new FakeSocket(room, free);
      socket.send({ type: "join", name });
      await turn();
      expect([name, socket.codes]).toEqual([name, ["name-taken"]]);
      const bob = await joined("bob", free);
      bob.send({ type: "rename", name });
      await turn();
      expect([name, bob.codes]).toEqual([name, ["name-taken"]]);
      bob.send({ type: "quit" });
      await turn();
    }
  });
});

test("a ban and a mute end when their time is over, and all hear of it", async () => {
  const bob = await joined("bob", free, new Origin("192.0.2.7", unlimited));
  const eve = await joined("eve", free, new Origin("192.0.2.8", unlimited));
  order({ type: "mute", name: "bob", for: 10_000 });
  order({ type: "ban", name: "eve", for: 20_000, text: "spam" });
  await turn();
  expect(eve.types.at(-1)).toBe("bye");
  expect(bob.events.slice(-2)).toMatchObject([
    { type: "muted", until: expect.any(Number) },
    { type: "banned", text: "spam", until: expect.any(Number) },
  ]);
  bob.send({ type: "say", text: "hi" });
  await turn();
  expect(bob.codes).toEqual(["muted"]);
  await pass(11_000, 500);
  expect(bob.events.at(-1)).toMatchObject({ type: "unmuted", name: "bob", by: "server" });
  await pass(10_000, 500);
  expect(bob.events.at(-1)).toMatchObject({ type: "unbanned", name: "eve", by: "server" });
  bob.send({ type: "say", text: "hi" });
  await turn();
  expect(bob.events.at(-1)).toMatchObject({ type: "said", text: "hi" });
  expect((await joined("eve", free)).types[0]).toBe("welcome");
});

test("what is said in the turn of a mute of all is not said", async () => {
  const bob = await joined("bob", free);
  order({ type: "mute", name: "*" });
  bob.send({ type: "say", text: "me?" });
  await turn();
  expect([bob.codes, bob.events.at(-1)?.type]).toEqual([["muted"], "error"]);
});
