// What was asked has happened once the journal has it: until then a session waits.

import { describe, expect, jest, setDefaultTimeout, test } from "bun:test";
import { testMs } from "../../../support/transcript.ts";
import { inFakeRoom, joined, order, room } from "./fake-room.ts";
import { FakeSocket, turn, unlimited } from "./fake-socket.ts";

setDefaultTimeout(testMs);

inFakeRoom();

describe("joining", () => {
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
    expect(socket.acts).toEqual(["pause", "resume"]);
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
    // The kick was for a name that no member has any more.
    expect(bob.events.at(-1)).toMatchObject({ type: "renamed", to: "eve" });
    expect(order({ type: "kick", name: "eve" })).toBeUndefined();
    ada.send({ type: "rename", name: "ada" });
    await turn();
    expect(bob.events.at(-1)).toMatchObject({ type: "kicked", name: "eve" });
    expect(ada.types.at(-1)).toBe("bye");
    expect(room.members.roster().members).toEqual([{ name: "bob" }]);
  });
});

test("a crowd that joins at once gets one room, each from its welcome on", async () => {
  const dora = await joined("dora", { rate: unlimited });
  const crowd = Array.from({ length: 40 }, () => new FakeSocket(room));
  for (const [i, socket] of crowd.entries()) {
    socket.send(i % 4 === 3 ? `guest${i}` : { type: "join", name: `guest${i}`, history: i % 4 });
    dora.send({ type: "say", text: `line ${i}` }, { type: "tell", to: `guest${i}`, text: "psst" });
    if (i % 10 === 0) dora.send({ type: "rename", name: `dora${i}` });
    if (i % 7 === 0) await turn();
  }
  for (let turns = 0; turns < 20; turns++) await turn();
  const all = room.members.roster().members.map(({ name }) => name);
  expect(all).toHaveLength(41);
  for (const [i, socket] of crowd.entries()) {
    if (i % 4 === 3) {
      expect(socket.text).toStartWith(`You are connected as guest${i}. Here: dora`);
      continue;
    }
    const [welcome, ...events] = socket.events;
    if (welcome?.type !== "welcome") throw new Error(socket.text);
    expect(welcome.name).toBe(`guest${i}`);
    const here = new Set(welcome.members.map(({ name }) => name));
    expect(here).not.toContain(`guest${i}`);
    let { seq } = welcome;
    for (const event of events) {
      if (!("seq" in event) || !("at" in event)) continue;
      expect(event.seq).toBeGreaterThan(seq);
      seq = event.seq;
      if (event.type === "joined") here.add(event.name);
      if (event.type === "renamed") here.delete(event.from);
      if (event.type === "renamed") here.add(event.to);
    }
    expect([...here].sort()).toEqual([...all].sort());
    expect(events.filter(({ type }) => type === "history")).toHaveLength(i % 4 === 0 ? 0 : 1);
  }
});

test("those who come back at once get what each of them missed, whispers too", async () => {
  const dora = await joined("dora", { rate: unlimited });
  const crowd = await Promise.all(Array.from({ length: 20 }, (_, i) => joined(`guest${i}`)));
  for (let turns = 0; turns < 20; turns++) await turn();
  const { seq } = room;
  for (const socket of crowd) socket.session.closed();
  for (const i of crowd.keys()) {
    dora.send({ type: "say", text: `line ${i}` }, { type: "tell", to: `guest${i}`, text: `psst ${i}` });
    await turn();
  }
  const back = crowd.map(({ token }, i) => {
    const socket = new FakeSocket(room);
    socket.send({ type: "join", name: `guest${i}`, token, after: seq });
    return socket;
  });
  for (let turns = 0; turns < 60; turns++) await turn();
  const lines = Array.from(crowd.keys(), (i) => `line ${i}`);
  for (const [i, { events, types }] of back.entries()) {
    expect(types[0]).toBe("welcome");
    const texts = events.flatMap((event) => ("text" in event && "seq" in event ? [event.text] : []));
    expect(texts).toEqual(lines.toSpliced(i + 1, 0, `psst ${i}`));
  }
});
