// The row to type in: what each key does to its text, and what stands in the rows around it. The screen draws them below
// lines that keep coming.

import { isFault, limits } from "../../protocol/events.ts";
import { typedCommand } from "../../protocol/typed.ts";
import { type Key, keyName } from "../keys.ts";
import type { Content } from "../screen/picture.ts";
import { Screen, type ScreenHandlers } from "../screen/screen.ts";
import type { Tty } from "../tty.ts";
import type { Completion } from "./completion.ts";
import { Editor } from "./editor.ts";
import { InputHistory } from "./history.ts";
import { Search } from "./search.ts";

export type PromptHandlers = Pick<ScreenHandlers, "full" | "drained"> & {
  /** Called with the text of the row when Enter is pressed; it may have several lines, or be blank. */
  entered: (text: string) => void;
  /** Ctrl-C or Ctrl-D on an empty row. */
  left: () => void;
  /** Returns the completions of the text before the cursor. */
  complete: (text: string) => Completion;
  /** Called after each key with the text before and behind the cursor; returns what replaces the text before it. */
  expand?: (text: string, rest: string) => string | undefined;
  /** Called with the reason when a paste is not taken, or when Enter leaves a text in the row that is too long. */
  refused: (problem: string) => void;
  /** PageUp. */
  back?: () => void;
  /** Sets the status off in colour; absent for none. */
  dim?: (status: string) => string;
};

/** How much text the row holds: more than a message may have, so that a long one can be cut down. */
const maxText = 4 * limits.textLength;

export class Prompt {
  readonly screen: Screen;
  /** The lines entered before. */
  readonly history = new InputHistory();
  readonly #handlers: PromptHandlers;
  readonly #editor = new Editor();
  #label = "";
  #status = "";
  #waiting: string[] = [];
  #search: Search | undefined;
  /** The completions that Tab goes through, and which one is shown. */
  #cycle: (Completion & { shown: number; text: string }) | undefined;

  constructor(tty: Tty, handlers: PromptHandlers) {
    this.#handlers = handlers;
    this.screen = new Screen(tty, {
      ...handlers,
      content: () => this.#content,
      key: (key) => this.#key(key),
    });
  }

  /** Shows the row. Text typed ahead stands in it: nothing is sent by an Enter before there was a row. */
  start(): void {
    for (const key of this.screen.start()) {
      if (key.type === "paste") this.#paste(key.text);
      else if (key.type === "key" && key.name === "enter") this.#editor.insert("\n");
      else this.#editor.press(key);
    }
  }

  /** Takes the row away; its text is there again after the next `start`. */
  stop(): void {
    this.screen.stop();
  }

  /** The label before the text: the user's name, and the state of the connection. */
  set label(label: string) {
    this.#label = label;
    this.screen.changed();
  }

  /** A row above the text, for the state of things; empty for none. */
  set status(status: string) {
    this.#status = status;
    this.screen.changed();
  }

  /** Messages that are not in the room yet, oldest first. */
  set waiting(texts: string[]) {
    this.#waiting = texts;
    this.screen.changed();
  }

  /** The text that is not entered yet: that of the row, or of before Up went through the history. */
  get draft(): string {
    return this.history.draftBelow(this.#editor.text);
  }

  set draft(text: string) {
    this.#editor.set(text);
    this.screen.changed();
  }

  get #content(): Content {
    const { text, cursor } = this.#editor;
    const shared = { waiting: this.#waiting, status: this.#status, dim: this.#handlers.dim };
    if (!this.#search) return { ...shared, label: this.#label, text, cursor };
    const { label, found } = this.#search;
    return { ...shared, label, text: found?.line ?? "", cursor: found?.at ?? 0 };
  }

  // ---- Keys ----

  #key(key: Key): void {
    if (key.type !== "key" || key.name !== "tab") this.#cycle = undefined;
    if (key.type === "text") for (const text of key.text) this.#press({ type: "text", text });
    else this.#press(key);
  }

  #press(key: Key): void {
    if (this.#search && !this.#searchOn(this.#search, key)) return;
    if (this.screen.overlay?.key(key)) return;
    this.#handle(key);
    const expanded = this.#handlers.expand?.(this.#editor.before, this.#editor.after);
    if (expanded !== undefined) this.#editor.replaceBefore(expanded);
  }

  #handle(key: Key): void {
    if (key.type === "paste") return this.#paste(key.text);
    if (key.type === "text") {
      if (this.#editor.text.length < maxText) this.#editor.press(key);
      return;
    }
    switch (keyName(key)) {
      case "enter":
        return this.#enter();
      case "tab":
        return this.#complete(key.shift ? -1 : 1);
      case "up":
      case "ctrl-p":
        return this.#up();
      case "down":
      case "ctrl-n":
        return this.#down();
      case "ctrl-r":
        this.#search = new Search(this.history);
        return;
      case "pageup":
        return this.#handlers.back?.();
      case "ctrl-l":
        return this.screen.redraw();
      case "ctrl-c":
        return this.#clearOrLeave();
      case "ctrl-d":
        if (this.#editor.text === "") return this.#handlers.left();
    }
    this.#editor.press(key);
  }

  /** Gives a key to the search; true if it is for the row as well. */
  #searchOn(search: Search, key: Key): boolean {
    const outcome = search.press(key);
    if (outcome === "goes on") return false;
    this.#search = undefined;
    const { found } = search;
    if (outcome !== "left" && found) {
      this.history.show(found, this.#editor.text);
      this.#editor.set(found.line);
    }
    return outcome === "taken, and the key is for the row";
  }

  /** A text that is too long stays in the row. */
  #enter(): void {
    const { text } = this.#editor;
    const problem = tooLong(text);
    if (problem !== undefined) return this.#handlers.refused(problem);
    this.#editor.set("");
    this.history.add(text);
    this.screen.overlay = undefined;
    this.#handlers.entered(text);
  }

  #clearOrLeave(): void {
    if (this.#editor.text !== "") this.#editor.clear();
    else if (this.screen.overlay) this.screen.overlay = undefined;
    else this.#handlers.left();
  }

  /** A paste presses no keys: Enter sends it. */
  #paste(pasted: string): void {
    const copied = pasted.replaceAll(/\r\n?/g, "\n");
    // The newline at the end of a copied text is no line.
    const text = this.#editor.after === "" ? copied.replace(/\n$/, "") : copied;
    const lines = `${this.#editor.before}${text}${this.#editor.after}`.trimEnd().split("\n").length;
    const way = "paste fewer at a time, or pipe a file in: bun ChatClient.ts --name NAME < FILE";
    if (lines > limits.textLines) {
      this.#handlers.refused(`A message has at most ${limits.textLines} lines, not ${lines}: ${way}`);
    } else if (this.#editor.text.length + text.length > maxText) {
      this.#handlers.refused(`A message has at most ${limits.textLength} characters: ${way}`);
    } else this.#editor.insert(text);
  }

  /** A line up in the text; from its first line, to the line entered before it. */
  #up(): void {
    if (!this.#editor.moveLine("up")) this.#show(this.history.previous(this.#editor.text));
  }

  #down(): void {
    if (!this.#editor.moveLine("down")) this.#show(this.history.next(this.#editor.text));
  }

  #show(text: string | undefined): void {
    if (text !== undefined) this.#editor.set(text);
  }

  /** Tab: the likeliest completion, then the next one each time; Shift-Tab goes back. */
  #complete(by: 1 | -1): void {
    const text = this.#editor.line.before;
    this.#cycle ??= { ...this.#handlers.complete(text), shown: by === 1 ? -1 : 0, text };
    const { start, candidates } = this.#cycle;
    if (candidates.length === 0) return;
    this.#cycle.shown = (this.#cycle.shown + by + candidates.length) % candidates.length;
    const { before } = this.#editor;
    const linesAbove = before.slice(0, before.length - text.length);
    this.#editor.replaceBefore(
      linesAbove + this.#cycle.text.slice(0, start) + (candidates[this.#cycle.shown] ?? ""),
    );
  }
}

/** Why a text is too long to be sent; undefined if it is not. */
function tooLong(text: string): string | undefined {
  const command = typedCommand(text);
  return isFault(command) && command.code === "too-long" ? command.text : undefined;
}
