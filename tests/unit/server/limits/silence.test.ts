import { afterEach, beforeEach, expect, jest, setDefaultTimeout, test } from "bun:test";
import { Silence } from "../../../../lib/server/limits/silence.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

let heardAt: number;
let ended: number;

beforeEach(() => {
  jest.useFakeTimers();
  heardAt = performance.now();
  ended = 0;
});

afterEach(() => {
  jest.useRealTimers();
});

const watch = (limitMs: number) =>
  new Silence(
    limitMs,
    () => performance.now() - heardAt,
    () => ended++,
  );

test("a silence ends at its limit, once", () => {
  watch(90_000);
  jest.advanceTimersByTime(89_999);
  expect(ended).toBe(0);
  jest.advanceTimersByTime(1);
  expect(ended).toBe(1);
  jest.advanceTimersByTime(200_000);
  expect(ended).toBe(1);
});

test("a silence begins anew with each sign of life", () => {
  watch(90_000);
  for (let i = 0; i < 10; i++) {
    jest.advanceTimersByTime(60_000);
    heardAt = performance.now();
  }
  jest.advanceTimersByTime(89_999);
  expect(ended).toBe(0);
  jest.advanceTimersByTime(2_000);
  expect(ended).toBe(1);
});

test("a process that was stopped reads what waits before it ends a silence", () => {
  watch(90_000);
  // As if nothing could be read for hours; the first look finds that, and waits.
  heardAt -= 10_000_000;
  jest.advanceTimersByTime(89_000);
  expect(ended).toBe(0);
  heardAt = performance.now();
  jest.advanceTimersByTime(80_000);
  expect(ended).toBe(0);
});

test("a silence that is not watched any more never ends", () => {
  watch(90_000).stop();
  jest.advanceTimersByTime(200_000);
  expect(ended).toBe(0);
});

test("a short limit is kept within a second", () => {
  watch(200);
  jest.advanceTimersByTime(1_200);
  expect(ended).toBe(1);
});
