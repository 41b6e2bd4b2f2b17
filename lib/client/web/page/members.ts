// The members, beside the messages, or over them on a narrow screen. Most recently active first; a mark and words say who
// owns the name, is an operator, or is away. A name begins a whisper.

import type { Event, Member } from "../../../protocol/events.ts";
import { nameKey } from "../../../protocol/names.ts";
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
  /** The keys of the names of members who are away, and of operators, as far as the server has told. */
  #away = new Set<string>();
  #operators = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #drawn = "";

  /** `whisper` begins a whisper to a member. */
  constructor(chat: Chat, whisper: (name: string) => void) {
    this.#chat = chat;
    this.#whisper = whisper;
    this.#button.onclick = () => this.open(!this.isOpen);
    document.addEventListener("pointerdown", ({ target }) => {
      const isBeside =
        target instanceof Node && !this.#panel.contains(target) && !this.#button.contains(target);
      if (isBeside && this.isOpen) this.open(false);
    });
  }

  /** Whether the members stand over the messages, on a narrow screen. */
  get isOpen(): boolean {
    return this.#panel.classList.contains("open");
  }

  open(isOpen: boolean): void {
    if (!isOpen && this.#panel.contains(document.activeElement)) this.#button.focus();
    this.#panel.classList.toggle("open", isOpen);
    this.#button.ariaExpanded = String(isOpen);
  }

  /** An event, which the chat has applied. */
  event(event: Event): void {
    switch (event.type) {
      case "welcome":
      case "members":
        this.#away = new Set(event.members.filter(({ away }) => away).map(keyOf));
        this.#operators = new Set(event.members.filter(({ operator }) => operator).map(keyOf));
        break;
      case "said":
      case "acted":
      case "told":
        if (!this.#away.delete(nameKey(event.from))) return;
        break;
      case "joined":
        this.#away.delete(nameKey(event.name));
        break;
      case "opped":
        this.#operators.add(nameKey(event.name));
        break;
      case "left":
      case "deopped":
      case "kicked":
      case "banned":
        this.#operators.delete(nameKey(event.name ?? ""));
        break;
      case "renamed":
        for (const set of [this.#away, this.#operators])
          if (set.delete(nameKey(event.from))) set.add(nameKey(event.to));
        break;
      default:
        return;
    }
    this.changed();
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
      this.#operators.has(nameKey(name)) ? "operator" : "",
      person?.owned ? "owned" : "",
      this.#away.has(nameKey(name)) ? "away" : "",
    ]
      .filter((mark) => mark !== "")
      .join(", ");
  }

  #row(name: string, marks: string): HTMLElement {
    const row = element("li");
    const button = element("button", "", nameElement(name));
    button.type = "button";
    if (marks !== "") button.append(" ", element("span", "faint", marks));
    if (marks.includes("away")) button.classList.add("away");
    button.title = `Whisper to ${name}`;
    button.onclick = () => {
      this.open(false);
      this.#whisper(name);
    };
    row.append(button);
    return row;
  }
}

function keyOf({ name }: Member): string {
  return nameKey(name);
}
