// The server's log: a line for each message, as text for people or as JSON for programs. Messages quote strangers, so a character
// in them may neither end the line nor control the terminal. A message that strangers can cause as often as they like is
// written once, and then counted: its key has at most one line a minute, and there are 1,000 keys at most. Lines of text have
// a time without a date: when the day changes, a line tells the new one.

import { render } from "../../dialects/plain.ts";
import type { Recorded } from "../../protocol/events.ts";
import { visibleRow } from "../../protocol/text.ts";

/** The details of a line, for `--log json`. */
export type Fields = Record<string, unknown>;

type Line = { message: string; fields: Fields };
/** A line that is counted: how often it came since it was written, and how often it may still be written at once. */
type Repeated = Line & { times: number; left: number };

const repeatMs = 60_000;
/** How many keys are remembered; the last of them, `others`, counts the lines of all further keys. */
const maxKeys = 1_000;
const others = Symbol("others");
const tooManyKeys: Line = { message: "More is going on than is told here line by line", fields: {} };
type Keys = Map<string | typeof others, Repeated>;

/** Takes the lines, without their ends. It may drop some, and then calls `onDropped` with their number. */
export interface LogOutput {
  print(line: string): void;
  onDropped: (count: number) => void;
}

type LogOptions = {
  /** Whether connections and events have no lines; it may change. */
  quiet?: boolean;
  now?: () => Date;
};

export class Log {
  readonly #format: "text" | "json";
  #output: LogOutput;
  readonly #options: LogOptions;
  /** Two maps, so that connections do not use up the keys of problems. */
  readonly #repeated: Keys = new Map();
  readonly #noted: Keys = new Map();
  #day: string;

  constructor(format: "text" | "json", output: LogOutput, options: LogOptions = {}) {
    this.#format = format;
    this.#options = options;
    this.#day = dayOf(this.#now());
    this.#output = output;
    this.output = output;
  }

  /** The output of all further lines. */
  set output(output: LogOutput) {
    this.#output = output;
    output.onDropped = (dropped) => {
      const lines =
        dropped === 1 ? "1 log line was dropped: it was" : `${dropped} log lines were dropped: they were`;
      this.write(`${lines} not read in time`, { dropped });
    };
  }

  /** Writes a line: in text the message alone, in JSON the fields as well. */
  write(message: string, fields: Fields = {}): void {
    const now = this.#now();
    if (this.#format === "text") {
      const day = dayOf(now);
      if (day !== this.#day) this.#output.print(`${timeOf(now)}  Today is ${day}`);
      this.#day = day;
      this.#output.print(`${timeOf(now)}  ${visibleRow(message)}`);
    } else {
      const own = { at: now.toISOString(), message };
      this.#output.print(ascii(JSON.stringify({ ...own, ...fields, ...own })));
    }
  }

  /** Writes a line, unless the log is quiet. */
  note(message: string, fields: Fields): void {
    if (!this.#options.quiet) this.write(message, fields);
  }

  /** As `repeated`, unless the log is quiet. */
  noteRepeated(key: string, message: string, fields: Fields): void {
    if (!this.#options.quiet) this.#count(this.#noted, key, { message, fields }, 1);
  }

  /** Writes an event, unless the log is quiet; a join with its `address`. Whispers are never logged. */
  event(event: Recorded, address?: string): void {
    const { type } = event;
    if (this.#options.quiet || type === "told" || type === "moved" || type === "erased") return;
    if (address === undefined) this.write(render(event), { event });
    else this.write(`${render(event)} (${address})`, { event, address });
  }

  /**
   * Writes the first `lines` messages of a key at once. Those that follow within a minute become one line at its end: the newest
   * message, with their number.
   */
  repeated(key: string, message: string, fields: Fields = {}, lines = 1): void {
    this.#count(this.#repeated, key, { message, fields }, lines);
  }

  #now(): Date {
    return this.#options.now?.() ?? new Date();
  }

  #count(keys: Keys, key: string, line: Line, lines: number): void {
    if (keys.has(key) || keys.size < maxKeys - 1) this.#countOne(keys, key, line, lines);
    else this.#countOne(keys, others, tooManyKeys, 1);
  }

  #countOne(keys: Keys, key: string | typeof others, line: Line, lines: number): void {
    const known = keys.get(key);
    if (known?.left === 0) {
      Object.assign(known, line, { times: known.times + 1 });
      return;
    }
    this.write(line.message, line.fields);
    if (known) known.left -= 1;
    else this.#remember(keys, key, { times: 0, left: lines - 1, ...line });
  }

  #remember(keys: Keys, key: string | typeof others, repeated: Repeated): void {
    keys.set(key, repeated);
    setTimeout(() => this.#tell(keys, key, repeated), repeatMs).unref();
  }

  /** Called when the minute is over: writes the counted line, or forgets a key that did not come again. */
  #tell(keys: Keys, key: string | typeof others, { times, message, fields }: Repeated): void {
    keys.delete(key);
    if (times === 0) return;
    this.write(`${message} (${times} ${times === 1 ? "time" : "times"} more)`, { ...fields, times });
    this.#remember(keys, key, { times: 0, left: 0, message, fields });
  }
}

function timeOf(date: Date): string {
  return date.toTimeString().slice(0, 8);
}

/** A day as 2026-01-31, in the time zone of the server. */
export function dayOf(date: Date): string {
  const two = (part: number) => String(part).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The same JSON in ASCII: no character controls a terminal, or ends a line for a program. */
function ascii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
