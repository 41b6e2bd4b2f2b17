import { afterEach, beforeEach, describe, expect, jest, setDefaultTimeout, test } from "bun:test";
import { aHalf, WorkQueue } from "../../../../lib/server/limits/work-queue.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Work of so many milliseconds, of which `done` tells when it was done. */
function work(name: string, ms: number, done: { name: string; at: number }[]) {
  return () => {
    if (ms > 0) jest.advanceTimersByTime(ms);
    done.push({ name, at: performance.now() });
    return name;
  };
}

/** Lets time pass, a millisecond and a turn at a time. */
async function pass(ms: number): Promise<void> {
  for (let i = 0; i < ms; i++) {
    await turn();
    jest.advanceTimersByTime(1);
  }
  await turn();
}

describe("run()", () => {
  test("run() does the work at once if there is none before it", async () => {
    const done: { name: string; at: number }[] = [];
    const result = new WorkQueue().run(work("a", 0, done));
    expect(done).toEqual([{ name: "a", at: 0 }]);
    expect(await result).toBe("a");
  });

  test("run() does all work in the order in which it was asked for", async () => {
    const queue = new WorkQueue();
    const done: { name: string; at: number }[] = [];
    const results = ["a", "b", "c"].map((name) => queue.run(work(name, 1, done)));
    await pass(50);
    expect(await Promise.all(results)).toEqual(["a", "b", "c"]);
    expect(done.map(({ name }) => name)).toEqual(["a", "b", "c"]);
  });

  test("run() has a turn between two pieces, also of work that costs nothing", async () => {
    const queue = new WorkQueue();
    const order: string[] = [];
    for (const name of ["a", "b"]) void queue.run(() => order.push(name));
    setImmediate(() => order.push("others"));
    await turn();
    await turn();
    expect(order).toEqual(["a", "others", "b"]);
  });

  test("run() rests four times as long as a piece took", async () => {
    const queue = new WorkQueue();
    const done: { name: string; at: number }[] = [];
    // The first is longer than a burst.
    for (const ms of [11, 3, 1, 2, 3]) void queue.run(work(`${ms}`, ms, done));
    await pass(100);
    const gaps = done.map(({ at }, i) => at - (done[i - 1]?.at ?? 0));
    // Before the first one there is nothing to rest from.
    expect(gaps.slice(2)).toEqual([12 + 1, 4 + 2, 8 + 3]);
  });

  test.each([1, 3, 40, 250])("run() takes a fifth of the time, in pieces of %i ms", async (ms) => {
    const queue = new WorkQueue();
    const done: { name: string; at: number }[] = [];
    for (let i = 0; i < 1_000; i++) void queue.run(work("a", ms, done));
    while (performance.now() < 5_000) await pass(1);
    expect((done.length * ms) / performance.now()).toBeWithin(0.15, 0.26);
  });

  test("run() gives what the work throws to who asked, and goes on", async () => {
    const queue = new WorkQueue();
    const thrown = queue.run(() => {
      throw new Error("no disk");
    });
    const rejected = queue.run(() => Promise.reject(new Error("no net")));
    const after = queue.run(() => "after");
    expect(thrown).rejects.toThrow("no disk");
    expect(rejected).rejects.toThrow("no net");
    await pass(20);
    expect(await after).toBe("after");
  });

  test("run() does no work for one who has gone", async () => {
    const queue = new WorkQueue();
    const done: { name: string; at: number }[] = [];
    let isGone = false;
    void queue.run(work("a", 2, done), () => isGone);
    const given = queue.run(work("b", 2, done), () => isGone);
    const kept = queue.run(work("c", 2, done));
    isGone = true;
    expect(given).rejects.toThrow("it was given up");
    await pass(20);
    expect(await kept).toBe("c");
    expect(done.map(({ name }) => name)).toEqual(["a", "c"]);
  });

  test("run() waits for a piece before the next, and counts a wait as little", async () => {
    const queue = new WorkQueue();
    const done: { name: string; at: number }[] = [];
    const far = Promise.withResolvers<string>();
    const first = queue.run(() => far.promise);
    void queue.run(work("b", 0, done));
    await pass(3_000);
    expect(done).toEqual([]);
    far.resolve("a");
    expect(await first).toBe("a");
    await pass(20);
    expect(done[0]?.at).toBeWithin(3_000, 3_030);
  });

  test("run() is the same when the clock is set", async () => {
    const queue = new WorkQueue();
    const done: { name: string; at: number }[] = [];
    for (let i = 0; i < 4; i++) void queue.run(work("a", 2, done));
    for (const stepMs of [3_600_000, -7_200_000]) {
      jest.setSystemTime(Date.now() + stepMs);
      await pass(15);
    }
    expect(done).toHaveLength(4);
    expect(performance.now()).toBeLessThan(40);
  });
});

describe("soon()", () => {
  test("soon() does pieces at once while a slice lasts, the rest in order", async () => {
    const queue = new WorkQueue(aHalf);
    const done: { name: string; at: number }[] = [];
    for (const name of ["a", "b", "c", "d", "e", "f"]) queue.soon(work(name, 1, done));
    expect(done.map(({ name }) => name)).toEqual(["a", "b", "c", "d"]);
    await pass(20);
    expect(done.map(({ name }) => name)).toEqual(["a", "b", "c", "d", "e", "f"]);
  });

  test("soon() takes half of the time, in slices, however many ask", async () => {
    const queue = new WorkQueue(aHalf);
    const done: { name: string; at: number }[] = [];
    for (let i = 0; i < 1_000; i++) queue.soon(work("a", 1, done));
    while (performance.now() < 500) await pass(1);
    expect(done.length / performance.now()).toBeWithin(0.4, 0.6);
  });

  test("soon() and run() keep one order", async () => {
    const queue = new WorkQueue(aHalf);
    const done: { name: string; at: number }[] = [];
    const result = queue.run(work("a", 2, done));
    queue.soon(work("b", 0, done));
    expect(await result).toBe("a");
    await pass(10);
    expect(done.map(({ name }) => name)).toEqual(["a", "b"]);
  });
});
