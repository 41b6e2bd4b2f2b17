// A room's past as a server gives it out: pages cut at will, with positions between the events that no member sees.

import { Pages } from "../../../../../lib/client/core/past/pages.ts";
import type { Raw } from "../../../../../lib/protocol/commands.ts";
import { type Event, isMessage, type Recorded } from "../../../../../lib/protocol/events.ts";

/** What a position holds for us: `hidden` is another's whisper, or a message that was taken back. */
export type Kind = "said" | "renamed" | "joined" | "hidden";

/** The middle of a day in any time zone, so that its date is the same everywhere. */
export const begunAt = new Date(1970, 0, 1, 12).getTime();

export class PlayedPast {
  /** Asks it. */
  readonly pages: Pages;
  isOnline = true;
  /** The commands that have no answer yet. */
  readonly asked: Raw[] = [];
  /** How many events and how many positions an answer covers at most. */
  pageEvents = 1_000;
  pagePositions = 10_000;
  /** By position, from 1. */
  readonly #kinds: Kind[];

  /** The text of the message at a position. */
  readonly #textOf: (seq: number) => string;

  constructor(kinds: Kind[], textOf = (seq: number) => `line ${seq}`) {
    this.#kinds = [...kinds];
    this.#textOf = textOf;
    this.pages = new Pages((command) => {
      if (this.isOnline) this.asked.push(command);
      return this.isOnline;
    });
  }

  get now(): number {
    return this.#kinds.length;
  }

  /** All that is to be seen, without who came. */
  get all(): Recorded[] {
    const events = this.#kinds.flatMap((kind, index) => this.#eventOf(kind, index + 1) ?? []);
    return events.filter(({ type }) => type !== "joined");
  }

  happen(...kinds: Kind[]): void {
    this.#kinds.push(...kinds);
  }

  /** The message at this position is taken back. */
  hide(seq: number): void {
    this.#kinds[seq - 1] = "hidden";
  }

  /** Answers the oldest command; commands that follow from the answer wait. */
  answerOne(): void {
    const command = this.asked.shift();
    if (command) this.pages.event(this.#answerTo(command));
  }

  /** Answers all commands, also those that follow from the answers. */
  answer(): void {
    while (this.asked.length > 0) this.answerOne();
  }

  #answerTo({ type, before, limit, text, id }: Raw): Event {
    const events: Recorded[] = [];
    let [messages, comings] = [0, 0];
    const end = Math.min(typeof before === "number" ? before : Infinity, this.now + 1);
    const answer = (rest: { before?: number }): Event => {
      const answered = { events: events.toReversed(), ...rest, id: String(id) };
      if (type === "history") return { type: "history", ...answered };
      return { type: "results", text: String(text), ...answered };
    };
    for (let seq = end - 1; seq > 0; seq--) {
      const kind = this.#kinds[seq - 1] ?? "hidden";
      const isPart = type === "search" ? kind === "said" : kind !== "joined" || comings++ < Number(limit);
      const event = isPart ? this.#eventOf(kind, seq) : undefined;
      if (event && messages >= Number(limit)) {
        return type === "history" ? answer({}) : { ...answer({}), ...{ more: true as const } };
      }
      if (event) events.push(event);
      if (event && isMessage(event)) messages++;
      if (events.length >= this.pageEvents || end - seq >= this.pagePositions) return answer({ before: seq });
    }
    return answer({});
  }

  #eventOf(kind: Kind, seq: number): Recorded | undefined {
    const at = begunAt + seq;
    if (kind === "said") return { type: "said", seq, at, from: "bob", text: this.#textOf(seq) };
    if (kind === "joined") return { type: "joined", seq, at, name: "cyd" };
    return kind === "renamed" ? { type: "renamed", seq, at, from: "bob", to: "bob" } : undefined;
  }
}
