import { afterEach, beforeEach, describe, expect, jest, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import type { Fault } from "../../../../lib/protocol/events.ts";
import { type Rate, TokenBucket } from "../../../../lib/server/limits/token-bucket.ts";
import { Intake } from "../../../../lib/server/session/intake.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

const unlimited: Rate = { burst: 0, perSecond: 0 };

/** An intake, and all that it did in order: lines as they were taken, and words of its own in brackets. */
class Taken {
  readonly log: string[] = [];
  readonly intake: Intake;
  /** What is done with a line. */
  obey: (line: string) => void = () => {};
  /** What is done before a line is taken. */
  look: () => void = () => {};

  constructor(rate = unlimited, addressRate = unlimited) {
    const transport = { pause: () => this.log.push("[pause]"), resume: () => this.log.push("[resume]") };
    this.intake = new Intake(transport, new TokenBucket(rate), new TokenBucket(addressRate), {
      next: () => this.look(),
      line: (line: string | Fault) => {
        this.log.push(typeof line === "string" ? line : `[${line.code}]`);
        if (typeof line === "string") this.obey(line);
      },
      ended: () => this.log.push("[ended]"),
      paused: () => this.log.push("[paused]"),
      flooded: (lines, waitMs) => this.log.push(`[flooded: ${lines} lines, ${waitMs} ms]`),
    });
  }

  push(...lines: string[]): void {
    this.intake.push(Buffer.from(lines.map((line) => `${line}\n`).join("")));
  }

  get lines(): string[] {
    return this.log.filter((entry) => !entry.startsWith("["));
  }
}

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("push()", () => {
  test("push() has each line taken once, in order, however the bytes are cut", () => {
    const lines = fc.array(fc.string({ maxLength: 5 }).map((line) => line.replaceAll(/[\r\n]/g, "")));
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 10 }), (lines, size) => {
        const taken = new Taken();
        const bytes = Buffer.from(lines.map((line) => `<${line}\n`).join(""));
        for (let at = 0; at < bytes.length; at += size) taken.intake.push(bytes.subarray(at, at + size));
        expect(taken.log).toEqual(lines.map((line) => `<${line}`));
      }),
    );
  });

  test("push() hands on a fault in place of a line that is none", () => {
    const taken = new Taken();
    taken.intake.push(Buffer.from([0xff, 0x0a, 0x61, 0x0a]));
    expect(taken.log).toEqual(["[not-utf8]", "a"]);
  });
});

describe("peek()", () => {
  test("peek() shows each line before it is taken, so that it can be left", () => {
    const taken = new Taken();
    const shown: string[] = [];
    taken.look = () => {
      const bytes = taken.intake.peek();
      if (bytes) shown.push(Buffer.from(bytes).toString("latin1"));
      if (shown.at(-1) === "c") taken.intake.stop();
    };
    taken.intake.push(Buffer.from([0xff, 0x0a]));
    taken.push("b", "c", "d");
    taken.intake.end();
    expect(shown).toEqual(["\xff", "b", "c"]);
    expect(taken.log).toEqual(["[not-utf8]", "b"]);
  });
});

describe("a pause", () => {
  test("a pause begins with the first unpaid line, and lets lines in singly", () => {
    const taken = new Taken({ burst: 2, perSecond: 10 });
    taken.push("1", "2", "3", "4", "5");
    expect(taken.log).toEqual(["1", "2", "3", "[pause]", "[paused]", "[flooded: 2 lines, 300 ms]"]);
    expect(taken.intake.isPaused).toBe(true);
    jest.advanceTimersByTime(99);
    expect(taken.lines).toEqual(["1", "2", "3"]);
    jest.advanceTimersByTime(1);
    expect(taken.lines).toEqual(["1", "2", "3", "4"]);
    jest.advanceTimersByTime(200);
    expect(taken.lines).toEqual(["1", "2", "3", "4", "5"]);
    expect(taken.log.at(-1)).toBe("[resume]");
    expect(taken.intake.isPaused).toBe(false);
  });

  test("a pause is the longer wait of the member and the address", () => {
    const taken = new Taken({ burst: 1, perSecond: 10 }, { burst: 1, perSecond: 2 });
    taken.push("1", "2", "3");
    jest.advanceTimersByTime(499);
    expect(taken.lines).toEqual(["1", "2"]);
    jest.advanceTimersByTime(1);
    expect(taken.lines).toEqual(["1", "2", "3"]);
  });

  test("a pause is told again after 5 s at the earliest", () => {
    const taken = new Taken({ burst: 1, perSecond: 1 });
    taken.push(...Array.from({ length: 20 }, (_, i) => `${i}`));
    jest.advanceTimersByTime(11_000);
    const told = taken.log.filter((entry) => entry.startsWith("[flooded"));
    expect(told).toEqual(
      ["18", "13", "8"].map((lines) => `[flooded: ${lines} lines, ${Number(lines) + 1}000 ms]`),
    );
  });

  test("a pause is longer for what costs several lines, known later or not", () => {
    const taken = new Taken({ burst: 1, perSecond: 10 });
    let settled = () => {};
    taken.obey = () => {
      settled = taken.intake.wait();
      taken.obey = () => {};
    };
    taken.push("dear", "next");
    expect(taken.intake.isPaused).toBe(false);
    taken.intake.pay(5);
    settled();
    jest.advanceTimersByTime(499);
    expect(taken.lines).toEqual(["dear"]);
    jest.advanceTimersByTime(1);
    expect(taken.lines).toEqual(["dear", "next"]);
  });
});

describe("wait()", () => {
  test("wait() lets no line through before the outcome of the last one", () => {
    const taken = new Taken();
    const settle: (() => void)[] = [];
    taken.obey = () => settle.push(taken.intake.wait());
    taken.push("1", "2");
    expect(taken.log).toEqual(["1", "[pause]"]);
    settle[0]?.();
    expect(taken.log).toEqual(["1", "[pause]", "2"]);
    settle[1]?.();
    expect(taken.log).toEqual(["1", "[pause]", "2", "[resume]"]);
  });

  test("wait() pauses the transport only for lines that came meanwhile", () => {
    const taken = new Taken();
    const settle: (() => void)[] = [];
    taken.obey = () => settle.push(taken.intake.wait());
    taken.push("1");
    settle[0]?.();
    taken.push("2");
    expect(taken.log).toEqual(["1", "2"]);
    taken.push("3");
    taken.push("4");
    expect(taken.log).toEqual(["1", "2", "[pause]"]);
    settle[1]?.();
    settle[2]?.();
    settle[3]?.();
    expect(taken.log).toEqual(["1", "2", "[pause]", "3", "4", "[resume]"]);
  });

  test("wait() keeps the order of lines whose outcome is known at once", () => {
    const taken = new Taken();
    taken.obey = (line) => {
      const settled = taken.intake.wait();
      settled();
      taken.log.push(`${line} is done`);
    };
    taken.push("1", "2");
    expect(taken.lines).toEqual(["1", "1 is done", "2", "2 is done"]);
  });

  test("wait() waits for all of several outcomes", () => {
    const taken = new Taken();
    taken.push("1");
    const settle = [taken.intake.wait(), taken.intake.wait()];
    taken.push("2");
    for (const settled of settle) {
      expect(taken.lines).toEqual(["1"]);
      settled();
    }
    expect(taken.lines).toEqual(["1", "2"]);
  });
});

describe("a turn", () => {
  test("a turn ends for lines that cost enough of it, others come first", async () => {
    const [long, short] = [new Taken(), new Taken()];
    const order: string[] = [];
    long.obey = (line) => {
      order.push(line);
      jest.advanceTimersByTime(2);
    };
    short.obey = (line) => order.push(line);
    long.push("long 1", "long 2", "long 3");
    short.push("short 1", "short 2");
    expect(order).toEqual(["long 1", "short 1", "short 2"]);
    await nextTurn();
    expect(order.slice(3)).toEqual(["long 2"]);
    await nextTurn();
    expect(order.slice(3)).toEqual(["long 2", "long 3"]);
    await nextTurn();
    expect(long.log.at(-1)).toBe("[resume]");
  });

  test("a turn has time for many lines that cost little", () => {
    const taken = new Taken();
    taken.push(...Array.from({ length: 1000 }, (_, i) => `${i}`));
    expect(taken.lines).toHaveLength(1000);
  });
});

describe("the end", () => {
  test("the end comes once, after the last line, with a line end or without", () => {
    const taken = new Taken({ burst: 1, perSecond: 10 });
    taken.intake.push(Buffer.from("1\n2\n3"));
    taken.intake.end();
    expect(taken.log).not.toContain("[ended]");
    jest.advanceTimersByTime(1_000);
    expect(taken.lines).toEqual(["1", "2", "3"]);
    expect(taken.log.at(-1)).toBe("[ended]");
    expect(taken.log.filter((entry) => entry === "[ended]")).toHaveLength(1);
  });

  test("the end is not told once the intake was stopped", async () => {
    const taken = new Taken({ burst: 1, perSecond: 10 });
    taken.obey = () => jest.advanceTimersByTime(2);
    taken.push("1", "2");
    taken.intake.stop();
    taken.push("3");
    taken.intake.end();
    jest.advanceTimersByTime(1_000);
    await nextTurn();
    expect(taken.lines).toEqual(["1"]);
    expect(taken.log).not.toContain("[ended]");
    expect(taken.intake.hasEnded).toBe(true);
  });
});

describe("silence", () => {
  test("silence is counted from the last bytes on", () => {
    const { intake } = new Taken();
    jest.advanceTimersByTime(500);
    expect(intake.silentMs).toBe(500);
    intake.push(Buffer.from("half a line"));
    jest.advanceTimersByTime(300);
    expect(intake.silentMs).toBe(300);
  });

  test("silence is not counted while the peer has to wait", () => {
    const taken = new Taken({ burst: 1, perSecond: 1 });
    const settled = taken.intake.wait();
    jest.advanceTimersByTime(60_000);
    expect(taken.intake.silentMs).toBe(0);
    settled();
    jest.advanceTimersByTime(10);
    expect(taken.intake.silentMs).toBe(10);
    taken.push("1", "2");
    jest.advanceTimersByTime(999);
    expect(taken.intake.silentMs).toBe(0);
    jest.advanceTimersByTime(101);
    expect(taken.intake.silentMs).toBe(100);
  });

  test.each([3_600_000, -3_600_000, -86_400_000 * 365])(
    "silence and pauses are the same when the clock is set by %d ms",
    (stepMs) => {
      const taken = new Taken({ burst: 1, perSecond: 10 });
      jest.advanceTimersByTime(1_000);
      jest.setSystemTime(Date.now() + stepMs);
      expect(taken.intake.silentMs).toBe(1_000);
      taken.push("1", "2", "3");
      jest.setSystemTime(Date.now() + stepMs);
      jest.advanceTimersByTime(99);
      expect(taken.lines).toEqual(["1", "2"]);
      jest.advanceTimersByTime(1);
      expect(taken.lines).toEqual(["1", "2", "3"]);
      expect(taken.log).toContain("[flooded: 1 lines, 200 ms]");
    },
  );
});
