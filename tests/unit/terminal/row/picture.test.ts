// The row, drawn on an emulator: it takes one row, and the cursor is where the text says.

import { expect, setDefaultTimeout, test } from "bun:test";
import { Terminal as Emulator } from "@xterm/headless";
import fc from "fast-check";
import { Editor } from "../../../../lib/terminal/row/editor.ts";
import { drawRow } from "../../../../lib/terminal/row/row.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

/** What stands before and after the cursor, with `|` between. */
function shown(label: string, text: string, columns: number): string {
  const editor = new Editor();
  editor.set(text.replace("|", ""), text.indexOf("|"));
  return drawRow(label, editor, columns).text.replace("\x1b7", "|").replace("\x1b8", "");
}

test.each<[text: string, row: string]>([
  ["short|", "ada> short|"],
  ["sho|rt", "ada> sho|rt"],
  ["a text that is too long|", "ada> …t is too long|"],
  ["|a text that is too long", "ada> |a text that is"],
  ["a text that| is too long", "ada> a text that| is"],
  ["one\ntwo|", "…1 lines) two|"],
  ["one|\ntwo\nthree", "…2 lines) one|"],
  // A terminal may take four columns for a thumb of some colour.
  ["👍🏽👍🏽👍🏽👍🏽|", "ada> …👍🏽👍🏽👍🏽|"],
])("%j is %j in 20 columns", (text, row) => {
  expect(shown("ada> ", text, 20)).toBe(row);
});

test("a long label loses its start", () => {
  expect(shown("a_very_long_name (offline)> ", "x|", 30)).toBe("…me (offline)> x|");
});

test("a row spills on no terminal, and its cursor is in it", async () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom("👩‍👩‍👧‍👦", "👍🏽", "🇩🇪", "語", "e\u0301", "\u0915\u093e\u093e", "\n", " ", "x"),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
    ),
    maxLength: 60,
  });
  await fc.assert(
    fc.asyncProperty(text, fc.nat(), fc.integer({ min: 10, max: 40 }), async (text, at, columns) => {
      const editor = new Editor();
      editor.set(text);
      for (let i = 0; i < at % 20; i++) {
        editor.press({ type: "key", name: "left", ctrl: false, alt: false, shift: false });
      }
      const emulator = new Emulator({ cols: columns, rows: 5, allowProposedApi: true });
      await new Promise<void>((done) => emulator.write(drawRow("ada> ", editor, columns).text, done));
      const { active } = emulator.buffer;
      const rows = Array.from({ length: 5 }, (_, y) => active.getLine(y)?.translateToString(true));
      const { cursorX, cursorY } = active;
      emulator.dispose();
      expect(rows.slice(1).join("")).toBe("");
      expect(cursorY).toBe(0);
      expect(cursorX).toBeLessThan(columns);
    }),
    { numRuns: 300 },
  );
});
