// Guesses at a password on a fake clock: when each is answered, and how many an attacker has.

import {
  afterEach,
  beforeEach,
  describe,
  expect,
  jest,
  setDefaultTimeout,
  setSystemTime,
  test,
} from "bun:test";
import { Guesses, isSame } from "../../../../lib/server/limits/guesses.ts";
import { Origin } from "../../../../lib/server/limits/origin.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

let guesses: Guesses;

beforeEach(() => {
  jest.useFakeTimers();
  guesses = new Guesses();
});

afterEach(() => {
  jest.useRealTimers();
});

/** A guess under way, and when it was answered, in milliseconds after it was made. */
type Made = { takeBack: () => void; toldMs: number[]; answer?: boolean; answeredMs?: number };

function guess(right: boolean, at = guesses): Made {
  const begun = performance.now();
  const made: Made = { takeBack: () => {}, toldMs: [] };
  made.takeBack = at.judge({
    right,
    delayed: ({ retryAfterMs = 0 }) => made.toldMs.push(retryAfterMs),
    answered: (answer) => {
      expect(made.answer).toBeUndefined();
      made.answer = answer;
      made.answeredMs = performance.now() - begun;
    },
  });
  return made;
}

/** So many wrong ones at once, whose connections do not wait for the answer. */
function wrong(count: number): void {
  for (let i = 0; i < count; i++) guess(false).takeBack();
}

describe("a right password", () => {
  test.each([0, 1, 6, 99, 100])("a right password is answered at once after %i wrong ones", (count) => {
    wrong(count);
    expect(guess(true)).toMatchObject({ answer: true, answeredMs: 0, toldMs: [] });
  });

  test("a right password costs nothing, however often it is given", () => {
    for (let i = 0; i < 1_000; i++) expect(guess(true).answer).toBe(true);
    expect(guess(false).toldMs).toEqual([]);
  });
});

describe("a wrong password", () => {
  test("a wrong password waits longer the more there were, up to 8 s", () => {
    const waits = Array.from({ length: 34 }, () => {
      const made = guess(false);
      jest.advanceTimersByTime(8_000);
      expect(made.answer).toBe(false);
      return made.answeredMs;
    });
    expect(waits.slice(0, 4)).toEqual([250, 500, 750, 1_000]);
    expect(waits.slice(30)).toEqual([7_750, 8_000, 8_000, 8_000]);
  });

  test("a wrong password is told its wait, if it is a second or more", () => {
    const told = Array.from({ length: 5 }, () => guess(false).toldMs);
    expect(told).toEqual([[], [], [], [1_000], [1_250]]);
  });

  test("a wrong password counts also if its connection does not wait", () => {
    wrong(3);
    jest.advanceTimersByTime(60_000);
    const made = guess(false);
    made.takeBack();
    jest.advanceTimersByTime(60_000);
    expect(made).toMatchObject({ toldMs: [1_000] });
    expect(made.answer).toBeUndefined();
  });

  test("each wrong password is forgotten a quarter of an hour later", () => {
    wrong(2);
    jest.advanceTimersByTime(10 * 60_000);
    wrong(2);
    jest.advanceTimersByTime(5 * 60_000);
    const third = guess(false);
    jest.advanceTimersByTime(20 * 60_000);
    const first = guess(false);
    jest.advanceTimersByTime(1_000);
    expect([third.answeredMs, first.answeredMs]).toEqual([750, 250]);
  });

  test("a wrong password keeps its wait when the clock of the machine is set", () => {
    const hour = 3_600_000;
    for (const step of [hour, -hour, 24 * hour, -48 * hour]) {
      guesses = new Guesses();
      wrong(3);
      const held = guess(false);
      setSystemTime(Date.now() + step);
      jest.advanceTimersByTime(1_000);
      expect(held.answeredMs).toBe(1_000);
      expect(guess(true).answer).toBe(true);
      expect(guess(false).toldMs).toEqual([1_250]);
    }
  });
});

test("thirty people of one address with six typos are all in within moments", () => {
  const typos = Array.from({ length: 6 }, () => guess(false));
  const others = Array.from({ length: 24 }, () => guess(true));
  expect(others.every(({ answer }) => answer)).toBe(true);
  jest.advanceTimersByTime(1_500);
  expect(typos.map(({ answer }) => answer)).toEqual(typos.map(() => false));
  expect(typos.map(() => guess(true).answer)).toEqual(typos.map(() => true));
});

describe("an address that guesses faster than any class", () => {
  beforeEach(() => wrong(101));

  test("a hasty address has its guesses, right or wrong, looked at one by one", () => {
    const [first, right, second, last] = [guess(false), guess(true), guess(false), guess(true)];
    expect([first, right, second, last].map(({ toldMs }) => toldMs)).toEqual([[], [1_200], [1_800], [2_400]]);
    jest.advanceTimersByTime(599);
    expect(first.answer).toBeUndefined();
    jest.advanceTimersByTime(10_000);
    // A right one makes none wait that is behind it.
    const all = [first, right, second, last];
    expect(all.map(({ answer }) => answer)).toEqual([false, true, false, true]);
    expect(all.map(({ answeredMs }) => answeredMs)).toEqual([600, 1_200, 1_200, 1_800]);
  });

  test("a hasty address has no guess wait for more than 8 s", () => {
    const row = Array.from({ length: 1_000 }, () => guess(false));
    const right = guess(true);
    expect(right.toldMs).toEqual([8_000]);
    jest.advanceTimersByTime(8_600);
    expect(right.answer).toBe(true);
    expect(row.every(({ answer }) => answer === false)).toBe(true);
    expect(row.filter(({ answeredMs = 0 }) => answeredMs < 8_000)).toHaveLength(13);
    jest.advanceTimersByTime(600);
    expect(guess(true).answer).toBe(true);
  });

  test("a hasty address has no guess refused, and none left by a hang-up", () => {
    const row = Array.from({ length: 1_000 }, () => guess(false));
    for (const made of row) made.takeBack();
    const right = guess(true);
    jest.advanceTimersByTime(600);
    expect(right).toMatchObject({ answer: true, answeredMs: 600, toldMs: [] });
    jest.advanceTimersByTime(600_000);
    expect(row.some(({ answer }) => answer !== undefined)).toBe(false);
  });

  test("a hasty address is at its ease a moment after it stopped", () => {
    jest.advanceTimersByTime(600);
    expect(guess(true)).toMatchObject({ answer: true, answeredMs: 0 });
  });

  test("a hasty address has 100 guesses a minute on any connections", () => {
    const minutes = 10;
    let answered = 0;
    let row: Made[] = [];
    for (let ms = 0; ms < minutes * 60_000; ms += 100) {
      row = row.filter(({ answer }) => answer === undefined);
      // Half of them hang up and come back instead of waiting.
      for (const made of row.splice(0, 25)) made.takeBack();
      while (row.length < 50) row.push(guess(false));
      jest.advanceTimersByTime(100);
      answered += row.filter(({ answer }) => answer !== undefined).length;
    }
    expect(answered).toBeLessThanOrEqual(100 * minutes);
    expect(answered).toBeGreaterThan(90 * minutes);
  });
});

test("the operators' password is guessed apart from the room's", () => {
  const { room, operator } = new Origin("192.0.2.1", { burst: 0, perSecond: 0 }).guesses;
  for (let i = 0; i < 200; i++) guess(false, operator);
  expect(guess(true, room).answer).toBe(true);
  expect(guess(false, room).toldMs).toEqual([]);
  expect(guess(true, operator).answer).toBeUndefined();
});

describe("isSame()", () => {
  test.each([
    ["sesame", "sesame", true],
    ["", "", true],
    ["pässwörd 🔑", "pässwörd 🔑", true],
    ["sesame", "Sesame", false],
    ["sesame", "sesame ", false],
    ["", "sesame", false],
    ["x".repeat(10_000), "sesame", false],
  ])("isSame() of %j and %j is %p", (given, wanted, same) => {
    expect(isSame(given, wanted)).toBe(same);
  });
});
