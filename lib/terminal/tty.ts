// A terminal: keys in, text out, a size. It is in raw mode between `open` and `close`, keys go to the one reader that is
// attached, and writing never blocks, even if the terminal is stopped.
//
//   attached   keys go to the reader
//   detached   keys are kept for the next reader; Ctrl-C and Ctrl-D leave
//   stopped    after Ctrl-Z the shell has the terminal; with `fg` the reader draws itself anew
//   gone       the window was closed: nothing is read or written any more, and `gone` is called once
//
// The end of input is never a key: a window that is closed must not send the text in its row.

import { type Outcome, type Write, writeText, writeTo } from "../cli/writer.ts";
import { stopJob } from "./foreground.ts";
import { type Key, KeyReader } from "./keys.ts";
import { titleBack, titled, titleKept } from "./window.ts";

/** The part of the program that gets the keys. */
export interface TtyReader {
  key(key: Key): void;
  /** The terminal has another size: draws anew. */
  resized?(): void;
  /** The shell is about to have the terminal: erases its drawing. */
  stopped?(): void;
  /** The program goes on after a stop, in which the shell may have had the terminal: draws anew. */
  resumed?(): void;
  /** The terminal has taken all that was written. */
  taken?(): void;
  /** The terminal is gone. */
  gone?(): void;
}

export type TtyHandlers = {
  /** The terminal is gone. */
  gone: () => void;
  /** Ctrl-C or Ctrl-D while no reader was attached. */
  left: () => void;
  /** A key was pressed, or the window got the focus. If absent, the terminal is not asked for its focus. */
  looked?: () => void;
};

const askCursor = "\x1b[6n";
const pasteOn = "\x1b[?2004h";
const pasteOff = "\x1b[?2004l";
const focusOn = "\x1b[?1004h";
const focusOff = "\x1b[?1004l";
const showCursor = "\x1b[?25h";
/** Whether a row that is too long goes on in the next one. */
export const wrapOff = "\x1b[?7l";
export const wrapOn = "\x1b[?7h";

/** The file descriptor of the output. */
const stdout = 1;
/** How many keys are kept while no reader is attached. */
const maxAhead = 4_096;
/** How long the terminal may take to answer where the cursor is. */
const answerMs = 500;
/**
 * How long a size has to last before anything is drawn for it: a window that is dragged has many, and a terminal that has
 * another size already puts a drawing elsewhere. tmux tells of a size up to 250 ms late.
 */
const resizeMs = 300;
/** How long SIGCONT may take after the job was continued. */
const stoppedMs = 100;
/** How long `flush` waits at most. */
const flushMs = 500;

export class Tty {
  readonly #input: NodeJS.ReadStream;
  readonly #output: NodeJS.WriteStream;
  readonly #handlers: TtyHandlers;
  readonly #write: Write;
  readonly #keys = new KeyReader({
    cursor: (column) => this.#answer(column),
    focus: (isFocused) => this.#focused(isFocused),
  });
  #reader: TtyReader | undefined;
  /** The keys that were typed while no reader was attached. */
  #ahead: Key[] = [];
  /** The question that waits for the cursor's column, and how many answers are still to come: the last one counts. */
  #asked: { answers: number; tell: (column: number | undefined) => void } | undefined;
  /** Gives up the question for the cursor. */
  #asking: ReturnType<typeof setTimeout> | undefined;
  /** Gives up the rest of a sequence or a paste. */
  #expiry: ReturnType<typeof setTimeout> | undefined;
  /** Goes on after Ctrl-Z, if no SIGCONT does. */
  #stopped: ReturnType<typeof setTimeout> | undefined;
  /** Set while the size may still be changing. */
  #resizing: ReturnType<typeof setTimeout> | undefined;
  /** Text that waits for the end of the write that is under way. */
  #waiting = "";
  #writing = false;
  #idle = Promise.withResolvers<void>();
  /** The title that we gave the window; undefined while it has its own. */
  #title: string | undefined;
  /** Whether the window has the focus; undefined if the terminal does not tell. */
  isFocused: boolean | undefined;
  #isOpen = false;
  #isGone = false;

  constructor(
    input: NodeJS.ReadStream,
    output: NodeJS.WriteStream,
    handlers: TtyHandlers,
    write = writeTo(stdout),
  ) {
    this.#input = input;
    this.#output = output;
    this.#handlers = handlers;
    this.#write = write;
  }

  get columns(): number {
    return this.#output.columns || 80;
  }

  get rows(): number {
    return this.#output.rows || 24;
  }

  /** Takes the terminal: raw mode, keys and size. */
  open(): void {
    this.#isOpen = true;
    this.#input.on("data", this.#received);
    for (const event of ["end", "close", "error"]) this.#input.on(event, this.#gone);
    this.#output.on("error", this.#gone);
    this.#output.on("resize", this.#resized);
    process.on("SIGCONT", this.#continued);
    this.#raw(true);
    this.#input.resume();
    this.write(this.#modes);
  }

  /** Gives the terminal back as it was, once all is written. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    await this.#answered();
    this.#isOpen = false;
    for (const timer of [this.#expiry, this.#stopped, this.#asking, this.#resizing]) clearTimeout(timer);
    process.off("SIGCONT", this.#continued);
    this.#output.off("resize", this.#resized);
    this.#input.off("data", this.#received);
    this.write(this.#asFound());
    await this.flush();
    this.#raw(false);
    this.#input.pause();
  }

  /** Gives the keys to this reader from now on. Returns the keys that were typed while none was attached. */
  attach(reader: TtyReader): Key[] {
    this.#reader = reader;
    return this.#ahead.splice(0);
  }

  detach(reader: TtyReader): void {
    if (this.#reader === reader) this.#reader = undefined;
  }

  /** The text to write for this title of the window; empty if it has it. `close` brings the window's own title back. */
  title(text: string): string {
    if (text === this.#title) return "";
    const keep = this.#title === undefined ? titleKept : "";
    this.#title = text;
    return keep + titled(text);
  }

  write(text: string): void {
    if (this.#isGone) return;
    this.#waiting += text;
    if (!this.#writing) this.#writeWaiting();
  }

  /** Calls `tell` with the cursor's column, or with undefined if no answer comes. A later call replaces this one. */
  askColumn(tell: (column: number | undefined) => void): void {
    this.#asked = { answers: (this.#asked?.answers ?? 0) + 1, tell };
    this.write(askCursor);
    clearTimeout(this.#asking);
    this.#asking = setTimeout(() => this.#answer(undefined), answerMs);
  }

  #answer(column: number | undefined): void {
    const asked = this.#asked;
    if (!asked || (column !== undefined && --asked.answers > 0)) return;
    clearTimeout(this.#asking);
    this.#asked = undefined;
    asked.tell(column);
  }

  /** Resolves once a question for the cursor is answered or given up: the shell would take a later answer for typed text. */
  #answered(): Promise<void> {
    const asked = this.#asked;
    if (!asked || this.#isGone) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const { tell } = asked;
    asked.tell = (column) => {
      tell(column);
      resolve();
    };
    return promise;
  }

  /** Whether nothing should be drawn now: a write is under way, so a drawing would wait, or the size is changing. */
  get isBusy(): boolean {
    return this.#writing || this.#resizing !== undefined;
  }

  /** Resolves once all is written, or after half a second: a stopped terminal must not keep the program from ending. */
  async flush(): Promise<void> {
    if (!this.#writing) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, flushMs);
    await Promise.race([this.#idle.promise, promise]);
    clearTimeout(timer);
  }

  #writeWaiting(): void {
    const text = this.#waiting;
    this.#waiting = "";
    this.#writing = text !== "" && !this.#isGone;
    if (this.#writing) return writeText(this.#write, text, (outcome) => this.#written(outcome));
    this.#idle.resolve();
    this.#idle = Promise.withResolvers<void>();
  }

  #written(outcome: Outcome): void {
    if (outcome === "gone") this.#gone();
    this.#writeWaiting();
    if (!this.#writing && !this.#isGone) this.#reader?.taken?.();
  }

  readonly #received = (bytes: Buffer): void => this.#came(this.#keys.push(bytes));

  #came(keys: Key[]): void {
    clearTimeout(this.#expiry);
    for (const key of keys) this.#pressed(key);
    const { waitsMs } = this.#keys;
    if (waitsMs === undefined) return;
    this.#expiry = setTimeout(() => this.#came(this.#keys.expire()), waitsMs);
  }

  #pressed(key: Key): void {
    this.#handlers.looked?.();
    if (isCtrl(key, "z")) this.#stop();
    else if (this.#reader) this.#reader.key(key);
    else if (isCtrl(key, "c") || isCtrl(key, "d")) this.#handlers.left();
    else if (this.#ahead.length < maxAhead) this.#ahead.push(key);
  }

  /** Ctrl-Z: gives the terminal back in order, and stops the program. */
  async #stop(): Promise<void> {
    this.#reader?.stopped?.();
    // A reader that erases its drawing leaves the cursor at the margin.
    this.write(this.#asFound() + (this.#reader?.stopped ? "" : "\r\n"));
    await this.flush();
    this.#raw(false);
    stopJob();
    // Reached once the shell continues us, and then SIGCONT comes as well; or at once, if no shell could, and without it.
    this.#stopped = setTimeout(this.#continued, stoppedMs);
  }

  /** After `fg`. The shell has changed the mode and Bun does not know it, so raw mode is switched off and on. */
  readonly #continued = (): void => {
    clearTimeout(this.#stopped);
    if (!this.#isOpen || this.#isGone) return;
    this.#raw(false);
    this.#raw(true);
    this.#input.resume();
    this.write(this.#modes);
    this.#reader?.resumed?.();
  };

  get #modes(): string {
    return this.#handlers.looked ? pasteOn + focusOn : pasteOn;
  }

  /** The text that gives the terminal back as it was before `open`. */
  #asFound(): string {
    const title = this.#title === undefined ? "" : titleBack;
    this.#title = undefined;
    this.isFocused = undefined;
    return pasteOff + (this.#handlers.looked ? focusOff : "") + wrapOn + showCursor + title;
  }

  #focused(isFocused: boolean): void {
    this.isFocused = isFocused;
    if (isFocused) this.#handlers.looked?.();
  }

  readonly #resized = (): void => {
    clearTimeout(this.#resizing);
    this.#resizing = setTimeout(() => {
      this.#resizing = undefined;
      this.#reader?.resized?.();
    }, resizeMs);
  };

  readonly #gone = (): void => {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#answer(undefined);
    // The part of a paste that has come is kept in the draft.
    for (const key of this.#keys.expire()) this.#pressed(key);
    this.#reader?.gone?.();
    this.#handlers.gone();
  };

  #raw(on: boolean): void {
    try {
      this.#input.setRawMode(on);
    } catch {
      this.#gone();
    }
  }
}

/** Whether the key is Ctrl with this letter, without Alt. */
export function isCtrl(key: Key, name: string): boolean {
  return key.type === "key" && key.ctrl && !key.alt && key.name === name;
}
