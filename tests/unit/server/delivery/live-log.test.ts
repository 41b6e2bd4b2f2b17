// The rounds of a live log: how long the readers may write in one turn, and that all come to it.

import { afterEach, beforeEach, expect, jest, setDefaultTimeout, test } from "bun:test";
import { json } from "../../../../lib/dialects/json.ts";
import { LiveLog, type LogReader } from "../../../../lib/server/delivery/live-log.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

/** A log with so many readers, each of which takes so long to write. */
function logWith(readers: number, writeMs: number) {
  const log = new LiveLog(json, 0);
  log.followers = readers;
  const pumped: number[] = [];
  for (let i = 0; i < readers; i++) {
    const reader: LogReader = {
      cursor: 0,
      fallBehind() {},
      pump() {
        pumped.push(i);
        if (writeMs > 0) jest.advanceTimersByTime(writeMs);
      },
    };
    log.readers.add(reader);
  }
  let seq = 0;
  const say = () => log.append({ type: "said", seq: ++seq, at: 0, from: "ada", text: "x" });
  return { log, pumped, say };
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

test("pump() lets each reader of a small room write once", () => {
  const { log, pumped, say } = logWith(300, 0);
  say();
  expect(log.pump()).toBe(true);
  expect(pumped).toEqual(upTo(300));
});

test("pump() goes on next turn where its time was over", () => {
  const { log, pumped, say } = logWith(1_000, 1);
  say();
  let turns = 1;
  for (; !log.pump(); turns++) expect(turns).toBeLessThan(100);
  expect(turns).toBeGreaterThan(10);
  expect(pumped).toEqual(upTo(1_000));
});

test("pump() serves all again if something happened in their round", () => {
  const { log, pumped, say } = logWith(200, 1);
  say();
  expect(log.pump()).toBe(false);
  const late = pumped.length;
  say();
  for (let turns = 0; !log.pump(); turns++) expect(turns).toBeLessThan(100);
  // The round that was begun, and another one.
  expect(pumped).toEqual([...upTo(200), ...upTo(200)]);
  expect(late).toBeLessThan(200);
});

test("pump() serves those who become live in the middle of a round", () => {
  const { log, pumped, say } = logWith(100, 1);
  say();
  expect(log.pump()).toBe(false);
  let served = 0;
  log.readers.add({ cursor: 0, fallBehind() {}, pump: () => served++ });
  for (let turns = 0; !log.pump(); turns++) expect(turns).toBeLessThan(100);
  expect({ served, others: pumped.length }).toEqual({ served: 1, others: 100 });
});
