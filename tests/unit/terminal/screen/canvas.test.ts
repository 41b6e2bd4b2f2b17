// The rows at the bottom, drawn again and again while lines come and the terminal changes its size: the emulator's screen
// shows the conversation and the last picture, and nothing of the pictures before.

import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { Canvas } from "../../../../lib/terminal/screen/canvas.ts";
import { type Content, pictureOf } from "../../../../lib/terminal/screen/picture.ts";
import { testMs } from "../../../support/transcript.ts";
import { Paper } from "./paper.ts";

setDefaultTimeout(testMs);

const content: Content = { waiting: [], status: "", label: "ada> ", text: "", cursor: 0 };

test("a picture that changes is drawn over the last one without erasing it", async () => {
  using paper = new Paper(40, 10);
  const picture = (status: string) => pictureOf({ ...content, status }, { columns: 40, rows: 10 });
  await paper.draw("bob: hi\n", picture("again in 10 s"));
  const drawn = paper.canvas.draw("", picture("again in 9 s"));
  // Rows are erased whole: of one that is erased in part, tmux counts the erased part when it breaks rows.
  expect(drawn.split("\x1b[2K").length - 1).toBe(2);
  expect(drawn).not.toContain("\x1b[K");
  // Only the rest of the last picture is erased, behind the new one.
  expect(drawn.indexOf("\x1b[J")).toBeGreaterThan(drawn.indexOf("ada>"));
  await new Promise<void>((done) => paper.emulator.write(drawn, done));
  expect(paper.rows.slice(0, 4)).toEqual(["bob: hi", "  again in 9 s", "ada>", ""]);
});

test("lines that come push the picture down", async () => {
  using paper = new Paper(40, 10);
  const picture = pictureOf({ ...content, text: "one\ntwo\nthree", cursor: 5, status: "3 here" }, paper.size);
  for (let i = 0; i < 12; i++) await paper.draw(`line ${i}\n`, picture);
  expect(paper.rows).toEqual([
    ...["line 6", "line 7", "line 8", "line 9", "line 10", "line 11"],
    ...["  3 here", "ada> one", "     two", "     three"],
  ]);
  expect(paper.cursor).toEqual({ x: 6, y: 8 });
});

test("how a terminal breaks rows is known where the cursor does not tell", () => {
  let columns = 60;
  let answer: number | undefined;
  const tty = {
    get columns() {
      return columns;
    },
    askColumn: (tell: (column: number | undefined) => void) => tell(answer),
  };
  const wide = { ...content, text: "T".repeat(200), cursor: 200 };
  /** How far above the cursor the rows begin after such a resize. */
  const rowsAbove = (canvas: Canvas, before: number, after: number, cursor: number | undefined) => {
    columns = before;
    canvas.draw("", pictureOf(wide, { columns, rows: 10 }));
    columns = after;
    answer = cursor;
    canvas.resized(() => {});
    return Number(/^\x1b\[(\d+)A/.exec(canvas.erase())?.[1] ?? 0);
  };
  const [tmux, other] = [new Canvas(tty, { TMUX: "1" }), new Canvas(tty, {})];
  // At half of the columns the cursor is in the last one, whether its row was broken or not.
  expect([rowsAbove(tmux, 60, 30, 29), rowsAbove(other, 60, 30, 29)]).toEqual([1, 0]);
  expect([rowsAbove(tmux, 60, 45, 44), rowsAbove(other, 60, 45, 14)]).toEqual([0, 1]);
  expect([rowsAbove(tmux, 60, 20, 19), rowsAbove(other, 60, 20, 19)]).toEqual([0, 2]);
  const environments = [{}, { XTERM_VERSION: "XTerm(379)" }, { XTERM_VERSION: "XTerm(379)", STY: "1" }];
  expect(environments.map((set) => new Canvas(tty, set).breaksRows)).toEqual([true, false, true]);
  // No answer tells nothing.
  expect([rowsAbove(tmux, 60, 45, undefined), rowsAbove(other, 60, 45, undefined)]).toEqual([0, 1]);
});

/** The acts on the screen; a text's lines have a mark, so that its leftovers can be found. */
type Step =
  | { type: "line" }
  | { type: "resize"; columns: number; rows: number }
  /** No line below the cursor breaks: where one does, emulators disagree on where the cursor is then. */
  | {
      type: "edit";
      above: number[];
      line: number;
      below: number[];
      at: number;
      waiting: number;
      status: number;
    };

const width = fc.integer({ min: 1, max: 70 });
/** A line that breaks at no size of the test. */
const narrow = fc.integer({ min: 1, max: 14 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constant<Step>({ type: "line" }),
  fc.record({
    type: fc.constant("resize" as const),
    columns: fc.integer({ min: 20, max: 80 }),
    // High enough for the rows even if each breaks into four: rows that were scrolled off cannot be erased.
    rows: fc.integer({ min: 30, max: 40 }),
  }),
  fc.record({
    type: fc.constant("edit" as const),
    above: fc.array(width, { maxLength: 3 }),
    line: width,
    below: fc.array(narrow, { maxLength: 2 }),
    at: fc.nat(),
    waiting: fc.nat(3),
    status: width,
  }),
);

test("no sequence of sizes, lines and edits leaves a stale row", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      using paper = new Paper(60, 30);
      let now = content;
      let said = 0;
      for (const step of steps) {
        if (step.type === "resize") paper.resize(step.columns, step.rows);
        else if (step.type === "edit") {
          const { above, line, below } = step;
          const text = [...above, line, ...below].map((length) => "T".repeat(length)).join("\n");
          const start = above.reduce((sum, length) => sum + length + 1, 0);
          const waiting = Array.from({ length: step.waiting }, () => "W".repeat(30));
          const cursor = start + (step.at % (line + 1));
          now = { ...content, text, cursor, waiting, status: "S".repeat(step.status) };
        } else said++;
        const picture = pictureOf(now, paper.size);
        await paper.draw(step.type === "line" ? `line ${said}\n` : "", picture);
        const rows = paper.everything;
        const talk = Array.from({ length: said }, (_, i) => `line ${i + 1}`);
        expect(rows).toEqual([...talk, ...picture.rows.map((row) => row.trimEnd())]);
      }
    }),
    { numRuns: 150 },
  );
});
