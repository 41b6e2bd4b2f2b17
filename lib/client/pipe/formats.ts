// How a pipe speaks: in lines as people type and read them, or, for programs, in JSON both ways.

import type { Command } from "../../protocol/commands.ts";
import type { Event, Fault } from "../../protocol/events.ts";
import { visibleRow } from "../../protocol/text.ts";
import type { Client } from "../core/client.ts";
import { asTyped, type Unsettled } from "../core/outbox.ts";

/** The two ends of a pipe: the client that its lines are for, and where lines go. */
export type Ends = {
  client: Client;
  out: (lines: string[]) => void;
  err: (lines: string[]) => void;
};

export interface Format {
  /** Carries a line of the input out. */
  enter(line: string): void;
  event(event: Event): void;
  /** Tells why a line, or the message that was in it, was not taken. */
  problem(problem: Fault, message?: Unsettled): void;
  /** No more events come. */
  end(): void;
}

/** Makes the lines of events, those of comings and goings once more has happened or some time has passed. */
export type Renderer = { render: (event: Event) => string[]; settle: () => string[] };

/** How long a coming or going waits for others to share its line. */
const settleMs = 1_000;

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
    // A problem does not belong among the lines of the room.
    if (event.type === "error") return this.problem(event);
    this.#ends.out(this.#view.render(event));
    this.#settling ??= setTimeout(() => this.#settle(), settleMs);
  }

  problem({ text }: Fault, message?: Unsettled): void {
    this.#ends.err([visibleRow(text)]);
    if (message) this.#ends.err([visibleRow(`Not sent: ${asTyped(message)}`)]);
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
  readonly #parse: (line: string) => Command | Fault;

  constructor(ends: Ends, parse: (line: string) => Command | Fault) {
    this.#ends = ends;
    this.#parse = parse;
  }

  enter(line: string): void {
    this.#ends.client.ask(this.#parse(line));
  }

  event(event: Event): void {
    // The token is the link's business: who reads along could take the seat.
    this.#ends.out([JSON.stringify({ ...event, token: undefined })]);
  }

  /** An event like any other; a program knows its message by the id. */
  problem(problem: Fault): void {
    this.event(problem);
  }

  end(): void {}
}
