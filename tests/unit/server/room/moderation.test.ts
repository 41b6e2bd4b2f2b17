import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { isFault } from "../../../../lib/protocol/events.ts";
import { factKey, readFacts } from "../../../../lib/server/journal/facts.ts";
import { addressKey } from "../../../../lib/server/limits/addresses.ts";
import { leaving, moving, taking } from "../../../../lib/server/seats/changes.ts";
import { testMs } from "../../../support/transcript.ts";
import { bob, isMuted, Kept, mayNotJoin } from "./kept.ts";

setDefaultTimeout(testMs);

const at = { seq: 0, at: 0 };

describe("kick", () => {
  test("a kick takes the seat away, and says by whom and why", () => {
    const room = new Kept(bob);
    const seat = room.seat("bob");
    expect(room.entry({ type: "kick", name: "BOB", text: "enough" })).toEqual({
      event: { ...at, type: "kicked", name: "bob", by: "ann", text: "enough" },
      ...leaving(seat),
    });
    room.obey({ type: "kick", name: "bob" });
    expect(room.seats.byName("bob")).toBeUndefined();
    expect(mayNotJoin(room, "192.0.2.1", "bob")).toBe(false);
  });
});

describe("mute and unmute", () => {
  test("a mute holds for a name and all that look like it, until unmute", () => {
    const room = new Kept(bob);
    const { event, facts } = room.obey({ type: "mute", name: "Bob" });
    expect(event).toEqual({ ...at, type: "muted", name: "bob", by: "ann", until: undefined });
    expect(Object.keys(facts ?? {})).toEqual(["muted seat-of-bob"]);
    expect(["bob", "BOB", "b0b", "bobo"].map((name) => isMuted(room, name))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    room.obey({ type: "kick", name: "bob" });
    expect(isMuted(room, "bob")).toBe(true);
    expect(room.obey({ type: "unmute", name: "bob" })).toEqual({
      event: { ...at, type: "unmuted", name: "bob", by: "ann" },
      facts: { "muted seat-of-bob": null },
    });
    expect(isMuted(room, "bob")).toBe(false);
  });
});

describe("ban", () => {
  test("a ban puts out the member whose name looks like it", () => {
    const room = new Kept({ name: "bill" });
    room.obey({ type: "ban", name: "biii" });
    expect(room.seats.size).toBe(0);
  });

  test("a second ban of a name keeps the address that is banned with it", () => {
    const room = new Kept(bob);
    room.obey({ type: "ban", name: "bob" });
    room.obey({ type: "ban", name: "b0b", text: "again" });
    expect(room.moderation.isBanned("192.0.2.1")).toBe(true);
    expect(room.moderation.bans).toMatchObject([{ name: "b0b", text: "again" }]);
  });

  test("a ban holds for the address of its member now, not for former ones", () => {
    const room = new Kept(bob);
    room.apply(moving(room.seat("bob"), "here", "192.0.2.9", undefined));
    room.obey({ type: "ban", name: "bob" });
    expect(["192.0.2.1", "192.0.2.9"].map((address) => room.moderation.isBanned(address))).toEqual([
      false,
      true,
    ]);
  });
});

describe("topic", () => {
  test("a topic is set and taken away", () => {
    const room = new Kept();
    expect(room.moderation.topic).toBeUndefined();
    expect(room.obey({ type: "topic", text: "tea" })).toEqual({
      event: { ...at, type: "topic", by: "ann", text: "tea" },
      facts: { topic: "tea" },
    });
    expect(room.moderation.topic).toBe("tea");
    expect(room.obey({ type: "topic", text: undefined })).toEqual({
      event: { ...at, type: "topic", by: "ann", text: undefined },
      facts: { topic: null },
    });
    expect(room.moderation.topic).toBeUndefined();
  });
});

describe("ban", () => {
  test("a ban of a member holds for its name and its address, never told", () => {
    const room = new Kept(bob);
    const seat = room.seat("bob");
    const change = leaving(seat);
    const entry = room.obey({ type: "ban", name: "BOB", text: "spam" });
    expect(entry.event).toEqual({ ...at, type: "banned", name: "bob", by: "ann", text: "spam" });
    expect(entry.facts).toMatchObject(change.facts);
    expect(entry.expects).toEqual(change.expects);
    expect(room.seats.size).toBe(0);
    const { moderation } = room;
    expect(mayNotJoin(room, "198.51.100.1", "bob")).toBe(true);
    expect(moderation.isBanned("192.0.2.1")).toBe(true);
    expect(mayNotJoin(room, "192.0.2.1", "eve")).toBe(true);
    expect(mayNotJoin(room, "::ffff:192.0.2.1", "eve")).toBe(true);
    expect(mayNotJoin(room, "198.51.100.1", "eve")).toBe(false);
    expect(moderation.bans).toEqual([{ name: "bob", by: "ann", at: expect.any(Number), text: "spam" }]);
    expect(JSON.stringify([entry.event, moderation.bans])).not.toContain("192.0.2.1");
  });

  test("a ban of a member from an IPv6 network holds for the network", () => {
    const room = new Kept({ name: "bob", address: "2001:db8::5" });
    room.obey({ type: "ban", name: "bob" });
    expect(room.moderation.isBanned("2001:db8::6")).toBe(true);
    expect(room.moderation.isBanned("2001:db8:0:1::5")).toBe(false);
  });

  test.each(["127.0.0.1", "::1", "::ffff:127.0.0.1"])(
    "a ban of a member at %s holds for the name alone",
    (address) => {
      const room = new Kept({ name: "bob", address });
      room.obey({ type: "ban", name: "bob" });
      expect(mayNotJoin(room, address, "bob")).toBe(true);
      expect(mayNotJoin(room, address, "eve")).toBe(false);
      expect(room.moderation.isBanned(address)).toBe(false);
    },
  );

  test("a ban of a name that is not here leaves every member its seat", () => {
    const room = new Kept(bob);
    expect(room.obey({ type: "ban", name: "Eve" })).toEqual({
      event: { ...at, type: "banned", name: "Eve", by: "ann", text: undefined, until: undefined },
      facts: { "ban eve": expect.any(String) },
      // No member may have come under it in the same moment.
      expects: { "name eve": null },
    });
    expect(mayNotJoin(room, "192.0.2.9", "eve")).toBe(true);
    expect(room.seats.size).toBe(1);
  });

  test.each(["bill", "BILL", "biii", "bi1l", "Ｂill"])(
    "a ban of bill is one of %s, which looks like it",
    (name) => {
      const room = new Kept();
      room.obey({ type: "ban", name: "bill" });
      expect(mayNotJoin(room, "192.0.2.1", name)).toBe(true);
      expect(mayNotJoin(room, "192.0.2.1", "bull")).toBe(false);
      expect(isFault(room.refusal({ type: "unban", name }))).toBe(false);
    },
  );

  test.each([
    ["192.0.2.7", "192.0.2.7", "192.0.2.8"],
    ["::ffff:192.0.2.7", "192.0.2.7", "192.0.2.8"],
    ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"],
    ["2001:DB8:0:0::1", "2001:db8::2", "2001:db8:1::1"],
  ])("a ban of the address %s holds for %s and not for %s", (address, caught, free) => {
    const room = new Kept();
    const { event } = room.obey({ type: "ban", name: address, text: "spam" }, "server");
    expect(event).toEqual({ ...at, type: "banned", name: undefined, by: "server", text: "spam" });
    expect(mayNotJoin(room, caught, "anyone")).toBe(true);
    expect(mayNotJoin(room, free, "anyone")).toBe(false);
    expect(room.moderation.bans).toMatchObject([{ name: addressKey(address), by: "server", text: "spam" }]);
  });

  test("a ban of an address does not hold for one that looks alike", () => {
    const room = new Kept();
    room.obey({ type: "ban", name: "10.0.0.1" });
    for (const address of ["10.0.0.10", "110.0.0.1", "1.0.0.10", "10.0.1.1", "100.0.1"]) {
      expect(room.moderation.isBanned(address)).toBe(false);
    }
  });

  test("a name that is banned twice is listed once, as of the second ban", () => {
    const room = new Kept();
    room.obey({ type: "ban", name: "eve", text: "one" });
    room.obey({ type: "ban", name: "EVE", text: "two" }, "bea");
    expect(room.moderation.bans).toMatchObject([{ name: "EVE", by: "bea", text: "two" }]);
  });

  test("bans are listed oldest first", () => {
    const { moderation } = new Kept();
    for (const [name, at] of [
      ["b", 2],
      ["c", 3],
      ["a", 1],
    ] as const) {
      moderation.apply({ kind: "ban", key: factKey.ban(name), value: { name, by: "ann", at } });
    }
    expect(moderation.bans.map(({ name }) => name)).toEqual(["a", "b", "c"]);
  });
});

describe("unban", () => {
  test("an unban of a member lifts the ban of its address, too", () => {
    const room = new Kept(bob);
    room.obey({ type: "ban", name: "bob" });
    expect(room.obey({ type: "unban", name: "BOB" }, "bea")).toEqual({
      event: { ...at, type: "unbanned", name: "bob", by: "bea" },
      facts: { "ban bob": null },
    });
    expect(mayNotJoin(room, "192.0.2.1", "bob")).toBe(false);
    expect(room.moderation.bans).toEqual([]);
  });

  test("an unban of an address works however that is written", () => {
    const room = new Kept();
    room.obey({ type: "ban", name: "2001:db8::1" });
    const { event } = room.obey({ type: "unban", name: "2001:0db8::ffff" });
    expect(event).toEqual({ ...at, type: "unbanned", name: undefined, by: "ann" });
    expect(room.moderation.isBanned("2001:db8::1")).toBe(false);
  });
});

describe("an order that cannot be carried out says why", () => {
  test("an unmute of a member that is not muted is refused", () => {
    expect(new Kept(bob).refusal({ type: "unmute", name: "bob" })).toEqual({
      type: "error",
      code: "no-such-member",
      text: 'Nobody called "bob" is muted',
    });
  });

  test("a ban of the server's own machine is refused", () => {
    for (const name of ["127.0.0.1", "::1", "::ffff:127.0.0.9"]) {
      expect(new Kept(bob).refusal({ type: "ban", name })).toMatchObject({ code: "bad-field" });
    }
  });

  test.each(["kick", "mute"] as const)("a %s of a name that no member has is refused", (type) => {
    expect(new Kept(bob).refusal({ type, name: "eve" })).toEqual({
      type: "error",
      code: "no-such-member",
      text: 'Nobody here is called "eve"',
    });
  });

  test("a kick of a name that only looks like a member's is refused", () => {
    expect(new Kept({ name: "bill" }).refusal({ type: "kick", name: "biii" })).toMatchObject({
      code: "no-such-member",
    });
  });

  test.each(["eve", "192.0.2.99"])("an unban of %s, which is not banned, is refused", (name) => {
    const room = new Kept(bob);
    room.obey({ type: "ban", name: "bob" });
    expect(room.refusal({ type: "unban", name })).toEqual({
      type: "error",
      code: "no-such-ban",
      text: `"${name}" is not banned: /bans lists who is`,
    });
  });
});

test("facts about other things change nothing in moderation", () => {
  const { moderation } = new Kept();
  const others = ["topic x", "seat ban", "bans", "op topic", "topics"];
  for (const fact of readFacts(others.map((key) => [key, "{}"]))) moderation.apply(fact);
  expect(moderation.topic).toBeUndefined();
  expect(moderation.bans).toEqual([]);
});

test("an address is banned as long as one ban holds for it", () => {
  const names = ["bob", "eve", "mia"];
  const step = fc.record({
    type: fc.constantFrom("ban" as const, "unban" as const),
    name: fc.constantFrom(...names, "192.0.2.1", "192.0.2.2", "2001:db8::1"),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const room = new Kept();
      const bans = new Map<string, string | undefined>();
      for (const { type, name } of steps) {
        if (type === "unban" && !bans.has(name)) continue;
        // Its member comes back after each order, from one of two addresses.
        const address = `192.0.2.${1 + (names.indexOf(name) % 2)}`;
        if (names.includes(name)) room.apply(taking(`seat-of-${name}`, "here", { name, address }));
        // Of another member's address, a ban by name leaves out.
        const isAlone = room.seats.byAddress(address).length === 1;
        room.obey({ type, name });
        if (type === "unban") bans.delete(name);
        else if (!names.includes(name)) bans.set(name, name);
        else bans.set(name, isAlone ? address : bans.get(name));
      }
      const banned = new Set(bans.values());
      for (const address of ["192.0.2.1", "192.0.2.2", "2001:db8::1", "192.0.2.3"]) {
        expect(room.moderation.isBanned(address)).toBe(banned.has(address));
      }
    }),
  );
});

test("the seats of an address are those of the members who are there", () => {
  const room = new Kept(bob, { name: "eve", address: "192.0.2.1" }, { name: "mia", address: "192.0.2.2" });
  const at = (address: string) => room.seats.byAddress(address).map(({ name }) => name);
  room.apply(moving(room.seat("eve"), "here", "192.0.2.3", undefined));
  expect([at("192.0.2.1"), at("192.0.2.3")]).toEqual([["bob"], ["eve"]]);
  room.apply(leaving(room.seat("bob")));
  expect([at("192.0.2.1"), at("192.0.2.2")]).toEqual([[], ["mia"]]);
});
