// Any entries in any batches, and any questions about them: a journal gives the same answers as one in memory.

import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Recorded } from "../../../../lib/protocol/events.ts";
import { type Entry, type Journal, serversOnly } from "../../../../lib/server/journal/journal.ts";
import { search } from "../../../../lib/server/journal/pages.ts";
import { SqliteJournal } from "../../../../lib/server/journal/sqlite/journal.ts";
import { patienceMs } from "../../../support/transcript.ts";
import { type Kind, openAt } from "./contract.ts";
import { Listened, lookBack, type Marked, pageAfter } from "./listened.ts";

const words = [
  "tea",
  "Tea",
  "team",
  "café",
  "cafe\u0301",
  "ÄRGER",
  "x-y",
  "it's",
  "10.0.1",
  "日本語",
  "🎉",
  "a",
];
const seats = ["a", "b", "c"];
const facts = fc.dictionary(fc.constantFrom("k1", "k2", "k3"), fc.constantFrom(null, "v1", "v2"), {
  noNullPrototype: true,
});
// What may be said twice expects nothing.
const once = fc.oneof(
  { weight: 2, arbitrary: fc.record({ id: fc.constantFrom("1", "2", "3", "4", undefined) }) },
  { weight: 1, arbitrary: fc.record({ expects: facts }) },
);
const said = fc.record({
  text: fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 4 }).map((list) => list.join(" ")),
  author: fc.constantFrom(...seats),
  reader: fc.option(fc.constantFrom(serversOnly, ...seats), { nil: undefined, freq: 3 }),
  facts: fc.option(facts, { nil: undefined }),
});
const entry = fc
  .tuple(said, once)
  .map(([said, once]) => ({ id: undefined, expects: undefined, ...said, ...once }));
const question = fc.record({
  after: fc.nat(70),
  upTo: fc.nat(70),
  limit: fc.integer({ min: 1, max: 30 }),
  viewer: fc.constantFrom(...seats, "d"),
  sought: fc.array(fc.constantFrom("t", "te", "CAFÉ", "arger", "y", ...words), {
    minLength: 1,
    maxLength: 2,
  }),
});

/** A new one each time: the journal fills in what it knows. */
const entryOf = ({
  text,
  author,
  id,
  reader,
  facts,
  expects,
}: typeof entry extends fc.Arbitrary<infer T> ? T : never): Entry => ({
  event:
    reader === undefined
      ? { type: "said", seq: 0, at: 0, from: author, text, id }
      : { type: "told", seq: 0, at: 0, from: author, to: "x", text, id },
  author,
  ...(reader !== undefined && { reader }),
  ...(facts && { facts }),
  ...(expects && { expects }),
});

/** Without what two journals may not agree about. */
const timeless = <T extends { events: Recorded[] }>(answer: T) => ({
  ...answer,
  events: answer.events.map((event) => {
    const { at: _, mark: __, ...rest }: Marked = event;
    return rest;
  }),
});

/** Runs the test that compares a journal with one in memory, entry by entry and page by page. */
export function testAgainstModel(kind: Kind, numRuns: number): void {
  test("the journal answers as one in memory, whatever the entries", async () => {
    let runs = 0;
    let found = 0;
    let contradicted = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(entry, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 6 }),
        fc.array(question, { minLength: 10, maxLength: 10 }),
        async (batches, questions) => {
          runs++;
          await using place = await kind.place();
          await using model = new Listened(SqliteJournal.open({ keepEvents: 1_000_000 }));
          {
            await using room = await openAt(place);
            for (const batch of batches) {
              await room.append(...batch.map(entryOf));
              await model.append(...batch.map(entryOf));
            }
            const sorted = (list: unknown[]) => list.map((fate) => JSON.stringify(fate)).sort();
            expect(sorted(room.fates)).toEqual(sorted(model.fates));
            contradicted += model.told.items.filter(([what]) => what === "contradicted").length;
            const { last } = model.journal;
            expect(room.journal.last).toBe(last);
            for (const { after, upTo, limit, viewer, sought } of questions) {
              const [from, to] = [Math.min(after, last), Math.min(Math.max(after, upTo), last)];
              const answers = async (journal: Journal) => ({
                page: timeless(await pageAfter(journal, from, to, viewer)),
                past: timeless(await lookBack(journal, to + 1, limit, viewer)),
                found: timeless(await search(journal, sought.join(" "), upTo, limit, viewer)),
              });
              const expected = await answers(model.journal);
              expect(await answers(room.journal)).toEqual(expected);
              found += expected.found.events.length;
            }
          }
          if (!kind.lasts) return;
          await using again = await openAt(place);
          const byKey = ([a]: [string, string], [b]: [string, string]) => (a < b ? -1 : 1);
          expect([...again.journal.facts()].sort(byKey)).toEqual([...model.journal.facts()].sort(byKey));
        },
      ),
      // On a busy machine, as many as there is time for.
      { numRuns, seed: 20261122, interruptAfterTimeLimit: patienceMs },
    );
    expect(found).toBeGreaterThan(runs);
    expect(contradicted).toBeGreaterThan(runs);
  });
}
