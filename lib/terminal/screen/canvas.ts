// Our rows at the bottom of the terminal, and the text that draws them anew, which the caller writes: lines that come push
// our rows down, and a changed picture is drawn over the last one, row by row, so that nothing flickers.
//
//   up to the first row of ours │ if lines come: erase downwards, the lines │ our rows │ erase the rest │ up to the cursor
//
// Our rows never spill (autowrap is off while they are drawn), so they are as many as we drew.

import { type Tty, wrapOff, wrapOn } from "../tty.ts";
import type { Picture } from "./picture.ts";

/** Erases the whole row: tmux counts the erased part of a row as text when it breaks rows for a narrower screen. */
const eraseRow = "\x1b[2K";
const eraseDown = "\x1b[J";
const home = "\x1b[H";
const rowDown = "\x1b[B";
const savePlace = "\x1b7";
const backToPlace = "\x1b8";
const clearScreen = `\x1b[2J${home}`;

export class Canvas {
  readonly #tty: Pick<Tty, "columns" | "askColumn">;
  /** The last drawing: the columns of each row above the one with the cursor, and the column of the cursor. */
  #drawn: { above: number[]; column: number } = { above: [], column: 0 };
  /** Rows between the first one of ours and the cursor. */
  #rowsAbove = 0;
  /** Whether the terminal breaks rows that have become too wide for it. xterm cuts them off, for good. */
  readonly breaksRows: boolean;
  /** Whether the terminal breaks the row with the cursor, too: tmux and screen do; for others `resized` finds it out. */
  #breaksCursorRow: boolean;
  /** True while a terminal that became narrower is asked how many of its rows are ours now: nothing is to be drawn. */
  isMeasuring = false;

  /** `environment` tells which terminal it is: xterm sets XTERM_VERSION, tmux TMUX, screen STY. */
  constructor(
    tty: Pick<Tty, "columns" | "askColumn">,
    { TMUX, STY, XTERM_VERSION }: Record<string, string | undefined> = process.env,
  ) {
    this.#tty = tty;
    this.#breaksCursorRow = (TMUX ?? STY) !== undefined;
    this.breaksRows = this.#breaksCursorRow || XTERM_VERSION === undefined;
  }

  /** The text that draws the picture below these lines, each of which ends with a newline. */
  draw(lines: string, { rows, cursorRow, before }: Picture): string {
    const start = lines === "" ? this.#toTop() : this.erase() + lines;
    this.#rowsAbove = cursorRow;
    this.#drawn = {
      above: rows.slice(0, cursorRow).map((row) => Bun.stringWidth(row)),
      column: Bun.stringWidth(before),
    };
    const drawn = rows.map((row) => eraseRow + row).join("\n");
    return `${start}${wrapOff}${drawn}${eraseDown}${up(rows.length - 1 - cursorRow)}\r${before}${wrapOn}`;
  }

  /** Draws a picture that is as high as the screen. */
  drawAll(picture: Picture): string {
    this.forget();
    return home + this.draw("", picture);
  }

  /** The text that erases our rows, in two parts: tmux moves a screen that is cleared at once to its scrollback. */
  erase(): string {
    return `${this.#toTop()}${eraseRow}${savePlace}${rowDown}${eraseDown}${backToPlace}`;
  }

  /** Clears the whole screen. Our rows are erased first, since tmux moves a cleared screen to its scrollback. */
  clear(): string {
    return this.erase() + clearScreen;
  }

  /** The text that clears the whole screen, which is then to be drawn anew. */
  wipe(): string {
    this.forget();
    return home + this.erase();
  }

  /** Forgets the last drawing, so that the next one does not erase it. */
  forget(): void {
    this.#drawn = { above: [], column: 0 };
    this.#rowsAbove = 0;
  }

  /**
   * Calls `redraw` once it is known where our rows are. Terminals break rows that have become too wide, so that there are
   * more to erase. Some do not break the row with the cursor; the cursor's column tells which kind this one is.
   */
  resized(redraw: () => void): void {
    const { above, column } = this.#drawn;
    const { columns } = this.#tty;
    this.#rowsAbove = above.reduce((rows, width) => rows + Math.max(Math.ceil(width / columns), 1), 0);
    if (column < columns) return redraw();
    this.isMeasuring = true;
    this.#tty.askColumn((cursor) => {
      this.isMeasuring = false;
      // A row that is not broken has the cursor in the last column, where that of a broken one may be as well.
      const isTold = cursor !== undefined && column % columns !== columns - 1;
      if (isTold) this.#breaksCursorRow = cursor === column % columns;
      if (this.#breaksCursorRow) this.#rowsAbove += Math.floor(column / columns);
      redraw();
    });
  }

  /**
   * Calls `redraw` once it is known whether our rows are still the last thing on the screen, as they are if the program was
   * stopped without a shell. Then the cursor is where it was; a shell that wrote below them leaves it at the margin.
   */
  resumed(redraw: () => void): void {
    const { column } = this.#drawn;
    this.isMeasuring = true;
    this.#tty.askColumn((cursor) => {
      this.isMeasuring = false;
      if (cursor !== column) this.forget();
      redraw();
    });
  }

  #toTop(): string {
    const rows = this.#rowsAbove;
    this.forget();
    return `${up(rows)}\r`;
  }
}

function up(rows: number): string {
  return rows === 0 ? "" : `\x1b[${rows}A`;
}
