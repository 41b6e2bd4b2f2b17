import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import type { Recorded } from "../../../../lib/protocol/events.ts";
import { type Entry, serversOnly } from "../../../../lib/server/journal/journal.ts";
import {
  lastBefore,
  type Past,
  pageEvents,
  pageLength,
  search,
} from "../../../../lib/server/journal/pages.ts";
import { testMs } from "../../../support/transcript.ts";
import { pageAfter } from "./listened.ts";

setDefaultTimeout(testMs);

const seqsOf = (events: Recorded[]) => events.map(({ seq }) => seq);

function said(seq: number, text = "x"): Entry {
  return { event: { type: "said", seq, at: 0, from: "ada", text }, author: "a" };
}

function whisper(seq: number, author: string, reader: string): Entry {
  return { event: { type: "told", seq, at: 0, from: "x", to: "y", text: "x" }, author, reader };
}

/** A journal that holds these entries and counts those that it has handed out. */
class Held {
  looked = 0;
  readonly #entries: Entry[];

  constructor(entries: Entry[]) {
    this.#entries = entries;
  }

  entriesAfter = (position: number, count: number) =>
    this.#count(this.#entries.filter(({ event }) => event.seq > position).slice(0, count));

  entriesBefore = (position: number, count: number) =>
    this.#count(
      this.#entries
        .filter(({ event }) => event.seq < position)
        .reverse()
        .slice(0, count),
    );

  /** Looks at a few entries with each call. */
  matchesBefore = async (text: string, position: number, count: number) => {
    const looked = this.#entries
      .filter(({ event }) => event.seq < position)
      .slice(-7)
      .reverse();
    const entries = looked.filter(({ event }) => "text" in event && event.text === text).slice(0, count);
    const last = entries.length < count ? looked.at(-1) : entries.at(-1);
    return { entries: this.#count(entries), before: last?.event.seq ?? 0 };
  };

  #count(entries: Entry[]): Entry[] {
    this.looked += entries.length;
    return entries;
  }
}

const manyWhispers = (count: number, from = 1) =>
  Array.from({ length: count }, (_, i) => whisper(from + i, "b", "c"));

test("a look back counts messages, whatever came and went between them", async () => {
  const guests = (from: number, count: number): Entry[] =>
    Array.from({ length: count }, (_, i) => {
      const seq = from + i;
      const type = seq % 2 === 0 ? "joined" : "left";
      return { event: { type, seq, at: 0, name: `guest${seq >> 1}` }, author: `${seq >> 1}` };
    });
  const renamed: Entry = { event: { type: "renamed", seq: 4, at: 0, from: "ada", to: "eve" }, author: "a" };
  const journal = new Held([said(1), guests(2, 1), said(3), renamed, said(5), guests(6, 3_000)].flat());
  const past = await lastBefore(journal.entriesBefore, Infinity, 2, "a");
  expect(seqsOf(past.events)).toEqual([3, 4, 5, 3_004, 3_005]);
  expect(past.more).toBe(true);
  expect(past.before).toBeUndefined();
});

describe("among others' whispers", () => {
  test("a look back among whispers of others ends after ten pages", async () => {
    const journal = new Held([said(1), said(2), ...manyWhispers(35_000, 3)]);
    let past: Past = await lastBefore(journal.entriesBefore, Infinity, 500, "a");
    expect(past).toEqual({ events: [], more: true, before: 35_002 - 10 * pageEvents + 1 });
    expect(journal.looked).toBeLessThanOrEqual(11 * pageEvents);
    for (let asked = 1; past.before !== undefined; asked++) {
      expect(asked).toBeLessThan(10);
      past = await lastBefore(journal.entriesBefore, past.before, 500, "a");
    }
    expect(seqsOf(past.events)).toEqual([1, 2]);
    expect(past.more).toBeUndefined();
  });

  test("a page of whispers of others is empty and says how far it went", async () => {
    const journal = new Held(manyWhispers(5_000));
    expect(await pageAfter(journal, 0, 5_000, "a")).toEqual({
      gap: undefined,
      events: [],
      last: pageEvents,
    });
    expect(journal.looked).toBe(pageEvents);
  });

  test("a search among whispers of others ends after some pages", async () => {
    const journal = new Held([said(1), ...manyWhispers(25_000, 2)]);
    let past: Past = await search(journal, "x", Infinity, 20, "a");
    expect(past).toMatchObject({ events: [], more: true });
    expect(journal.looked).toBeLessThan(20_000);
    for (let asked = 1; past.before !== undefined; asked++) {
      expect(asked).toBeLessThan(10);
      past = await search(journal, "x", past.before, 20, "a");
    }
    expect(seqsOf(past.events)).toEqual([1]);
  });

  test("a look back for a few events reads a few entries", async () => {
    const journal = new Held(Array.from({ length: 1_000 }, (_, i) => said(i + 1)));
    expect(seqsOf((await lastBefore(journal.entriesBefore, 500, 2, "a")).events)).toEqual([498, 499]);
    expect(journal.looked).toBe(3);
  });
});

test("a look back that long messages fill says where to go on", async () => {
  const journal = new Held(Array.from({ length: 100 }, (_, i) => said(i + 1, "x".repeat(4_000))));
  const past = await lastBefore(journal.entriesBefore, Infinity, 100, "a");
  expect(past.events.length).toBeWithin(pageLength / 5_000, pageLength / 3_000);
  expect(past).toMatchObject({ more: true, before: past.events[0]?.seq });
});

// ---- Any journal, with holes, and any reader ----

const seats = ["a", "b", "c"];
const entryOf = fc.record({
  hole: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3) }),
  author: fc.constantFrom(...seats),
  reader: fc.option(fc.constantFrom(serversOnly, ...seats), { nil: undefined }),
  length: fc.oneof({ weight: 5, arbitrary: fc.constant(10) }, { weight: 1, arbitrary: fc.nat(pageLength) }),
});
const entries = fc.array(entryOf, { maxLength: 60 }).map((list) => {
  let seq = 0;
  return list.map(({ hole, author, reader, length }): Entry => {
    seq += hole + 1;
    return { ...said(seq, "x".repeat(length)), author, ...(reader !== undefined && { reader }) };
  });
});
const viewer = fc.constantFrom(...seats, "d");
const visibleTo = (viewer: string, { author, reader }: Entry) =>
  reader === undefined || reader === viewer || (reader !== serversOnly && author === viewer);

test("pages in a row show each visible event once, and all that is missing", async () => {
  await fc.assert(
    fc.asyncProperty(entries, viewer, fc.nat(20), async (entries, viewer, from) => {
      const journal = new Held(entries);
      const head = entries.at(-1)?.event.seq ?? 0;
      const shown: number[] = [];
      const missing: number[] = [];
      for (let after = from; after < head; ) {
        const page = await pageAfter(journal, after, head, viewer);
        expect(page.last).toBeGreaterThan(after);
        const { gap } = page;
        if (gap) for (let seq = gap.from; seq <= gap.to; seq++) missing.push(seq);
        shown.push(...seqsOf(page.events));
        after = page.last;
      }
      const behind = entries.filter(({ event }) => event.seq > from);
      const kept = new Set(seqsOf(behind.map(({ event }) => event)));
      expect(shown).toEqual(seqsOf(behind.filter((e) => visibleTo(viewer, e)).map(({ event }) => event)));
      const holes = Array.from({ length: head }, (_, i) => i + 1).filter((n) => n > from && !kept.has(n));
      expect(missing).toEqual(holes);
    }),
  );
});

test("looks back in a row show each visible event once", async () => {
  await fc.assert(
    fc.asyncProperty(entries, viewer, fc.integer({ min: 1, max: 9 }), async (entries, viewer, limit) => {
      const journal = new Held(entries);
      const shown: number[] = [];
      for (let before: number | undefined = Infinity; before !== undefined; ) {
        const past: Past = await lastBefore(journal.entriesBefore, before, limit, viewer);
        expect(past.events.length).toBeLessThanOrEqual(limit);
        shown.unshift(...seqsOf(past.events));
        before = past.before ?? (past.more ? past.events[0]?.seq : undefined);
      }
      expect(shown).toEqual(seqsOf(entries.filter((e) => visibleTo(viewer, e)).map(({ event }) => event)));
    }),
  );
});
