// The server's log: one line for one message, for people or for programs. Messages quote strangers, so nothing in them
// may end the line or command the terminal. What strangers can cause as often as they like is written once, and then
// counted: at most one line a minute for each key, and only so many keys.

import { render } from "../../dialects/plain.ts";
import type { Recorded } from "../../protocol/events.ts";
import { visibleRow } from "../../protocol/text.ts";

/** What a line of the log is about, for `--log json`. */
export type Fields = Record<string, unknown>;

/** A message that came again since it was last written, and how often. */
type Repeated = { times: number; message: string; fields: Fields };

const repeatMs = 60_000;
/** How many keys are remembered; the last one counts for all that find no place. */
const maxKeys = 1_000;
const others = Symbol("others");

/** Where the lines go, each without its end. It may drop some, and then calls `onDropped` with how many. */
export interface LogOutput {
  print(line: string): void;
  onDropped: (count: number) => void;
}

export type LogOptions = {
  /** Whether connections and events have no line of their own. */
  quiet?: boolean;
  now?: () => Date;
};

export class Log {
  readonly #format: "text" | "json";
  #output: LogOutput;
  readonly #quiet: boolean;
  readonly #now: () => Date;
  readonly #repeated = new Map<string | typeof others, Repeated>();

  constructor(
    format: "text" | "json",
    output: LogOutput,
    { quiet = false, now = () => new Date() }: LogOptions = {},
  ) {
    this.#format = format;
    this.#quiet = quiet;
    this.#now = now;
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
      this.#output.print(`${now.toTimeString().slice(0, 8)}  ${visibleRow(message)}`);
    } else {
      const own = { at: now.toISOString(), message };
      this.#output.print(ascii(JSON.stringify({ ...own, ...fields, ...own })));
    }
  }

  /** One line, unless the log is quiet. */
  note(message: string, fields: Fields): void {
    if (!this.#quiet) this.write(message, fields);
  }

  /** An event that all members saw, unless the log is quiet. A whisper is in no log. */
  event(event: Recorded): void {
    if (this.#quiet || event.type === "told" || event.type === "moved" || event.type === "erased") return;
    this.write(render(event), { event });
  }

  /** The first of its key at once; what follows within a minute as one line at its end, with how often it was. */
  repeated(key: string, message: string, fields: Fields = {}): void {
    if (this.#repeated.has(key) || this.#repeated.size < maxKeys - 1) this.#count(key, message, fields);
    else this.#count(others, "More is going on than is told here line by line", {});
  }

  #count(key: string | typeof others, message: string, fields: Fields): void {
    const known = this.#repeated.get(key);
    if (known) {
      known.times += 1;
      known.message = message;
      known.fields = fields;
      return;
    }
    this.write(message, fields);
    this.#remember(key, { times: 0, message, fields });
  }

  #remember(key: string | typeof others, repeated: Repeated): void {
    this.#repeated.set(key, repeated);
    setTimeout(() => this.#tell(key, repeated), repeatMs).unref();
  }

  /** A minute is over: forgets what did not happen again. */
  #tell(key: string | typeof others, { times, message, fields }: Repeated): void {
    this.#repeated.delete(key);
    if (times === 0) return;
    this.write(`${message} (${times} ${times === 1 ? "time" : "times"} more)`, { ...fields, times });
    this.#remember(key, { times: 0, message, fields });
  }
}

/** The same JSON in ASCII, so that it has nothing that commands a terminal or that a program takes for a line's end. */
function ascii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
