import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { RecentEntries } from "../../../../lib/server/delivery/recent.ts";
import type { Entry } from "../../../../lib/server/journal/journal.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

function entry(seq: number): Entry {
  return { event: { type: "said", seq, at: 0, from: "ada", text: `${seq}` }, author: "a" };
}

function recentOf(from: number, to: number): RecentEntries {
  const recent = new RecentEntries(from - 1);
  for (let seq = from; seq <= to; seq++) recent.push(entry(seq));
  return recent;
}

const seqsOf = (entries: Entry[]) => entries.map(({ event }) => event.seq);

test("the newest entries are at hand, newest first", () => {
  const recent = recentOf(1_000, 1_050);
  expect(seqsOf(recent.entriesBefore(1_051, 3))).toEqual([1_050, 1_049, 1_048]);
  expect(seqsOf(recent.entriesBefore(Infinity, 1))).toEqual([1_050]);
  expect(seqsOf(recent.entriesBefore(1_003, 3))).toEqual([1_002, 1_001, 1_000]);
});

test("older entries than are at hand are before `from`", () => {
  const recent = recentOf(1_000, 1_050);
  expect(recent.from).toBe(1_000);
  expect(seqsOf(recent.entriesBefore(1_003, 4))).toEqual([1_002, 1_001, 1_000]);
  expect(recent.entriesBefore(1_000, 1)).toEqual([]);
  expect(new RecentEntries(4).from).toBe(5);
});

test("all events of a short history are at hand", () => {
  const recent = recentOf(1, 5);
  expect(seqsOf(recent.entriesBefore(4, 50))).toEqual([3, 2, 1]);
  expect(seqsOf(recent.entriesBefore(1, 50))).toEqual([]);
});

test("who came and went is not at hand, and what was said before is", () => {
  const recent = new RecentEntries(0);
  for (let seq = 1; seq <= 5; seq++) recent.push(entry(seq));
  for (let seq = 6; seq <= 1_000; seq++) {
    recent.push({ event: { type: "joined", seq, at: 0, name: `guest${seq}` }, author: `${seq}` });
  }
  expect(seqsOf(recent.entriesBefore(1_001, 50))).toEqual([5, 4, 3, 2, 1]);
});

describe("after a start", () => {
  const left = (seq: number): Entry => ({
    event: { type: "left", seq, at: 0, name: `guest${seq}` },
    author: "g",
  });
  const older = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => entry(to - i));

  test("what the journal was read for is at hand from then on", () => {
    const recent = new RecentEntries(1_000);
    recent.push(entry(1_001));
    recent.extend(1_002, [entry(1_001), left(1_000), left(999), ...older(900, 998)]);
    expect(seqsOf(recent.entriesBefore(1_002, 51))).toEqual([
      1_001,
      ...Array.from({ length: 50 }, (_, i) => 998 - i),
    ]);
    recent.push(entry(1_002));
    expect(seqsOf(recent.entriesBefore(Infinity, 2))).toEqual([1_002, 1_001]);
    expect(recent.from).toBe(900);
  });

  test("a page that does not go on from what is at hand is not taken", () => {
    const recent = new RecentEntries(1_000);
    recent.extend(900, older(800, 899));
    expect(recent.entriesBefore(901, 1)).toEqual([]);
    expect(recent.from).toBe(1_001);
  });

  test("the same page twice, and the start of the journal, are taken", () => {
    const recent = new RecentEntries(5);
    const page = [left(5), left(4), entry(3), entry(2)];
    recent.extend(6, page);
    recent.extend(6, page);
    expect([seqsOf(recent.entriesBefore(6, 3)), recent.from]).toEqual([[3, 2], 2]);
    recent.extend(2, [left(1)]);
    expect([seqsOf(recent.entriesBefore(6, 3)), recent.from]).toEqual([[3, 2], 1]);
    const empty = new RecentEntries(5);
    empty.extend(6, []);
    expect(empty.from).toBe(1);
  });
});

test("a bounded number is at hand, however many there were", () => {
  const recent = recentOf(1, 10_000);
  expect(seqsOf(recent.entriesBefore(10_001, 50)).at(-1)).toBe(9_951);
  expect(recent.from).toBeGreaterThan(9_800);
  recent.extend(
    recent.from,
    Array.from({ length: 500 }, (_, i) => entry(recent.from - 1 - i)),
  );
  expect(seqsOf(recent.entriesBefore(Infinity, 200))).toHaveLength(127);
});
