// Reads the past backwards, page by page, until it has as many messages as were wanted. So `/history 5000` is many small
// requests, and no page is larger than the server allows. A reading can be stopped at any time, and keeps its events so far.

import { type Fault, fault, isFault, isMessage, limits, type Recorded } from "../../../protocol/events.ts";
import { type Page, type Pages, withoutTexts } from "./pages.ts";

export type Wanted = {
  /** How many messages. */
  messages: number;
  /** Only messages before this position. */
  before?: number | undefined;
  /** Only messages behind this position. */
  after?: number;
  /** Only messages with these words. */
  words?: string | undefined;
  /** How many characters are enough, however few messages they are. */
  length?: number;
};

/** About how many characters an event has beside its text. */
const eventLength = 100;

/** The problem of a reading that was stopped before its first page. */
export const stopped = fault("unavailable", "Stopped before anything was read");

export class Reading {
  /** The events so far, oldest first: messages, and the other events between them. */
  events: Recorded[] = [];
  /** How many of them are messages. */
  messages = 0;
  /** Older ones are found before this position; undefined if there are none. */
  next: number | undefined;
  readonly wanted: Wanted;
  readonly #pages: Pages;
  readonly #done: (reading: Reading, problem?: Fault) => void;
  #length = 0;
  #isOver = false;

  /** `done` is called once: with a problem if the rest cannot be read. */
  constructor(pages: Pages, wanted: Wanted, done: (reading: Reading, problem?: Fault) => void) {
    this.#pages = pages;
    this.wanted = wanted;
    this.#done = done;
    this.next = wanted.before;
  }

  /** Ends the reading with its events so far. */
  stop(): void {
    const hasSome = this.events.length > 0;
    this.#end(hasSome ? undefined : stopped);
  }

  /** Asks for the next page; called once from outside, to begin. */
  start(): void {
    const { words } = this.wanted;
    const most = words === undefined ? limits.historyEvents : limits.searchEvents;
    const limit = Math.min(this.wanted.messages - this.messages, most);
    const takeBack = (seqs: readonly number[]) => {
      this.events = withoutTexts(this.events, seqs);
    };
    const take = (answer: Page | Fault) => {
      if (this.#isOver) return;
      if (isFault(answer)) return this.#end(answer);
      this.#take(answer.events, answer.next);
    };
    this.#pages.ask({ before: this.next, limit, words }, take, takeBack);
  }

  #take(page: Recorded[], next: number | undefined): void {
    const { after = 0, messages, length = Infinity } = this.wanted;
    const events = page.filter(({ seq }) => seq > after);
    this.events = [...events, ...this.events];
    this.messages += events.filter(isMessage).length;
    this.next = next !== undefined && next > after + 1 ? next : undefined;
    for (const event of events)
      this.#length += eventLength + ("text" in event ? (event.text?.length ?? 0) : 0);
    const isEnough = this.messages >= messages || this.#length >= length;
    if (isEnough || this.next === undefined) this.#end();
    else this.start();
  }

  #end(problem?: Fault): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#done(this, problem);
  }
}
