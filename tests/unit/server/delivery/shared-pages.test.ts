// Shared pages against their definition: whatever is shared, a viewer gets the lines of a page of its own.

import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import type { Encoding } from "../../../../lib/dialects/dialect.ts";
import { json } from "../../../../lib/dialects/json.ts";
import { plain } from "../../../../lib/dialects/plain.ts";
import type { Event, Recorded } from "../../../../lib/protocol/events.ts";
import { SharedPages } from "../../../../lib/server/delivery/shared-pages.ts";
import { type Entry, serversOnly } from "../../../../lib/server/journal/journal.ts";
import { pageEvents, pageLength } from "../../../../lib/server/journal/pages.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

const seats = ["a", "b", "c"];

function said(seq: number, text = "x"): Entry {
  return { event: { type: "said", seq, at: 0, from: "ada", text }, author: "a" };
}

/** A journal that counts how often it is read, answers at once or later, and may lose its oldest entries. */
class Held {
  reads = 0;
  entries: Entry[];
  isFar: boolean;

  constructor(entries: Entry[], isFar = false) {
    this.entries = entries;
    this.isFar = isFar;
  }

  entriesAfter = (position: number, count: number) => {
    this.reads++;
    const found = this.entries.filter(({ event }) => event.seq > position).slice(0, count);
    return this.isFar ? new Promise<Entry[]>((resolve) => setImmediate(() => resolve(found))) : found;
  };
}

/** All that the viewer is shown of (after, upTo], page by page. */
async function read(
  pages: SharedPages,
  after: number,
  upTo: number,
  viewer: string,
  own?: typeof ownWords,
): Promise<string> {
  let text = "";
  for (let at = after; at < upTo; ) {
    const page = await pages.after(at, upTo);
    expect(page.last).toBeGreaterThan(at);
    text += Buffer.concat(page.piecesFor(viewer, own));
    at = page.last;
  }
  return text;
}

/** The same by the definition. */
function shown(entries: Entry[], dialect: Encoding, after: number, viewer: string): string {
  const events: Event[] = [];
  let last = after;
  for (const { event, author, reader } of entries.filter(({ event }) => event.seq > after)) {
    if (event.seq > last + 1) events.push({ type: "gap", from: last + 1, to: event.seq - 1 });
    last = event.seq;
    if (reader === undefined || reader === viewer || (author === viewer && reader !== serversOnly)) {
      events.push(event);
    }
  }
  return events.map((event) => dialect.encode(event)).join("");
}

const entryOf = fc.record({
  hole: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(300) }),
  author: fc.constantFrom(...seats),
  reader: fc.option(fc.constantFrom(serversOnly, ...seats), { nil: undefined }),
  text: fc.oneof(
    { weight: 9, arbitrary: fc.string({ unit: "grapheme", minLength: 1, maxLength: 9 }) },
    { weight: 1, arbitrary: fc.nat(pageLength).map((length) => "ä".repeat(length + 1)) },
  ),
});
const entriesOf = fc.array(entryOf, { minLength: 1, maxLength: 60 }).map((list) => {
  let seq = 0;
  return list.map(({ hole, author, reader, text }): Entry => {
    seq += hole + 1;
    return { ...said(seq, text), author, ...(reader !== undefined && { reader }) };
  });
});

test("each viewer is shown what it may see, in its dialect, from any event", async () => {
  const askers = fc.array(
    fc.record({
      viewer: fc.constantFrom(...seats, "d"),
      dialect: fc.constantFrom(json, plain),
      after: fc.nat(400),
    }),
    { minLength: 1, maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(entriesOf, askers, fc.boolean(), async (entries, askers, isFar) => {
      const journal = new Held(entries, isFar);
      const shared = new Map([json, plain].map((dialect) => [dialect, new SharedPages(dialect, journal)]));
      const head = entries.at(-1)?.event.seq ?? 0;
      await Promise.all(
        askers.map(async ({ viewer, dialect, after }) => {
          const pages = shared.get(dialect);
          const text = pages && (await read(pages, after, head, viewer));
          expect(text).toBe(shown(entries, dialect, after, viewer));
        }),
      );
    }),
    { numRuns: 300 },
  );
});

/** Of three events of its own an author is told one in its own words, one in no words, and one in those for all. */
function ownWords({ seq }: Recorded): string | undefined {
  return seq % 3 === 0 ? undefined : seq % 3 === 1 ? `mine ö ${seq}\n` : "";
}

test("an author is told of its own events in words of its own", async () => {
  const words: Encoding = { encode: plain.encode, hasOwnWords: true };
  await fc.assert(
    fc.asyncProperty(
      entriesOf,
      fc.constantFrom(...seats, "d"),
      fc.nat(400),
      async (entries, viewer, after) => {
        const head = entries.at(-1)?.event.seq ?? 0;
        const pages = new SharedPages(words, new Held(entries));
        const dialect: Encoding = {
          encode: (event) => {
            const isOwn = entries.some((entry) => entry.event === event && entry.author === viewer);
            return (isOwn && "seq" in event ? ownWords(event as Recorded) : undefined) ?? plain.encode(event);
          },
        };
        expect(await read(pages, after, head, viewer, ownWords)).toBe(shown(entries, dialect, after, viewer));
      },
    ),
    { numRuns: 300 },
  );
});

const many = (count: number) => Array.from({ length: count }, (_, i) => said(i + 1));

test("readers that catch up at once from any event read a page once", async () => {
  for (const isFar of [false, true]) {
    const journal = new Held(many(8_000), isFar);
    const pages = new SharedPages(json, journal);
    await Promise.all(Array.from({ length: 100 }, (_, i) => read(pages, i % 10, 8_000, "d")));
    // The first page of each of ten positions, then the same for all.
    expect(journal.reads).toBe(10 + 8_000 / pageEvents - 1);
  }
});

test("a page never goes beyond the event that was asked for", async () => {
  const pages = new SharedPages(json, new Held(many(2 * pageEvents)));
  for (const upTo of [1, 7, pageEvents, pageEvents + 1]) {
    expect((await pages.after(0, upTo)).last).toBe(Math.min(upTo, pageEvents));
  }
});

test("a page is read anew once what was kept of it is too old", async () => {
  const journal = new Held(many(100_000));
  const pages = new SharedPages(json, journal);
  const read = async (from: number) => (await pages.after(from, 100_000)).last;
  for (let at = 0; at < 100_000; ) at = await read(at);
  const before = journal.reads;
  await read(0);
  expect(journal.reads).toBe(before + 1);
});

test("a reader goes on behind what was trimmed since it began", async () => {
  const journal = new Held(many(4_000));
  const pages = new SharedPages(json, journal);
  const [first, second] = [await pages.after(0, 4_000), await pages.after(pageEvents, 4_000)];
  expect([first.last, second.last]).toEqual([pageEvents, 2 * pageEvents]);
  journal.entries = journal.entries.slice(3 * pageEvents + 10);
  const third = await pages.after(2 * pageEvents, 4_000);
  const [line] = Buffer.concat(third.piecesFor("d")).toString().split("\n");
  const gap = { type: "gap", from: 2 * pageEvents + 1, to: 3 * pageEvents + 10 };
  expect(JSON.parse(line ?? "")).toEqual(gap);
});

test("a journal that could not be read is read again for the next reader", async () => {
  const journal = new Held(many(10));
  let isBroken = true;
  const pages = new SharedPages(json, {
    entriesAfter(position, count) {
      if (isBroken) throw new Error("damaged");
      return journal.entriesAfter(position, count);
    },
  });
  const asked = [pages.after(0, 10), pages.after(0, 10)];
  for (const page of asked) expect(page).rejects.toThrow("damaged");
  await Promise.allSettled(asked);
  isBroken = false;
  expect((await pages.after(0, 10)).last).toBe(10);
});
