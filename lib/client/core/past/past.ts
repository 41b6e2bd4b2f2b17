// /history, /search and /around: each is read page by page, and shown once all its pages have come. That can take a while, so
// it can be stopped, and then shows the pages that have come.

import { type Event, type Fault, fault, isMessage, limits, type Message } from "../../../protocol/events.ts";
import { Hits } from "./hits.ts";
import type { Pages } from "./pages.ts";
import { Reading, stopped, type Wanted } from "./reading.ts";
import { Window } from "./window.ts";

/** The parts of a client that its past needs; client.ts documents the handlers. */
type PastClient = {
  pages: Pages;
  chat: { regard: (message: Message) => string };
  link: { position: { seq: number } | undefined };
  handlers: {
    event: (event: Event) => void;
    problem: (problem: Fault) => void;
    around?: (seq: number) => boolean;
    forgotten?: () => void;
    takenBack?: (seqs: readonly number[]) => void;
    lookingBack?: () => void;
  };
};

/** A reading of older messages that is under way, and can be stopped. */
type Task = { stop: () => void };

/** How many messages a /history shows that asks for no number, and one that asks for too many. */
const someMessages = 50;
const mostMessages = 10_000;
/** About how many characters a /history shows: as much waits in memory for a terminal that is slow. */
const mostLength = 4 * 1024 * 1024;
/** How many hits a search shows. */
const someHits = 20;
/** How many messages are shown on either side of a hit. */
const neighbours = 5;

/** The id of answers that a person asked for: they are shown even if they are empty. */
const shownId = "look";

export class Past {
  readonly hits = new Hits();
  readonly #client: PastClient;
  readonly #tasks = new Set<Task>();
  #idle = Promise.withResolvers<void>();

  constructor(client: PastClient) {
    this.#client = client;
  }

  /** Resolves once nothing is being read. */
  async idle(): Promise<void> {
    if (this.#tasks.size > 0) await this.#idle.promise;
  }

  /** In words, how far a reading of more than a page has come; undefined if none is under way. */
  get progress(): string | undefined {
    const isLong = (task: Task) => task instanceof Reading && task.wanted.messages > limits.historyEvents;
    const reading = [...this.#tasks].find(isLong);
    if (!(reading instanceof Reading)) return undefined;
    const [come, all] = [reading.messages, reading.wanted.messages].map((count) =>
      count.toLocaleString("en-GB"),
    );
    return `${come} of ${all} lines · Ctrl-C stops`;
  }

  /** Stops reading, and shows the messages that have come; false if nothing was being read. */
  stop(): boolean {
    const tasks = [...this.#tasks];
    for (const task of tasks) task.stop();
    this.#client.handlers.lookingBack?.();
    return tasks.length > 0;
  }

  /** Shows the last messages. */
  history(count = someMessages): void {
    const messages = Math.min(count, mostMessages);
    this.#read({ messages, length: mostLength }, ({ events }, problem) => {
      if (events.length > 0 || !problem)
        this.#client.handlers.event({ type: "history", events, id: shownId });
      if (problem) this.#client.handlers.problem(problem);
      if (count > messages) {
        const most = mostMessages.toLocaleString("en-GB");
        this.#client.handlers.problem(fault("bad-field", `One /history shows at most ${most} lines`));
      }
    });
  }

  /** Shows the newest messages with these words. */
  search(words: string): void {
    this.hits.begin(words);
    this.#search(words, undefined);
  }

  /** Shows the next older messages with the words of the last search; false if there was none. */
  searchOn(): boolean {
    const { words, next, count } = this.hits;
    if (words === undefined) return false;
    if (count > 0 && next === undefined) {
      this.#client.handlers.problem(fault("bad-field", `Nothing older was found for "${words}"`));
    } else this.#search(words, next);
    return true;
  }

  /** Shows the messages around a hit of the last search, the newest one if there is no number. */
  around(number: string): void {
    const { hits } = this;
    const seq = hits.seqOf(number === "" ? 1 : Number(number.replace(/^\[(.*)\]$/, "$1")));
    if (seq === undefined) {
      const what =
        hits.count === 0 ? "Search first: /search WORDS" : `Say which one, 1 to ${hits.count}: /around 1`;
      return this.#client.handlers.problem(fault("bad-field", what));
    }
    if (!this.#client.handlers.around?.(seq)) this.#showAround(seq);
  }

  /** Takes the next event; true if it is the server's answer to a request made here. */
  event(event: Event): boolean {
    // The positions so far were those of another journal.
    if (event.type === "gap" && event.from === 0) {
      this.hits.clear();
      this.#client.handlers.forgotten?.();
    }
    if (event.type === "deleted") this.#client.handlers.takenBack?.(event.seqs);
    const isAnswer = this.#client.pages.event(event);
    if (isAnswer) this.#client.handlers.lookingBack?.();
    return isAnswer;
  }

  #search(words: string, before: number | undefined): void {
    this.#read({ words, before, messages: someHits }, ({ events, next }, problem) => {
      // Of two searches under way, the hits are those of the one that ends last.
      if (this.hits.words !== words) this.hits.begin(words);
      this.hits.next = next;
      this.hits.add(events.filter(isMessage).filter(this.#isShown));
      if (events.length > 0 || !problem) {
        const more = next === undefined ? undefined : true;
        this.#client.handlers.event({ type: "results", text: words, events, more, id: shownId });
      }
      if (problem) this.#client.handlers.problem(problem);
    });
  }

  #showAround(seq: number): void {
    const now = this.#client.link.position?.seq ?? 0;
    const window = new Window(this.#client.pages, seq + 1);
    const show = (problem?: Fault) => {
      this.#end(task);
      const shown = window.events.filter(isMessage).filter(this.#isShown);
      const hit = shown.findLastIndex((message) => message.seq <= seq);
      const events = shown.slice(Math.max(hit - neighbours, 0), hit + 1 + neighbours);
      if (events.length > 0 || !problem)
        this.#client.handlers.event({ type: "history", events, id: shownId });
      if (problem) this.#client.handlers.problem(problem);
    };
    const task: Task = {
      stop: () => {
        window.close();
        show(window.events.length > 0 ? undefined : stopped);
      },
    };
    this.#tasks.add(task);
    window.older((problem) => (problem ? show(problem) : window.newer(now, show)));
  }

  readonly #isShown = (message: Message): boolean => this.#client.chat.regard(message) !== "ignored";

  #read(wanted: Wanted, done: (reading: Reading, problem?: Fault) => void): void {
    const reading = new Reading(this.#client.pages, wanted, (reading, problem) => {
      this.#end(reading);
      done(reading, problem);
    });
    this.#tasks.add(reading);
    reading.start();
  }

  #end(task: Task): void {
    this.#tasks.delete(task);
    if (this.#tasks.size > 0) return;
    this.#idle.resolve();
    this.#idle = Promise.withResolvers();
  }
}
