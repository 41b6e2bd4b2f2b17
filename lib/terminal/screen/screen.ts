// Lines that keep coming, and rows of our own below them: what is on the terminal, and when it is drawn. That is at most
// once a turn, and never while the terminal still takes the drawing before, so a slow terminal gets fewer pictures of the
// same rows, and never waits for old ones.
//
//   print ──▶ undrawn ──▶ canvas ──▶ terminal       Under an overlay the lines wait until it is left.

import type { Key } from "../keys.ts";
import type { Tty, TtyReader } from "../tty.ts";
import { bell } from "../window.ts";
import { Canvas } from "./canvas.ts";
import { type Overlay, OverlayScreen } from "./overlay.ts";
import { type Content, pictureOf, type Size } from "./picture.ts";
import { Shown } from "./shown.ts";
import { Undrawn } from "./undrawn.ts";

export type ScreenHandlers = {
  /** Returns our rows as they are to be drawn now. */
  content: () => Content;
  /** A key was pressed; the rows are drawn anew behind it. */
  key: (key: Key) => void;
  /** So much waits for the terminal that no more should be printed for now. */
  full?: () => void;
  /** The terminal has taken almost all of it. */
  drained?: () => void;
};

/** `full` and `drained` are called beyond and below so much that waits, in UTF-16 units: a few blocks that are drawn. */
const full = 32 * 1024;
const drained = 8 * 1024;
/** How much text may wait for a stopped terminal, where lines come all the same. The oldest of more are not shown. */
const maxUndrawn = 8 * 1024 * 1024;

export class Screen implements TtyReader {
  readonly #tty: Tty;
  readonly #handlers: ScreenHandlers;
  readonly #canvas: Canvas;
  readonly #overlayScreen: OverlayScreen;
  readonly #shown = new Shown();
  readonly #undrawn = new Undrawn(maxUndrawn);
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

  constructor(tty: Tty, handlers: ScreenHandlers) {
    this.#tty = tty;
    this.#handlers = handlers;
    this.#canvas = new Canvas(tty);
    this.#overlayScreen = new OverlayScreen(tty, this.#canvas);
  }

  /** Shows our rows and takes the keys from now on. Returns those that were typed before. */
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

  /** The overlay that is shown in place of the lines; those that are printed wait until it is undefined again. */
  get overlay(): Overlay | undefined {
    return this.#overlayScreen.overlay;
  }

  set overlay(overlay: Overlay | undefined) {
    if (overlay === this.overlay || !this.#hasRows) return;
    if (overlay) this.#overlayScreen.show(overlay);
    else if (this.#overlayScreen.leave()) this.redraw();
    this.#weigh();
    this.changed();
  }

  /** How many columns and rows an overlay has now. */
  get overlaySize(): Size {
    return this.#overlayScreen.size(this.#handlers.content());
  }

  /** Our rows or the overlay have changed: they are drawn once in this turn, however much changes in it. */
  changed(): void {
    this.#drawing ??= setImmediate(() => {
      this.#drawing = undefined;
      if (this.#hasRows) return this.#draw();
      this.#tty.write(this.#undrawn.takeAll());
      this.#weigh();
    });
  }

  /** Draws the whole screen anew, with the lines as far as they fit and are remembered. */
  redraw(): void {
    if (this.overlay) return this.changed();
    const { rows } = pictureOf(this.#handlers.content(), this.#tty);
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
    if (!this.overlay) return this.#canvas.resized(() => this.changed());
    this.#overlayScreen.resized();
    this.changed();
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

  #draw(): void {
    this.#isStale = this.#tty.isBusy || this.#canvas.isMeasuring || this.#isStopped;
    if (this.#isStale) return;
    const content = this.#handlers.content();
    if (this.overlay) {
      return this.#tty.write(this.#alerts() + this.#overlayScreen.draw(this.overlay, content));
    }
    const lines = this.#undrawn.take();
    this.#shown.add(lines);
    this.#tty.write(this.#alerts() + this.#canvas.draw(lines, pictureOf(content, this.#tty)));
    this.#weigh();
  }

  /** Tells when too much or little waits. Under an overlay nothing counts: its pages have to come, too. */
  #weigh(): void {
    const isFull = !this.overlay && this.#undrawn.length > (this.#isFull ? drained : full);
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    if (isFull) this.#handlers.full?.();
    else this.#handlers.drained?.();
  }

  /** The title, if it is another one, and what draws attention. */
  #alerts(): string {
    const title = this.#title === undefined ? "" : this.#tty.title(this.#title);
    const alerts = title + this.#notification + (this.#rings ? bell : "");
    this.#notification = "";
    this.#rings = false;
    return alerts;
  }
}
