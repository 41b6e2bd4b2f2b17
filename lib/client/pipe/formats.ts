// The two formats of a pipe: lines as people type and read them, and, for programs, JSON in both directions. The plain format
// holds comings and goings back for a moment, so that many share a line; JSON writes each event at once. The plain format
// reports a line that was not taken on stderr, JSON as an event like any other.

import type { Raw } from "../../protocol/commands.ts";
import type { Event, Fault } from "../../protocol/events.ts";
import { visibleRow } from "../../protocol/text.ts";
import { settleMs } from "../core/chat.ts";
import type { Client } from "../core/client.ts";
import { notSent, type Unsettled } from "../core/outbox.ts";

/** The ends that a format connects: the client for the lines that come in, and stdout and stderr for those that go out. */
export type Ends = {
  client: Client;
  out: (lines: string[]) => void;
  err: (lines: string[]) => void;
};

export interface Format {
  /** Carries out a line of the input. */
  enter(line: string): void;
  event(event: Event): void;
  /** Writes why a line, or the message in it, was not taken. */
  problem(problem: Fault, message?: Unsettled): void;
  /** No more events come: writes the lines that were held back. */
  end(): void;
}

/** Renders events as lines. Comings and goings are held back until the next lines, or until `settle`. */
export type Renderer = { render: (event: Event) => string[]; settle: () => string[] };

export class PlainFormat implements Format {
  readonly #ends: Ends;
  readonly #view: Renderer;
  #settling: ReturnType<typeof setTimeout> | undefined;

  constructor(ends: Ends, view: Renderer) {
    this.#ends = ends;
    this.#view = view;
  }

  enter(line: string): void {
    this.#ends.client.enter(line);
  }

  event(event: Event): void {
    // Problems go to stderr: stdout has the lines of the room alone.
    if (event.type === "error") return this.problem(event);
    this.#ends.out(this.#view.render(event));
    this.#settling ??= setTimeout(() => this.#settle(), settleMs);
  }

  problem({ text }: Fault, message?: Unsettled): void {
    this.#ends.err([visibleRow(text)]);
    if (message) this.#ends.err([visibleRow(notSent(message))]);
  }

  end(): void {
    clearTimeout(this.#settling);
    this.#settle();
  }

  #settle(): void {
    this.#settling = undefined;
    this.#ends.out(this.#view.settle());
  }
}

export class JsonFormat implements Format {
  readonly #ends: Ends;
  readonly #parse: (line: string) => Raw | Fault;

  constructor(ends: Ends, parse: (line: string) => Raw | Fault) {
    this.#ends = ends;
    this.#parse = parse;
  }

  enter(line: string): void {
    this.#ends.client.ask(this.#parse(line));
  }

  event(event: Event): void {
    // The token stays in the link: a reader of this output could take the seat with it.
    this.#ends.out([JSON.stringify({ ...event, token: undefined })]);
  }

  /** An event like any other; a program knows its message by the id. */
  problem(problem: Fault): void {
    this.event(problem);
  }

  end(): void {}
}
