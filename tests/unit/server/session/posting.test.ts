// A message of a sender that takes no seat: it is said once, and held to what holds for a join.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Origin } from "../../../../lib/server/limits/origin.ts";
import { testMs } from "../../../support/transcript.ts";
import { emptied, inFakeRoom, joined, order, room } from "./fake-room.ts";
import { FakeSocket, pass, reports, textsHeard, turn, unlimited } from "./fake-socket.ts";

setDefaultTimeout(testMs);

inFakeRoom();

const post = (text: string, more: object = {}) => ({ type: "post", name: "cron", text, id: text, ...more });

/** What a new connection is answered that posts these. */
async function posted(...posts: object[]): Promise<FakeSocket> {
  const socket = new FakeSocket(room, { rate: unlimited });
  socket.send(...posts);
  await pass(1_000);
  return socket;
}

describe("posting", () => {
  test("a post is said under its name, acknowledged, and takes no seat", async () => {
    const bob = await joined("bob");
    const sender = await posted(post("one"));
    expect(sender.events).toEqual([{ type: "seen", id: "one", seq: room.seq }]);
    expect(bob.events.at(-1)).toMatchObject({ type: "said", from: "cron", text: "one", id: "one" });
    expect(bob.types.filter((type) => type === "joined")).toHaveLength(1);
    expect(room.members.roster().members).toEqual([{ name: "bob" }]);
  });

  test("posts of one connection are said in their order", async () => {
    const bob = await joined("bob");
    const sender = await posted(post("one"), post("two", { name: "other" }), post("three"));
    expect(textsHeard(bob)).toEqual(["one", "two", "three"]);
    expect(sender.types).toEqual(["seen", "seen", "seen"]);
  });

  test("three senders under one name at once all get through", async () => {
    const bob = await joined("bob");
    const senders = ["one", "two", "three"].map((text) => {
      const socket = new FakeSocket(room);
      socket.send(post(text));
      return socket;
    });
    await turn();
    expect(textsHeard(bob).sort()).toEqual(["one", "three", "two"]);
    expect(senders.map(({ types }) => types)).toEqual([["seen"], ["seen"], ["seen"]]);
  });

  test("a post that is sent again after a drop is said once", async () => {
    const bob = await joined("bob");
    const first = new FakeSocket(room);
    first.send(post("one"));
    first.session.closed();
    const again = await posted(post("one"));
    expect(textsHeard(bob)).toEqual(["one"]);
    expect(again.events).toMatchObject([{ type: "seen", id: "one" }]);
  });

  test("one id under two names is two messages", async () => {
    const bob = await joined("bob");
    await posted(post("same", { name: "a" }), post("same", { name: "b" }));
    expect(textsHeard(bob)).toEqual(["same", "same"]);
  });

  test.each([
    ["the name of a member", "bob", "name-taken"],
    ["a name that looks like it", "BOB", "name-taken"],
    ["a name that only the server has", "server", "name-reserved"],
    ["no name at all", "", "bad-name"],
  ])("nothing is posted under %s", async (_, name, code) => {
    const bob = await joined("bob");
    const sender = await posted(post("one", { name }));
    expect(sender.events).toMatchObject([{ type: "error", code, id: "one" }]);
    expect(textsHeard(bob)).toEqual([]);
  });

  test("nothing is posted under a banned or a muted name", async () => {
    const bob = await joined("bob");
    order({ type: "ban", name: "cron" });
    const eve = await joined("eve");
    order({ type: "mute", name: "eve" });
    await turn();
    eve.send({ type: "quit" });
    await turn();
    const sender = await posted(post("one"), post("two", { name: "eve" }));
    expect(sender.codes).toEqual(["banned", "muted"]);
    expect(textsHeard(bob)).toEqual([]);
  });

  test("nothing is posted from a banned address", async () => {
    const bob = await joined("bob", {}, new Origin("192.0.2.9", unlimited));
    order({ type: "ban", name: "192.0.2.1" });
    await turn();
    const sender = await posted(post("one"));
    expect(sender.codes).toEqual(["banned"]);
    expect(textsHeard(bob)).toEqual([]);
  });

  test("an owned name is posted under with its key alone, in use or not", async () => {
    const key = "a-key-that-is-long-enough";
    const bob = await joined("bob");
    const cron = new FakeSocket(room, { rate: unlimited });
    cron.send({ type: "join", name: "cron", key });
    await turn();
    expect(cron.types).toContain("welcome");
    for (const when of ["used", "left"]) {
      expect((await posted(post(`${when}-without`))).codes).toEqual(["name-owned"]);
      const wrong = await posted(post(`${when}-wrong`, { key: "another-key-as-long" }));
      expect(wrong.codes).toEqual(["name-owned"]);
      expect((await posted(post(when, { key }))).types).toEqual(["seen"]);
      cron.send({ type: "quit" });
      await turn();
    }
    expect(textsHeard(bob)).toEqual(["used", "left"]);
  });

  test("a member says what it wants to say, and posts nothing", async () => {
    const bob = await joined("bob");
    bob.send(post("one"));
    await turn();
    expect(bob.events.at(-1)).toMatchObject({ type: "error", code: "already-joined", id: "one" });
  });

  test.each([
    [{ text: "" }, "empty"],
    [{ id: undefined }, "bad-field"],
    [{ password: 7 }, "bad-field"],
    [{ key: 7 }, "bad-field"],
  ])("a post with the field %j is refused", async (field, code) => {
    expect((await posted(post("one", field))).codes).toEqual([code]);
  });

  test("a room with a password takes no post without it", async () => {
    const password = "open sesame";
    const bob = await joined("bob");
    const socket = new FakeSocket(room, { password });
    socket.send(post("one"), post("two", { password: "wrong" }));
    await pass(1_000);
    expect(socket.codes).toEqual(["wrong-password", "wrong-password"]);
    socket.send(post("three", { password }));
    await pass(1_000);
    expect(textsHeard(bob)).toEqual(["three"]);
    expect(reports).toEqual(["192.0.2.1 gave a wrong room password"]);
  });

  test("posts empty no room, and end no server", async () => {
    await posted(post("one"));
    expect(emptied).toBe(0);
  });

  test("a sender has its time anew with each post, and then no longer", async () => {
    // A json sender speaks before it would be greeted.
    const socket = new FakeSocket(room, { greetAfterMs: 60_000 });
    await pass(15_000, 500);
    socket.send(post("one"));
    await pass(15_000, 500);
    socket.send(post("two"));
    await pass(15_000, 500);
    expect(socket.types).toEqual(["seen", "seen"]);
    await pass(10_000, 500);
    expect(socket.events.at(-1)).toMatchObject({ type: "bye", code: "too-late" });
  });
});
