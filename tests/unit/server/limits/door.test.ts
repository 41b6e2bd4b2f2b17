// The door with a fake clock and fake sockets: who is let in, what an address is remembered for, and how whoever is
// turned away hears why.

import { afterEach, beforeEach, describe, expect, jest, setDefaultTimeout, test } from "bun:test";
import type { Bye } from "../../../../lib/protocol/events.ts";
import { Door, type DoorOptions, Origin } from "../../../../lib/server/limits/door.ts";
import type { Transport } from "../../../../lib/server/session/transport.ts";
import { TurnedAway } from "../../../../lib/server/session/turned-away.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

function doorWith(options: Partial<DoorOptions> = {}): Door {
  return new Door({
    maxConnections: 1_000,
    maxPerAddress: 1_000,
    addressRate: { burst: 3, perSecond: 1 },
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
  test("are let in and not one more, until one leaves", () => {
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

  test("are let in from one address and not one more, until one leaves", () => {
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

  test("are counted for 64 bits of an IPv6 address together", () => {
    const door = doorWith({ maxPerAddress: 2 });
    enter(door, "2001:db8::1");
    enter(door, "2001:db8::ffff:2");
    expect(refusal(door, "2001:db8::3")).toMatchObject({ code: "full" });
    enter(door, "2001:db8:0:1::1");
  });

  test("are not counted for the machine's own addresses", () => {
    const door = doorWith({ maxPerAddress: 1 });
    for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) {
      for (let i = 0; i < 10; i++) enter(door, address);
    }
  });

  test("whoever is turned away counts for nothing", () => {
    const door = doorWith({ maxPerAddress: 1, maxConnections: 2 });
    const origin = enter(door, "192.0.2.1");
    for (let i = 0; i < 10; i++) expect(refusal(door, "192.0.2.1")).toMatchObject({ code: "full" });
    expect(origin.connections).toBe(1);
    enter(door, "192.0.2.2");
  });
});

test("whoever is banned is not let in, and not told to come back", () => {
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
  test("is one account for all its connections", () => {
    const door = doorWith();
    expect(enter(door, "192.0.2.1")).toBe(enter(door, "::ffff:192.0.2.1"));
    expect(enter(door, "192.0.2.1")).not.toBe(enter(door, "192.0.2.2"));
  });

  test("is remembered once all of them have left", () => {
    const door = doorWith();
    const [origin, second] = [enter(door, "192.0.2.1"), enter(door, "192.0.2.1")];
    for (let i = 0; i < 3; i++) expect(origin.bucket.take(1_000)).toBe(0);
    origin.guessedWrong(1_000);
    leave(door, origin);
    leave(door, second);
    const again = enter(door, "192.0.2.1");
    expect(again).toBe(origin);
    expect(again.connections).toBe(1);
    expect(again.bucket.take(1_000)).toBe(1_000);
    expect(again.guess(1_000)).toBe(500);
  });

  test("is remembered of 10,000 that left last", () => {
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

  test("is not forgotten of those who are here, however many leave", () => {
    const door = doorWith();
    const here = enter(door, "192.0.2.1");
    for (let i = 0; i < 10_001; i++) leave(door, enter(door, `10.0.${i >> 8}.${i & 255}`));
    expect(enter(door, "192.0.2.1")).toBe(here);
  });

  test("has no limit of lines on this machine itself", () => {
    const origin = enter(doorWith(), "::1");
    for (let i = 0; i < 1_000; i++) expect(origin.bucket.take(0)).toBe(0);
  });
});

describe("passwords that an address guesses", () => {
  const origin = () => new Origin("192.0.2.1", { burst: 0, perSecond: 0 });

  test("cost nothing while they are right", () => {
    const one = origin();
    for (let i = 0; i < 100; i++) expect(one.guess(1_000)).toBe(0);
  });

  test("are waited for twice as long after each wrong one, up to eight seconds", () => {
    const one = origin();
    let now = 1_000_000;
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      const waitMs = one.guess(now);
      waits.push(waitMs);
      now += waitMs;
      one.guessedWrong(now);
    }
    expect(waits).toEqual([0, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
  });

  test("cost nothing more to whoever waits by itself", () => {
    const one = origin();
    one.guessedWrong(1_000);
    expect(one.guess(1_499)).toBe(1);
    const other = origin();
    other.guessedWrong(1_000);
    expect(other.guess(1_500)).toBe(0);
  });

  test("are looked at one after the other, however many come at once", () => {
    const one = origin();
    one.guessedWrong(0);
    expect([one.guess(0), one.guess(0), one.guess(100)]).toEqual([500, 1_000, 1_400]);
  });

  test("wait in a queue that does not grow, whose end is not bearable", () => {
    const one = origin();
    for (let i = 0; i < 4; i++) one.guessedWrong(0);
    // 4 s each: two find a place beside the one whose turn is next.
    expect([one.guess(0), one.guess(0), one.guess(0)]).toEqual([4_000, 8_000, 12_000]);
    for (let i = 0; i < 1_000; i++) expect(one.guess(0)).toBe(12_000);
    expect([8_000, 8_001].map(Origin.isBearable)).toEqual([true, false]);
    // Time passes, and there is a place again.
    expect(one.guess(4_000)).toBe(8_000);
  });

  test("are forgiven a quarter of an hour after the last wait", () => {
    const quarter = 15 * 60_000;
    for (const [lateMs, nextMs] of [
      [0, 1_000],
      [1, 500],
    ] as const) {
      const one = origin();
      one.guessedWrong(1_000);
      const now = 1_500 + quarter + lateMs;
      expect(one.guess(now)).toBe(0);
      one.guessedWrong(now);
      expect(one.guess(now)).toBe(nextMs);
    }
  });

  test("cost an address nothing that another one guessed", () => {
    const door = doorWith();
    enter(door, "192.0.2.1").guessedWrong(0);
    expect(enter(door, "192.0.2.2").guess(0)).toBe(0);
  });
});

describe("whoever is turned away", () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const bye: Bye = { type: "bye", code: "full", text: "The room is full", retryAfterMs: 5_000 };

  /** What is done to a connection, and what it was sent. */
  class FakeSocket implements Transport {
    text = "";
    acts: string[] = [];

    write(bytes: Uint8Array, offset: number, length: number): number {
      this.text += Buffer.from(bytes.subarray(offset, offset + length)).toString();
      return length;
    }

    pause = () => this.acts.push("pause");
    resume = () => this.acts.push("resume");
    shutdown = () => this.acts.push("shutdown");
    end = () => this.acts.push("end");
    terminate = () => this.acts.push("terminate");
  }

  test("hears why in both dialects, and waits until it can be read", () => {
    const socket = new FakeSocket();
    const client = new TurnedAway(socket, bye);
    expect(socket.text.split("\n")).toEqual(["! The room is full.", JSON.stringify(bye), ""]);
    expect(socket.acts).toEqual(["shutdown"]);
    jest.advanceTimersByTime(1_999);
    expect(socket.acts).toEqual(["shutdown"]);
    jest.advanceTimersByTime(1);
    expect(socket.acts).toEqual(["shutdown", "terminate"]);
    client.closed();
  });

  test("is closed when the other side does", () => {
    const socket = new FakeSocket();
    const client = new TurnedAway(socket, bye);
    client.inputEnded();
    client.closed();
    jest.advanceTimersByTime(10_000);
    expect(socket.acts).toEqual(["shutdown", "end"]);
  });

  test("is for 64 at once; the others have to go without", () => {
    const door = doorWith({ maxConnections: 0 });
    const told = Array.from({ length: 64 }, () => door.enter("192.0.2.1"));
    for (const admission of told)
      expect(admission).toMatchObject({ refusal: { code: "full" }, withinMs: 2_000 });
    expect(door.enter("192.0.2.2")).toBeUndefined();
    if (told[0]) door.leave(told[0]);
    expect(refusal(door, "192.0.2.2")).toMatchObject({ code: "full" });
  });

  test("is not for connections that are gone again already", () => {
    expect(doorWith().enter(undefined)).toBeUndefined();
  });
});
