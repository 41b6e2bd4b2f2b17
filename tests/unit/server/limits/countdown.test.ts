import { afterEach, beforeEach, expect, jest, setDefaultTimeout, setSystemTime, test } from "bun:test";
import { Countdown } from "../../../../lib/server/limits/countdown.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

let over = 0;
let countdown: Countdown;

beforeEach(() => {
  jest.useFakeTimers();
  over = 0;
  countdown = new Countdown(1_000, () => over++);
});

afterEach(() => {
  jest.useRealTimers();
});

/** After how many milliseconds it is over, at most 10,000. */
function leftMs(): number {
  for (let ms = 1; ms <= 10_000; ms++) {
    jest.advanceTimersByTime(1);
    if (over > 0) return ms;
  }
  return Infinity;
}

test("a countdown starts by itself and ends once", () => {
  expect(leftMs()).toBe(1_000);
  jest.advanceTimersByTime(10_000);
  expect(over).toBe(1);
});

test("a countdown that is stopped stands still and keeps what is left", () => {
  jest.advanceTimersByTime(400);
  countdown.stop();
  countdown.stop();
  expect(leftMs()).toBe(Infinity);
  countdown.start();
  jest.advanceTimersByTime(100);
  countdown.start();
  countdown.stop();
  jest.advanceTimersByTime(5_000);
  countdown.start();
  expect(leftMs()).toBe(500);
});

test("a countdown that is reset has all of its time, and runs only if it ran", () => {
  jest.advanceTimersByTime(999);
  countdown.reset();
  jest.advanceTimersByTime(999);
  expect(over).toBe(0);
  countdown.stop();
  countdown.reset();
  expect(leftMs()).toBe(Infinity);
  countdown.start();
  expect(leftMs()).toBe(1_000);
});

test.each([3_600_000, -3_600_000])("a clock that is set by %i ms changes no countdown", (step) => {
  jest.advanceTimersByTime(400);
  setSystemTime(Date.now() + step);
  countdown.stop();
  countdown.start();
  setSystemTime(Date.now() + step);
  expect(leftMs()).toBe(600);
});
