// The row to type in, below lines that keep coming. It is drawn at most once a turn, and never while the terminal still
// takes what was drawn before, so a slow terminal gets fewer pictures of the same row, and never waits for old ones:
//
//   back to the first row of ours, erase downwards │ the new lines │ a row for each waiting message │ label, text, cursor
//
// Our rows never spill (autowrap is off while they are drawn), so they are as many as we drew.

import { limits } from "../../protocol/events.ts";
import { visible, visibleRow } from "../../protocol/text.ts";
import type { Key } from "../keys.ts";
import { isCtrl, type Tty, type TtyReader } from "../tty.ts";
import type { Completion } from "./completion.ts";
import { Editor } from "./editor.ts";
import { InputHistory } from "./history.ts";
import { drawRow, head } from "./row.ts";
import { Undrawn } from "./undrawn.ts";

export type PromptHandlers = {
  /** Called with the text of the row when Enter is pressed; it may have several lines. */
  entered: (text: string) => void;
  /** Ctrl-C or Ctrl-D on an empty row. */
  left: () => void;
  /** Returns the completions of the text before the cursor. */
  complete: (text: string) => Completion;
  /** Called after each key with the text before and behind the cursor; returns what replaces the text before it. */
  expand?: (text: string, rest: string) => string | undefined;
  /** Called when a paste cannot be taken, with the reason. */
  refused: (problem: string) => void;
};

const eraseDown = "\r\x1b[J";
const clearScreen = "\x1b[2J\x1b[H";
const wrapOff = "\x1b[?7l";
const wrapOn = "\x1b[?7h";
const bell = "\x07";

/** Rows for messages on their way, if the terminal is high enough; the rest is counted. */
const waitingRows = 5;
/** How much text may wait for a stopped terminal, in UTF-16 units. Of more, the oldest lines are not shown. */
const maxUndrawn = 8 * 1024 * 1024;
/** How much text the row holds: more than a message may have, so that a long one can be cut down. */
const maxText = 4 * limits.textLength;

export class Prompt implements TtyReader {
  readonly #tty: Tty;
  readonly #handlers: PromptHandlers;
  readonly #editor = new Editor();
  readonly #history = new InputHistory();
  #isShown = false;
  #label = "";
  #waiting: string[] = [];
  /** What was drawn last: the columns of each row above the one with the cursor, and the column of the cursor. */
  #drawn: { above: number[]; column: number } = { above: [], column: 0 };
  /** Rows between the first one of ours and the cursor. */
  #rowsAbove = 0;
  /** True while a terminal that became narrower is asked how many of its rows are ours now. */
  #isMeasuring = false;
  readonly #undrawn = new Undrawn(maxUndrawn);
  #drawing: NodeJS.Immediate | undefined;
  /** True if something changed while the terminal was taking the last drawing. */
  #isStale = false;
  /** The completions that Tab goes through, and which one is shown. */
  #cycle: (Completion & { shown: number; text: string }) | undefined;
  #bell = false;

  constructor(tty: Tty, handlers: PromptHandlers) {
    this.#tty = tty;
    this.#handlers = handlers;
  }

  /** Shows the row. What was typed ahead stands in it: nothing is sent by an Enter before there was a row. */
  start(): void {
    this.#isShown = true;
    for (const key of this.#tty.attach(this)) {
      if (key.type === "key" && key.name === "enter") this.#editor.insert("\n");
      else this.#editor.press(key);
    }
    this.#redraw();
  }

  /** Takes the row away; its text is there again after the next `start`. */
  stop(): void {
    clearImmediate(this.#drawing);
    this.#drawing = undefined;
    this.#tty.detach(this);
    this.#tty.write((this.#isShown ? this.#erase() : "") + this.#undrawn.takeAll());
    this.#isShown = false;
  }

  /** Lines above the row; before `start` and after `stop`, just lines. */
  print(lines: string[]): void {
    this.#undrawn.add(lines);
    this.#redraw();
  }

  /** The label before the text: the user's name, and the state of the connection. */
  set label(label: string) {
    this.#label = visibleRow(label);
    this.#redraw();
  }

  /** Messages that are not in the room yet, oldest first. */
  set waiting(texts: string[]) {
    if (texts.length === 0 && this.#waiting.length === 0) return;
    this.#waiting = texts;
    this.#redraw();
  }

  /** The text that is not entered yet: that of the row, or of before Up went through the history. */
  get draft(): string {
    return this.#history.draftBelow(this.#editor.text);
  }

  set draft(text: string) {
    this.#editor.set(text);
    this.#redraw();
  }

  /** Rings with the next lines. */
  ring(): void {
    this.#bell = true;
    this.#redraw();
  }

  clear(): void {
    if (!this.#isShown) return;
    this.#rowsAbove = 0;
    this.#tty.write(clearScreen);
    this.#redraw();
  }

  // ---- Called by the terminal ----

  key(key: Key): void {
    if (key.type !== "key" || key.name !== "tab") this.#cycle = undefined;
    if (key.type === "text") for (const text of key.text) this.#press({ type: "text", text });
    else this.#press(key);
    this.#redraw();
  }

  /**
   * Terminals break rows that have become too wide, and then there is more to erase. Some leave the row with the cursor
   * as it is; where the cursor is tells them apart.
   */
  resized(): void {
    const { above, column } = this.#drawn;
    const { columns } = this.#tty;
    this.#rowsAbove = above.reduce((rows, width) => rows + Math.max(Math.ceil(width / columns), 1), 0);
    if (column < columns) return this.#redraw();
    this.#isMeasuring = true;
    this.#tty.askColumn((cursor) => {
      this.#isMeasuring = false;
      const isBroken = cursor === column % columns && cursor < columns - 1;
      if (isBroken) this.#rowsAbove += Math.floor(column / columns);
      this.#redraw();
    });
  }

  /** What was drawn is part of the past now. */
  resumed(): void {
    this.#drawn = { above: [], column: 0 };
    this.#rowsAbove = 0;
    this.#redraw();
  }

  taken(): void {
    if (!this.#undrawn.isEmpty || this.#isStale) this.#redraw();
  }

  #press(key: Key): void {
    this.#handle(key);
    const expanded = this.#handlers.expand?.(this.#editor.before, this.#editor.after);
    if (expanded !== undefined) this.#editor.replaceBefore(expanded);
  }

  #handle(key: Key): void {
    if (key.type === "paste") this.#paste(key.text);
    else if (isCtrl(key, "c")) this.#clearOrLeave();
    else if (isCtrl(key, "d") && this.#editor.text === "") this.#handlers.left();
    else if (isCtrl(key, "l")) this.clear();
    else if (key.type === "key" && key.name === "enter") this.#enter();
    else if (key.type === "key" && key.name === "tab") this.#complete(key.shift ? -1 : 1);
    else if (key.type === "key" && key.name === "up") this.#up();
    else if (key.type === "key" && key.name === "down") this.#down();
    else if (key.type === "key" || this.#editor.text.length < maxText) this.#editor.press(key);
  }

  #enter(): void {
    const { text } = this.#editor;
    this.#editor.set("");
    this.#history.add(text);
    if (text.trim() !== "") this.#handlers.entered(text);
  }

  #clearOrLeave(): void {
    if (this.#editor.text === "") this.#handlers.left();
    else this.#editor.clear();
  }

  /** A paste presses no keys: Enter sends it. */
  #paste(pasted: string): void {
    const text = pasted.replaceAll(/\r\n?/g, "\n");
    // The newline at the end of what was copied is no line.
    const lines = `${this.#editor.before}${text}${this.#editor.after}`.trimEnd().split("\n").length;
    const way = "paste fewer at a time, or pipe a file in: bun ChatClient.ts --name NAME < FILE";
    if (lines > limits.textLines) {
      this.#handlers.refused(`A message has at most ${limits.textLines} lines, not ${lines}: ${way}`);
    } else if (this.#editor.text.length + text.length > maxText) {
      this.#handlers.refused(`A message has at most ${limits.textLength} characters: ${way}`);
    } else this.#editor.insert(text);
  }

  /** A line up in the text; from its first line, to the message before it. */
  #up(): void {
    if (!this.#editor.moveLine("up")) this.#show(this.#history.previous(this.#editor.text));
  }

  #down(): void {
    if (!this.#editor.moveLine("down")) this.#show(this.#history.next());
  }

  #show(text: string | undefined): void {
    if (text !== undefined) this.#editor.set(text);
  }

  /** Tab: the likeliest completion, then the next one each time; Shift-Tab goes back. */
  #complete(by: 1 | -1): void {
    const text = this.#editor.line.before;
    this.#cycle ??= { ...this.#handlers.complete(text), shown: by === 1 ? -1 : 0, text };
    const { start, candidates } = this.#cycle;
    if (candidates.length === 0) return;
    this.#cycle.shown = (this.#cycle.shown + by + candidates.length) % candidates.length;
    const { before } = this.#editor;
    const linesAbove = before.slice(0, before.length - text.length);
    this.#editor.replaceBefore(
      linesAbove + this.#cycle.text.slice(0, start) + (candidates[this.#cycle.shown] ?? ""),
    );
  }

  // ---- Drawing ----

  /** Draws once a turn, however much changes in it. */
  #redraw(): void {
    this.#drawing ??= setImmediate(() => {
      this.#drawing = undefined;
      if (!this.#isShown) return this.#tty.write(this.#undrawn.takeAll());
      this.#isStale = this.#tty.isBusy || this.#isMeasuring;
      if (this.#isStale) return;
      const printed = this.#erase() + this.#undrawn.take() + (this.#bell ? bell : "");
      this.#bell = false;
      const above = this.#above();
      const row = drawRow(this.#label, this.#editor, this.#tty.columns);
      this.#rowsAbove = above.length;
      this.#drawn = { above: above.map((row) => Bun.stringWidth(row)), column: row.column };
      this.#tty.write(printed + wrapOff + above.map((row) => `${row}\n`).join("") + row.text + wrapOn);
    });
  }

  #erase(): string {
    const up = this.#rowsAbove === 0 ? "" : `\x1b[${this.#rowsAbove}A`;
    this.#rowsAbove = 0;
    return up + eraseDown;
  }

  /** A row for each message that waits, the newest of them. */
  #above(): string[] {
    const height = Math.max(Math.min(waitingRows, this.#tty.rows - 3), 0);
    const more = Math.max(this.#waiting.length - height, 0);
    const rows = this.#waiting.slice(more).map((text) => visible(text).replaceAll("\n", " ⏎ "));
    if (more > 0) rows.push(`and ${more} more`);
    return rows.map((row) => head(`… ${row}`, this.#tty.columns - 1));
  }
}
