// The members, beside the messages, or over them on a narrow screen. Most recently active first; a mark and words say who
// owns the name, is an operator, or is away. A name begins a whisper.

import type { Chat } from "../../core/chat.ts";
import { byId, element, write } from "./dom.ts";
import { nameElement } from "./text.ts";

/** How many members are listed: each is an element, and a room may have ten thousand. */
const listed = 300;
const drawMs = 300;

export class Members {
  readonly #chat: Chat;
  readonly #whisper: (name: string) => void;
  readonly #names = byId("names", HTMLUListElement);
  readonly #count = byId("count", HTMLElement);
  readonly #panel = byId("members", HTMLElement);
  readonly #button = byId("members-button", HTMLButtonElement);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #drawn = "";

  /** `whisper` begins a whisper to a member. */
  constructor(chat: Chat, whisper: (name: string) => void) {
    this.#chat = chat;
    this.#whisper = whisper;
    this.#button.onclick = () => {
      this.isOpen = !this.isOpen;
    };
    document.addEventListener("pointerdown", ({ target }) => {
      const isBeside =
        target instanceof Node && !this.#panel.contains(target) && !this.#button.contains(target);
      if (isBeside && this.isOpen) this.isOpen = false;
    });
  }

  /** Whether the members stand over the messages, on a narrow screen. */
  get isOpen(): boolean {
    return this.#panel.classList.contains("open");
  }

  set isOpen(isOpen: boolean) {
    if (!isOpen && this.#panel.contains(document.activeElement)) this.#button.focus();
    this.#panel.classList.toggle("open", isOpen);
    this.#button.ariaExpanded = String(isOpen);
  }

  /** Draws the members soon, together with later changes. */
  changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.draw();
    }, drawMs);
  }

  draw(): void {
    const { people } = this.#chat;
    const count = `${people.count.toLocaleString("en-GB")} here`;
    write(this.#count, count);
    write(this.#button, count);
    const names = people.names.slice(0, listed);
    const marks = names.map((name) => this.#marksOf(name));
    const text = names.map((name, index) => `${name} ${marks[index]}`).join("\n");
    if (text === this.#drawn) return;
    // A row that is drawn anew would lose the focus.
    if (this.#names.matches(":focus-within")) return this.changed();
    this.#drawn = text;
    const more = people.count - names.length;
    this.#names.replaceChildren(
      ...names.map((name, index) => this.#row(name, marks[index] ?? "")),
      ...(more > 0 ? [element("li", "faint", `and ${more.toLocaleString("en-GB")} more`)] : []),
    );
  }

  #marksOf(name: string): string {
    const { people } = this.#chat;
    const person = people.find(name);
    return [
      person === people.me ? "you" : "",
      person?.operator ? "operator" : "",
      person?.owned ? "owned" : "",
      person?.away ? "away" : "",
    ]
      .filter((mark) => mark !== "")
      .join(", ");
  }

  #row(name: string, marks: string): HTMLElement {
    const row = element("li");
    const button = element("button", "", nameElement(name));
    button.type = "button";
    if (marks !== "") button.append(" ", element("span", "faint", marks));
    button.title = `Whisper to ${name}`;
    button.onclick = () => {
      this.isOpen = false;
      this.#whisper(name);
    };
    row.append(button);
    return row;
  }
}
