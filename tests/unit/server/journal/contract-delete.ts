// What a journal promises about messages that were taken back: their texts are gone, and nothing else is.

import { describe, expect, test } from "bun:test";
import { type Entry, unnumbered } from "../../../../lib/server/journal/journal.ts";
import { search } from "../../../../lib/server/journal/pages.ts";
import { inRoom, type Kind, openAt } from "./contract.ts";
import { type Listened, many, pageAfter, read, recent, said, seqsOf, textsOf, whisper } from "./listened.ts";

export function deletion(...seqs: number[]): Entry {
  return {
    event: unnumbered({ type: "deleted", seqs, name: "ada", by: "op", saidAt: 1 }),
    author: "op's seat 1",
  };
}

/** Runs the tests of deletions that every journal passes. */
export function testDeletionContract(kind: Kind): void {
  const keepsAll = 1_000_000;

  describe("what was taken back", () => {
    const isGone = async ({ journal }: Listened) => {
      const { events } = await read(journal, 0, 5, "bob");
      expect(textsOf(events)).toEqual(["one", "three"]);
      expect(seqsOf(events)).toEqual([1, 3, 5]);
      expect(seqsOf(await recent(journal, 5, 10, "bob"))).toEqual([1, 3, 5]);
      expect((await search(journal, "two", 6, 10, "bob")).events).toEqual([]);
      expect((await search(journal, "secret", 6, 10, "bob")).events).toEqual([]);
      expect((await search(journal, "three", 6, 10, "bob")).events).toHaveLength(1);
      expect((await pageAfter(journal, 1, 5, "bob")).gap).toBeUndefined();
      const all = await journal.entriesAfter(0, 10);
      expect(all.map(({ event }) => event.seq)).toEqual([1, 2, 3, 4, 5]);
      expect(JSON.stringify(all)).not.toMatch(/two|secret/);
    };

    test("a message that was taken back is gone, its number and its id are not", () =>
      inRoom(
        kind,
        keepsAll,
        async (room) => {
          await room.append(
            said("one", "ada", "1"),
            said("two", "ada", "2"),
            said("three", "bob", "3"),
            whisper("secret", "ada", "bob"),
          );
          // Both texts are in the search index before the deletion.
          expect((await search(room.journal, "two", 5, 10, "bob")).events).toHaveLength(1);
          expect((await search(room.journal, "secret", 5, 10, "bob")).events).toHaveLength(1);
          await room.append(deletion(4, 2));
          await isGone(room);
          await room.append(said("two", "ada", "2"));
          expect(room.fates.at(-1)).toEqual(["repeated", 2]);
        },
        ...(kind.lasts ? [isGone] : []),
      ));

    test("last words are taken from a farewell, which stays", () =>
      inRoom(kind, keepsAll, async (room) => {
        await room.append({
          event: unnumbered({ type: "left", name: "ada", text: "words" }),
          author: "ada",
        });
        await room.append(deletion(1));
        const [left] = (await read(room.journal, 0, 1, "bob")).events;
        expect(left).toMatchObject({ seq: 1, type: "left", name: "ada" });
        expect(left).not.toHaveProperty("text");
      }));

    test("numbers that are not there, or are no messages, change nothing", () =>
      inRoom(kind, keepsAll, async (room) => {
        await room.append({ event: unnumbered({ type: "joined", name: "ada" }), author: "ada" });
        await room.append(said("one"), deletion(1, 2_000, 0), deletion(3));
        expect(room.seqs).toEqual([1, 2, 3, 4]);
        const { events } = await read(room.journal, 0, 4);
        expect(events.map(({ type }) => type)).toEqual(["joined", "said", "deleted", "deleted"]);
      }));

    test("messages of one long turn are taken back one by one", async () => {
      await using place = await kind.place();
      await using room = await openAt(place);
      await room.append(...many(600));
      const odd = Array.from({ length: 300 }, (_, i) => 2 * i + 1);
      for (let i = 0; i < odd.length; i += 100) await room.append(deletion(...odd.slice(i, i + 100)));
      const { events } = await read(room.journal, 0, 600);
      expect(seqsOf(events)).toEqual(odd.map((seq) => seq + 1));
    });
  });
}
