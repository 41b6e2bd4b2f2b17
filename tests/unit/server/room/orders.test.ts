// Whom an order means, and what else it holds for than a name.

import { describe, expect, jest, setDefaultTimeout, test } from "bun:test";
import { isFault } from "../../../../lib/protocol/events.ts";
import { looks } from "../../../../lib/protocol/looks/looks.ts";
import type { SeatFact } from "../../../../lib/server/journal/facts.ts";
import type { Entry } from "../../../../lib/server/journal/journal.ts";
import type { Subject } from "../../../../lib/server/room/moderation.ts";
import { leaving, renaming, taking } from "../../../../lib/server/seats/changes.ts";
import { traceOf, whoHad } from "../../../../lib/server/seats/departed.ts";
import { testMs } from "../../../support/transcript.ts";
import { bob, isMuted, Kept, mayNotJoin } from "./kept.ts";

setDefaultTimeout(testMs);

describe("the member that is meant", () => {
  /** What event 1, 2, … does. */
  function happen(room: Kept, seq: number, change: Pick<Entry, "facts">): void {
    room.apply(change, { seq, at: seq });
  }

  const remote = (name: string, address: string): SeatFact => ({
    name,
    tokenHash: `hash of ${name}`,
    address,
  });

  test("an order means the one who had the name a moment ago", () => {
    const room = new Kept(remote("spam7", "192.0.2.7"), bob);
    const seat = room.seat("spam7");
    for (const [i, name] of ["spam8", "spam9"].entries()) happen(room, i + 1, renaming(seat, name));
    expect(room.entry({ type: "kick", name: "spam7" }).event).toMatchObject({
      type: "kicked",
      name: "spam9",
    });
    expect(room.entry({ type: "mute", name: "SPAM8" }).event).toMatchObject({ type: "muted", name: "spam9" });
    room.obey({ type: "ban", name: "spam8" });
    expect(mayNotJoin(room, "192.0.2.7", "another")).toBe(true);
    expect(mayNotJoin(room, "192.0.2.8", "spam9")).toBe(true);
  });

  test("an order with a position means the one who had the name there", () => {
    const room = new Kept(remote("spam", "192.0.2.7"), remote("mia", "192.0.2.8"));
    const [spam, mia] = [room.seat("spam"), room.seat("mia")];
    happen(room, 4, renaming(spam, "spam2"));
    happen(room, 6, renaming(mia, "spam"));
    const kicked = (seq?: number) => room.entry({ type: "kick", name: "spam", seq }).event;
    expect([kicked(), kicked(6), kicked(7)]).toMatchObject([
      { name: "spam" },
      { name: "spam" },
      { name: "spam" },
    ]);
    // The name was changed while the order was typed; it is mia's only after that.
    expect([kicked(3), kicked(5)]).toMatchObject([{ name: "spam2" }, { name: "spam2" }]);
    expect(room.refusal({ type: "kick", name: "spam2", seq: 3 })).toMatchObject({ code: "no-such-member" });
    expect(Object.keys(room.entry({ type: "mute", name: "spam", seq: 5 }).facts ?? {})).toEqual([
      "muted seat-of-spam",
    ]);
  });

  test("a ban of one who has left holds for its address, a kick says so", () => {
    const room = new Kept(remote("eve", "192.0.2.7"));
    happen(room, 3, leaving(room.seat("eve")));
    expect(room.refusal({ type: "kick", name: "eve" })).toMatchObject({
      text: expect.stringContaining("has left already"),
    });
    room.obey({ type: "ban", name: "Eve" });
    expect(mayNotJoin(room, "192.0.2.7", "another")).toBe(true);
    const muted = new Kept(remote("eve", "192.0.2.7"));
    happen(muted, 3, leaving(muted.seat("eve")));
    muted.obey({ type: "mute", name: "eve" });
    expect(isMuted(muted, "another", { address: "192.0.2.7" })).toBe(true);
    expect(isMuted(muted, "another", { address: "192.0.2.8" })).toBe(false);
  });

  test("a ban of one who has left leaves a later member of that name alone", () => {
    const room = new Kept(remote("eve", "192.0.2.7"));
    happen(room, 3, leaving(room.seat("eve")));
    happen(room, 5, taking("later", "here", remote("eve", "192.0.2.8")));
    expect(room.refusal({ type: "ban", name: "eve", seq: 4 })).toMatchObject({
      text: expect.stringContaining("is somebody else now"),
    });
    room.obey({ type: "ban", name: "eve", seq: 5 });
    expect(mayNotJoin(room, "192.0.2.8", "another")).toBe(true);
    expect(mayNotJoin(room, "192.0.2.7", "another")).toBe(false);
  });

  test("those who left are remembered, but not for ever", () => {
    jest.useFakeTimers();
    try {
      const room = new Kept(remote("eve", "192.0.2.7"));
      happen(room, 3, leaving(room.seat("eve")));
      jest.advanceTimersByTime(9 * 60_000);
      expect(isFault(room.refusal({ type: "mute", name: "eve" }))).toBe(false);
      jest.advanceTimersByTime(2 * 60_000);
      expect(room.refusal({ type: "mute", name: "eve" })).toMatchObject({ code: "no-such-member" });
      expect(whoHad("eve", room.seats.departed).map(traceOf)).toEqual([
        { name: "eve", names: [], address: "192.0.2.7", since: undefined, until: 3 },
      ]);
      for (let i = 0; i < 1_500; i++) {
        happen(room, 2 * i + 4, taking(`seat-${i}`, "here", { name: `guest${i}` }));
        happen(room, 2 * i + 5, leaving(room.seat(`guest${i}`)));
      }
      expect(whoHad("eve", room.seats.departed)).toEqual([]);
      expect([...room.seats.departed]).toHaveLength(1_000);
    } finally {
      jest.useRealTimers();
    }
  });
});

test("the server's own terminal stays an operator, and is told so", () => {
  const room = new Kept();
  expect(room.refusal({ type: "deop" }, "server")).toMatchObject({ code: "bad-field" });
  expect(room.refusal({ type: "deop", name: "eve" }, "server")).toMatchObject({ code: "no-such-member" });
});

describe("the address of a banned or muted member", () => {
  test("a ban leaves an address out where another member is, and says so", () => {
    const room = new Kept(bob, { name: "eve", address: "::ffff:192.0.2.1" });
    const { note, facts } = room.obey({ type: "ban", name: "eve" });
    expect(note).toContain("/ban 192.0.2.1");
    expect(JSON.stringify(facts)).not.toContain("192.0.2.1");
    expect(mayNotJoin(room, "192.0.2.1", "another")).toBe(false);
    expect(mayNotJoin(room, "192.0.2.9", "eve")).toBe(true);
    // The last one there takes it along.
    expect(room.obey({ type: "ban", name: "bob" }).note).toBeUndefined();
    expect(mayNotJoin(room, "192.0.2.1", "another")).toBe(true);
  });

  test("a mute leaves an address out where another member is", () => {
    const room = new Kept(bob, { name: "eve", address: "192.0.2.1" });
    room.obey({ type: "mute", name: "eve" });
    expect(isMuted(room, "another", { address: "192.0.2.1" })).toBe(false);
    expect(isMuted(room, "eve")).toBe(true);
  });

  test("an operator never bans its own address or itself", () => {
    const room = new Kept({ name: "eve", address: "192.0.2.7" }, { name: "ann", address: "192.0.2.9" });
    room.operatorAt = "192.0.2.7";
    expect(room.obey({ type: "ban", name: "eve" }).note).toContain("192.0.2.7");
    expect(room.moderation.isBanned("192.0.2.7")).toBe(false);
    for (const name of ["192.0.2.7", "192.0.2.0/24", "0.0.0.0/0", "ann", "ANN"]) {
      expect([name, room.refusal({ type: "ban", name })]).toMatchObject([name, { code: "bad-field" }]);
    }
  });

  test("no ban holds for this machine, however large its network is", () => {
    const room = new Kept();
    room.operatorAt = "";
    for (const name of ["0.0.0.0/0", "::/0", "127.0.0.0/7"]) room.obey({ type: "ban", name });
    expect(["127.0.0.1", "::1", "10.0.0.1", "2001:db8::1"].map((at) => room.moderation.isBanned(at))).toEqual(
      [false, false, true, true],
    );
    expect(room.refusal({ type: "ban", name: "127.0.0.0/8" })).toMatchObject({ code: "bad-field" });
  });

  test.each(["192.0.2.0/33", "192.0.2", "a.b", "1:2", "::1::", "x:"])("%j is no address to ban", (name) => {
    expect(new Kept().refusal({ type: "ban", name })).toMatchObject({ code: "bad-name" });
  });

  test("a ban of a network is lifted in any notation of it", () => {
    const room = new Kept();
    room.obey({ type: "ban", name: "10.0.0.0/8", text: "spam" });
    expect(mayNotJoin(room, "::ffff:a63:6", "eve")).toBe(true);
    expect(room.moderation.bans).toMatchObject([{ name: "10.0.0.0/8", text: "spam" }]);
    room.obey({ type: "unban", name: "10.99.0.6/8" });
    expect(mayNotJoin(room, "10.99.0.6", "eve")).toBe(false);
  });

  test("an unban tells which other ban holds for the address", () => {
    const [bob, eve] = ["bob", "eve"].map((name) => ({ name, address: "192.0.2.7" }));
    if (!bob || !eve) throw new Error("There are two");
    const room = new Kept(bob);
    room.obey({ type: "ban", name: "bob" });
    room.apply(taking("next", "here", eve));
    room.obey({ type: "ban", name: "eve" });
    const [withEve, withNetwork] = ["eve", "192.0.2.0/24"].map(
      (name) => `The address stays banned with ${name}: /unban ${name}`,
    );
    expect(room.refusal({ type: "unban", name: "192.0.2.7" })).toMatchObject({
      text: '"192.0.2.7" is banned with bob: /unban bob',
    });
    expect(room.obey({ type: "unban", name: "bob" }).note).toBe(withEve);
    for (const name of ["192.0.2.0/24", "192.0.2.7"]) room.obey({ type: "ban", name });
    expect(room.obey({ type: "unban", name: "eve" }).note).toBe(withNetwork);
    expect(room.obey({ type: "unban", name: "192.0.2.7" }).note).toBe(withNetwork);
    expect(room.refusal({ type: "unban", name: "192.0.2.64/26" })).toMatchObject({ code: "no-such-ban" });
    expect(room.obey({ type: "unban", name: "192.0.2.0/24" }).note).toBeUndefined();
    expect(mayNotJoin(room, "192.0.2.7", "bob")).toBe(false);
  });
});

describe("mutes", () => {
  test("a muted member stays so by its seat, its name, its key and its address", () => {
    const room = new Kept({ ...bob, address: "192.0.2.7" });
    room.seat("bob").owned = { name: "bob", keyHash: "k", seat: "seat-of-bob", usedAt: 0, stored: "" };
    room.obey({ type: "mute", name: "bob" });
    const under = (more: Partial<Subject>) => isMuted(room, "another", more);
    expect([under({ id: "seat-of-bob" }), under({ keyHash: "k" }), under({ address: "192.0.2.7" })]).toEqual([
      true,
      true,
      true,
    ]);
    expect([isMuted(room, "b0b"), under({}), under({ keyHash: "x" })]).toEqual([true, false, false]);
    room.obey({ type: "unmute", name: "bob" });
    expect([under({ id: "seat-of-bob" }), under({ keyHash: "k" }), under({ address: "192.0.2.7" })]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("a member who is muted by its address can be unmuted by its new name", () => {
    const room = new Kept({ ...bob, address: "192.0.2.7" });
    room.obey({ type: "mute", name: "bob" });
    room.obey({ type: "kick", name: "bob" });
    room.apply(taking("next", "here", { name: "rob", address: "192.0.2.7" }));
    expect(isMuted(room, "rob", { address: "192.0.2.7" })).toBe(true);
    expect(room.obey({ type: "unmute", name: "rob" }).facts).toEqual({ "muted seat-of-bob": null });
    expect(isMuted(room, "rob", { address: "192.0.2.7" })).toBe(false);
  });

  test("a member who is muted by its key can be unmuted by its new name", () => {
    const room = new Kept({ ...bob, address: "192.0.2.7" });
    const owned = { name: "bob", keyHash: "k", seat: "seat-of-bob", usedAt: 0, stored: "" };
    room.seat("bob").owned = owned;
    room.obey({ type: "mute", name: "bob" });
    room.obey({ type: "kick", name: "bob" });
    room.apply(taking("next", "here", { name: "rob", address: "198.51.100.9" }));
    room.seat("rob").owned = { ...owned, name: "rob", seat: "next" };
    expect(isMuted(room, "rob", { address: "198.51.100.9", keyHash: "k" })).toBe(true);
    expect(room.obey({ type: "unmute", name: "rob" }).facts).toEqual({ "muted seat-of-bob": null });
  });

  test("a mute of all holds for all but operators", () => {
    const room = new Kept(bob);
    room.obey({ type: "mute", name: "*", for: 1_000 });
    expect([isMuted(room, "bob"), isMuted(room, "ann", { operator: true })]).toEqual([true, false]);
    const renaming = (operator: boolean) =>
      room.moderation.refusesRename({ id: "another", looks: looks("bob"), operator }, "rob");
    expect([renaming(false)?.code, renaming(true)]).toEqual(["muted", undefined]);
    expect(room.refusal({ type: "unmute", name: "bob" })).toMatchObject({ code: "no-such-member" });
    room.obey({ type: "unmute", name: "*" });
    expect(isMuted(room, "bob")).toBe(false);
  });

  test("a mute of an earlier version holds, and can be lifted", () => {
    const room = new Kept({ name: "Bill" });
    room.apply({ facts: { "mute biii": "ann" } });
    expect([isMuted(room, "Bill"), isMuted(room, "b1ll"), isMuted(room, "bob")]).toEqual([true, true, false]);
    expect(room.obey({ type: "unmute", name: "bill" }).facts).toEqual({ "mute biii": null });
    expect(isMuted(room, "Bill")).toBe(false);
  });
});

test("a ban of an earlier version holds, and can be lifted", () => {
  const room = new Kept();
  const ban = (name: string, address?: string) => JSON.stringify({ name, by: "ann", at: 5, address });
  room.apply({
    facts: { "ban maiiory": ban("MalIory", "192.0.2.1"), "ban io.o.o.i": ban("10.0.0.1") },
  });
  expect([mayNotJoin(room, "192.0.2.9", "rnallory"), mayNotJoin(room, "192.0.2.1", "x")]).toEqual([
    true,
    true,
  ]);
  expect(mayNotJoin(room, "10.0.0.1", "x")).toBe(true);
  expect(room.obey({ type: "unban", name: "mallory" }).facts).toEqual({ "ban maiiory": null });
  expect(room.obey({ type: "unban", name: "::ffff:a00:1" }).facts).toEqual({ "ban io.o.o.i": null });
  expect(room.moderation.bans).toEqual([]);
});

test("bans and mutes end by themselves, and leave no fact", () => {
  const room = new Kept(bob);
  const now = Date.now();
  room.obey({ type: "mute", name: "bob", for: 60_000 });
  room.obey({ type: "ban", name: "eve", for: 120_000 });
  room.obey({ type: "ban", name: "mia" });
  expect(room.moderation.bans.find(({ name }) => name === "eve")?.until).toBeGreaterThanOrEqual(
    now + 120_000,
  );
  expect(room.moderation.ended(now)).toEqual([]);
  const ended = room.moderation.ended(now + 200_000);
  expect(ended.map(({ type, name }) => [type, name])).toEqual([
    ["unbanned", "eve"],
    ["unmuted", "bob"],
  ]);
  for (const { facts, expects } of ended) {
    for (const value of Object.values(expects)) expect(JSON.parse(value ?? "")).toMatchObject({ by: "ann" });
    room.apply({ facts });
  }
  expect([isMuted(room, "bob"), mayNotJoin(room, "192.0.2.9", "eve")]).toEqual([false, false]);
  expect(room.moderation.nextEnd).toBe(Infinity);
});
