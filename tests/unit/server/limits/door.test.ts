// Who is let in, and what an address is remembered for.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Bye } from "../../../../lib/protocol/events.ts";
import { Door, type DoorOptions } from "../../../../lib/server/limits/door.ts";
import type { Origin } from "../../../../lib/server/limits/origin.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

function doorWith(options: Partial<DoorOptions> = {}): Door {
  return new Door({
    maxConnections: 1_000,
    maxPerAddress: 1_000,
    addressRate: { burst: 3, perSecond: 1 },
    addressComings: { burst: 2, perSecond: 1 },
    joinWithinMs: 20_000,
    isBanned: () => false,
    ...options,
  });
}

/** Comes in, or else the test is over. */
function enter(door: Door, address: string): Origin {
  const { origin, refusal } = door.enter(address) ?? {};
  if (!origin) throw new Error(`${address} was turned away: ${refusal?.text}`);
  return origin;
}

function leave(door: Door, origin: Origin): void {
  door.leave({ origin, withinMs: 0 });
}

/** Why it is not let in. */
function refusal(door: Door, address: string): Bye | undefined {
  const admission = door.enter(address);
  if (admission) door.leave(admission);
  return admission?.refusal;
}

describe("so many connections at once", () => {
  test("as many connections as may are let in, and one more when one leaves", () => {
    const door = doorWith({ maxConnections: 3 });
    const origins = ["192.0.2.1", "192.0.2.2", "127.0.0.1"].map((address) => enter(door, address));
    const text = "The room is full, it takes 3 connections: try again later";
    for (const address of ["192.0.2.9", "127.0.0.1"]) {
      expect(refusal(door, address)).toEqual({ type: "bye", code: "full", text, retryAfterMs: 5_000 });
    }
    for (const origin of origins) {
      leave(door, origin);
      enter(door, "192.0.2.9");
      expect(refusal(door, "192.0.2.9")).toMatchObject({ code: "full" });
    }
  });

  test("as many as may of one address are let in, one more when one leaves", () => {
    const door = doorWith({ maxPerAddress: 2 });
    const first = enter(door, "192.0.2.1");
    enter(door, "::ffff:192.0.2.1");
    const text = "Your address has 2 connections already: close one first";
    expect(refusal(door, "192.0.2.1")).toEqual({ type: "bye", code: "full", text, retryAfterMs: 5_000 });
    enter(door, "192.0.2.2");
    leave(door, first);
    enter(door, "192.0.2.1");
    expect(refusal(door, "192.0.2.1")).toMatchObject({ code: "full" });
  });

  test("connections count for 64 bits of an IPv6 address together", () => {
    const door = doorWith({ maxPerAddress: 2 });
    enter(door, "2001:db8::1");
    enter(door, "2001:db8::ffff:2");
    expect(refusal(door, "2001:db8::3")).toMatchObject({ code: "full" });
    enter(door, "2001:db8:0:1::1");
  });

  test("connections from the machine itself are not counted", () => {
    const door = doorWith({ maxPerAddress: 1 });
    for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) {
      for (let i = 0; i < 10; i++) enter(door, address);
    }
  });

  test("a connection that is turned away counts for nothing", () => {
    const door = doorWith({ maxPerAddress: 1, maxConnections: 2 });
    const origin = enter(door, "192.0.2.1");
    for (let i = 0; i < 10; i++) expect(refusal(door, "192.0.2.1")).toMatchObject({ code: "full" });
    expect(origin.connections).toBe(1);
    enter(door, "192.0.2.2");
  });
});

test("a banned address is not let in, and not told to come back", () => {
  const asked: string[] = [];
  const door = doorWith({
    maxConnections: 0,
    isBanned(address) {
      asked.push(address);
      return true;
    },
  });
  const text = "Your address is banned from this room";
  expect(refusal(door, "192.0.2.1")).toEqual({ type: "bye", code: "banned", text });
  expect(asked).toEqual(["192.0.2.1"]);
});

describe("what an address has done", () => {
  test("an address has one account for all its connections", () => {
    const door = doorWith();
    expect(enter(door, "192.0.2.1")).toBe(enter(door, "::ffff:192.0.2.1"));
    expect(enter(door, "192.0.2.1")).not.toBe(enter(door, "192.0.2.2"));
  });

  test("an address is remembered once its connections have left", () => {
    const door = doorWith();
    const [origin, second] = [enter(door, "192.0.2.1"), enter(door, "192.0.2.1")];
    for (let i = 0; i < 3; i++) expect(origin.bucket.take(1_000)).toBe(0);
    const { guesses } = origin;
    leave(door, origin);
    leave(door, second);
    const again = enter(door, "192.0.2.1");
    expect(again).toBe(origin);
    expect(again.connections).toBe(1);
    expect(again.bucket.take(1_000)).toBe(1_000);
    expect(again.guesses).toBe(guesses);
  });

  test("the 10,000 addresses that left last are remembered", () => {
    const door = doorWith();
    const addresses = Array.from({ length: 10_001 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    const origins = addresses.map((address) => {
      const origin = enter(door, address);
      leave(door, origin);
      return origin;
    });
    expect(enter(door, "10.0.0.0")).not.toBe(origins[0] as Origin);
    expect(enter(door, "10.0.0.1")).toBe(origins[1] as Origin);
    expect(enter(door, addresses[10_000] ?? "")).toBe(origins[10_000] as Origin);
  });

  test("an address that came back is among those that left last", () => {
    const door = doorWith();
    const comesAndGoes = (address: string) => {
      const origin = enter(door, address);
      leave(door, origin);
      return origin;
    };
    const origin = comesAndGoes("192.0.2.1");
    for (let i = 1; i < 10_000; i++) comesAndGoes(`10.0.${i >> 8}.${i & 255}`);
    comesAndGoes("192.0.2.1");
    comesAndGoes("192.0.2.2");
    expect(enter(door, "192.0.2.1")).toBe(origin);
  });

  test("an address that is here is not forgotten, however many leave", () => {
    const door = doorWith();
    const here = enter(door, "192.0.2.1");
    for (let i = 0; i < 10_001; i++) leave(door, enter(door, `10.0.${i >> 8}.${i & 255}`));
    expect(enter(door, "192.0.2.1")).toBe(here);
  });

  test("this machine itself has no limit of lines", () => {
    const origin = enter(doorWith(), "::1");
    for (let i = 0; i < 1_000; i++) expect(origin.bucket.take(0)).toBe(0);
  });
});

describe("a connection that is turned away", () => {
  test("a farewell is for 64 connections at once, and no more", () => {
    const door = doorWith({ maxConnections: 0 });
    const told = Array.from({ length: 64 }, () => door.enter("192.0.2.1"));
    for (const admission of told)
      expect(admission).toMatchObject({ refusal: { code: "full" }, withinMs: 2_000 });
    expect(door.enter("192.0.2.2")).toBeUndefined();
    if (told[0]) door.leave(told[0]);
    expect(refusal(door, "192.0.2.2")).toMatchObject({ code: "full" });
  });

  test("a farewell is not for connections that are gone already", () => {
    expect(doorWith().enter("")).toBeUndefined();
  });
});
