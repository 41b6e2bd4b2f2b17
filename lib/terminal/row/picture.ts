// Draws the input row. It is never wider than the terminal: a text that is too wide scrolls sideways under the cursor, so
// that a part of it shows on both sides. Terminals disagree on widths, so each character counts as what the widest of them takes,
// and the cursor is saved between the two halves of the text. Of a text of several lines, the one with the cursor is
// shown, and how many others there are.

import { visible } from "../../protocol/text.ts";
import { widthOf } from "../wrap.ts";
import type { Editor } from "./editor.ts";

const saveCursor = "\x1b7";
const restoreCursor = "\x1b8";
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** The text to write for the row, and the column that the cursor is in after it, from 0. */
export type Row = { text: string; column: number };

/** The row of at most `columns` columns: the name before the text, and the editor's line with its cursor. */
export function drawRow(name: string, { text, line }: Editor, columns: number): Row {
  const others = text.split("\n").length - 1;
  // Of a long label the end is kept, which has the state of the connection.
  const label = tail(`${name}${others === 0 ? "" : `(+${others} lines) `}`, Math.floor(columns / 2));
  const width = Math.max(columns - widthOf(label) - 1, 1);
  const after = visible(line.after);
  // The text behind the cursor may have a quarter of the row, and more where the text before it leaves room.
  const context = Math.min(widthOf(after), Math.floor(width / 4));
  const before = label + tail(visible(line.before), width - context);
  const shown = head(after, columns - 1 - widthOf(before));
  return { text: before + saveCursor + shown + restoreCursor, column: Bun.stringWidth(before) };
}

/** As many graphemes from the end as fit into the columns. */
function tail(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  const kept: string[] = [];
  let width = 1;
  for (const { segment } of [...graphemes.segment(text)].reverse()) {
    width += widthOf(segment);
    if (width > columns) break;
    kept.unshift(segment);
  }
  return `…${kept.join("")}`;
}

/** As many graphemes from the start as fit into the columns. */
export function head(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = "";
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    width += widthOf(segment);
    if (width > columns) break;
    kept += segment;
  }
  return kept;
}
