// Reading back: a page of older messages in place of the conversation, which goes on unseen meanwhile. It opens a page above
// the end, or around a hit of a search, and reads on in either direction as the person moves.
//
//   PageUp, PageDown    a page; PageDown at the end goes back to the conversation
//   Up, Down            a row; a mouse wheel sends these on the terminal's other screen
//   Escape              goes back at once, as Enter does, and Ctrl-C on an empty row
//
// All other keys are for the row to type in.

import type { Fault, Recorded } from "../../../protocol/events.ts";
import { visibleRow } from "../../../protocol/text.ts";
import { type Key, keyName } from "../../../terminal/keys.ts";
import type { Size } from "../../../terminal/screen/picture.ts";
import type { Overlay, Screen } from "../../../terminal/screen/screen.ts";
import { widthOf } from "../../../terminal/wrap.ts";
import type { Pages } from "../../core/past/pages.ts";
import { Window } from "../../core/past/window.ts";
import { sinceWords } from "../../kept/times.ts";
import { type Row, Rows } from "./rows.ts";

export type PagerHandlers = {
  /** The position of the last event. */
  now: () => number;
  /** Returns a function that renders events; it is called with each, in their order. */
  renderer: () => (event: Recorded) => string[];
  /** The person went back to the conversation. */
  left: () => void;
};

/** With fewer rows than this the pager does not open, since its status would not be shown below them. */
const minRows = 5;
/** How many rows of a page the next page shows again. */
const overlap = 1;

export class Pager implements Overlay {
  readonly #screen: Screen;
  readonly #pages: Pages;
  readonly #handlers: PagerHandlers;
  #window: Window | undefined;
  #rows = new Rows(0);
  /** The size that the rows were made for. */
  #size: Size = { columns: 0, rows: 0 };
  #problem: string | undefined;
  /** How many messages came since the end of the rows. */
  #arrived = 0;
  /** Whether the last row on the screen is the newest there is. */
  #isAtEnd = false;

  constructor(screen: Screen, pages: Pages, handlers: PagerHandlers) {
    this.#screen = screen;
    this.#pages = pages;
    this.#handlers = handlers;
  }

  get isOpen(): boolean {
    return this.#screen.overlay === this;
  }

  /** Shows the page above the end. False if the terminal is too small. */
  open(): boolean {
    return this.#open(this.#handlers.now() + 1, -this.#step);
  }

  /** Shows the events around this one. False if the terminal is too small. */
  around(seq: number): boolean {
    return this.#open(seq + 1, Math.floor(this.#height / 2));
  }

  close(): void {
    if (this.isOpen) this.#screen.overlay = undefined;
  }

  /** A message came that is shown once this is left. */
  arrived(): void {
    this.#arrived++;
    this.#screen.changed();
  }

  /** The messages at these positions were taken back. */
  takeBack(seqs: readonly number[]): void {
    this.#window?.takeBack(seqs);
    this.#build();
    this.#screen.changed();
  }

  // ---- Called by the screen ----

  key(key: Key): boolean {
    if (key.type !== "key") return false;
    switch (keyName(key)) {
      case "pageup":
        this.#up(this.#step);
        return true;
      case "pagedown":
        if (this.#isAtEnd) this.close();
        else this.#down(this.#step);
        return true;
      case "up":
        this.#up(1);
        return true;
      case "down":
        if (!this.#isAtEnd) this.#down(1);
        return true;
      case "escape":
        this.close();
        return true;
      default:
        return false;
    }
  }

  rows(size: Size): string[] {
    if (size.columns !== this.#size.columns || size.rows !== this.#size.rows) {
      this.#size = size;
      this.#build();
      this.#settle();
    }
    return this.#rows.shown(size.rows).map(({ text }) => text);
  }

  status(columns: number): string {
    const at = this.#rows.shown(this.#height).find(({ at }) => at > 0)?.at;
    const time = at === undefined ? "" : sinceWords(at, new Date());
    const place = this.#problem ?? (this.#window?.isReading ? "reading …" : time || "nothing was said");
    const count = this.#arrived.toLocaleString("en-GB");
    const [below, short] = this.#arrived === 0 ? [[], []] : [[`${count} new below`], [`${count} new`]];
    const texts = [
      [`reading back: ${place}`, ...below, "PageDown, or Esc, goes back"],
      [place, ...below, "Esc goes back"],
      [place, ...short, "Esc: back"],
    ].map((parts) => `── ${parts.join(" · ")} ──`);
    // The status is drawn two columns off the margin, and the last column stays free.
    return texts.find((text) => widthOf(text) <= columns - 3) ?? texts.at(-1) ?? "";
  }

  left(): void {
    this.#window?.close();
    this.#window = undefined;
    this.#rows = new Rows(0);
    this.#handlers.left();
  }

  // ---- Where it is ----

  get #height(): number {
    return this.#screen.overlaySize.rows;
  }

  get #step(): number {
    return Math.max(this.#height - overlap, 1);
  }

  #open(position: number, bottom: number): boolean {
    if (this.#height < minRows) return false;
    this.#window?.close();
    this.#window = new Window(this.#pages, position);
    this.#rows = new Rows(bottom);
    this.#problem = undefined;
    this.#arrived = 0;
    this.#isAtEnd = false;
    this.#screen.overlay = this;
    this.#settle();
    return true;
  }

  #up(rows: number): void {
    // The rows above are being read.
    if (this.#rows.bottom < this.#height && !this.#window?.isOldest && !this.#problem) return;
    this.#isAtEnd = false;
    this.#rows.bottom -= rows;
    this.#settle();
  }

  #down(rows: number): void {
    if (this.#rows.bottom > this.#rows.count && !this.#problem) return;
    this.#rows.bottom += rows;
    this.#settle();
  }

  /** Reads the rows that the screen lacks; if it lacks none, moves it back to where there are rows. */
  #settle(): void {
    const window = this.#window;
    if (!window) return;
    const now = this.#handlers.now();
    const rows = this.#rows;
    this.#problem = undefined;
    if (rows.bottom < this.#height && !window.isOldest) window.older(this.#came);
    else if (rows.bottom > rows.count && !window.reaches(now)) window.newer(now, this.#came);
    else {
      this.#clamp();
      this.#isAtEnd = rows.bottom === rows.count && window.reaches(now);
      if (this.#isAtEnd) this.#arrived = 0;
    }
    this.#screen.changed();
  }

  readonly #came = (problem?: Fault): void => {
    this.#build();
    if (!problem) return this.#settle();
    this.#clamp();
    this.#problem = visibleRow(problem.text);
    this.#screen.changed();
  };

  #clamp(): void {
    const { bottom, count } = this.#rows;
    this.#rows.bottom = Math.min(Math.max(bottom, this.#height), count);
  }

  #build(): void {
    const window = this.#window;
    if (!window) return;
    const { columns } = this.#screen.overlaySize;
    const render = this.#handlers.renderer();
    const rows = window.events.flatMap((event): Row[] => {
      const lines = render(event).flatMap((line) => cut(line, columns));
      return lines.map((text) => ({ seq: event.seq, at: event.at, text }));
    });
    const start = { seq: 0, at: 0, text: cut("── nothing older is kept ──", columns)[0] ?? "" };
    this.#rows.replace(window.isOldest ? [start, ...rows] : rows);
  }
}

/** Cuts a line that is too wide into rows: a link, which stays whole in the conversation. */
function cut(line: string, columns: number): string[] {
  const width = Bun.stringWidth(line);
  if (width <= columns) return [line];
  const count = Math.ceil(width / columns);
  return Array.from({ length: count }, (_, i) => Bun.sliceAnsi(line, i * columns, (i + 1) * columns));
}
