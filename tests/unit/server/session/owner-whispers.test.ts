// Whispers that reach an owner who was away, and messages that stay an owner's own from one day to the next.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { testMs } from "../../../support/transcript.ts";
import { inFakeRoom, order } from "./fake-room.ts";
import { pass, turn } from "./fake-socket.ts";
import { join, key, leave, other, welcomeOf, whispers } from "./keyed.ts";

setDefaultTimeout(testMs);

inFakeRoom();

describe("a whisper to an owner who is away", () => {
  test("a whisper to an owner who is away is among what the owner missed", async () => {
    const ada = await join({ name: "ada", key });
    const { epoch, seq } = welcomeOf(ada);
    await leave(ada);
    const bob = await join({ name: "bob" });
    bob.send({ type: "tell", to: "Ada", text: "one", id: "1" }, { type: "tell", to: "eve", text: "two" });
    await turn();
    expect(bob.events.find(({ type }) => type === "told")).toMatchObject({ to: "ada", away: true, id: "1" });
    expect(bob.codes).toEqual(["no-such-member"]);
    const fresh = await join({ name: "ada", key });
    expect(whispers(fresh)).toEqual(["one"]);
    await leave(fresh);
    const resumed = await join({ name: "ada", key, epoch, after: seq });
    expect(whispers(resumed)).toEqual(["one"]);
    const eve = await join({ name: "eve", key: other, epoch, after: 0 });
    expect(whispers(eve)).toEqual([]);
  });

  test("whispers that are older than the history shown come before it, once", async () => {
    await leave(await join({ name: "ada", key }));
    const bob = await join({ name: "bob" });
    bob.send({ type: "tell", to: "ada", text: "one" }, { type: "say", text: "between" });
    bob.send({ type: "tell", to: "ada", text: "two" });
    for (let i = 0; i < 60; i++) bob.send({ type: "say", text: `${i}` });
    bob.send({ type: "tell", to: "ada", text: "three" });
    await turn();
    const first = await join({ name: "ada", key });
    await pass(500);
    expect(first.types.slice(0, 4)).toEqual(["welcome", "waiting", "history", "joined"]);
    expect(first.events[1]).toMatchObject({ events: [{ text: "one" }, { text: "two" }] });
    expect(whispers(first)).toEqual(["three"]);
    // Its connection may have broken before it had them.
    const again = await join({ name: "ada", key, history: 0 });
    await pass(500);
    expect(again.events[1]).toMatchObject({ events: [{ text: "one" }, { text: "two" }, { text: "three" }] });
    again.session.closed();
    bob.send({ type: "tell", to: "ada", text: "four" });
    await pass(31_000, 1_000);
    const later = await join({ name: "ada", key, history: 0 });
    await pass(500);
    expect(later.events[1]).toMatchObject({ type: "waiting", events: [{ text: "four" }] });
    await leave(later);
    const last = await join({ name: "ada", key, history: 0 });
    await pass(500);
    expect(last.types).toEqual(["welcome", "joined"]);
  });

  test("an owner finds its own whispers of earlier days by the key", async () => {
    const bob = await join({ name: "bob" });
    const ada = await join({ name: "ada", key });
    ada.send({ type: "tell", to: "bob", text: "rendezvous" });
    await turn();
    await leave(ada);
    const back = await join({ name: "ada", key, history: 0 });
    back.send({ type: "search", text: "rendezvous", id: "s" });
    await pass(500);
    expect(back.events.find(({ type }) => type === "results")).toMatchObject({
      events: [{ text: "rendezvous" }],
    });
    expect(whispers(bob)).toEqual(["rendezvous"]);
  });

  test("a message sent again after a restart of its client is said once", async () => {
    const ada = await join({ name: "ada", key });
    ada.send({ type: "say", text: "once", id: "a-1" });
    await turn();
    await leave(ada);
    const back = await join({ name: "ada", key });
    back.send({ type: "say", text: "once", id: "a-1" });
    await turn();
    expect(back.events.at(-1)).toMatchObject({ type: "seen", id: "a-1" });
  });

  test("a whisper is not for the next owner of the name", async () => {
    await leave(await join({ name: "ada", key }));
    const bob = await join({ name: "bob" });
    const { seq } = welcomeOf(bob);
    bob.send({ type: "tell", to: "ada", text: "for the first one" });
    await turn();
    order({ type: "free", name: "ada" });
    await turn();
    const eve = await join({ name: "ada", key: other });
    expect(whispers(eve)).toEqual([]);
    await leave(eve);
    bob.send({ type: "tell", to: "ada", text: "not for eve", seq });
    await turn();
    expect(bob.codes).toEqual(["no-such-member"]);
  });

  test("a whisper reaches an owner who came back under another seq", async () => {
    const ada = await join({ name: "ada", key });
    const bob = await join({ name: "bob" });
    const { seq } = welcomeOf(bob);
    await leave(ada);
    const back = await join({ name: "ada", key });
    bob.send({ type: "tell", to: "ada", text: "still you", seq });
    await turn();
    expect(bob.codes).toEqual([]);
    expect(whispers(back)).toEqual(["still you"]);
  });
});
