// Tells a screen reader of new messages, a sentence each. More than three at once are counted, so that a busy room does
// not talk for minutes.

import type { Message } from "../../../protocol/events.ts";
import { visibleRow } from "../../../protocol/text.ts";
import { byId, element } from "./dom.ts";

const gatheredMs = 700;
const most = 3;
const longest = 300;

export class Speech {
  readonly #region = byId("said", HTMLElement);
  #messages: Message[] = [];
  #count = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  message(message: Message): void {
    this.#count++;
    if (this.#messages.length < most) this.#messages.push(message);
    this.#timer ??= setTimeout(() => this.#say(), gatheredMs);
  }

  #say(): void {
    const sentences = this.#count > most ? [`${this.#count} messages`] : this.#messages.map(sentenceOf);
    this.#region.replaceChildren(...sentences.map((text) => element("p", "", text)));
    this.#timer = undefined;
    this.#messages = [];
    this.#count = 0;
  }
}

function sentenceOf({ type, from, text }: Message): string {
  const words = visibleRow(text).slice(0, longest);
  if (type === "acted") return `${visibleRow(from)} ${words}`;
  return `${visibleRow(from)}${type === "told" ? " to you" : ""}: ${words}`;
}
