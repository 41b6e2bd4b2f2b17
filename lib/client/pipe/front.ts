// The client on pipes: lines in are said, lines out are the room. It leaves at the end of the input, once everything
// is in the room.
//
// An output whose reader stalls holds the pipe up, as in any pipe, and loses nothing: while it takes no lines, none are
// read from the server, and after a thousand messages without an ack none from the input either. An output that is
// closed or broken stops nothing: the rest of the input is still said.

import { messageOf } from "../../protocol/errors.ts";
import { type Event, type Fault, fault, isFault } from "../../protocol/events.ts";
import { visible, visibleRow } from "../../protocol/text.ts";
import { settleMs } from "../core/chat.ts";
import { allHelp, Client } from "../core/client.ts";
import { notSent, type Unsettled, unsentLines } from "../core/outbox.ts";
import { Past } from "../core/past/past.ts";
import type { RoomOptions } from "../core/servers.ts";
import { Refusal } from "../core/wire.ts";
import { linesOf } from "./lines.ts";
import { PipeOutput } from "./output.ts";
import { refusalText } from "./refusal.ts";

/** How lines are read and written: as people type and read them, or, for programs, as JSON in both directions. */
export type Format = {
  /** Carries out a line of the input. */
  enter: (line: string) => void;
  /** The lines of an event. The lines of comings and goings may be held back until the next lines, or until `settle`. */
  render: (event: Event) => string[];
  settle: () => string[];
  /** Whether a problem is an event like any other; otherwise it is told on stderr, and stdout has the room alone. */
  hasProblems: boolean;
};

export type PipeOptions = RoomOptions & {
  name: string;
  format: (client: Client) => Format;
};

/** How many messages may be without an ack before more of the input is read. */
const messagesUnderWay = 1_000;

export class PipeFront {
  readonly #options: PipeOptions;
  readonly #client: Client;
  readonly #format: Format;
  readonly #out: PipeOutput;
  readonly #err: PipeOutput;
  readonly #closed = Promise.withResolvers<string | undefined>();
  readonly #interrupted = Promise.withResolvers<void>();
  #settling: ReturnType<typeof setTimeout> | undefined;
  /** Whether a lost connection was reported already. */
  #isLost = false;

  constructor(options: PipeOptions) {
    this.#options = options;
    this.#client = new Client(
      { servers: options.servers, key: options.key, historyEvents: 0, joins: "all", past: Past },
      {
        event: (event) => this.#event(event),
        problem: (problem) => this.#problem(problem),
        refused: (message, problem) => this.#problem(problem, message),
        help: () => this.#event(allHelp()),
        notice: (text) => this.#out.write([visibleRow(text)]),
        set: () => this.#problem(fault("unknown-command", "Here the flags are the settings: see --help")),
        state: (state) => {
          if (state.type === "offline" && !this.#isLost) this.#complain(`${state.reason}: trying again`);
          this.#isLost = state.type === "offline";
        },
        nameless: (problem) => this.#closed.resolve(refusalText(problem)),
        closed: this.#closed.resolve,
      },
    );
    const { link } = this.#client;
    link.password = options.password;
    const flow = {
      full: () => link.pause(),
      drained: () => {
        if (!this.#out.isFull && !this.#err.isFull) link.resume();
      },
    };
    this.#out = new PipeOutput(process.stdout, { ...flow, broken: (error) => this.#brokenOutput(error) });
    this.#err = new PipeOutput(process.stderr, { ...flow, broken: () => {} });
    this.#format = options.format(this.#client);
  }

  /** Joins, says the lines of the input, and leaves. Resolves with the exit code: 1 if something was not sent. */
  async run(): Promise<number> {
    this.#join().then((problem) =>
      problem === undefined ? this.#sayInput() : this.#closed.resolve(problem),
    );
    const problem = await this.#closed.promise;
    clearTimeout(this.#settling);
    this.#settle();
    if (problem !== undefined) this.#complain(problem);
    const unsent = unsentLines(this.#client.link.outbox);
    this.#err.write(unsent.flatMap((line) => visible(line).split("\n")));
    const taken = Promise.all([this.#out.taken(), this.#err.taken()]);
    await Promise.race([taken, this.#interrupted.promise]);
    return problem === undefined && unsent.length === 0 ? 0 : 1;
  }

  /** Leaves at once, and waits for no reader of the output. */
  quit(): void {
    this.#interrupted.resolve();
    for (const output of [this.#out, this.#err]) if (output.isFull) output.discard();
    this.#client.link.quit();
  }

  /** Joins. Resolves with undefined, or with the reason why we are not in the room. */
  async #join(): Promise<string | undefined> {
    const { name, address } = this.#options;
    try {
      const problem = await this.#client.link.join(name);
      return problem && refusalText(problem);
    } catch (error) {
      if (error instanceof Refusal) return error.message;
      return `No chat server at ${address}: ${messageOf(error)}. Start one with "bun ChatServer.ts", or choose another --host`;
    }
  }

  async #sayInput(): Promise<void> {
    const client = this.#client;
    try {
      for await (const line of linesOf(process.stdin)) {
        if (isFault(line)) this.#problem(line);
        else if (line.trim() !== "") this.#format.enter(line);
        if (client.isLeaving) return;
        await client.past?.idle();
        await client.link.outbox.below(messagesUnderWay);
        await Promise.all([this.#out.ready(), this.#err.ready()]);
      }
    } catch (error) {
      this.#complain(`Cannot read the input: ${messageOf(error)}`);
    }
    client.leave();
  }

  #event(event: Event): void {
    if (event.type === "error") return this.#problem(event);
    this.#out.write(this.#format.render(event));
    this.#settling ??= setTimeout(() => this.#settle(), settleMs);
  }

  #settle(): void {
    this.#settling = undefined;
    this.#out.write(this.#format.settle());
  }

  /** Writes why a line, or the message in it, was not taken. */
  #problem(problem: Fault, message?: Unsettled): void {
    if (this.#format.hasProblems) return this.#out.write(this.#format.render(problem));
    this.#complain(problem.text);
    if (message) this.#complain(notSent(message));
  }

  /** A closed pipe is no problem, since its reader has seen enough; a full disk is one. */
  #brokenOutput(error: NodeJS.ErrnoException): void {
    if (error.code !== "EPIPE") this.#complain(`Cannot write the output: ${error.message}`);
  }

  #complain(problem: string): void {
    this.#err.write([visibleRow(problem)]);
  }
}
