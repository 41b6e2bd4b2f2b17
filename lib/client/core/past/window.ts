// A window on the past that moves: a bounded stretch of events, to which older and newer pages are joined. Events that it
// gives up on the other side are read again when they are wanted.
//
//     older ◀── [ from … the events of the window … to ) ──▶ newer, up to the newest event
//
// It has everything between its two ends, each event once and in order. A history can be asked for backwards alone: so a page
// of newer events is read from some positions further on, down to the end of the window.

import type { Fault, Recorded } from "../../../protocol/events.ts";
import { type Page, type Pages, withoutTexts } from "./pages.ts";
import { Reading, type Wanted } from "./reading.ts";

/** A page of older events ends with this many messages, or with this many characters if they come first. */
const olderPage = { messages: 100, length: 64 * 1024 };
/** How many events a window keeps: more than a page can have, so that the messages shown last are still there. */
const keptEvents = 2_000;
/** How many positions a page of newer events spans at first, and at most: each page that finds nothing doubles it. */
const firstSpan = 100;
const maxSpan = 2_000;

export class Window {
  /** Oldest first. */
  events: Recorded[] = [];
  readonly #pages: Pages;
  readonly #kept: number;
  /** The first position of the window, and the one behind its last. */
  from: number;
  #to: number;
  /** Nothing older than the first event is kept. */
  isOldest = false;
  #reading: Reading | undefined;

  /** An empty window between the events before this position and the others. `kept`: how many events it has at most. */
  constructor(pages: Pages, position: number, kept = keptEvents) {
    this.#pages = pages;
    this.#kept = kept;
    this.from = position;
    this.#to = position;
  }

  /** Whether a page is under way. */
  get isReading(): boolean {
    return this.#reading !== undefined;
  }

  /** Whether the window reaches up to the newest event, whose position is `now`. */
  reaches(now: number): boolean {
    return this.#to > now;
  }

  /** Begins with the page right before its position. */
  begin({ events, next }: Page): void {
    this.events = events;
    this.isOldest = next === undefined;
    this.from = next ?? 0;
  }

  /**
   * Joins a live event. False if it is full, so that it ends before the event; with `kept` it gives up the oldest, so
   * that no more than this are left.
   */
  add(event: Recorded, kept?: number): boolean {
    if (kept === undefined && this.events.length >= this.#kept) return false;
    this.events.push(event);
    this.passes(event.seq);
    this.#drop("oldest", kept);
    return true;
  }

  /** Notes that the event at this position came and is not one to show, so that nothing is missing up to there. */
  passes(seq: number): void {
    this.#to = seq + 1;
  }

  /** Joins a page of older events. `done` is called once it is there, or with the reason why it is not. */
  older(done: (problem?: Fault) => void): void {
    if (this.isReading) return;
    if (this.isOldest) return done();
    this.#read({ before: this.from, ...olderPage }, (reading, problem) => {
      // Meanwhile the window gave up its oldest events: they would be missing between the page and the others.
      if (reading.wanted.before !== this.from) return done(problem);
      this.events = [...reading.events, ...this.events];
      this.isOldest = problem === undefined && reading.next === undefined;
      this.from = reading.next ?? 0;
      this.#drop("newest");
      done(problem);
    });
  }

  /** Joins a page of newer events, up to the position `now`, that of the newest one. */
  newer(now: number, done: (problem?: Fault) => void, span = firstSpan): void {
    if (this.isReading) return;
    if (this.reaches(now)) return done();
    const end = Math.min(this.#to + span, now + 1);
    const wanted = { before: end, after: this.#to - 1, messages: end - this.#to };
    this.#read(wanted, (reading, problem) => {
      // The page does not go back to the window: events may be missing between the two.
      if (reading.next !== undefined) return done(problem);
      this.events.push(...reading.events);
      this.#to = end;
      this.#drop("oldest");
      const isNothing = reading.events.length === 0 && !this.reaches(now);
      if (isNothing) this.newer(now, done, Math.min(2 * span, maxSpan));
      else done(problem);
    });
  }

  /** The messages at these positions were taken back: their texts are erased here, too. */
  takeBack(seqs: readonly number[]): void {
    this.events = withoutTexts(this.events, seqs);
  }

  /** Gives up the reading that is under way: its page is not joined. */
  close(): void {
    this.#reading = undefined;
  }

  #read(wanted: Wanted, take: (reading: Reading, problem?: Fault) => void): void {
    const reading = new Reading(this.#pages, wanted, (reading, problem) => {
      if (this.#reading !== reading) return;
      this.#reading = undefined;
      take(reading, problem);
    });
    this.#reading = reading;
    reading.start();
  }

  /** Drops events beyond the most that are kept, at the end that was not read from. */
  #drop(side: "oldest" | "newest", kept = this.#kept): void {
    while (this.events.length > kept) {
      const seq = (side === "oldest" ? this.events.shift() : this.events.pop())?.seq ?? 0;
      if (side === "newest") this.#to = seq;
      else {
        this.from = seq + 1;
        this.isOldest = false;
      }
    }
  }
}
