// The text in the row, and the cursor in it: keys in, text and cursor out. It draws nothing and sends nothing. A key moves
// over or deletes a grapheme, which a person sees as one character.
// Deleted words and lines come back with Ctrl-Y, and changes are undone with Ctrl-_.

import { type Key, keyName } from "../keys.ts";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** A word or a run of signs at the end of a text, with the blanks behind it; the same at its start. */
const wordBefore =
  /(?:(?<![\p{L}\p{M}\p{N}_])[\p{L}\p{M}\p{N}_]+|(?<![^\p{L}\p{M}\p{N}_\s])[^\p{L}\p{M}\p{N}_\s]+|(?<!\s))\s*$/u;
const wordAfter = /^(?:\s+|[\p{L}\p{M}\p{N}_]+|[^\p{L}\p{M}\p{N}_\s]+)\s*/u;

/** How many changes Ctrl-_ can undo. */
const undoSteps = 100;

export class Editor {
  #text = "";
  #cursor = 0;
  /** The text that Ctrl-K, Ctrl-U, Ctrl-W or Alt-D deleted last, for Ctrl-Y. */
  #killed = "";
  /** The column from which the cursor began to move up or down, through shorter lines too; undefined after other moves. */
  #goal: number | undefined;
  /** The texts before the last changes, for Ctrl-_. */
  #earlier: { text: string; cursor: number }[] = [];

  /** The whole text; it may have several lines. */
  get text(): string {
    return this.#text;
  }

  /** The offset of the cursor in the text, in UTF-16 units. */
  get cursor(): number {
    return this.#cursor;
  }

  get before(): string {
    return this.#text.slice(0, this.#cursor);
  }

  get after(): string {
    return this.#text.slice(this.#cursor);
  }

  /** The two parts of the line with the cursor. */
  get line(): { before: string; after: string } {
    const start = this.before.lastIndexOf("\n") + 1;
    const end = this.#text.indexOf("\n", this.#cursor);
    return {
      before: this.#text.slice(start, this.#cursor),
      after: this.#text.slice(this.#cursor, end === -1 ? undefined : end),
    };
  }

  /** Replaces the whole text. There is nothing to undo then. */
  set(text: string, cursor = text.length): void {
    this.#text = text;
    this.#moveTo(Math.min(Math.max(cursor, 0), text.length));
    this.#earlier = [];
  }

  /** Replaces the text before the cursor. */
  replaceBefore(text: string): void {
    this.#change(text + this.after, text.length);
  }

  insert(text: string): void {
    this.replaceBefore(this.before + text);
  }

  /** Deletes the whole text; Ctrl-Y brings it back. */
  clear(): void {
    this.#kill(this.#cursor, this.after.length);
  }

  /** Applies a key to the text; false if that key does nothing here. */
  press(key: Key): boolean {
    if (key.type !== "key") {
      this.insert(key.text);
      return true;
    }
    const { line } = this;
    switch (keyName(key)) {
      case "alt-enter":
      case "ctrl-j":
        this.insert("\n");
        return true;
      case "left":
      case "ctrl-b":
        return this.#move(-lastGrapheme(this.before).length);
      case "right":
      case "ctrl-f":
        return this.#move(firstGrapheme(this.after).length);
      case "ctrl-left":
      case "alt-left":
      case "alt-b":
        return this.#move(-wordBeforeIn(this.before).length);
      case "ctrl-right":
      case "alt-right":
      case "alt-f":
        return this.#move(wordAfterIn(this.after).length);
      case "home":
      case "ctrl-a":
        return this.#move(-line.before.length);
      case "end":
      case "ctrl-e":
        return this.#move(line.after.length);
      case "backspace":
        return this.#delete(lastGrapheme(this.before).length, 0);
      case "delete":
      case "ctrl-d":
        return this.#delete(0, firstGrapheme(this.after).length);
      case "ctrl-w":
      case "alt-backspace":
      case "ctrl-backspace":
        return this.#kill(wordBeforeIn(this.before).length, 0);
      case "alt-d":
      case "ctrl-delete":
        return this.#kill(0, wordAfterIn(this.after).length);
      case "ctrl-u":
        return this.#kill(this.#cursor, 0);
      case "ctrl-k":
        // At the end of a line it joins the next one.
        return this.#kill(0, line.after.length || Math.min(this.after.length, 1));
      case "ctrl-y":
        this.insert(this.#killed);
        return true;
      case "ctrl-t":
        return this.#transpose(line);
      case "ctrl-_":
        return this.#undo();
      default:
        return false;
    }
  }

  /** Moves the cursor to the line above, or below; false if there is none. */
  moveLine(direction: "up" | "down"): boolean {
    const lines = this.#text.split("\n");
    const at = this.before.split("\n").length - 1;
    const to = direction === "up" ? at - 1 : at + 1;
    const line = lines[to];
    if (line === undefined) return false;
    const start = lines.slice(0, to).reduce((sum, { length }) => sum + length + 1, 0);
    const goal = this.#goal ?? this.line.before.length;
    this.#moveTo(start + wholeGraphemes(line, goal));
    this.#goal = goal;
    return true;
  }

  #change(text: string, cursor: number): void {
    if (text === this.#text) return;
    this.#earlier = [...this.#earlier.slice(1 - undoSteps), { text: this.#text, cursor: this.#cursor }];
    this.#text = text;
    this.#moveTo(cursor);
  }

  #moveTo(cursor: number): void {
    this.#cursor = cursor;
    this.#goal = undefined;
  }

  #move(by: number): true {
    this.#moveTo(this.#cursor + by);
    return true;
  }

  #delete(before: number, after: number): true {
    const { before: left, after: right } = this;
    const kept = left.slice(0, left.length - before);
    this.#change(kept + right.slice(after), kept.length);
    return true;
  }

  /** Swaps the characters on both sides of the cursor; at the end of a line, the last two. */
  #transpose(line: { before: string; after: string }): true {
    const second = firstGrapheme(line.after) || lastGrapheme(line.before);
    const end = this.#cursor + (line.after === "" ? 0 : second.length);
    const middle = end - second.length;
    const first = lastGrapheme(line.after === "" ? line.before.slice(0, -second.length) : line.before);
    if (first === "" || second === "") return true;
    const before = this.#text.slice(0, middle - first.length) + second + first;
    this.#change(before + this.#text.slice(end), before.length);
    return true;
  }

  #undo(): true {
    const earlier = this.#earlier.pop();
    if (earlier) {
      this.#text = earlier.text;
      this.#moveTo(earlier.cursor);
    }
    return true;
  }

  #kill(before: number, after: number): true {
    const killed = this.#text.slice(this.#cursor - before, this.#cursor + after);
    if (killed !== "") this.#killed = killed;
    return this.#delete(before, after);
  }
}

function firstGrapheme(text: string): string {
  return graphemes.segment(text).containing(0)?.segment ?? "";
}

/** The last character as a person sees it; empty if there is none. */
export function lastGrapheme(text: string): string {
  return graphemes.segment(text).containing(text.length - 1)?.segment ?? "";
}

/** How far a word is looked for, in UTF-16 units: the time for it grows with the square of this. */
const longestWord = 1_000;

function wordBeforeIn(text: string): string {
  const word = wordBefore.exec(text.slice(-longestWord))?.[0] ?? "";
  return text.slice(graphemes.segment(text).containing(text.length - word.length)?.index ?? text.length);
}

function wordAfterIn(text: string): string {
  const word = wordAfter.exec(text.slice(0, longestWord))?.[0] ?? "";
  const last = word === "" ? undefined : graphemes.segment(text).containing(word.length - 1);
  return last ? text.slice(0, last.index + last.segment.length) : "";
}

/** The end of the last grapheme that fits into `length` UTF-16 units. */
function wholeGraphemes(text: string, length: number): number {
  let end = 0;
  for (const { segment } of graphemes.segment(text)) {
    if (end + segment.length > length) break;
    end += segment.length;
  }
  return end;
}
