// Shows something in place of the conversation, in the terminal's other screen: lines that arrive cannot touch it, and when
// it is left, the ordinary screen and all that was scrolled off it are as they were.
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
  /** What it shows, from the top: at most `size.rows` rows, none wider than `size.columns`. */
  rows(size: Size): string[];
  /** One row that says where it is and how to leave it. */
  status(columns: number): string;
  /** It is not shown any more. */
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

  /** Shows it in place of the conversation. */
  show(overlay: Overlay): void {
    const isFirst = this.#overlay === undefined;
    this.#overlay = overlay;
    // Without our rows the cursor is kept where the next line belongs.
    if (isFirst) this.#tty.write(this.#canvas.erase() + otherScreen);
  }

  /**
   * Shows the conversation again. True if the terminal has got another size meanwhile: terminals disagree then on what
   * stands where on the ordinary screen.
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

  /** What draws it, and the row below it. */
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
