// Asks the room for pages of the past, and knows their answers by an id. The server decides how long a page is: it says
// where the next older page ends, or that there is none.
//
//   … ◀── next ── [ a page: events before a position ]
//
// An answer is handed on within the event that brings it, so that its lines stand in their place among the others.

import type { Raw } from "../../../protocol/commands.ts";
import { type Event, type Fault, fault, isMessage, type Recorded } from "../../../protocol/events.ts";

/**
 * Events in a row, oldest first, without joins and leaves, of which a history has only some. `next`: older ones are before
 * this position; undefined if there are none.
 */
export type Page = { events: Recorded[]; next: number | undefined };

export type Take = (answer: Page | Fault) => void;

/** Called while an answer is under way, with the positions of messages that were taken back. */
export type TakeBack = (seqs: readonly number[]) => void;

/** A request to the server: the last `limit` messages before a position, or the last ones that have these words. */
export type PageRequest = { before?: number | undefined; limit: number; words?: string | undefined };

export const noConnection = fault("unavailable", "There is no connection now: try again");

export class Pages {
  readonly #send: (command: Raw) => boolean;
  readonly #asked = new Map<string, { request: PageRequest; take: Take; takeBack: TakeBack }>();
  #count = 0;

  /** `send` sends a command now; it returns false if there is no connection. */
  constructor(send: (command: Raw) => boolean) {
    this.#send = send;
  }

  /** Asks for a page. `take` is called once: with the page, or with the reason why there is none. */
  ask(request: PageRequest, take: Take, takeBack: TakeBack = () => {}): void {
    const id = `page-${++this.#count}`;
    this.#asked.set(id, { request, take, takeBack });
    const { words, ...place } = request;
    const kind = words === undefined ? { type: "history" } : { type: "search", text: words };
    if (!this.#send({ ...kind, ...place, id })) this.#answer(id, noConnection);
  }

  /** Takes the next event; true if it is the server's answer to a request made here. */
  event(event: Event): boolean {
    if (event.type === "deleted") for (const { takeBack } of this.#asked.values()) takeBack(event.seqs);
    if (event.type !== "history" && event.type !== "results" && event.type !== "error") return false;
    const { id } = event;
    const request = this.#asked.get(id ?? "")?.request;
    if (id === undefined || !request) return false;
    return this.#answer(id, event.type === "error" ? event : pageOf(event, request));
  }

  /** The connection was lost: the server does not answer the requests made on it any more. */
  lost(): void {
    for (const id of [...this.#asked.keys()]) this.#answer(id, noConnection);
  }

  #answer(id: string, answer: Page | Fault): boolean {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    asked?.take(answer);
    return asked !== undefined;
  }
}

/** These events, with the texts of the messages at these positions erased. */
export function withoutTexts(events: Recorded[], seqs: readonly number[]): Recorded[] {
  return events.map((event) =>
    isMessage(event) && seqs.includes(event.seq) ? { type: "erased", seq: event.seq, at: event.at } : event,
  );
}

/** The page in an answer. Its `next` is always older than `before`, also if the server claims otherwise, so no reading runs in a circle. */
export function pageOf(
  answer: Extract<Event, { type: "history" | "results" }>,
  { before = Infinity, limit }: PageRequest,
): Page {
  const isPart = ({ seq, type }: Recorded) => seq < before && type !== "joined" && type !== "left";
  const events = answer.events.filter(isPart);
  const isFull = answer.type === "results" ? answer.more : events.filter(isMessage).length >= limit;
  const next = answer.before ?? (isFull ? events[0]?.seq : undefined);
  return { events, next: next !== undefined && next < before ? next : undefined };
}
