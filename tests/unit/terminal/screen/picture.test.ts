// The rows at the bottom, drawn on an emulator: what of the text is in which row, and where the cursor is.

import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { type Content, pictureOf } from "../../../../lib/terminal/screen/picture.ts";
import { testMs } from "../../../support/transcript.ts";
import { Paper } from "./paper.ts";

setDefaultTimeout(testMs);

/** The rows, with `|` where the cursor is; in the text it is where its `|` is. */
function shown(text: string, columns: number, rows: number, more: Partial<Content> = {}): string[] {
  const content = { waiting: [], status: "", label: "ada> ", ...more };
  const cursor = text.indexOf("|");
  const picture = pictureOf({ ...content, text: text.replace("|", ""), cursor }, { columns, rows });
  return picture.rows.map((row, at) => {
    if (at !== picture.cursorRow) return row;
    expect(row.startsWith(picture.before)).toBe(true);
    return `${picture.before}|${row.slice(picture.before.length)}`;
  });
}

test.each<[text: string, row: string]>([
  ["short|", "ada> short|"],
  ["sho|rt", "ada> sho|rt"],
  ["a text that is too long|", "ada> …t is too long|"],
  ["|a text that is too long", "ada> |a text that is"],
  ["a text that| is too long", "ada> a text that| is"],
  // A terminal may take four columns for a thumb of some colour.
  ["👍🏽👍🏽👍🏽👍🏽|", "ada> …👍🏽👍🏽👍🏽|"],
])("%j is %j in 20 columns", (text, row) => {
  expect(shown(text, 20, 10)).toEqual([row]);
});

test("a long label loses its start", () => {
  const label = "a_very_long_name (offline)> ";
  expect(shown("x|", 30, 10, { label })).toEqual(["…me (offline)> x|"]);
});

test("each line has a row, and those out of sight are counted", () => {
  const lines = ["one", "two", "three", "four", "a line that is too long", "six"];
  const at = (line: number) => lines.map((text, i) => (i === line ? `${text}|` : text)).join("\n");
  expect(shown(at(0), 20, 24)).toEqual([
    "ada> one|",
    "     two",
    "     three",
    "     four",
    "     a line that i…",
    "     six",
  ]);
  expect(shown(at(0), 20, 9)).toEqual(["ada> one|", "     two", "↓3   three"]);
  expect(shown(at(2), 20, 9)).toEqual(["↑1   two", "     three|", "↓2   four"]);
  expect(shown(at(4), 20, 9)).toEqual(["↑3   four", "     …t is too long|", "     six"]);
  expect(shown(at(5), 20, 9)).toEqual(["↑3   four", "     a line that i…", "     six|"]);
  expect(shown(at(1), 20, 5)).toEqual(["↑1↓4 two|"]);
});

test("messages on their way and the status stand above the text", () => {
  const waiting = ["one", "two\nrows", "three", "four", "five", "a message that is too long"];
  const status = "6 unsent · 3 here · a topic";
  expect(shown("x|", 20, 24, { waiting, status })).toEqual([
    "… two ⏎ rows",
    "… three",
    "… four",
    "… five",
    "… a message that is",
    "… and 1 more",
    "  6 unsent · 3 her…",
    "ada> x|",
  ]);
  // At four rows there is room for two, and one is the conversation's.
  expect(shown("x|", 20, 4, { waiting, status })).toEqual(["… a message that is", "… and 5 more", "ada> x|"]);
  expect(shown("x|", 20, 1, { waiting, status })).toEqual(["ada> x|"]);
});

test("the status is set off as the caller says, once it is cut", () => {
  const dim = (status: string) => `<${status}>`;
  expect(shown("x|", 20, 24, { status: "3 here · a topic too long", dim })).toEqual([
    "<  3 here · a topic…>",
    "ada> x|",
  ]);
});

test("no stranger's text in the status or on its way moves a cursor", () => {
  const hostile = "a\x1b[2Jb\x07c\nd\u009b1m";
  const rows = shown(`${hostile}|`, 40, 24, { waiting: [hostile], status: hostile, label: "x\x1b[A> " });
  expect(rows.join("").match(/[\x00-\x1f\x7f-\x9f]/g)).toBeNull();
});

const grapheme = fc.oneof(
  fc.constantFrom("👩‍👩‍👧‍👦", "👍🏽", "🇩🇪", "語", "e\u0301", "\u0915\u093e\u093e", "\n", "\n", " ", "x", "y"),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
);

test("the rows spill on no terminal, and the cursor is in its row", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(grapheme, { maxLength: 60 }),
      fc.nat(),
      fc.integer({ min: 10, max: 40 }),
      fc.integer({ min: 1, max: 24 }),
      async (graphemes, at, columns, rows) => {
        const cursor = graphemes.slice(0, at % (graphemes.length + 1)).join("").length;
        const content = { waiting: ["on its way"], status: "3 here", label: "ada> " };
        const picture = pictureOf({ ...content, text: graphemes.join(""), cursor }, { columns, rows });
        using paper = new Paper(columns, rows);
        await paper.draw("", picture);
        expect(picture.rows.length).toBeLessThanOrEqual(Math.max(rows - 1, 1));
        expect(paper.cursor.y).toBe(picture.cursorRow);
        expect(paper.cursor.x).toBeLessThan(columns);
        expect(paper.rows.slice(picture.rows.length).join("")).toBe("");
      },
    ),
    { numRuns: 300 },
  );
});

test("the screen shows exactly the lines around the cursor", () => {
  const line = fc.string({ unit: fc.constantFrom("a", "b", " ", "語"), maxLength: 8 });
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1, maxLength: 30 }),
      fc.nat(),
      fc.integer({ min: 3, max: 60 }),
      (lines, at, rows) => {
        const text = lines.join("\n");
        const cursor = at % (text.length + 1);
        const current = text.slice(0, cursor).split("\n").length - 1;
        const content = { waiting: [], status: "", label: "ada> ", text, cursor };
        const picture = pictureOf(content, { columns: 40, rows });
        expect(picture.rows).toHaveLength(Math.min(lines.length, Math.floor(rows / 3)));
        const top = current - picture.cursorRow;
        expect(picture.rows.map((row) => row.slice(5))).toEqual(lines.slice(top, top + picture.rows.length));
        const below = lines.length - top - picture.rows.length;
        expect(picture.rows[0]?.startsWith(top === 0 ? "ada> " : `↑${top}`)).toBe(true);
        if (picture.rows.length > 1) {
          expect(picture.rows.at(-1)?.startsWith(below === 0 ? " " : `↓${below} `)).toBe(true);
        }
      },
    ),
  );
});
