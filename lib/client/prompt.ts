// The row one types in, below lines that keep coming. readline edits, with no output of its own: it would draw over
// them. We draw, at most once a turn and in one write:
//
//   back to the start of the row, erase downwards │ the new lines │ label, text, cursor
//
// The row never spills (autowrap is off while it is drawn), so one carriage return always finds its start, and the
// cursor is saved between the two halves of the text, so it is right even where terminals disagree on widths.

import { createInterface, type Interface, type Key } from "node:readline";
import { visible } from "../text.ts";

export type PromptHandlers = {
  /** What was typed or pasted, perhaps of several lines. */
  entered: (text: string) => void;
  /** Ctrl-C, or Ctrl-D on an empty row. */
  left: () => void;
};

const erase = "\r\x1b[J";
const wrapOff = "\x1b[?7l";
const wrapOn = "\x1b[?7h";
const saveCursor = "\x1b7";
const restoreCursor = "\x1b8";
const pasteOn = "\x1b[?2004h";
const pasteOff = "\x1b[?2004l";

const inputHistory = 200;
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

export class Prompt {
  readonly #input: NodeJS.ReadStream;
  readonly #output: NodeJS.WriteStream;
  readonly #handlers: PromptHandlers;
  #readline: Interface | undefined;
  #label = "";
  #printed: string[] = [];
  #drawing: NodeJS.Immediate | undefined;
  /** The lines of a paste under way or not sent yet; the last one is in the row. */
  #pasted: string[] = [];
  #pasting = false;

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
      historySize: inputHistory,
      removeHistoryDuplicates: true,
      escapeCodeTimeout: 50,
    });
    this.#readline = readline;
    readline.on("line", (line) => this.#entered(line));
    readline.on("SIGINT", () => this.#handlers.left());
    readline.on("close", () => this.#readline && this.#handlers.left());
    this.#input.on("keypress", this.#pressed);
    this.#output.on("resize", this.#redraw);
    process.on("SIGCONT", this.#continued);
    this.#output.write(pasteOn);
    this.#redraw();
  }

  stop(): void {
    const readline = this.#readline;
    this.#readline = undefined;
    clearImmediate(this.#drawing);
    this.#drawing = undefined;
    if (!readline) {
      this.#output.write(this.#takePrinted());
      return;
    }
    this.#input.off("keypress", this.#pressed);
    this.#output.off("resize", this.#redraw);
    process.off("SIGCONT", this.#continued);
    readline.close();
    this.#output.write(erase + this.#takePrinted() + pasteOff + wrapOn);
  }

  /** Lines above the row; before `start` and after `stop`, just lines. */
  print(lines: string[]): void {
    this.#printed.push(...lines);
    this.#redraw();
  }

  /** What stands before the text: who one is, and how the connection is. */
  set label(label: string) {
    this.#label = label;
    this.#redraw();
  }

  #entered(line: string): void {
    if (this.#pasting) {
      this.#pasted.push(line);
      return;
    }
    const text = [...this.#pasted, line].join("\n");
    this.#pasted = [];
    this.#redraw();
    if (text.trim() !== "") this.#handlers.entered(text);
  }

  readonly #pressed = (_: string | undefined, key: Key): void => {
    if (key.name === "paste-start") this.#pasting = true;
    else if (key.name === "paste-end") this.#pasting = false;
    else if (key.name === "l" && key.ctrl) this.#output.write("\x1b[2J\x1b[H");
    this.#redraw();
  };

  /** Back from Ctrl-Z: the shell had the terminal. */
  readonly #continued = (): void => {
    this.#input.setRawMode(false);
    this.#input.setRawMode(true);
    this.#readline?.resume();
    this.#output.write(pasteOn);
    this.#redraw();
  };

  /** Once a turn, whatever happened in it. */
  readonly #redraw = (): void => {
    this.#drawing ??= setImmediate(() => {
      this.#drawing = undefined;
      if (this.#readline) this.#output.write(erase + this.#takePrinted() + this.#row(this.#readline));
      else this.#output.write(this.#takePrinted());
    });
  };

  #takePrinted(): string {
    const text = this.#printed.map((line) => `${line}\n`).join("");
    this.#printed = [];
    return text;
  }

  #row({ line, cursor }: Interface): string {
    const pasted = this.#pasted.length === 0 ? "" : `(+${this.#pasted.length} lines) `;
    const label = `${this.#label}${pasted}`;
    const width = Math.max((this.#output.columns || 80) - Bun.stringWidth(label) - 1, 1);
    const before = tail(visible(line.slice(0, cursor)), width);
    const after = head(visible(line.slice(cursor)), width - Bun.stringWidth(before));
    return wrapOff + label + before + saveCursor + after + restoreCursor + wrapOn;
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
