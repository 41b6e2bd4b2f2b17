// Where a pager stands in its rows: whatever comes on either side of them, and however wide they are broken, the last row
// shown stays that of its event.

import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { type Row, Rows } from "../../../../../lib/client/terminal/pager/rows.ts";
import { testMs } from "../../../../support/transcript.ts";

setDefaultTimeout(testMs);

/** Events from … to, each with so many rows. */
function rowsOf(from: number, to: number, height: (seq: number) => number): Row[] {
  const seqs = Array.from({ length: Math.max(to - from + 1, 0) }, (_, i) => from + i);
  return seqs.flatMap((seq) =>
    Array.from({ length: height(seq) }, (_, row) => ({ seq, at: seq, text: `${seq}.${row}` })),
  );
}

const height = fc.integer({ min: 1, max: 12 });

test("the last row shown stays with its event while rows come and break anew", () => {
  const stretch = fc.record({
    older: fc.integer({ min: 0, max: 20 }),
    newer: fc.integer({ min: 0, max: 20 }),
    rows: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(
    fc.property(height, fc.nat(60), fc.array(stretch, { maxLength: 6 }), (height, up, stretches) => {
      let [from, to] = [100, 120];
      const rows = new Rows(0);
      rows.replace(rowsOf(from, to, () => 2));
      rows.bottom = Math.min(Math.max(rows.count - up, height), rows.count);
      const last = rows.shown(height).at(-1)?.seq;
      for (const { older, newer, rows: each } of stretches) {
        from -= older;
        to += newer;
        rows.replace(rowsOf(from, to, (seq) => 1 + (seq % each)));
        const shown = rows.shown(height);
        expect(shown.length).toBe(Math.min(height, rows.count));
        // Where there are fewer rows above than the screen has, rows below fill it.
        if (rows.bottom >= height) expect(shown.at(-1)?.seq).toBe(last);
      }
    }),
  );
});

test("a screen that reaches beyond the rows gets those that come there", () => {
  const rows = new Rows(-10);
  expect(rows.shown(5)).toEqual([]);
  rows.replace(rowsOf(50, 100, () => 1));
  expect(rows.shown(3).map(({ seq }) => seq)).toEqual([88, 89, 90]);
  rows.bottom -= 45;
  rows.replace(rowsOf(1, 100, () => 1));
  expect(rows.shown(3).map(({ seq }) => seq)).toEqual([43, 44, 45]);
  rows.bottom = rows.count + 4;
  expect(rows.shown(5).map(({ seq }) => seq)).toEqual([100]);
  rows.replace(rowsOf(1, 110, () => 1));
  expect(rows.shown(3).map(({ seq }) => seq)).toEqual([102, 103, 104]);
});
