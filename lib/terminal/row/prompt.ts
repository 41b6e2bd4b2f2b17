// The row to type in, below lines that keep coming: what each key does, and when the row is drawn, at most once
// a turn, and never while the terminal still takes the drawing before, so a slow terminal gets fewer pictures of the
// same row, and never waits for old ones.

import { check, parseTyped } from "../../protocol/commands.ts";
import { isFault, limits } from "../../protocol/events.ts";
import { type Key, keyName } from "../keys.ts";
import type { Tty, TtyReader } from "../tty.ts";
import { bell } from "../window.ts";
import { Canvas } from "./canvas.ts";
import type { Completion } from "./completion.ts";
import { Editor } from "./editor.ts";
import { type Found, InputHistory } from "./history.ts";
import { type Overlay, OverlayScreen } from "./overlay.ts";
import { type Content, pictureOf, type Size } from "./picture.ts";
import { Search } from "./search.ts";
import { Shown } from "./shown.ts";
import { Undrawn } from "./undrawn.ts";

export type PromptHandlers = {
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
  /** So much waits for the terminal that no more should be printed for now. */
  full?: () => void;
  /** The terminal has taken almost all of it. */
  drained?: () => void;
  /** PageUp. */
  back?: () => void;
  /** Sets the status off in colour; absent for none. */
  dim?: (status: string) => string;
};

/** `full` and `drained` are called beyond and below so much that waits, in UTF-16 units: a few blocks that are drawn. */
const full = 32 * 1024;
const drained = 8 * 1024;
/** How much text may wait for a stopped terminal, where lines come all the same. The oldest of more are not shown. */
const maxUndrawn = 8 * 1024 * 1024;
/** How much text the row holds: more than a message may have, so that a long one can be cut down. */
const maxText = 4 * limits.textLength;

export class Prompt implements TtyReader {
  readonly #tty: Tty;
  readonly #handlers: PromptHandlers;
  readonly #editor = new Editor();
  /** The lines entered before. */
  readonly history = new InputHistory();
  #isShown = false;
  /** True while the shell has the terminal. */
  #isStopped = false;
  #label = "";
  #status = "";
  #title: string | undefined;
  #waiting: string[] = [];
  #search: Search | undefined;
  readonly #canvas: Canvas;
  readonly #overlayScreen: OverlayScreen;
  readonly #shown = new Shown();
  readonly #undrawn = new Undrawn(maxUndrawn);
  #isFull = false;
  #drawing: NodeJS.Immediate | undefined;
  /** True if something changed while the terminal was taking the last drawing. */
  #isStale = false;
  /** The completions that Tab goes through, and which one is shown. */
  #cycle: (Completion & { shown: number; text: string }) | undefined;
  #rings = false;
  #notification = "";

  constructor(tty: Tty, handlers: PromptHandlers) {
    this.#tty = tty;
    this.#canvas = new Canvas(tty);
    this.#overlayScreen = new OverlayScreen(tty, this.#canvas);
    this.#handlers = handlers;
  }

  /** Shows the row. Text typed ahead stands in it: nothing is sent by an Enter before there was a row. */
  start(): void {
    this.#isShown = true;
    for (const key of this.#tty.attach(this)) {
      if (key.type === "paste") this.#paste(key.text);
      else if (key.type === "key" && key.name === "enter") this.#editor.insert("\n");
      else this.#editor.press(key);
    }
    this.#redraw();
  }

  /** Takes the row away; its text is there again after the next `start`. */
  stop(): void {
    this.overlay = undefined;
    clearImmediate(this.#drawing);
    this.#drawing = undefined;
    this.#tty.detach(this);
    this.#tty.write((this.#isShown ? this.#canvas.erase() : "") + this.#undrawn.takeAll());
    this.#isShown = false;
    this.#weigh();
  }

  /** Lines above the row; before `start` and after `stop`, just lines. */
  print(lines: string[]): void {
    this.#undrawn.add(lines);
    this.#weigh();
    this.#redraw();
  }

  /** The label before the text: the user's name, and the state of the connection. */
  set label(label: string) {
    this.#label = label;
    this.#redraw();
  }

  /** A row above the text, for the state of things; empty for none. */
  set status(status: string) {
    this.#status = status;
    this.#redraw();
  }

  /** The window's title. */
  set title(title: string) {
    this.#title = title;
    this.#redraw();
  }

  /** Messages that are not in the room yet, oldest first. */
  set waiting(texts: string[]) {
    this.#waiting = texts;
    this.#redraw();
  }

  /** The text that is not entered yet: that of the row, or of before Up went through the history. */
  get draft(): string {
    return this.history.draftBelow(this.#editor.text);
  }

  set draft(text: string) {
    this.#editor.set(text);
    this.#redraw();
  }

  /** The overlay shown in place of the conversation. Lines that are printed wait until it is undefined again. */
  get overlay(): Overlay | undefined {
    return this.#overlayScreen.overlay;
  }

  set overlay(overlay: Overlay | undefined) {
    if (overlay === this.overlay || !this.#isShown) return;
    if (overlay) this.#overlayScreen.show(overlay);
    else if (this.#overlayScreen.leave()) this.#drawScreen();
    this.#weigh();
    this.#redraw();
  }

  /** How many columns and rows the overlay has now. */
  get overlaySize(): Size {
    return this.#overlayScreen.size(this.#content);
  }

  /** Something of the overlay has changed. */
  overlayChanged(): void {
    if (this.overlay) this.#redraw();
  }

  /** Rings with the next lines. */
  ring(): void {
    this.#rings = true;
    this.#redraw();
  }

  /** Sends a notification to the desktop with the next lines; the newest one, if more come at once. */
  notify(sequence: string): void {
    this.#notification = sequence;
    this.#redraw();
  }

  /** Clears the screen of the conversation. */
  clear(): void {
    if (!this.#isShown) return;
    this.overlay = undefined;
    this.#shown.clear();
    this.#drawScreen();
  }

  // ---- Called by the terminal ----

  key(key: Key): void {
    if (key.type !== "key" || key.name !== "tab") this.#cycle = undefined;
    if (key.type === "text") for (const text of key.text) this.#press({ type: "text", text });
    else this.#press(key);
    this.#redraw();
  }

  resized(): void {
    if (this.overlay) {
      this.#overlayScreen.resized();
      return this.#redraw();
    }
    this.#canvas.resized(() => this.#redraw());
  }

  stopped(): void {
    this.overlay = undefined;
    this.#isStopped = true;
    this.#tty.write(this.#canvas.erase());
  }

  resumed(): void {
    this.overlay = undefined;
    this.#isStopped = false;
    this.#canvas.resumed(() => this.#redraw());
  }

  taken(): void {
    if (this.#isStale || (!this.overlay && !this.#undrawn.isEmpty)) this.#redraw();
  }

  #press(key: Key): void {
    if (this.#search && !this.#searchOn(this.#search, key)) return;
    if (this.overlay?.key(key)) return;
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
        return this.#drawScreen();
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
    if (outcome !== "left" && search.found) this.#take(search.found);
    return outcome === "taken, and the key is for the row";
  }

  #take(found: Found): void {
    this.history.show(found, this.#editor.text);
    this.#editor.set(found.line);
  }

  /** A text that is too long stays in the row. */
  #enter(): void {
    const { text } = this.#editor;
    const problem = tooLong(text);
    if (problem !== undefined) return this.#handlers.refused(problem);
    this.#editor.set("");
    this.history.add(text);
    this.overlay = undefined;
    this.#handlers.entered(text);
  }

  #clearOrLeave(): void {
    if (this.#editor.text !== "") this.#editor.clear();
    else if (this.overlay) this.overlay = undefined;
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

  /** A line up in the text; from its first line, to the message before it. */
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

  // ---- Drawing ----

  /** Draws once a turn, however much changes in it. */
  #redraw(): void {
    this.#drawing ??= setImmediate(() => {
      this.#drawing = undefined;
      if (!this.#isShown) {
        this.#tty.write(this.#undrawn.takeAll());
        return this.#weigh();
      }
      this.#isStale = this.#tty.isBusy || this.#canvas.isMeasuring || this.#isStopped;
      if (this.#isStale) return;
      if (this.overlay)
        return this.#tty.write(this.#alerts() + this.#overlayScreen.draw(this.overlay, this.#content));
      const lines = this.#undrawn.take();
      this.#shown.add(lines);
      this.#draw(lines);
      this.#weigh();
    });
  }

  /** Called whenever more or less waits than before. Under an overlay it may wait: what that reads has to come. */
  #weigh(): void {
    const isFull = !this.overlay && this.#undrawn.length > (this.#isFull ? drained : full);
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    if (isFull) this.#handlers.full?.();
    else this.#handlers.drained?.();
  }

  /** Draws the screen anew, with the conversation as far as it fits and is remembered. */
  #drawScreen(): void {
    if (this.overlay) return this.#redraw();
    const { rows } = pictureOf(this.#content, this.#tty);
    const lines = this.#shown.last(this.#tty.rows - rows.length);
    this.#tty.write((lines === "" ? this.#canvas.clear() : this.#canvas.wipe()) + lines);
    this.#redraw();
  }

  #draw(lines: string): void {
    this.#tty.write(this.#alerts() + this.#canvas.draw(lines, pictureOf(this.#content, this.#tty)));
  }

  /** The title, if it is another one, and what draws attention. */
  #alerts(): string {
    const title = this.#title === undefined ? "" : this.#tty.title(this.#title);
    const alerts = title + this.#notification + (this.#rings ? bell : "");
    this.#notification = "";
    this.#rings = false;
    return alerts;
  }

  get #content(): Content {
    const { text, cursor } = this.#editor;
    const shared = { waiting: this.#waiting, status: this.#status, dim: this.#handlers.dim };
    if (!this.#search) return { ...shared, label: this.#label, text, cursor };
    const { label, found } = this.#search;
    return { ...shared, label, text: found?.line ?? "", cursor: found?.at ?? 0 };
  }
}

/** Why a text is too long to be sent; undefined if it is not. */
function tooLong(text: string): string | undefined {
  const raw = parseTyped(text);
  const command = isFault(raw) ? raw : check(raw);
  return isFault(command) && command.code === "too-long" ? command.text : undefined;
}
