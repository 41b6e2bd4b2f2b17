// One connection to one server, until it is lost: lines → events, commands → lines, and how long each step may take.
// The link decides what the events mean, and what to do once the connection is lost.
// Once it is lost or closed, no handler is called any more.

import type { Raw } from "../../protocol/commands.ts";
import { messageOf } from "../../protocol/errors.ts";
import type { Event } from "../../protocol/events.ts";
import { Silence } from "./silence.ts";
import { type Connect, Refusal, type Wire } from "./wire.ts";

export type ConnectionHandlers = {
  /** Commands can be sent now. */
  opened: () => void;
  event: (event: Event) => void;
  /** Once, and the last call, unless `close` came first. */
  lost: (why: unknown) => void;
};

/** How long opening may take: some networks never give up by themselves. */
const connectMs = 10_000;

export class Connection {
  readonly #handlers: ConnectionHandlers;
  /** The lines that came and were not handed on yet. */
  #lines: string[] = [];
  readonly #wire: Wire;
  readonly #opening: ReturnType<typeof setTimeout>;
  #silence: Silence | undefined;
  #paused = false;
  /** The wire is closed. Lines that came before are handed on, paused or not: they may say why. */
  #isCut = false;
  #closed = false;

  constructor(connect: Connect, handlers: ConnectionHandlers) {
    this.#handlers = handlers;
    this.#wire = connect({
      opened: () => this.#opened(),
      received: (lines) => this.#received(lines),
      closed: (why) => this.#closedBy(why),
    });
    const late = Object.assign(new Error("it does not answer"), { code: "ETIMEDOUT" });
    this.#opening = setTimeout(() => this.#lose(late), connectMs);
  }

  send(command: Raw): void {
    this.#wire.send(JSON.stringify(command));
  }

  /** Hands on no event until `resume`, and lets the wire read nothing more. */
  pause(): void {
    this.#paused = true;
    if (this.#silence) this.#silence.deaf = true;
    this.#wire.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#silence) this.#silence.deaf = false;
    this.#wire.resume();
    this.#take();
  }

  /** Counts a silent server as lost before `ms` have passed, after which another one takes over. */
  loseWithin(ms: number): void {
    this.#silence?.within(ms);
  }

  /** Asks whether the server is still there, and waits only shortly for the answer. */
  wake(): void {
    this.#silence?.wake();
  }

  /** Ends it at once. No handler is called from then on. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#opening);
    this.#silence?.stop();
    this.#wire.close();
  }

  #closedBy(why: unknown): void {
    this.#isCut = true;
    this.#take();
    this.#lose(why);
  }

  #lose(why: unknown): void {
    if (this.#closed) return;
    this.close();
    this.#handlers.lost(why);
  }

  #opened(): void {
    clearTimeout(this.#opening);
    this.#silence = new Silence({
      ping: () => this.send({ type: "ping" }),
      gone: () => this.#lose(new Error("The server does not answer")),
    });
    this.#silence.deaf = this.#paused;
    this.#handlers.opened();
  }

  #received(lines: readonly string[]): void {
    this.#silence?.heard();
    this.#lines = [...this.#lines, ...lines];
    this.#take();
  }

  #take(): void {
    try {
      while (!this.#closed && (!this.#paused || this.#isCut)) {
        const line = this.#lines.shift();
        if (line === undefined) return;
        const event = parse(line);
        if (event) this.#handlers.event(event);
      }
    } catch (error) {
      // This client cannot apply the event: it ends the connection, and shows nothing wrong.
      const reason = messageOf(error);
      this.#lose(new Refusal(`The server and this client do not understand each other: ${reason}`));
    }
  }
}

/** The event in a line, without the greeting that may stand before its `{`; undefined if there is none. */
function parse(line: string): Event | undefined {
  try {
    const value = JSON.parse(line.slice(Math.max(line.indexOf("{"), 0)));
    return typeof value?.type === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}
