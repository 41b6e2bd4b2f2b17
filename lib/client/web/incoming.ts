// Hands each event to the parts of the page that show it: messages and happenings to the rows, answers below them, and both
// to the title and the screen reader.

import { inWords } from "../../dialects/words.ts";
import { type Event, isMessage, type Message, type Recorded } from "../../protocol/events.ts";
import { settleMs } from "../core/chat.ts";
import { divider, moveRows, rowsOf } from "./log/rows.ts";
import type { Entry } from "./page/entry.ts";
import { type Speech, sentenceOf } from "./page/speech.ts";
import type { ScreenParts } from "./screen.ts";

export type IncomingParts = Omit<ScreenParts, "members"> & { entry: Entry; speech: Speech };

/** The id of a `who` that the page sends by itself: its answer is not shown among the rows. */
export const quietId = "quiet";

export class Incoming {
  readonly #parts: IncomingParts;
  #settling: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: IncomingParts) {
    this.#parts = parts;
  }

  /** The next event, which the chat has applied. */
  event(event: Event): void {
    const { log } = this.#parts;
    if ("at" in event) return this.#recorded(event);
    switch (event.type) {
      case "waiting":
        return this.#waited(event.events);
      case "members":
        if (event.id === quietId) return;
        break;
      case "gap":
        log.begin(event.to);
    }
    const text = event.type === "note" ? event.text : inWords(event);
    if (text !== "") log.notice(text, event.type === "gap" ? "problem" : "notice");
  }

  #recorded(event: Recorded): void {
    this.#parts.log.event(event);
    if (isMessage(event)) return this.#message(event);
    if (event.type === "deleted") return this.#takeBack(event.seqs);
    if (event.type === "joined" || event.type === "left")
      this.#settling ??= setTimeout(() => this.#settle(), settleMs);
    // The row says whether an addressee is here.
    this.#parts.entry.peopleChanged();
  }

  #message(message: Message): void {
    const { client, attention, speech } = this.#parts;
    if (!client.chat.isOfOthers(message)) return;
    attention.message(message, client.chat.regard(message) === "mention");
    speech.say(sentenceOf(message));
  }

  #takeBack(seqs: readonly number[]): void {
    this.#parts.log.takeBack(seqs);
    // The log has no events for whispers that waited and for hits of a search: their rows are removed here.
    for (const row of document.querySelectorAll<HTMLElement>("[data-seq]"))
      if (seqs.includes(Number(row.dataset.seq))) row.remove();
  }

  /** Whispers that came while we were away. They are older than the history, but come right before it: shown after it. */
  #waited(events: Recorded[]): void {
    const { client, log } = this.#parts;
    const rows = events.flatMap((event) => rowsOf(client.chat, event, event));
    setTimeout(() => log.add(divider("Waited for you"), ...rows, divider("Now")));
  }

  /** Shows who came and went since the last call. */
  #settle(): void {
    const { client, log } = this.#parts;
    this.#settling = undefined;
    const own = client.chat.people.me.name;
    const rows = moveRows(client.chat.takeMoves().filter(({ name }) => name !== own));
    if (log.isWhole) log.add(...rows);
  }
}
