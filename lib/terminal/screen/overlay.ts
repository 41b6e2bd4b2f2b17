// Shows an overlay, such as a page of older messages, in place of the conversation. It is drawn on the terminal's other
// screen: lines that arrive cannot touch it, and when it is left, the ordinary screen and its scrollback are as they were.
//
//   ESC [ ? 1049 h   keeps the cursor, and shows the other screen, which is empty
//   ESC [ ? 1049 l   shows the ordinary one again, with the cursor where it was
//
// The row to type in stands below it as it does below the conversation, with a status of its own between.

import type { Key } from "../keys.ts";
import type { Tty } from "../tty.ts";
import type { Canvas } from "./canvas.ts";
import { type Content, pictureOf, type Size } from "./picture.ts";

export interface Overlay {
  /** Takes a key; false if it is for the row. */
  key(key: Key): boolean;
  /** Its rows, from the top: at most `size.rows` of them, none wider than `size.columns`. */
  rows(size: Size): string[];
  /** One row that says which part of it is shown, and how to leave it. */
  status(columns: number): string;
  /** Called once it is not shown any more. */
  left(): void;
}

const otherScreen = "\x1b[?1049h";
const ordinaryScreen = "\x1b[?1049l";

export class OverlayScreen {
  readonly #tty: Pick<Tty, "columns" | "rows" | "write">;
  readonly #canvas: Canvas;
  #overlay: Overlay | undefined;
  #isResized = false;

  constructor(tty: Pick<Tty, "columns" | "rows" | "write">, canvas: Canvas) {
    this.#tty = tty;
    this.#canvas = canvas;
  }

  get overlay(): Overlay | undefined {
    return this.#overlay;
  }

  /** Shows this overlay in place of the conversation, or of another overlay. */
  show(overlay: Overlay): void {
    const isFirst = this.#overlay === undefined;
    this.#overlay = overlay;
    // Our rows are erased first, so that the terminal keeps the cursor where the next line belongs.
    if (isFirst) this.#tty.write(this.#canvas.erase() + otherScreen);
  }

  /**
   * Shows the conversation again. True if the terminal got another size meanwhile: then the whole screen has to be drawn
   * anew, since terminals break its rows in different ways.
   */
  leave(): boolean {
    const isResized = this.#isResized;
    const overlay = this.#overlay;
    this.#overlay = undefined;
    this.#isResized = false;
    this.#canvas.forget();
    this.#tty.write(ordinaryScreen);
    overlay?.left();
    return isResized;
  }

  /** The terminal has another size. */
  resized(): void {
    this.#isResized = true;
  }

  /** The columns and rows that the row to type in leaves for the overlay. */
  size(content: Content): Size {
    const { columns, rows } = this.#tty;
    return { columns, rows: rows - pictureOf({ ...content, status: "its status" }, this.#tty).rows.length };
  }

  /** The text that draws the overlay, and the row to type in below it. */
  draw(overlay: Overlay, content: Content): string {
    const { columns } = this.#tty;
    const picture = pictureOf({ ...content, status: overlay.status(columns) }, this.#tty);
    const size = { columns, rows: this.#tty.rows - picture.rows.length };
    const above = overlay.rows(size);
    while (above.length < size.rows) above.push("");
    const whole = {
      rows: [...above, ...picture.rows],
      cursorRow: above.length + picture.cursorRow,
      before: picture.before,
    };
    return this.#canvas.drawAll(whole);
  }
}
