// The search dialog: hits, the newest at the end, and with each a button that shows it in its place in the log.

import { isFault, isMessage } from "../../../protocol/events.ts";
import type { Chat } from "../../core/chat.ts";
import { wordsSought } from "../../core/past/hits.ts";
import type { Pages } from "../../core/past/pages.ts";
import { byId, element, show, write } from "../page/dom.ts";
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
    const isMore = this.#next !== undefined;
    write(this.#state, "Looking …");
    this.#pages.ask({ before: this.#next, limit: someHits, words }, (answer) => {
      if (count !== this.#count) return;
      if (isFault(answer)) return write(this.#state, answer.text);
      this.#next = answer.next;
      const marks = wordsSought(words);
      const hits = answer.events
        .filter(isMessage)
        .filter((message) => this.#chat.regard(message) !== "ignored");
      const rows = hits.map((message) => {
        const row = foundRow(this.#chat, message, marks);
        const button = element("button", "go", "Show in the room");
        button.type = "button";
        button.onclick = () => {
          this.#dialog.close();
          this.#go(message.seq);
        };
        row.append(button);
        return row;
      });
      this.#found.prepend(...rows);
      const all = this.#found.children.length;
      write(
        this.#state,
        all === 0
          ? "Nothing was found"
          : `${all} found${this.#next === undefined ? "" : ", and there may be older ones"}`,
      );
      show(this.#more, this.#next !== undefined);
      this.#place.scrollTop = isMore ? 0 : this.#place.scrollHeight;
    });
  }
}
