// The row to type in. A whisper is marked as one before it is sent: in words, in the colour of the row, and on the button.
// Nothing is sent while an input method composes. Some browsers tell of the end of a composition before the key that ended it;
// that key is known by its code.

import { limits } from "../../../protocol/events.ts";
import { InputHistory } from "../../../terminal/row/history.ts";
import type { Chat } from "../../core/chat.ts";
import { isUnreachable } from "../../core/people.ts";
import { CompletionList } from "./completion.ts";
import { byId, write } from "./dom.ts";

export type EntryHandlers = {
  entered: (text: string) => void;
  /** The text has changed. */
  typed: () => void;
  problem: (text: string) => void;
  /** Scrolls the messages down by `count` heights of the view; up if negative. */
  page: (count: number) => void;
  /** Esc, with nothing to close. */
  escaped: () => void;
};

/** The key code of a key that an input method takes. */
const composing = 229;

export class Entry {
  readonly #chat: Chat;
  readonly #handlers: EntryHandlers;
  readonly #entry = byId("entry", HTMLTextAreaElement);
  readonly #send = byId("send", HTMLButtonElement);
  readonly #row = byId("row", HTMLFormElement);
  readonly #whisper = byId("whisper", HTMLElement);
  readonly #list: CompletionList;
  #history = new InputHistory();

  constructor(chat: Chat, handlers: EntryHandlers) {
    this.#chat = chat;
    this.#handlers = handlers;
    this.#list = new CompletionList(this.#entry, () => chat.people.names);
    this.#entry.addEventListener("keydown", (event) => this.#key(event));
    this.#entry.addEventListener("input", () => this.#changed());
    this.#entry.addEventListener("blur", () => this.#list.close());
    // The button takes no focus from the row, which would close a phone's keyboard.
    this.#send.onmousedown = (event) => event.preventDefault();
    this.#row.onsubmit = (event) => {
      event.preventDefault();
      this.#enter();
      this.#entry.focus();
    };
  }

  get text(): string {
    return this.#entry.value;
  }

  set text(text: string) {
    this.#entry.value = text;
    this.#changed();
    this.#list.close();
  }

  /** The text that is not sent yet, also while the row shows an earlier line. */
  get draft(): string {
    return this.#history.draftBelow(this.text);
  }

  /** The lines that were sent, oldest first; none that holds a password. */
  get lines(): readonly string[] {
    return this.#history.lines;
  }

  set lines(lines: readonly string[]) {
    this.#history = new InputHistory();
    for (const line of lines) this.#history.add(line);
  }

  focus(): void {
    this.#entry.focus({ preventScroll: true });
  }

  /** Begins a whisper to this member, with the text of the row. */
  whisperTo(name: string): void {
    this.text = `/msg ${name} ${this.text.replace(/^\/(?:msg\s+\S+|reply)\s*/i, "")}`;
    this.focus();
  }

  /** A member came, went or has another name: the addressee that the row names may have changed. */
  peopleChanged(): void {
    if (this.text.startsWith("/")) this.#showAddressee();
  }

  #key(event: KeyboardEvent): void {
    if (event.isComposing || event.keyCode === composing) return;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (this.#isTaken(event.key, event.shiftKey)) event.preventDefault();
  }

  /** Carries a key out; false if it is the browser's. */
  #isTaken(key: string, shift: boolean): boolean {
    const list = this.#list;
    switch (key) {
      case "Enter":
        if (shift) return false;
        if (list.isOpen && !list.isWhole) list.take();
        else this.#enter();
        return true;
      case "Tab":
        if (!list.tab(shift ? -1 : 1)) return false;
        this.#textChanged();
        return true;
      case "Escape":
        if (list.isOpen) list.close();
        else this.#handlers.escaped();
        return true;
      case "ArrowUp":
      case "ArrowDown":
        return !shift && this.#isUpOrDown(key === "ArrowUp" ? -1 : 1);
      case "PageUp":
      case "PageDown":
        this.#handlers.page(key === "PageUp" ? -1 : 1);
        return true;
      default:
        return false;
    }
  }

  /** Moves in the list; or on the first or last line of the row, through the lines that were sent. */
  #isUpOrDown(step: 1 | -1): boolean {
    if (this.#list.isOpen) {
      this.#list.choose(step);
      return true;
    }
    const { value, selectionStart } = this.#entry;
    const beyond = step === -1 ? value.slice(0, selectionStart) : value.slice(selectionStart);
    if (beyond.includes("\n")) return false;
    if (!this.#isWrapped) return this.#recall(step);
    // The browser goes first: only it knows whether the line has another row there.
    setTimeout(() => this.#entry.selectionStart === selectionStart && this.#recall(step));
    return false;
  }

  /** Whether a line takes more than one row. */
  get #isWrapped(): boolean {
    const lines = this.text.split("\n").length;
    return (
      this.#entry.scrollHeight > (lines + 1) * Number.parseFloat(getComputedStyle(this.#entry).lineHeight)
    );
  }

  /** Shows the next line that was sent, or the draft behind the last one; false if there is none. */
  #recall(step: 1 | -1): boolean {
    const shown = step === -1 ? this.#history.previous(this.text) : this.#history.next(this.text);
    if (shown === undefined) return false;
    this.text = shown;
    this.#entry.setSelectionRange(this.text.length, this.text.length);
    return true;
  }

  #enter(): void {
    const { text } = this;
    if (text.trim() === "") return this.#handlers.entered("");
    // A paste of many lines stays one message, or stays in the row.
    const lines = text.trimEnd().split("\n").length;
    if (lines > limits.textLines) {
      return this.#handlers.problem(
        `A message has at most ${limits.textLines} lines, this one has ${lines}: split it`,
      );
    }
    this.#list.close();
    this.#entry.value = "";
    this.#history.add(text);
    this.#handlers.entered(text);
    this.#changed();
  }

  #changed(): void {
    this.#textChanged();
    this.#list.look();
  }

  #textChanged(): void {
    const { value, selectionStart } = this.#entry;
    const before = this.#chat.typing(value.slice(0, selectionStart), value.slice(selectionStart));
    if (before !== undefined) this.#entry.setRangeText(before, 0, selectionStart, "end");
    if (!CSS.supports("field-sizing", "content")) this.#fit();
    this.#showAddressee();
    this.#handlers.typed();
  }

  /** Makes the row as high as its text, in browsers whose style cannot do that. */
  #fit(): void {
    this.#entry.style.height = "auto";
    this.#entry.style.height = `${this.#entry.scrollHeight}px`;
  }

  #showAddressee(): void {
    const [, written] = /^\/msg\s+(\S+)\s/i.exec(this.text) ?? [];
    this.#row.classList.toggle("whispering", written !== undefined);
    write(this.#send, written === undefined ? "Send" : "Whisper");
    write(this.#whisper, written === undefined ? "" : this.#addressee(written));
  }

  #addressee(written: string): string {
    const person = this.#chat.addressee(written) ?? this.#chat.people.known(written);
    if (!person) return `No member is called ${written}`;
    const { name, gone } = person;
    if (isUnreachable(person)) return `${name} has left`;
    if (person === this.#chat.people.me) return "Only you will read this";
    return gone ? `Only ${name} will read this, once back in the room` : `Only ${name} will read this`;
  }
}
