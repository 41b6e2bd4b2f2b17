// The screen of a terminal: lines that keep coming, and rows of our own below them. It is drawn at most once a turn, and
// never while the terminal still takes the drawing before, so a slow terminal gets fewer pictures of the same rows, and
// never waits for old ones.
//
//   print ──▶ undrawn ──▶ canvas ──▶ terminal
//
// An overlay, such as a page of older messages, stands in place of the lines, which wait until it is left. It is drawn on
// the terminal's other screen, so the ordinary screen and its scrollback are as they were afterwards:
//
//   ESC [ ? 1049 h   keeps the cursor, and shows the other screen, which is empty
//   ESC [ ? 1049 l   shows the ordinary one again, with the cursor where it was

import type { Key } from "../keys.ts";
import type { Tty, TtyReader } from "../tty.ts";
import { bell } from "../window.ts";
import { Canvas } from "./canvas.ts";
import { type Content, type Picture, pictureOf, type Size } from "./picture.ts";
import { Shown } from "./shown.ts";
import { Undrawn } from "./undrawn.ts";

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

export type ScreenHandlers = {
  /** Returns our rows as they are to be drawn now. */
  content: () => Content;
  /** A key was pressed; the rows are drawn anew behind it. */
  key: (key: Key) => void;
  /** Too much waits for the terminal: nothing more should be printed until `drained`. */
  full?: () => void;
  /** The terminal has taken almost all that waited. */
  drained?: () => void;
};

/** `full` is called when more waits than this, `drained` when less does, in UTF-16 units: two blocks, and half of one. */
const full = 32 * 1024;
const drained = 8 * 1024;
/** How much text may wait, in UTF-16 units: a stopped terminal takes none. Above this the oldest lines are not shown. */
const maxUndrawn = 8 * 1024 * 1024;

const otherScreen = "\x1b[?1049h";
const ordinaryScreen = "\x1b[?1049l";

/** The parts of a terminal that a screen needs. */
export type ScreenTty = Pick<
  Tty,
  "columns" | "rows" | "isBusy" | "attach" | "detach" | "write" | "title" | "askColumn"
>;

export class Screen implements TtyReader {
  readonly #tty: ScreenTty;
  readonly #handlers: ScreenHandlers;
  readonly #canvas: Canvas;
  readonly #shown = new Shown();
  readonly #undrawn = new Undrawn(maxUndrawn);
  #overlay: Overlay | undefined;
  /** Whether the terminal got another size under the overlay. */
  #isResized = false;
  /** Whether our rows stand below the lines. */
  #hasRows = false;
  /** True while the shell has the terminal. */
  #isStopped = false;
  #isFull = false;
  #drawing: NodeJS.Immediate | undefined;
  /** True if something changed while the terminal was taking the last drawing. */
  #isStale = false;
  #title: string | undefined;
  #rings = false;
  #notification = "";

  constructor(tty: ScreenTty, handlers: ScreenHandlers) {
    this.#tty = tty;
    this.#handlers = handlers;
    this.#canvas = new Canvas(tty);
  }

  /** Shows our rows and takes the keys from now on. Returns the keys that were typed before. */
  start(): Key[] {
    this.#hasRows = true;
    this.changed();
    return this.#tty.attach(this);
  }

  /** Takes our rows away, and leaves the lines. */
  stop(): void {
    this.overlay = undefined;
    clearImmediate(this.#drawing);
    this.#drawing = undefined;
    this.#tty.detach(this);
    this.#tty.write((this.#hasRows ? this.#canvas.erase() : "") + this.#undrawn.takeAll());
    this.#hasRows = false;
    this.#weigh();
  }

  /** Lines above our rows; before `start` and after `stop`, just lines. */
  print(lines: string[]): void {
    this.#undrawn.add(lines);
    this.#weigh();
    this.changed();
  }

  /** The title of the terminal's window. */
  set title(title: string) {
    this.#title = title;
    this.changed();
  }

  /** Rings with the next lines. */
  ring(): void {
    this.#rings = true;
    this.changed();
  }

  /** Sends a notification to the desktop with the next lines; the newest one, if more come at once. */
  notify(sequence: string): void {
    this.#notification = sequence;
    this.changed();
  }

  /** Clears the screen of the lines. */
  clear(): void {
    if (!this.#hasRows) return;
    this.overlay = undefined;
    this.#shown.clear();
    this.redraw();
  }

  /** The overlay in place of the lines; lines that are printed meanwhile wait until it is undefined again. */
  get overlay(): Overlay | undefined {
    return this.#overlay;
  }

  set overlay(overlay: Overlay | undefined) {
    const before = this.#overlay;
    if (overlay === before || !this.#hasRows) return;
    this.#overlay = overlay;
    // Our rows are erased first, so that the terminal keeps the cursor where the next line belongs.
    if (!before) this.#tty.write(this.#canvas.erase() + otherScreen);
    else if (!overlay) this.#leave(before);
    this.#weigh();
    this.changed();
  }

  /** How many columns and rows an overlay has now; one row below it is for its status, also without a text. */
  get overlaySize(): Size {
    const { columns, rows } = this.#tty;
    return { columns, rows: rows - this.#pictureWith("its status").rows.length };
  }

  /** Our rows or the overlay have changed: they are drawn once in this turn, however much changes in it. */
  changed(): void {
    this.#drawing ??= setImmediate(() => {
      this.#drawing = undefined;
      this.draw();
    });
  }

  /** Draws the changes now, or once the terminal has taken the drawing before. */
  draw(): void {
    if (!this.#hasRows) this.#tty.write(this.#undrawn.takeAll());
    else {
      this.#isStale = this.#tty.isBusy || this.#canvas.isMeasuring || this.#isStopped;
      if (this.#isStale) return;
      const drawing = this.#overlay ? this.#drawnOverlay(this.#overlay) : this.#drawnLines();
      this.#tty.write(this.#alerts() + drawing);
    }
    this.#weigh();
  }

  /** Draws the whole screen anew, with the lines as far as they fit and are remembered. */
  redraw(): void {
    if (this.overlay) return this.changed();
    const { rows } = this.#pictureWith();
    const lines = this.#shown.last(this.#tty.rows - rows.length);
    this.#tty.write((lines === "" ? this.#canvas.clear() : this.#canvas.wipe()) + lines);
    this.changed();
  }

  // ---- Called by the terminal ----

  key(key: Key): void {
    this.#handlers.key(key);
    this.changed();
  }

  resized(): void {
    if (this.overlay) this.#isResized = true;
    else if (this.#canvas.breaksRows) return this.#canvas.resized(() => this.changed());
    this.redraw();
  }

  stopped(): void {
    this.overlay = undefined;
    this.#isStopped = true;
    this.#tty.write(this.#canvas.erase());
  }

  resumed(): void {
    this.overlay = undefined;
    this.#isStopped = false;
    this.#canvas.resumed(() => this.changed());
  }

  taken(): void {
    if (this.#isStale || (!this.overlay && !this.#undrawn.isEmpty)) this.changed();
  }

  // ---- Drawing ----

  #drawnLines(): string {
    const lines = this.#undrawn.take();
    this.#shown.add(lines);
    return this.#canvas.draw(lines, this.#pictureWith());
  }

  #drawnOverlay(overlay: Overlay): string {
    const { columns } = this.#tty;
    const { rows, cursorRow, before } = this.#pictureWith(overlay.status(columns));
    const height = this.#tty.rows - rows.length;
    const above = overlay.rows({ columns, rows: height });
    while (above.length < height) above.push("");
    return this.#canvas.drawAll({ rows: [...above, ...rows], cursorRow: above.length + cursorRow, before });
  }

  /** Our rows, with another status perhaps. */
  #pictureWith(status?: string): Picture {
    const content = this.#handlers.content();
    return pictureOf({ ...content, status: status ?? content.status }, this.#tty);
  }

  /** Shows the lines again: all of them anew after another size, since terminals break their rows in different ways. */
  #leave(overlay: Overlay): void {
    this.#canvas.forget();
    this.#tty.write(ordinaryScreen);
    overlay.left();
    if (this.#isResized) this.redraw();
    this.#isResized = false;
  }

  /** Calls `full` and `drained`. Under an overlay nothing is too much, since its pages have to come. */
  #weigh(): void {
    const isFull = !this.overlay && this.#undrawn.length > (this.#isFull ? drained : full);
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    if (isFull) this.#handlers.full?.();
    else this.#handlers.drained?.();
  }

  /** The title, if it has changed, the bell and the notification. */
  #alerts(): string {
    const title = this.#title === undefined ? "" : this.#tty.title(this.#title);
    const alerts = title + this.#notification + (this.#rings ? bell : "");
    this.#notification = "";
    this.#rings = false;
    return alerts;
  }
}
