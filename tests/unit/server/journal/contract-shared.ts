// What journal.ts promises to several servers that share a room, as tests that every journal passes that can be shared.

import { describe, expect, test } from "bun:test";
import type { Entry } from "../../../../lib/server/journal/journal.ts";
import { pageEvents } from "../../../../lib/server/journal/pages.ts";
import { type Kind, openAt } from "./contract.ts";
import { fact, many, said, upTo } from "./listened.ts";

/** Runs the tests that every journal passes of which several may be open at one place. */
export function testSharedContract({ place: newPlace }: Kind): void {
  describe("several servers", () => {
    test("all servers hear the same events in the same order, each once", async () => {
      await using place = await newPlace();
      await using one = await openAt(place);
      await using two = await openAt(place);
      await using three = await openAt(place);
      const rooms = [one, two, three];
      for (let turn = 0; turn < 100; turn++) {
        for (const [i, { journal }] of rooms.entries()) journal.append(many(1 + (turn % 5), `${i}-${turn}-`));
        await one.reaches(turn * 6);
      }
      for (const room of rooms) await room.reaches(900);
      for (const room of rooms) {
        expect(room.seqs).toEqual(upTo(900));
        expect(room.happened).toEqual(one.happened);
      }
      expect(new Set(one.texts).size).toBe(900);
      // What one has said comes in the order in which it was said.
      for (const i of [0, 1, 2]) {
        const own = one.texts.filter((text) => text.startsWith(`${i}-`));
        expect(own.map((text) => Number(text.split("-")[1]))).toEqual(
          upTo(100).flatMap((turn) => Array(1 + ((turn - 1) % 5)).fill(turn - 1)),
        );
      }
    });

    test("all servers hear a turn longer than any batch, row and page", async () => {
      await using place = await newPlace();
      await using one = await openAt(place);
      await using two = await openAt(place);
      await one.append(...many(5 * pageEvents + 7));
      await two.reaches(5 * pageEvents + 7);
      expect(two.seqs).toEqual(upTo(5 * pageEvents + 7));
      expect(two.happened).toEqual(one.happened);
    });

    test("all servers hear any text as it is", async () => {
      await using place = await newPlace();
      await using one = await openAt(place);
      await using two = await openAt(place);
      const texts = ["", "\0", '"]}', "\\u0000", "a\u2028b", "日本 🎉", "\ud800"];
      await one.append(...texts.map((text) => said(text)));
      await two.reaches(texts.length);
      expect(two.texts).toEqual(texts);
    });

    test("an author says an id once, also at several servers", async () => {
      await using place = await newPlace();
      const rooms = await Promise.all(upTo(3).map(() => openAt(place)));
      for (let turn = 0; turn < 50; turn++) {
        await Promise.all(rooms.map((room) => room.append(said(`${turn}`, "ada", `${turn}`))));
      }
      for (const room of rooms) {
        await room.reaches(50);
        expect(room.texts).toEqual(upTo(50).map((turn) => `${turn - 1}`));
        await room[Symbol.asyncDispose]();
      }
    });

    test("the slower of two servers is contradicted once it has heard why", async () => {
      await using place = await newPlace();
      await using one = await openAt(place);
      await using two = await openAt(place);
      for (let turn = 0; turn < 100; turn++) {
        const claim = (by: string) => fact({ [`name ${turn}`]: by }, { [`name ${turn}`]: null });
        await Promise.all([one.append(claim("one")), two.append(claim("two"))]);
        await one.reaches(turn + 1);
        await two.reaches(turn + 1);
      }
      const contradictions = [one, two].map(({ told }) => {
        let happened = 0;
        return told.items.filter(([what, entry]) => {
          if (what === "happened") happened++;
          if (what !== "contradicted") return false;
          // It has heard of the one that has this name now.
          const [name] = Object.keys((entry as Entry).facts ?? {});
          expect(name).toBe(`name ${happened - 1}`);
          return true;
        }).length;
      });
      expect(one.seqs).toEqual(upTo(100));
      expect(contradictions.reduce((sum, count) => sum + count)).toBe(100);
    });

    test("sync waits for what another server has written", async () => {
      await using place = await newPlace();
      await using one = await openAt(place);
      await using two = await openAt(place);
      for (let turn = 1; turn <= 50; turn++) {
        await one.append(said(`${turn}`));
        await two.journal.sync();
        expect(two.journal.last).toBeGreaterThanOrEqual(turn);
      }
    });
  });
}
