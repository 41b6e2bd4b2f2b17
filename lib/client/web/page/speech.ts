// Tells a screen reader of new messages and of answers, a sentence each. More than three at once are counted, so that a
// busy room does not talk for minutes.

import type { Message } from "../../../protocol/events.ts";
import { visibleRow } from "../../../protocol/text.ts";
import { byId, element } from "./dom.ts";

const gatheredMs = 700;
const most = 3;
const longest = 300;

export class Speech {
  readonly #region = byId("said", HTMLElement);
  #sentences: string[] = [];
  #count = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  say(sentence: string): void {
    this.#count++;
    if (this.#count <= most) this.#sentences.push(visibleRow(sentence.slice(0, longest)));
    this.#timer ??= setTimeout(() => this.#say(), gatheredMs);
  }

  #say(): void {
    const sentences = this.#count > most ? [`${this.#count} messages`] : this.#sentences;
    this.#region.replaceChildren(...sentences.map((text) => element("p", "", text)));
    this.#timer = undefined;
    this.#sentences = [];
    this.#count = 0;
  }
}

export function sentenceOf({ type, from, text }: Message): string {
  return `${from}${{ acted: "", said: ":", told: " to you:" }[type]} ${text}`;
}
