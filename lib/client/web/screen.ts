// Draws the parts of the page that change with the room, at most once a frame, however much comes: the messages, those that
// wait, the topic, the title, and the way back to the latest message. An element that shows the same already is not touched.

import { visibleRow } from "../../protocol/text.ts";
import type { Client } from "../core/client.ts";
import type { Log } from "./log/log.ts";
import { noticeRow, waitingRow } from "./log/rows.ts";
import type { Attention } from "./page/attention.ts";
import { byId, show, write } from "./page/dom.ts";
import type { Members } from "./page/members.ts";

export type ScreenParts = { client: Client; log: Log; members: Members; attention: Attention };

/** How many of the messages that wait are shown; the others are counted. */
const shownWaiting = 20;
/** How long a change may wait where no frames come, as in a hidden tab. */
const hiddenFrameMs = 500;

export class Screen {
  readonly #parts: ScreenParts;
  readonly #room = byId("room", HTMLElement);
  readonly #waiting = byId("waiting", HTMLOListElement);
  readonly #latest = byId("latest", HTMLButtonElement);
  readonly #topic = byId("topic", HTMLElement);
  /** Stands for the next frame; undefined if none was asked for. */
  #frame: object | undefined;
  /** The ids of the waiting messages that are drawn, and how many wait in all. */
  #drawnWaiting = " 0";

  constructor(parts: ScreenParts) {
    this.#parts = parts;
    const { log } = parts;
    this.#latest.onclick = () => {
      log.toEnd();
      // If the row had the focus, a phone would show its keyboard.
      log.focus();
    };
  }

  /** Something has changed. */
  changed(): void {
    if (this.#frame) return;
    const frame = {};
    const run = () => {
      if (this.#frame !== frame) return;
      this.#frame = undefined;
      this.#draw();
    };
    this.#frame = frame;
    requestAnimationFrame(run);
    setTimeout(run, hiddenFrameMs);
  }

  /** The reader has scrolled. */
  moved(): void {
    const { attention, log } = this.#parts;
    attention.looked();
    const isAway = !log.isAtEnd;
    show(this.#latest, isAway);
    const count = attention.unreadCount;
    if (isAway) write(this.#latest, count > 0 ? `${count.toLocaleString("en-GB")} new ↓` : "Latest ↓");
  }

  #draw(): void {
    if (this.#room.hidden) return;
    const { client, log, members, attention } = this.#parts;
    log.draw();
    this.#drawWaiting();
    const topic = visibleRow(client.chat.topic ?? "Chat room");
    write(this.#topic, topic);
    // The style cuts a long topic short; its title shows all of it.
    if (this.#topic.title !== topic) this.#topic.title = topic;
    members.changed();
    attention.draw();
    this.moved();
  }

  #drawWaiting(): void {
    const { client, log } = this.#parts;
    const { outbox } = client.link;
    const shown = [...outbox].slice(0, shownWaiting);
    const drawn = `${shown.map(({ id }) => id).join()} ${outbox.size}`;
    if (drawn === this.#drawnWaiting) return;
    this.#drawnWaiting = drawn;
    const more = outbox.size - shown.length;
    const rows = shown.map((message) => waitingRow(client.chat, message));
    if (more > 0) rows.push(noticeRow(`and ${more.toLocaleString("en-GB")} more`));
    log.scroll.keep(() => this.#waiting.replaceChildren(...rows));
  }
}
