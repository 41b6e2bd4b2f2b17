// The rows at the bottom of the screen, as they are to look:
//
//   … a message on its way           the newest five, and below them how many more
//     3 here · the topic             the status, off the margin, where no topic can pass for a message
//   ada> the first line              the text, a row for each of its lines, in at most a third of the screen:
//        the second                  where it has more lines, the marks ↑ and ↓ say how many are out of sight
//
// No row is wider than the terminal. A line that is too wide scrolls sideways under the cursor, so that a part of it shows
// on both sides; of other lines the start is shown. Terminals disagree on widths, so each character counts as what the
// widest of them takes, and the text before the cursor is given apart: writing it puts the cursor in its place.

import { visible, visibleRow } from "../../protocol/text.ts";
import { widthOf } from "../wrap.ts";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

export type Content = {
  /** The messages on their way, oldest first. */
  waiting: string[];
  /** Empty for none. */
  status: string;
  /** Sets the status off in colour; undefined for none. */
  dim?: ((status: string) => string) | undefined;
  /** The label before the text. */
  label: string;
  /** The text; it may have several lines. */
  text: string;
  /** The offset of the cursor in the text, in UTF-16 units. */
  cursor: number;
};

export type Size = { columns: number; rows: number };

export type Picture = {
  rows: string[];
  /** The index of the row with the cursor. */
  cursorRow: number;
  /** The part of that row before the cursor. */
  before: string;
};

/** Rows for messages on their way, if the terminal is high enough. */
const waitingRows = 5;
/** The status is shown only if the text leaves this many rows. */
const statusNeedsRows = 4;

/** The rows for a terminal of that size. They leave a row for the conversation, if there are more rows than one. */
export function pictureOf(content: Content, size: Size): Picture {
  const text = textRows(content, size);
  const left = size.rows - text.rows.length - 1;
  const status = content.status === "" || left < statusNeedsRows ? [] : [statusRow(content, size)];
  // One of the rows left counts the messages that are not shown.
  const waiting = waitingOf(content.waiting, Math.min(waitingRows, left - status.length - 1), size.columns);
  const above = [...waiting, ...status];
  return { ...text, rows: [...above, ...text.rows], cursorRow: above.length + text.cursorRow };
}

function waitingOf(texts: string[], height: number, columns: number): string[] {
  if (height <= 0) return [];
  const more = Math.max(texts.length - height, 0);
  const rows = texts.slice(more).map((text) => visible(text).replaceAll("\n", " ⏎ "));
  if (more > 0) rows.push(`and ${more} more`);
  return rows.map((row) => head(`… ${row}`, columns - 1));
}

/** The part of the text around the cursor. */
function textRows({ label, text, cursor }: Content, { columns, rows }: Size): Picture {
  const lines = text.split("\n");
  const linesBefore = text.slice(0, cursor).split("\n");
  const current = linesBefore.length - 1;
  const height = Math.min(lines.length, Math.max(Math.floor(rows / 3), 1));
  const top = Math.min(Math.max(current - Math.floor(height / 2), 0), lines.length - height);
  const below = lines.length - top - height;
  // A long label keeps its end, which has the state of the connection.
  const first = tail(visibleRow(label), Math.floor(columns / 2));
  const margin = (row: number): string => {
    if (top + row === 0) return first;
    const marks = (row === 0 ? `↑${top}` : "") + (row === height - 1 && below > 0 ? `↓${below}` : "");
    return head(marks, widthOf(first)).padEnd(widthOf(first));
  };
  let before = "";
  const shown = lines.slice(top, top + height).map((line, row) => {
    if (top + row !== current) {
      return margin(row) + cut(visible(line), columns - 1 - widthOf(first));
    }
    const length = linesBefore[current]?.length ?? 0;
    const parts = aroundCursor(margin(row), line.slice(0, length), line.slice(length), columns);
    before = parts.before;
    return before + parts.after;
  });
  return { rows: shown, cursorRow: current - top, before };
}

/** The parts of the cursor's line that fit the columns, before the cursor and after it. */
function aroundCursor(margin: string, before: string, after: string, columns: number) {
  const width = Math.max(columns - widthOf(margin) - 1, 1);
  const behind = visible(after);
  // The text behind the cursor may have a quarter of the row, and more where the text before it leaves room.
  const context = Math.min(widthOf(behind), Math.floor(width / 4));
  const shown = margin + tail(visible(before), width - context);
  return { before: shown, after: head(behind, columns - 1 - widthOf(shown)) };
}

function statusRow({ status, dim = (text) => text }: Content, { columns }: Size): string {
  return dim(cut(`  ${visibleRow(status)}`, columns - 1));
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
function head(text: string, columns: number): string {
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

/** The start of the text as `head` cuts it, with a mark if something was left out. */
function cut(text: string, columns: number): string {
  return widthOf(text) <= columns ? text : `${head(text, columns - 1)}…`;
}
