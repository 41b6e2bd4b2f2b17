// The row one types in, below lines that keep coming. readline edits, with no output of its own: it would draw over
// them. We draw, at most once a turn and in one write:
//
//   back to the first row of ours, erase downwards │ the new lines │ a row for each waiting message │ label, text, cursor
//
// Our rows never spill (autowrap is off while they are drawn), so they are as many as we drew. The cursor is saved
// between the two halves of the text, so it is right even where terminals disagree on widths.

import { createInterface, type Interface, type Key } from "node:readline";
import { limits } from "../protocol/events.ts";
import { visible, visibleRow } from "../protocol/text.ts";
import type { Completion } from "./completion.ts";
import { InputHistory } from "./history.ts";

export type PromptHandlers = {
  /** What was typed or pasted, perhaps of several lines. */
  entered: (text: string) => void;
  /** Ctrl-C, or Ctrl-D on an empty row. */
  left: () => void;
  /** What the text before the cursor may become. */
  complete: (text: string) => Completion;
  /** What the text before the cursor becomes, asked after each key with what is behind it, too. */
  expand?: (text: string, rest: string) => string | undefined;
  /** Something was typed that cannot be taken. */
  refused: (problem: string) => void;
};

/** What is half typed. */
type Draft = { line: string; cursor: number; pasted: string[] };

const eraseDown = "\r\x1b[J";
const clearScreen = "\x1b[2J\x1b[H";
const wrapOff = "\x1b[?7l";
const wrapOn = "\x1b[?7h";
const saveCursor = "\x1b7";
const restoreCursor = "\x1b8";
const bell = "\x07";
const pasteOn = "\x1b[?2004h";
const pasteOff = "\x1b[?2004l";

/** Rows for messages on their way, if the terminal is high enough; the rest is counted. */
const waitingRows = 5;
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

export class Prompt {
  readonly #input: NodeJS.ReadStream;
  readonly #output: NodeJS.WriteStream;
  readonly #handlers: PromptHandlers;
  #readline: Interface | undefined;
  #label = "";
  #waiting: string[] = [];
  /** Rows drawn above the one with the cursor. */
  #rowsAbove = 0;
  #printed: string[] = [];
  #drawing: NodeJS.Immediate | undefined;
  /** The lines of a paste under way or not sent yet; the last one is in the row. */
  #pasted: string[] = [];
  #pasting = false;
  /** What stood there before the paste. */
  #draft: Draft = { line: "", cursor: 0, pasted: [] };
  readonly #history = new InputHistory();
  /** The completions being cycled through, and which one is shown. */
  #cycle: (Completion & { shown: number; rest: string }) | undefined;
  #bell = false;

  constructor(input: NodeJS.ReadStream, output: NodeJS.WriteStream, handlers: PromptHandlers) {
    this.#input = input;
    this.#output = output;
    this.#handlers = handlers;
  }

  /** Takes the terminal. `stop` gives it back as it was. */
  start(): void {
    const readline = createInterface({
      input: this.#input,
      terminal: true,
      // Up, Down and Tab are ours.
      historySize: 0,
      completer: (line: string) => [[], line],
      escapeCodeTimeout: 50,
    });
    this.#readline = readline;
    readline.on("line", (line) => this.#entered(line));
    // A paste presses no keys.
    readline.on("SIGINT", () => !this.#pasting && this.#handlers.left());
    readline.on("close", () => this.#readline && this.#handlers.left());
    this.#input.on("keypress", this.#pressed);
    this.#output.on("resize", this.#redraw);
    process.on("SIGCONT", this.#continued);
    this.#restore(readline, this.#draft);
    this.#output.write(pasteOn);
    this.#redraw();
  }

  /** Gives the terminal back; what is half typed is there again after the next `start`. */
  stop(): void {
    const readline = this.#readline;
    this.#readline = undefined;
    clearImmediate(this.#drawing);
    this.#drawing = undefined;
    if (!readline) {
      this.#output.write(this.#takePrinted());
      return;
    }
    this.#draft = this.#snapshot(readline);
    this.#input.off("keypress", this.#pressed);
    this.#output.off("resize", this.#redraw);
    process.off("SIGCONT", this.#continued);
    readline.close();
    this.#output.write(this.#erase() + this.#takePrinted() + pasteOff + wrapOn);
  }

  /** Lines above the row; before `start` and after `stop`, just lines. */
  print(lines: string[]): void {
    this.#printed.push(...lines);
    this.#redraw();
  }

  /** What stands before the text: who one is, and how the connection is. */
  set label(label: string) {
    this.#label = visibleRow(label);
    this.#redraw();
  }

  /** Messages that are not in the room yet, oldest first. */
  set waiting(texts: string[]) {
    if (texts.length === 0 && this.#waiting.length === 0) return;
    this.#waiting = texts;
    this.#redraw();
  }

  /** Rings with the next lines. */
  ring(): void {
    this.#bell = true;
    this.#redraw();
  }

  clear(): void {
    if (!this.#readline) return;
    this.#rowsAbove = 0;
    this.#output.write(clearScreen);
    this.#redraw();
  }

  #entered(line: string): void {
    if (this.#pasting) {
      this.#pasted = [...this.#pasted, line];
      return;
    }
    const text = this.#text(line);
    this.#pasted = [];
    this.#history.add(text);
    this.#redraw();
    if (text.trim() !== "") this.#handlers.entered(text);
  }

  readonly #pressed = (_: string | undefined, key: Key): void => {
    const readline = this.#readline;
    if (!readline) return;
    if (key.name !== "tab") this.#cycle = undefined;
    if (key.name === "paste-start") this.#pasteStarted(readline);
    else if (key.name === "paste-end") this.#pasteEnded(readline);
    else if (this.#pasting) return;
    else if (key.name === "tab") this.#complete(readline);
    else if (key.name === "up") this.#show(readline, this.#history.previous(this.#text(readline.line)));
    else if (key.name === "down") this.#show(readline, this.#history.next());
    else if (key.name === "l" && key.ctrl) this.clear();
    else if (key.name === "u" && key.ctrl) this.#pasted = [];
    if (!this.#pasting) this.#expand(readline);
    this.#redraw();
  };

  #expand(readline: Interface): void {
    const { line, cursor } = readline;
    const rest = line.slice(cursor);
    const text = this.#handlers.expand?.(this.#text(line.slice(0, cursor)), rest);
    if (text !== undefined) this.#replace(readline, text + rest, text.length);
  }

  #pasteStarted(readline: Interface): void {
    this.#pasting = true;
    this.#draft = this.#snapshot(readline);
  }

  #pasteEnded(readline: Interface): void {
    this.#pasting = false;
    const count = this.#text(readline.line).trimEnd().split("\n").length;
    if (count <= limits.textLines) return;
    this.#restore(readline, this.#draft);
    const way = "paste fewer at a time, or pipe a file in: bun ChatClient.ts --name NAME < FILE";
    this.#handlers.refused(`A message has at most ${limits.textLines} lines, not ${count}: ${way}`);
  }

  /** The whole message, with the lines of it that were pasted. */
  #text(line: string): string {
    return [...this.#pasted, line].join("\n");
  }

  #snapshot({ line, cursor }: Interface): Draft {
    return { line, cursor, pasted: this.#pasted };
  }

  #restore(readline: Interface, { line, cursor, pasted }: Draft): void {
    this.#pasted = pasted;
    this.#replace(readline, line, cursor);
  }

  /** A message from the history, of several lines perhaps. */
  #show(readline: Interface, text: string | undefined): void {
    if (text === undefined) return;
    const lines = text.split("\n");
    this.#pasted = lines.slice(0, -1);
    this.#replace(readline, lines.at(-1) ?? "");
  }

  /** Tab: the likeliest completion, then the next one each time. */
  #complete(readline: Interface): void {
    const { line, cursor } = readline;
    // readline has put the tab into the row if it came together with other keys.
    const text = line.slice(0, cursor).replace(/\t$/, "");
    this.#cycle ??= { ...this.#handlers.complete(text), shown: -1, rest: line.slice(cursor) };
    const { start, candidates, rest } = this.#cycle;
    if (candidates.length === 0) return this.#replace(readline, text + rest, text.length);
    this.#cycle.shown = (this.#cycle.shown + 1) % candidates.length;
    const before = text.slice(0, start) + (candidates[this.#cycle.shown] ?? "");
    this.#replace(readline, before + rest, before.length);
  }

  #replace(readline: Interface, line: string, cursor = line.length): void {
    Object.assign(readline, { line, cursor });
  }

  /** Back from Ctrl-Z: the shell had the terminal. readline pauses on the same signal, after us. */
  readonly #continued = (): void => {
    setImmediate(() => {
      if (!this.#readline) return;
      this.#input.setRawMode(false);
      this.#input.setRawMode(true);
      this.#readline.resume();
      this.#output.write(pasteOn);
      this.#redraw();
    });
  };

  /** Once a turn, whatever happened in it. */
  readonly #redraw = (): void => {
    this.#drawing ??= setImmediate(() => {
      this.#drawing = undefined;
      if (!this.#readline) return this.#output.write(this.#takePrinted());
      const printed = this.#erase() + this.#takePrinted() + (this.#bell ? bell : "");
      this.#bell = false;
      return this.#output.write(printed + wrapOff + this.#above() + this.#row(this.#readline) + wrapOn);
    });
  };

  #erase(): string {
    const up = this.#rowsAbove === 0 ? "" : `\x1b[${this.#rowsAbove}A`;
    this.#rowsAbove = 0;
    return up + eraseDown;
  }

  #above(): string {
    const height = Math.max(Math.min(waitingRows, (this.#output.rows || 24) - 3), 0);
    const rows = this.#waiting.slice(0, height).map((text) => visible(text).replaceAll("\n", " ⏎ "));
    if (this.#waiting.length > height) rows.push(`and ${this.#waiting.length - height} more`);
    this.#rowsAbove = rows.length;
    return rows.map((row) => `${head(`… ${row}`, this.#columns - 1)}\n`).join("");
  }

  get #columns(): number {
    return this.#output.columns || 80;
  }

  #takePrinted(): string {
    const text = this.#printed.map((line) => `${line}\n`).join("");
    this.#printed = [];
    return text;
  }

  #row({ line, cursor }: Interface): string {
    const pasted = this.#pasted.length === 0 ? "" : `(+${this.#pasted.length} lines) `;
    const label = head(`${this.#label}${pasted}`, Math.floor(this.#columns / 2));
    const width = Math.max(this.#columns - Bun.stringWidth(label) - 1, 1);
    const before = tail(visible(line.slice(0, cursor)), width);
    const after = head(visible(line.slice(cursor)), width - Bun.stringWidth(before));
    return label + before + saveCursor + after + restoreCursor;
  }
}

/** As many graphemes from the end as fit into the columns. */
function tail(text: string, columns: number): string {
  if (Bun.stringWidth(text) <= columns) return text;
  const kept: string[] = [];
  let width = 1;
  for (const { segment } of [...graphemes.segment(text)].reverse()) {
    width += Bun.stringWidth(segment);
    if (width > columns) break;
    kept.unshift(segment);
  }
  return `…${kept.join("")}`;
}

/** As many graphemes from the start as fit into the columns. */
function head(text: string, columns: number): string {
  if (Bun.stringWidth(text) <= columns) return text;
  let kept = "";
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    width += Bun.stringWidth(segment);
    if (width > columns) break;
    kept += segment;
  }
  return kept;
}
