// What operators do to members, as their sessions hear of it.

import { describe, expect, jest, setDefaultTimeout, test } from "bun:test";
import { Origin } from "../../../../lib/server/limits/origin.ts";
import { Operators } from "../../../../lib/server/session/operators.ts";
import { testMs } from "../../../support/transcript.ts";
import { inFakeRoom, joined, openDoor, order, room } from "./fake-room.ts";
import { FakeSocket, pass, textsHeard, turn, unlimited } from "./fake-socket.ts";

setDefaultTimeout(testMs);

inFakeRoom();

describe("an operator", () => {
  const kept = { operators: new Operators("gavel") };

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

describe("a muted member", () => {
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
    expect(textsHeard(bob)).toEqual(["hello"]);
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
    const back = await joined("bob", { rate: unlimited, operators: new Operators("boss") });
    back.send(
      { type: "say", text: "hush" },
      { type: "rename", name: "hush" },
      { type: "op", password: "boss" },
      { type: "topic", text: "hush" },
    );
    await turn();
    expect(back.codes).toEqual(["muted", "muted", "muted"]);
    expect(room.members.moderation.topic).toBeUndefined();
    order({ type: "unmute", name: "bob" });
    await turn();
    back.send({ type: "say", text: "hello" });
    await turn();
    expect(textsHeard(back)).toEqual(["hello"]);
  });
});

test("a muted operator can put members out and unmute itself, in silence", async () => {
  const ada = await joined("ada", { rate: unlimited, operators: new Operators("boss") });
  const bob = await joined("bob");
  ada.send({ type: "op", password: "boss" }, { type: "mute", name: "ada" });
  await pass(100, 10);
  ada.send(
    { type: "kick", name: "bob", text: "hush" },
    { type: "topic", text: "hush" },
    { type: "kick", name: "bob" },
    { type: "say", text: "hush" },
    { type: "unmute", name: "ADA" },
    { type: "say", text: "hello" },
  );
  await pass(100, 10);
  expect(ada.codes).toEqual(["muted", "muted", "muted"]);
  expect(bob.events.at(-1)).toMatchObject({ type: "bye", code: "kicked", text: "You were kicked by ada" });
  expect(textsHeard(ada)).toEqual(["hello"]);
  expect(ada.events.slice(-2).map(({ type }) => type)).toEqual(["unmuted", "said"]);
});

test("a muted operator's ban is carried out though its member was renamed", async () => {
  const ada = await joined("ada", { rate: unlimited, operators: new Operators("boss") });
  const bob = await joined("bob", { rate: unlimited });
  ada.send({ type: "op", password: "boss" }, { type: "mute", name: "ada" });
  await pass(100, 10);
  bob.send({ type: "rename", name: "eve" });
  ada.send({ type: "ban", name: "bob" });
  await turn();
  await turn();
  expect(ada.codes).toEqual([]);
  const banned = ada.events.filter(({ type }) => type === "banned");
  expect(banned).toMatchObject([{ type: "banned", name: "eve", by: "ada" }]);
});

describe("the turn of a ban", () => {
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
  expect(["10.9.0.2", "10.9.0.3"].map((address) => room.members.moderation.isBanned(address))).toEqual([
    false,
    true,
  ]);
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

describe("a member put out", () => {
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

  test("a banned address takes along all who are there, a name no other", async () => {
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
    expect(double.types.at(-1)).toBe("banned");
    expect(door.enter("192.0.2.7")).toMatchObject({ origin: {} });
    order({ type: "ban", name: "192.0.2.0/29" });
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
