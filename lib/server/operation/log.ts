// The server's log: one line for one message, for people or for programs. Messages quote strangers, so nothing in them
// may end the line or command the terminal. What strangers can cause as often as they like is written once, and then
// counted: at most one line a minute for each key, and only so many keys. A text has times alone: where the day changes, a
// line says which one begins.

import { render } from "../../dialects/plain.ts";
import type { Recorded } from "../../protocol/events.ts";
import { visibleRow } from "../../protocol/text.ts";

/** What a line of the log is about, for `--log json`. */
export type Fields = Record<string, unknown>;

type Line = { message: string; fields: Fields };
/** A line that came again since it was last written, how often, and how often it may still be written at once. */
type Repeated = Line & { times: number; left: number };

const repeatMs = 60_000;
/** How many keys are remembered; the last one counts for all that find no place. */
const maxKeys = 1_000;
const others = Symbol("others");
const tooManyKeys: Line = { message: "More is going on than is told here line by line", fields: {} };
type Keys = Map<string | typeof others, Repeated>;

/** Where the lines go, each without its end. It may drop some, and then calls `onDropped` with how many. */
export interface LogOutput {
  print(line: string): void;
  onDropped: (count: number) => void;
}

export type LogOptions = {
  /** Whether connections and events have no line of their own; it may change. */
  quiet?: boolean;
  now?: () => Date;
};

export class Log {
  readonly #format: "text" | "json";
  #output: LogOutput;
  readonly #options: LogOptions;
  /** Connections may not take the places of what has gone wrong. */
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

  /** Where the lines go from now on. */
  set output(output: LogOutput) {
    this.#output = output;
    output.onDropped = (dropped) => {
      const lines =
        dropped === 1 ? "1 log line was dropped: it was" : `${dropped} log lines were dropped: they were`;
      this.write(`${lines} not read in time`, { dropped });
    };
  }

  /** One line. The fields are for programs: a text shows the message alone. */
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

  /** One line, unless the log is quiet. */
  note(message: string, fields: Fields): void {
    if (!this.#options.quiet) this.write(message, fields);
  }

  /** As `repeated`, unless the log is quiet. */
  noteRepeated(key: string, message: string, fields: Fields): void {
    if (!this.#options.quiet) this.#count(this.#noted, key, { message, fields }, 1);
  }

  /** An event that all members saw, unless the log is quiet; a join with its `address`. A whisper is in no log. */
  event(event: Recorded, address?: string): void {
    const { type } = event;
    if (this.#options.quiet || type === "told" || type === "moved" || type === "erased") return;
    if (address === undefined) this.write(render(event), { event });
    else this.write(`${render(event)} (${address})`, { event, address });
  }

  /**
   * The first `lines` of its key at once; what follows within a minute as one line at its end, with how often it was. The
   * message is the newest one's.
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
    if (known?.left === 0) return void Object.assign(known, line, { times: known.times + 1 });
    this.write(line.message, line.fields);
    if (known) known.left -= 1;
    else this.#remember(keys, key, { times: 0, left: lines - 1, ...line });
  }

  #remember(keys: Keys, key: string | typeof others, repeated: Repeated): void {
    keys.set(key, repeated);
    setTimeout(() => this.#tell(keys, key, repeated), repeatMs).unref();
  }

  /** A minute is over: forgets what did not happen again. */
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

/** 2026-01-31, where the server runs. */
export function dayOf(date: Date): string {
  const two = (part: number) => String(part).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The same JSON in ASCII, so that it has nothing that commands a terminal or that a program takes for a line's end. */
function ascii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
