// The messages on the screen: a window on the past, whose events are rows. Older events are joined above as far as the
// reader scrolls, new ones below.
//
//   window.events ── draw, at most once a frame ──▶ rows        The rows are made to match the window; nothing is queued.
//
// At the end, live events push out the oldest. Away from the end no row in sight may go: a full window takes no live events,
// and they are read from the room again once the reader comes down to them.

import { isMessage, type Recorded } from "../../../protocol/events.ts";
import type { Chat } from "../../core/chat.ts";
import type { Page, Pages } from "../../core/past/pages.ts";
import { Window } from "../../core/past/window.ts";
import { byId, element, show, write } from "../page/dom.ts";
import { copyAsLines } from "./copy.ts";
import { divider, noticeRow, rowsOf } from "./rows.ts";
import { Scroll } from "./scroll.ts";

/**
 * An event, its rows, and `asides`: rows below them that belong to no event. The asides that stand above all events have an
 * entry without an event, with the position `seq` behind which they came.
 */
type Drawn = { seq: number; event: Recorded | undefined; rows: HTMLElement[]; asides: HTMLElement[] };

export type LogHandlers = {
  /** There is something to draw: `draw` is to be called in the next frame. */
  changed: () => void;
  /** The reader has scrolled. */
  moved: () => void;
  /** A line of the page's own has come, which a screen reader is to be told of. */
  noticed: (text: string) => void;
};

/** How many events the window has at its end: each costs time in every frame, and older ones are soon read again. */
const rowsAtEnd = 400;
/** How near to an end of the window the next page is read, in heights of the view. */
const nearby = 2;
/** How long after a page that could not be read the next one is asked for. */
const retryMs = 2_000;

export class Log {
  readonly #chat: Chat;
  readonly #pages: Pages;
  readonly #handlers: LogHandlers;
  readonly #view = byId("log", HTMLElement);
  readonly #list = byId("rows", HTMLOListElement);
  readonly #top = byId("top", HTMLElement);
  readonly scroll: Scroll;
  #window: Window;
  /** The window around an event that is being read; it opens then, unless another one opens first. */
  #sought: Window | undefined;
  /** The position of the last live event, drawn or not. */
  #now = 0;
  #drawn: Drawn[] = [];
  /** Where the unread messages begin, and how many they are. */
  #unread: { from: number; count: number } | undefined;
  /** The line above the unread messages, if it is drawn. */
  #line: HTMLElement | undefined;
  #triedAt = -Infinity;

  constructor(chat: Chat, pages: Pages, handlers: LogHandlers) {
    this.#chat = chat;
    this.#pages = pages;
    this.#handlers = handlers;
    this.#window = new Window(pages, 0);
    this.scroll = new Scroll(this.#view, this.#list, () => {
      this.#readOn();
      handlers.moved();
    });
    copyAsLines(this.#list);
  }

  // ---- Events ----

  /** Begins anew at a position, with the page right before it. */
  begin(position: number, page?: Page): void {
    this.#now = position;
    this.#open(new Window(this.#pages, position + 1));
    if (page) this.#window.begin(page);
    this.toEnd();
  }

  /** A live event. */
  event(event: Recorded): void {
    const { isWhole } = this;
    this.#now = event.seq;
    if (!isWhole) return;
    if (event.type === "joined" || event.type === "left" || event.type === "moved")
      this.#window.passes(event.seq);
    else if (this.#window.add(event, this.scroll.isAtEnd ? rowsAtEnd : undefined)) this.#handlers.changed();
  }

  /** Adds rows that are no events, below those there are. */
  add(...rows: HTMLElement[]): void {
    if (rows.length === 0) return;
    this.draw();
    this.scroll.keep(() => {
      if (this.#drawn.length === 0) {
        this.#drawn.push({ seq: this.#now, event: undefined, rows: [], asides: [] });
      }
      const { asides = [] } = this.#drawn.at(-1) ?? {};
      asides.push(...rows);
      this.#list.append(...rows);
      // Members may come and go for hours without a message between.
      for (const old of asides.splice(0, asides.length - rowsAtEnd)) old.remove();
    });
  }

  notice(text: string, kind: "notice" | "problem" = "notice"): void {
    this.add(noticeRow(text, kind));
    this.#handlers.noticed(text);
  }

  /** Leaves a blank as high as the browser's window below all rows: older messages are found by scrolling up. */
  clear(): void {
    this.toEnd();
    const blank = element("li", "blank");
    blank.ariaHidden = "true";
    this.add(blank);
  }

  /** The messages at these positions were taken back. */
  takeBack(seqs: readonly number[]): void {
    this.#window.takeBack(seqs);
    this.#sought?.takeBack(seqs);
    this.redraw();
  }

  /** Draws every row anew: ignored people or our name have changed, or a message was taken back. */
  redraw(): void {
    this.draw();
    const events = new Map(this.#window.events.map((event) => [event.seq, event]));
    const replaced = new Map<Element, Element>();
    this.scroll.keep(
      () => {
        let before: Recorded | undefined;
        // Rows that are gone; the next row that is left stands in their place.
        let gone: HTMLElement[] = [];
        for (const drawn of this.#drawn) {
          gone.push(...drawn.rows);
          drawn.event = events.get(drawn.seq);
          drawn.rows = drawn.event ? rowsOf(this.#chat, drawn.event, before) : [];
          const [row] = drawn.rows;
          if (!row) continue;
          before = drawn.event;
          for (const old of gone) replaced.set(old, row);
          gone = [];
        }
        this.#list.replaceChildren(...this.#drawn.flatMap(({ rows, asides }) => [...rows, ...asides]));
        this.#drawLine();
      },
      (row) => replaced.get(row),
    );
  }

  /** The messages from this position on are unread. The line above them stays where it is once they were read. */
  unread(from: number, count: number): void {
    this.#unread = { from, count };
    this.#handlers.changed();
  }

  // ---- Where the reader is ----

  /** Whether the latest messages are in sight. */
  get isAtEnd(): boolean {
    return this.scroll.isAtEnd && this.isWhole;
  }

  /** Whether the rows go up to the last live event. */
  get isWhole(): boolean {
    return this.#window.reaches(this.#now);
  }

  toEnd(): void {
    if (!this.isWhole) this.#open(new Window(this.#pages, this.#now + 1));
    this.scroll.toEnd();
    this.#handlers.changed();
  }

  focus(): void {
    this.#view.focus();
  }

  /** Shows the messages around an event. */
  around(seq: number): void {
    if (this.#rowOf(seq)) return this.#found(seq);
    const window = new Window(this.#pages, seq + 1);
    this.#sought = window;
    window.older((problem) => {
      if (this.#sought !== window) return;
      if (problem) {
        this.#sought = undefined;
        return this.notice(problem.text, "problem");
      }
      window.newer(this.#now, () => {
        if (this.#sought !== window) return;
        this.#open(window);
        this.#found(seq);
      });
    });
  }

  #found(seq: number): void {
    this.draw();
    const row = this.#rowOf(seq);
    if (row) this.scroll.to(row, this.isWhole);
    for (const other of this.#list.querySelectorAll(".sought")) other.classList.remove("sought");
    row?.classList.add("sought");
    this.#handlers.moved();
    this.#readOn();
  }

  #rowOf(seq: number): HTMLElement | undefined {
    return this.#drawn.find((drawn) => drawn.seq === seq)?.rows.find((row) => row.classList.contains("row"));
  }

  /** Reads the next page, if the reader has come near to an end of the window. */
  #readOn(): void {
    const window = this.#window;
    const height = this.#view.clientHeight;
    if (height === 0 || window.isReading || performance.now() - this.#triedAt < retryMs) return;
    const joined = (problem?: unknown) => {
      this.#triedAt = problem === undefined ? -Infinity : performance.now();
      if (window === this.#window) this.#handlers.changed();
    };
    if (this.scroll.above < nearby * height && !window.isOldest) window.older(joined);
    else if (this.scroll.below < nearby * height && !this.isWhole) window.newer(this.#now, joined);
  }

  /** Shows another window in the place of the one before. */
  #open(window: Window): void {
    this.#sought = undefined;
    this.#window.close();
    this.#window = window;
    this.#drawn = [];
    this.#line = undefined;
    this.#list.replaceChildren();
  }

  // ---- Drawing ----

  draw(): void {
    this.scroll.keep(() => this.#match());
    const { events, isOldest } = this.#window;
    show(this.#top, isOldest);
    if (isOldest) write(this.#top, events.length === 0 ? "Nothing was said yet" : "The history begins here");
    this.#readOn();
  }

  /** Makes the rows match the window. */
  #match(): void {
    const { events } = this.#window;
    const last = events.at(-1);
    if (last) {
      this.#cut(this.#window.from - 1, this.isWhole ? Infinity : last.seq);
      this.#prepend(events);
      this.#append(events);
    }
    this.#drawLine();
  }

  #cut(from: number, to: number): void {
    const kept = this.#drawn.findIndex(({ seq }) => seq >= from);
    remove(this.#drawn.splice(0, kept === -1 ? this.#drawn.length : kept));
    const end = this.#drawn.findIndex(({ seq }) => seq > to);
    if (end !== -1) remove(this.#drawn.splice(end));
  }

  #prepend(events: Recorded[]): void {
    const first = this.#drawn.find(({ event }) => event !== undefined);
    const count = first ? events.findIndex(({ seq }) => seq >= first.seq) : 0;
    if (!first || count <= 0) return;
    const older = this.#rowsOf(events.slice(0, count), undefined);
    // The row that was the first is drawn anew, since its look depends on the row above it.
    if (first.event) {
      const rows = rowsOf(this.#chat, first.event, older.findLast(({ rows }) => rows.length > 0)?.event);
      first.rows[0]?.before(...rows);
      for (const row of first.rows) row.remove();
      first.rows = rows;
    }
    this.#list.prepend(...older.flatMap(({ rows }) => rows));
    this.#drawn.unshift(...older);
  }

  #append(events: Recorded[]): void {
    const last = this.#drawn.findLast(({ event }) => event !== undefined);
    const from = last ? events.findLastIndex(({ seq }) => seq <= last.seq) + 1 : 0;
    if (from >= events.length) return;
    const shown = this.#drawn.findLast(({ rows }) => rows.length > 0);
    const newer = this.#rowsOf(events.slice(from), shown?.event);
    this.#list.append(...newer.flatMap(({ rows }) => rows));
    this.#drawn.push(...newer);
  }

  #rowsOf(events: Recorded[], before: Recorded | undefined): Drawn[] {
    return events.map((event) => {
      const rows = rowsOf(this.#chat, event, before);
      if (rows.length > 0) before = event;
      return { seq: event.seq, event, rows, asides: [] };
    });
  }

  /** The line above the first unread message. */
  #drawLine(): void {
    const { from, count } = this.#unread ?? { from: Infinity, count: 0 };
    const isUnread = ({ seq, event }: Drawn) =>
      seq >= from && event !== undefined && isMessage(event) && this.#chat.isOfOthers(event);
    const first = this.#drawn.find(isUnread);
    // While the first unread message is not in the window, the line would stand in the wrong place.
    const top = (this.#drawn[0]?.seq ?? 0) <= from || this.#window.isOldest ? first?.rows[0] : undefined;
    if (!top) {
      this.#line?.remove();
      this.#line = undefined;
      return;
    }
    const text = `${count.toLocaleString("en-GB")} new`;
    this.#line ??= divider(text, "unread");
    if (this.#line.textContent !== text) this.#line.replaceChildren(...divider(text).childNodes);
    if (this.#line.nextSibling !== top) top.before(this.#line);
  }
}

function remove(drawn: Drawn[]): void {
  for (const { rows, asides } of drawn) for (const row of [...rows, ...asides]) row.remove();
}
