// What journal.ts promises, as tests that every kind of journal passes: each file of tests of a kind runs them.

import { describe, expect, test } from "bun:test";
import type { Recorded } from "../../../../lib/protocol/events.ts";
import { type Entry, type Journal, serversOnly } from "../../../../lib/server/journal/journal.ts";
import { pageEvents, pageLength, search } from "../../../../lib/server/journal/pages.ts";
import {
  fact,
  Listened,
  lookBack,
  many,
  pageAfter,
  read,
  recent,
  said,
  seqsOf,
  textsOf,
  upTo,
  whisper,
} from "./listened.ts";

/** A place of its own for one test: what is opened there is the same room each time, and gone with the test. */
export type Place = { open: (keepEvents: number) => Journal | Promise<Journal> } & AsyncDisposable;

export type Kind = {
  place: () => Place | Promise<Place>;
  /** Whether the room is there again once it was closed. */
  lasts: boolean;
};

const keepsAll = 1_000_000;

export async function openAt(place: Place, keepEvents = keepsAll): Promise<Listened> {
  return new Listened(await place.open(keepEvents));
}

type Step = (room: Listened) => Promise<unknown>;

/** Runs the steps one after the other in one room, closed and opened again between them. */
export async function inRoom(kind: Kind, keepEvents: number, ...steps: Step[]): Promise<void> {
  await using place = await kind.place();
  for (const step of steps) {
    await using room = await openAt(place, keepEvents);
    await step(room);
  }
}

/** Runs the tests that every journal passes. Each test has a place of its own. */
export function testContract(kind: Kind): void {
  const inOneRoom = (keepEvents: number, ...steps: Step[]) => inRoom(kind, keepEvents, ...steps);
  const testThatLasts = kind.lasts ? test : () => {};

  describe("numbers", () => {
    test("numbers rise by one, across batches", () =>
      inOneRoom(keepsAll, async (room) => {
        expect(room.journal.epoch).toMatch(/^[0-9a-f]{16}$/);
        expect([room.journal.first, room.journal.last]).toEqual([1, 0]);
        await room.append(said("one"), said("two"));
        await room.append(said("three"));
        expect(room.seqs).toEqual([1, 2, 3]);
        expect([room.journal.first, room.journal.last]).toEqual([1, 3]);
      }));

    testThatLasts("numbers go on after a restart, and positions stay right", async () => {
      let epoch: string;
      await inOneRoom(
        keepsAll,
        async (room) => {
          ({ epoch } = room.journal);
          await room.append(said("one"), said("two"), said("three"));
        },
        async (room) => {
          expect(room.journal.endOf(epoch)).toBeGreaterThanOrEqual(3);
          expect(room.journal.endOf("another")).toBeUndefined();
          expect([room.journal.first, room.journal.last]).toEqual([1, 3]);
          await room.append(said("four"));
          expect(room.seqs).toEqual([4]);
          expect(textsOf((await read(room.journal, 0, 4)).events)).toEqual(["one", "two", "three", "four"]);
        },
      );
    });

    test("another room has its own numbers and its own epoch", async () => {
      await using one = await kind.place();
      await using two = await kind.place();
      await using first = await openAt(one);
      await using second = await openAt(two);
      await first.append(said("x"), said("y"));
      await second.append(said("z"));
      expect(second.seqs).toEqual([1]);
      expect(first.journal.epoch).not.toBe(second.journal.epoch);
    });

    test("a turn longer than any batch, row and page gets its numbers", () =>
      inOneRoom(keepsAll, async (room) => {
        const count = 5 * pageEvents + 7;
        await room.append(...many(count));
        expect(room.seqs).toEqual(upTo(count));
        expect(seqsOf((await read(room.journal, 0, count)).events)).toEqual(upTo(count));
      }));
  });

  test("any text is kept as it is", async () => {
    const texts = [
      "",
      "\0",
      "%d %s %",
      '"]}',
      "\\u0000",
      "a\u2028b",
      "日本 🎉",
      "x".repeat(20_000),
      "\ud800",
    ];
    const readsThem = async ({ journal }: Listened) =>
      expect(textsOf((await read(journal, 0, texts.length)).events)).toEqual(texts);
    await inOneRoom(
      keepsAll,
      async (room) => {
        await room.append(...texts.map((text) => said(text, '"a b"', text === "" ? "" : undefined)));
        expect(room.texts).toEqual(texts);
        await readsThem(room);
      },
      ...(kind.lasts ? [readsThem] : []),
    );
  });

  describe("the same id from the same author", () => {
    const lines = () => [
      said("x", "ada", "1"),
      said("x", "ada", "1"),
      said("x", "bob", "1"),
      said("y", "ada", "2"),
    ];

    test("an author says an id once, in one batch and in two", () =>
      inOneRoom(keepsAll, async (room) => {
        await room.append(...lines());
        await room.append(said("x", "ada", "1"), said("no id", "ada"), said("no id", "ada"));
        expect(room.fates).toEqual([
          ["happened", 1],
          ["happened", 2],
          ["happened", 3],
          ["repeated", 1],
          ["happened", 4],
          ["happened", 5],
          ["repeated", 1],
        ]);
      }));

    testThatLasts("an author says an id once, also after a restart", () =>
      inOneRoom(
        keepsAll,
        async (room) => room.append(...lines()),
        async (room) => {
          await room.append(said("y", "ada", "2"));
          expect(room.fates).toEqual([["repeated", 3]]);
        },
      ),
    );

    test("an id is known as long as its event is kept, and not longer", () =>
      inOneRoom(10, async (room) => {
        for (let seq = 1; seq <= 100; seq++) {
          await room.append(said("x", "ada", `${seq}`));
          const oldest = Math.max(seq - 9, 1);
          await room.append(said("x", "ada", `${oldest}`));
          expect(room.fates.at(-1)).toEqual(["repeated", oldest]);
        }
        await room.append(said("x", "ada", "1"));
        expect(room.fates.at(-1)).toEqual(["happened", 101]);
      }));
  });

  describe("facts", () => {
    const factsOf = ({ journal }: Listened) => Object.fromEntries(journal.facts());
    const topic = (text: string, more: Pick<Entry, "facts" | "expects">): Entry => ({
      event: { type: "topic", seq: 0, at: 0, by: "ada", text },
      author: "ada's seat",
      ...more,
    });

    testThatLasts("a fact is so until another event changes it", () =>
      inOneRoom(
        keepsAll,
        (room) => room.append(said("1"), topic("a", { facts: { topic: "a", "ban bob": "{}" } })),
        async (room) => {
          expect(factsOf(room)).toEqual({ topic: "a", "ban bob": "{}" });
          await room.append(topic("b", { facts: { topic: "b", "name b": "" } }));
        },
        async (room) => {
          expect(factsOf(room)).toEqual({ topic: "b", "ban bob": "{}", "name b": "" });
          await room.append(topic("", { facts: { topic: null, "ban bob": null, "ban eve": null } }));
        },
        async (room) => expect(factsOf(room)).toEqual({ "name b": "" }),
      ),
    );

    testThatLasts("a fact outlives the event that brought it", () =>
      inOneRoom(
        5,
        async (room) => {
          await room.append(fact({ topic: "tea", "seat 1": "ada" }), fact({ "seat 2": "bob" }));
          await room.append(fact({ "seat 1": null }));
          await room.append(...many(500));
        },
        async (room) => {
          expect(factsOf(room)).toEqual({ topic: "tea", "seat 2": "bob" });
          await room.append(topic("coffee", { facts: {}, expects: { topic: "tea" } }));
          expect(room.fates).toEqual([["happened", 504]]);
        },
      ),
    );

    test("an entry whose expected facts are not so does not happen", () =>
      inOneRoom(
        keepsAll,
        async (room) => {
          await room.append(topic("a", { facts: { topic: "a" } }));
          await room.append(
            topic("not b", { facts: { topic: "x" }, expects: { topic: "b" } }),
            topic("not free", { facts: { topic: "x" }, expects: { topic: null } }),
            topic("half true", { facts: { topic: "x" }, expects: { topic: "a", other: "" } }),
            topic("b", { facts: { topic: "b" }, expects: { topic: "a", other: null } }),
          );
          const contradicted = ["contradicted"];
          expect(room.fates).toEqual([
            ["happened", 1],
            ["happened", 2],
            ...Array.from({ length: 3 }, () => contradicted),
          ]);
          expect(textsOf((await pageAfter(room.journal, 0, 2, "anyone")).events)).toEqual(["a", "b"]);
        },
        ...(kind.lasts ? [async (room: Listened) => expect(factsOf(room)).toEqual({ topic: "b" })] : []),
      ));

    test("the facts of an entry hold for the next one of its batch", () =>
      inOneRoom(
        keepsAll,
        async (room) => {
          await room.append(
            fact({ name: "1" }, { name: null }),
            fact({ name: "2" }, { name: null }),
            fact({ name: "3", other: "x" }, { name: "2" }),
            fact({ name: null }, { name: "1", other: null }),
            fact({ name: "4" }, { name: null }),
          );
          expect(room.fates).toEqual([
            ["happened", 1],
            ["happened", 2],
            ["happened", 3],
            ["contradicted"],
            ["contradicted"],
          ]);
        },
        ...(kind.lasts ? [async (room: Listened) => expect(factsOf(room)).toEqual({ name: "4" })] : []),
      ));

    test("a repeated message does not bring its facts again", () =>
      inOneRoom(keepsAll, async (room) => {
        const entry = (value: string): Entry => ({ ...said("x", "ada", "1"), facts: { key: value } });
        await room.append(entry("one"), entry("two"));
        await room.append(fact({}, { key: "one" }));
        expect(room.fates).toEqual([
          ["happened", 1],
          ["repeated", 1],
          ["happened", 2],
        ]);
      }));

    test("facts are shown to no reader", () =>
      inOneRoom(keepsAll, async (room) => {
        await room.append(topic("a", { facts: { secret: "hush" }, expects: { secret: null } }));
        const page = await pageAfter(room.journal, 0, 1, "ada's seat");
        const past = await recent(room.journal, 1, 10, "ada's seat");
        const found = await search(room.journal, "a", 2, 10, "ada's seat");
        expect(found.events).toHaveLength(1);
        expect(JSON.stringify([page, past, found, room.happened])).not.toContain("secret");
      }));
  });

  describe("a page", () => {
    test("a page holds what is between two positions, also in a turn", () =>
      inOneRoom(keepsAll, async (room) => {
        await room.append(...many(10));
        await room.append(...many(300, "b"));
        for (const [after, to] of [
          [3, 7],
          [0, 10],
          [9, 12],
          [7, 7],
          [12, 300],
          [255, 265],
          [309, 310],
        ] as const) {
          const page = await pageAfter(room.journal, after, to, "anyone");
          expect(page).toMatchObject({ gap: undefined, last: to });
          expect(seqsOf(page.events)).toEqual(upTo(to).slice(after));
          expect(seqsOf(await recent(room.journal, to, to - after, "anyone"))).toEqual(upTo(to).slice(after));
        }
      }));

    test("a page shows a whisper to its two ends alone", () =>
      inOneRoom(keepsAll, async (room) => {
        await room.append(
          said("1"),
          whisper("2", "a", "b"),
          said("3"),
          whisper("4", "b", "c"),
          whisper("5", "c", "b"),
          whisper("6", "a", serversOnly),
        );
        const seen = async (viewer: string) => {
          const { events, last } = await pageAfter(room.journal, 0, 6, viewer);
          expect(last).toBe(6);
          expect(await recent(room.journal, 6, 10, viewer)).toEqual(events);
          return textsOf(events).join("");
        };
        expect(await Promise.all(["a", "b", "c", "d"].map(seen))).toEqual(["123", "12345", "1345", "13"]);
      }));

    test("an entry for servers alone has a number and is shown to no seat", () =>
      inOneRoom(keepsAll, async (room) => {
        const event: Recorded = { type: "moved", seq: 0, at: 0, name: "ada" };
        await room.append(said("1", "ada"), { event, author: "ada", reader: serversOnly }, said("3", "ada"));
        for (const viewer of ["ada", "bob"]) {
          const { events, last } = await pageAfter(room.journal, 0, 3, viewer);
          expect([seqsOf(events), last]).toEqual([[1, 3], 3]);
        }
      }));

    test("pages are bounded in events and length, and lose nothing", () =>
      inOneRoom(keepsAll, async (room) => {
        const long = "x".repeat(4000);
        await room.append(...Array.from({ length: 200 }, (_, i) => said(`${i} ${long}`)));
        await room.append(...many(3 * pageEvents));
        const { last } = room.journal;
        const seqs: number[] = [];
        for (let after = 0; after < last; ) {
          const page = await pageAfter(room.journal, after, last, "anyone");
          expect(page.events.length).toBeLessThanOrEqual(pageEvents);
          expect(textsOf(page.events).join("").length).toBeLessThan(pageLength + 5000);
          seqs.push(...seqsOf(page.events));
          after = page.last;
        }
        expect(seqs).toEqual(upTo(last));
        const past = await lookBack(room.journal, 201, 200, "anyone");
        expect(past.events.at(-1)?.seq).toBe(200);
        expect(past.events.length).toBeLessThan(40);
        expect(past).toMatchObject({ more: true, before: past.events[0]?.seq });
      }));

    test("a page says what is missing before it, and only that", async () => {
      const [count, kept] = [12_000, 50];
      let first: number;
      await inOneRoom(
        kept,
        async (room) => {
          await room.append(...many(count));
          const whole = await pageAfter(room.journal, 0, count, "anyone");
          first = whole.events[0]?.seq ?? 0;
          expect(first).toBeWithin(1_000, count - kept + 2);
          expect(whole.gap).toEqual({ from: 1, to: first - 1 });
          expect((await pageAfter(room.journal, first - 3, count, "anyone")).gap).toEqual({
            from: first - 2,
            to: first - 1,
          });
          expect((await pageAfter(room.journal, first - 1, count, "anyone")).gap).toBeUndefined();
          // All that was asked for is gone: then so is what lies behind it.
          expect(await pageAfter(room.journal, 2, 5, "anyone")).toEqual({
            gap: { from: 3, to: first - 1 },
            events: [],
            last: first - 1,
          });
          const past = await recent(room.journal, count, kept, "anyone");
          expect(seqsOf(past)).toEqual(upTo(count).slice(-kept));
        },
        ...(kind.lasts ? [async ({ journal }: Listened) => expect(journal.first).toBe(first)] : []),
      );
    });
  });

  test("there is nothing before the first event", () =>
    inOneRoom(keepsAll, async (room) => {
      expect(await lookBack(room.journal, 1, 10, "anyone")).toEqual({ events: [] });
      await room.append(...many(3));
      for (const before of [0, 1]) {
        expect(await lookBack(room.journal, before, 10, "anyone")).toEqual({ events: [] });
        expect(await search(room.journal, "1", before, 10, "anyone")).toEqual({ events: [] });
      }
    }));

  test("sync resolves once all that was appended has been told", () =>
    inOneRoom(keepsAll, async (room) => {
      room.journal.append(many(2_000));
      await room.journal.sync();
      expect(room.seqs).toEqual(upTo(2_000));
    }));
}
