// What journal.ts promises of a search, as tests that every kind of journal passes.

import { describe, expect, test } from "bun:test";
import { limits, type Recorded } from "../../../../lib/protocol/events.ts";
import { pageLength, search } from "../../../../lib/server/journal/pages.ts";
import { inRoom, type Kind } from "./contract.ts";
import { type Listened, said, seqsOf, textsOf, whisper } from "./listened.ts";

const texts = [
  "lunch at noon?",
  "No lunch today, Café Zürich is closed",
  "cafe\u0301 or tea",
  "see foo-bar at 10.0.0.1",
  "it's AND, OR, NOT and NEAR(x)",
  "two\nlines of lunchbox",
  "日本語で話す",
];
const cases: [text: string, found: number[]][] = [
  ["lunch", [1, 2, 6]],
  ["lunch ", [1, 2, 6]],
  ["lunch no", [1, 2]],
  ["noon lunch", [1]],
  ["lun noon", []],
  ["lunchb", [6]],
  ["unch", []],
  ["LUNCH NOON", [1]],
  ["cafe", [2, 3]],
  ["CAFÉ", [2, 3]],
  ["zurich", [2]],
  ["lines two", [6]],
  ["日本", [7]],
  ["foo-ba", [4]],
  ["bar-foo", []],
  ["10.0.0", [4]],
  ["10.0.1", []],
  ["AND", [5]],
  ["and OR not", [5]],
  ["lunch OR tea", []],
  ["lunch NOT noon", []],
  ["NEAR(x", [5]],
  ["lunch*", [1, 2, 6]],
  ["lunch *", [1, 2, 6]],
  ["^lunch", [1, 2, 6]],
  ["text:lunch", []],
  ["{text entry} : lunch", []],
  ["-lunch + noon", [1]],
  ['"lunch noon"', [1]],
  ['"lunch', [1, 2, 6]],
  ['lu"nch', []],
  ["it's", [5]],
  ["ada", []],
  ["? ! lunch !!", [1, 2, 6]],
  ['"', []],
  ['""', []],
  ["*", []],
  ["!? () --", []],
  ["😀", []],
  ["", []],
  ["a ".repeat(limits.searchLength / 2), []],
  ["x".repeat(limits.searchLength), []],
];

/** All that a stranger finds. */
export async function find({ journal }: Pick<Listened, "journal">, text: string) {
  return textsOf((await search(journal, text, journal.last + 1, 1_000, "anyone")).events);
}

/** Runs the tests of searching that every journal passes. */
export function testSearchContract(kind: Kind): void {
  describe("a search", () => {
    test("a search finds every word, the last as a beginning", () =>
      inRoom(kind, 1_000, async (room) => {
        await room.append(...texts.map((text) => said(text)));
        const answers = await Promise.all(
          cases.map(([text]) => search(room.journal, text, room.journal.last + 1, 100, "anyone")),
        );
        expect(cases.map(([text], i) => [text, seqsOf(answers[i]?.events ?? [])])).toEqual(cases);
        expect(answers.filter(({ more }) => more)).toEqual([]);
      }));

    test("a search finds events of every type that has a text", () =>
      inRoom(kind, 1_000, async (room) => {
        const events: Recorded[] = [
          { type: "said", seq: 0, at: 0, from: "ada", text: "word", id: "1" },
          { type: "joined", seq: 0, at: 0, name: "word" },
          { type: "acted", seq: 0, at: 0, from: "ada", text: "words" },
          { type: "left", seq: 0, at: 0, name: "ada", text: "last word" },
          { type: "left", seq: 0, at: 0, name: "word" },
        ];
        await room.append(...events.map((event) => ({ event, author: "ada's seat" })));
        const found = await search(room.journal, "word", room.journal.last + 1, 100, "anyone");
        const withText = room.happened.filter((event) => "text" in event);
        expect(found).toEqual({ events: withText.map((event) => expect.objectContaining(event)) });
        expect(seqsOf(found.events)).toEqual([1, 3, 4]);
      }));

    test("a search finds a whisper for its two ends alone", () =>
      inRoom(kind, 10_000, async (room) => {
        await room.append(
          said("open word"),
          whisper("word for b", "a", "b"),
          whisper("word for c", "b", "c"),
        );
        await room.append(...Array.from({ length: 1_000 }, () => whisper("word of others", "x", "y")));
        const seen = async (viewer: string) => {
          const { events, more } = await search(room.journal, "word", room.journal.last + 1, 100, viewer);
          expect(more).toBeUndefined();
          return seqsOf(events);
        };
        expect(await Promise.all(["a", "b", "c", "d"].map(seen))).toEqual([[1, 2], [1, 2, 3], [1, 3], [1]]);
      }));

    test("a search finds the newest, and older ones when asked again", () =>
      inRoom(kind, 1_000, async (room) => {
        await room.append(...Array.from({ length: 10 }, (_, i) => said(i % 2 === 0 ? "even" : "odd")));
        const found = async (before: number, limit: number) => {
          const { events, more } = await search(room.journal, "even", before, limit, "anyone");
          return [...seqsOf(events), ...(more ? ["more"] : [])];
        };
        expect(await found(11, 2)).toEqual([7, 9, "more"]);
        expect(await found(7, 2)).toEqual([3, 5, "more"]);
        expect(await found(3, 2)).toEqual([1]);
        expect(await found(1, 2)).toEqual([]);
        expect(await found(0, 2)).toEqual([]);
        expect(await found(11, 5)).toEqual([1, 3, 5, 7, 9]);
        expect(await found(11, 0)).toEqual(["more"]);
      }));

    test("a search finds one page, and says where to go on", () =>
      inRoom(kind, 1_000, async (room) => {
        await room.append(...Array.from({ length: 100 }, () => said(`long ${"x".repeat(3_990)}`)));
        const { events, more, before } = await search(room.journal, "long", 101, 100, "anyone");
        expect(events.at(-1)?.seq).toBe(100);
        expect(textsOf(events).join("").length).toBeWithin(pageLength - 8_000, pageLength + 8_000);
        expect(more).toBe(true);
        expect(before).toBe(events[0]?.seq);
      }));

    test("a search finds what was said in the moment before", () =>
      inRoom(kind, 1_000, async (room) => {
        for (const text of ["one word", "two words", "three words"]) {
          await room.append(said(text));
          expect((await find(room, "word")).at(-1)).toBe(text);
        }
      }));

    if (!kind.lasts) return;
    test("a search finds the same after a restart", async () => {
      const speaks = (text: string) => async (room: Listened) => {
        await room.append(said(text));
        if (text.startsWith("first")) expect(await find(room, "word")).toEqual([text]);
      };
      const finds = async (room: Listened) => {
        expect(await find(room, "word")).toEqual(["first word", "second word", "third word"]);
        expect(await find(room, "word")).toHaveLength(3);
      };
      await inRoom(kind, 1_000, speaks("first word"), speaks("second word"), speaks("third word"), finds);
    });
  });
}
