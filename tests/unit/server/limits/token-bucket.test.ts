import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { TokenBucket } from "../../../../lib/server/limits/token-bucket.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

/** A time as Date.now() gives it. */
const start = 1_700_000_000_000;
const rate = { burst: 3, perSecond: 5 };

/** Takes a line at each of these times after the start; returns the waits. */
function waits(times: number[], { burst, perSecond } = rate): number[] {
  const bucket = new TokenBucket({ burst, perSecond });
  return times.map((time) => bucket.take(start + time));
}

describe("TokenBucket", () => {
  const cases: [what: string, times: number[], expected: number[]][] = [
    ["lets a burst pass", [0, 0, 0], [0, 0, 0]],
    ["asks for one line's time after the burst", [0, 0, 0, 0], [0, 0, 0, 200]],
    [
      "asks for as much again if each wait is kept",
      [0, 0, 0, 0, 200, 400, 600],
      [0, 0, 0, 200, 200, 200, 200],
    ],
    ["asks for the rest if a wait is not kept", [0, 0, 0, 0, 150, 200], [0, 0, 0, 200, 250, 400]],
    ["adds up what is overdrawn", [0, 0, 0, 0, 0, 0], [0, 0, 0, 200, 400, 600]],
    ["fills up by one line in one line's time", [0, 0, 0, 200, 200], [0, 0, 0, 0, 200]],
    ["fills up in parts", [0, 0, 0, 100, 200], [0, 0, 0, 100, 200]],
    ["lets the steady rate pass for ever", [0, 0, 0, 200, 400, 600, 800], [0, 0, 0, 0, 0, 0, 0]],
    ["is full again after a while", [0, 0, 0, 0, 800, 800, 800, 800], [0, 0, 0, 200, 0, 0, 0, 200]],
    ["is never more than full", [0, 3_600_000, 3_600_000, 3_600_000, 3_600_000], [0, 0, 0, 0, 200]],
  ];
  test.each(cases)("TokenBucket %s", (_, times, expected) => {
    expect(waits(times)).toEqual(expected);
  });

  test("TokenBucket asks for whole milliseconds, never too few", () => {
    expect(waits([0, 0], { burst: 1, perSecond: 3 })).toEqual([0, 334]);
  });

  test("TokenBucket asks for nothing at rate 0", () => {
    expect(waits(Array(1000).fill(0), { burst: 1, perSecond: 0 })).toEqual(Array(1000).fill(0));
  });

  test("TokenBucket asks for no more when the clock is set back", () => {
    expect(waits([0, -3_600_000, -3_600_000, -3_600_000])).toEqual([0, 0, 0, 200]);
  });

  test("TokenBucket holds a member that waits to the burst and the rate", () => {
    const rates = fc.record({
      burst: fc.integer({ min: 1, max: 20 }),
      perSecond: fc.integer({ min: 1, max: 100 }),
    });
    const pauses = fc.array(fc.oneof(fc.constant(0), fc.nat({ max: 2000 })), { maxLength: 200 });
    fc.assert(
      fc.property(rates, pauses, ({ burst, perSecond }, pauses) => {
        const bucket = new TokenBucket({ burst, perSecond });
        let elapsedMs = 0;
        pauses.forEach((pauseMs, i) => {
          elapsedMs += pauseMs;
          // The one line that is paid for afterwards, and a little for what is lost in floating point.
          expect(i).toBeLessThan(burst + (elapsedMs * perSecond) / 1000 + 1e-6 + 0.001);
          const waitMs = bucket.take(start + elapsedMs);
          expect(waitMs).toBeLessThanOrEqual(Math.ceil(1000 / perSecond));
          elapsedMs += waitMs;
        });
      }),
    );
  });

  test("TokenBucket knows what so many lines cost", () => {
    const bucket = new TokenBucket(rate);
    expect([0, 1, 2, 7].map((lines) => bucket.costMs(lines))).toEqual([0, 200, 400, 1400]);
    expect(new TokenBucket({ burst: 1, perSecond: 3 }).costMs(2)).toBe(667);
  });
});
