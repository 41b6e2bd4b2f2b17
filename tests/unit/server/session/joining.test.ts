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
