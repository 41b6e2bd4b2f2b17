import { afterEach, beforeEach, expect, jest, setDefaultTimeout, setSystemTime, test } from "bun:test";
import { Silence } from "../../../../lib/client/core/silence.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

let silence: Silence;
let pings: number;
let gone: number;

beforeEach(() => {
  jest.useFakeTimers();
  [pings, gone] = [0, 0];
  silence = new Silence({ ping: () => pings++, gone: () => gone++ });
});

afterEach(() => {
  silence.stop();
  jest.useRealTimers();
});

/** Lets time pass, in which nothing is heard. */
function pass(seconds: number): { pings: number; gone: number } {
  jest.advanceTimersByTime(seconds * 1_000);
  return { pings, gone };
}

test("a server that never says a word is gone after 10 s, told once", () => {
  expect(pass(10)).toEqual({ pings: 0, gone: 0 });
  expect(pass(100)).toEqual({ pings: 0, gone: 1 });
});

test("a server that falls silent is asked after 30 s and gone after 90 s", () => {
  silence.heard();
  expect(pass(30)).toEqual({ pings: 0, gone: 0 });
  expect(pass(5).pings).toBe(1);
  expect(pass(55).gone).toBe(0);
  expect(pass(5).gone).toBe(1);
});

test("a server that answers is never gone", () => {
  silence.heard();
  for (let answered = 0; answered < 20; answered++) {
    pass(35);
    silence.heard();
  }
  expect([pings, gone]).toEqual([20, 0]);
});

test.each([-3_600_000, -1])("a clock put back by %d ms changes no wait", (step) => {
  silence.heard();
  setSystemTime(Date.now() + step);
  expect(pass(30)).toEqual({ pings: 0, gone: 0 });
  expect(pass(5).pings).toBe(1);
  setSystemTime(Date.now() + step);
  expect(pass(60).gone).toBe(1);
});

test("a machine that slept asks at once, and waits 5 s for the answer", () => {
  silence.heard();
  setSystemTime(Date.now() + 3_600_000);
  expect(pass(5)).toEqual({ pings: 1, gone: 0 });
  silence.heard();
  expect(pass(20)).toEqual({ pings: 1, gone: 0 });
  setSystemTime(Date.now() + 3_600_000);
  expect(pass(5)).toEqual({ pings: 2, gone: 0 });
  expect(pass(10).gone).toBe(1);
});

test("while nothing is read the server is pinged, and never gone", () => {
  silence.heard();
  silence.deaf = true;
  expect(pass(600).gone).toBe(0);
  expect(pings).toBeGreaterThan(600 / 90);
  expect(pings).toBeLessThan(600 / 25);
  silence.deaf = false;
  expect(pass(90).gone).toBe(0);
  expect(pass(10).gone).toBe(1);
});

test("a server whose lease others take over is gone before that", () => {
  silence.heard();
  silence.within(10_000);
  expect(pass(3)).toEqual({ pings: 0, gone: 0 });
  expect(pass(2).pings).toBeGreaterThan(0);
  silence.heard();
  expect(pass(7).gone).toBe(0);
  expect(pass(2.5).gone).toBe(1);
});

test("woken, it asks at once, and waits 5 s for the answer", () => {
  silence.heard();
  silence.wake();
  expect({ pings, gone }).toEqual({ pings: 1, gone: 0 });
  silence.heard();
  expect(pass(25).gone).toBe(0);
  silence.wake();
  expect(pass(10).gone).toBe(1);
});
