// A message of several lines from a client: lines between BATCH + and BATCH -, as in draft/multiline
// (https://ircv3.net/specs/extensions/multiline). A line that breaks its rules is refused at once, with the whole batch: the
// further lines of the batch are ignored.

import type { Line } from "./wire.ts";

/** The longest message: a longer one would not fit in the room's limits. */
export const multilineBytes = 4_000;
export const multilineLines = 20;

/** A whole message, in the form of one from a single line. */
type Whole = { command: string; target: string; text: string; label: string | undefined };

/** Why a batch is refused: the parameters of FAIL BATCH (a code, words, a sentence), and the label that the batch began with. */
export type Refusal = { words: [code: string, ...more: string[]]; label: string | undefined };

type Open = {
  name: string;
  target: string;
  label: string | undefined;
  command: string;
  text: string;
  rows: number;
};

export class Multiline {
  #open: Open | undefined;
  /** The name of the batch that was refused, whose further lines are ignored. */
  #refused: string | undefined;

  /** Whether a batch has begun and not ended. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Takes a BATCH line with its label. Returns the message that it ends, or why the batch is refused; else undefined. */
  batch(
    [reference = "", type = "", target = ""]: string[],
    label: string | undefined,
  ): Whole | Refusal | undefined {
    const name = reference.slice(1);
    if (reference.startsWith("+")) {
      if (this.#open) return this.#refuse("MULTILINE_INVALID", "A batch is open already");
      if (type !== "draft/multiline" || name === "" || target === "") {
        const text = "There are batches of draft/multiline alone, with a target";
        const refusal = this.#refuse("MULTILINE_INVALID", text);
        this.#refused = name;
        return refusal;
      }
      this.#refused = undefined;
      this.#open = { name, target, label, command: "", text: "", rows: 0 };
      return undefined;
    }
    const open = this.#open;
    if (this.#refused === name) {
      this.#refused = undefined;
      return undefined;
    }
    if (!open || open.name !== name) return this.#refuse("MULTILINE_INVALID", "There is no such batch");
    if (open.text.trim() === "") return this.#refuse("MULTILINE_INVALID", "The message is blank");
    this.#open = undefined;
    return open;
  }

  /** Takes a line with a `batch` tag. Returns why the batch is refused; undefined if the line was taken or ignored. */
  line({ tags, command, params }: Line): Refusal | undefined {
    const name = tags.get("batch");
    const open = this.#open;
    if (name === this.#refused) return undefined;
    if (!open || name !== open.name) return this.#refuse("MULTILINE_INVALID", "There is no such batch");
    const [target = "", text = ""] = params;
    if (command !== "PRIVMSG" && command !== "NOTICE") {
      return this.#refuse("MULTILINE_INVALID", "A batch has messages alone");
    }
    if (open.command !== "" && command !== open.command) {
      return this.#refuse("MULTILINE_INVALID", "A batch has messages of one kind");
    }
    if (target.toLowerCase() !== open.target.toLowerCase()) {
      return this.#refuse("MULTILINE_INVALID_TARGET", open.target, target, "A batch has one target");
    }
    const isConcat = tags.has("draft/multiline-concat");
    if (isConcat && text === "") return this.#refuse("MULTILINE_INVALID", "A blank line cannot be joined");
    open.command = command;
    open.text += open.rows === 0 || isConcat ? text : `\n${text}`;
    open.rows += 1;
    if (open.rows > multilineLines) {
      return this.#refuse("MULTILINE_MAX_LINES", `${multilineLines}`, "The message has too many lines");
    }
    if (Buffer.byteLength(open.text) > multilineBytes) {
      return this.#refuse("MULTILINE_MAX_BYTES", `${multilineBytes}`, "The message is too long");
    }
    return undefined;
  }

  #refuse(...words: Refusal["words"]): Refusal {
    const label = this.#open?.label;
    this.#refused = this.#open?.name;
    this.#open = undefined;
    return { words, label };
  }
}
