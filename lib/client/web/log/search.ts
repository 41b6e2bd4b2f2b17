// The search dialog: hits, the newest at the end, and with each a button that shows it in its place in the log.

import { isFault, isMessage, type Message } from "../../../protocol/events.ts";
import type { Chat } from "../../core/chat.ts";
import { wordsSought } from "../../core/past/hits.ts";
import type { Page, Pages } from "../../core/past/pages.ts";
import { byId, element, show, write } from "../page/dom.ts";
import type { Marks } from "../page/text.ts";
import { foundRow } from "./rows.ts";

/** How many hits a search finds at a time. */
const someHits = 20;

export class Search {
  readonly #chat: Chat;
  readonly #pages: Pages;
  readonly #go: (seq: number) => void;
  readonly #dialog = byId("search", HTMLDialogElement);
  readonly #words = byId("search-words", HTMLInputElement);
  readonly #state = byId("search-state", HTMLElement);
  readonly #place = byId("found-place", HTMLElement);
  readonly #found = byId("found", HTMLOListElement);
  readonly #more = byId("search-more", HTMLButtonElement);
  /** Older hits are found before this position. */
  #next: number | undefined;
  /** Counts searches, since the answer to an earlier one is not to be shown any more. */
  #count = 0;

  /** `go` shows the messages around an event in the log. */
  constructor(chat: Chat, pages: Pages, go: (seq: number) => void) {
    this.#chat = chat;
    this.#pages = pages;
    this.#go = go;
    byId("search-form", HTMLFormElement).onsubmit = (event) => {
      event.preventDefault();
      this.#begin();
    };
    byId("search-close", HTMLButtonElement).onclick = () => this.#dialog.close();
    this.#more.onclick = () => this.#ask();
  }

  /** Opens the dialog, and looks for these words if there are any. */
  open(words = ""): void {
    if (!this.#dialog.open) this.#dialog.showModal();
    if (words !== "") {
      this.#words.value = words;
      this.#begin();
    }
    this.#words.select();
  }

  #begin(): void {
    this.#next = undefined;
    this.#found.replaceChildren();
    show(this.#more, false);
    if (this.#words.value.trim() === "") return write(this.#state, "Type the words to look for");
    this.#ask();
  }

  #ask(): void {
    const words = this.#words.value.trim();
    const count = ++this.#count;
    write(this.#state, "Looking …");
    this.#pages.ask({ before: this.#next, limit: someHits, words }, (answer) => {
      if (count !== this.#count) return;
      if (isFault(answer)) write(this.#state, answer.text);
      else this.#show(answer, wordsSought(words));
    });
  }

  /** Shows a page of hits above those that are shown. */
  #show({ events, next }: Page, marks: Marks): void {
    const isFirst = this.#next === undefined;
    this.#next = next;
    const hits = events.filter(isMessage).filter((hit) => this.#chat.regard(hit) !== "ignored");
    this.#found.prepend(...hits.map((hit) => this.#rowOf(hit, marks)));
    const all = this.#found.children.length;
    const more = next === undefined ? "" : ", and there may be older ones";
    write(this.#state, all === 0 ? "Nothing was found" : `${all} found${more}`);
    show(this.#more, next !== undefined);
    this.#place.scrollTop = isFirst ? this.#place.scrollHeight : 0;
  }

  #rowOf(hit: Message, marks: Marks): HTMLElement {
    const button = element("button", "go", "Show in the room");
    button.type = "button";
    button.onclick = () => {
      this.#dialog.close();
      this.#go(hit.seq);
    };
    const row = foundRow(this.#chat, hit, marks);
    row.append(button);
    return row;
  }
}
