// The server's own terminal. The person there speaks as the server, is an operator, and sees the log above the input row. The
// terminal has no seat, so it is no member, and can be neither muted nor put out.

import { isatty } from "node:tty";
import { render } from "../../dialects/plain.ts";
import type { CommandOf } from "../../protocol/commands.ts";
import { type Answer, type Bye, fault, isFault, type Recorded } from "../../protocol/events.ts";
import { typed, typedCommand } from "../../protocol/typed.ts";
import { inForeground } from "../../terminal/foreground.ts";
import { complete } from "../../terminal/row/completion.ts";
import { Prompt } from "../../terminal/row/prompt.ts";
import { Tty } from "../../terminal/tty.ts";
import { wrap } from "../../terminal/wrap.ts";
import type { Room } from "../room/room.ts";
import { Speaker } from "../room/speaker.ts";
import type { Occupant } from "../seats/seats.ts";
import type { LogOutput } from "./log.ts";

/** The console, if a person can type: the server runs on a terminal, in its foreground, with a log of text; else undefined. */
export function consoleFor(
  { log }: { log: "text" | "json" },
  room: Room,
  { stop, gone }: { stop: () => void; gone: () => void },
): Console | undefined {
  const isTerminal = isatty(0) && isatty(1) && process.env.TERM !== "dumb";
  const canType = log === "text" && isTerminal && inForeground();
  return canType ? new Console(room, stop, gone) : undefined;
}

const words = typed.map(({ word }) => word).sort();

class Console extends Speaker implements LogOutput, Occupant {
  readonly address = "";
  readonly leaving = false;
  protected readonly historyEvents = 20;
  onDropped: (count: number) => void = () => {};
  readonly #prompt: Prompt;
  readonly #tty: Tty;
  readonly #stop: () => void;

  /** `stop` ends the server: /quit, Ctrl-C and Ctrl-D call it. `gone` is called when the window was closed. */
  constructor(room: Room, stop: () => void, gone: () => void) {
    super(room);
    this.#stop = stop;
    this.#tty = new Tty(process.stdin, process.stdout, { gone, left: stop });
    this.#prompt = new Prompt(this.#tty, {
      entered: (line) => this.#handle(line),
      left: stop,
      complete: (text) => {
        const { members } = room.members.roster();
        return complete(
          text,
          words,
          members.map(({ name }) => name),
        );
      },
      refused: (problem) => this.answer(fault("too-long", problem)),
    });
    this.#prompt.label = "server> ";
    room.attend(this.author, this);
  }

  override get name(): string {
    return "server";
  }

  override get operator(): boolean {
    return true;
  }

  protected override get author(): string {
    return "console";
  }

  start(): void {
    this.#tty.open();
    this.#prompt.start();
  }

  /** Gives the terminal back. */
  close(): Promise<void> {
    this.#prompt.stop();
    return this.#tty.close();
  }

  /** Prints a line. If it wraps, its further rows are indented, so that none begins like a line of another member. */
  print(text: string): void {
    const rows = text.split("\n").flatMap((line) => {
      const [head = ""] = /^(?:\d\d:\d\d:\d\d {2})?(?:\* |\[\S+ to )?\S+ /.exec(line) ?? [];
      return wrap(head, line.slice(head.length), this.#tty.columns);
    });
    this.#prompt.screen.print(rows);
  }

  answer(answer: Answer): void {
    this.print(render(answer));
  }

  whisper(event: Recorded): void {
    this.print(render(event));
  }

  // A terminal has no seat: nothing is pumped to it, and it cannot be dismissed.
  pump(): void {}
  dismiss(_: Bye): void {}

  join(): void {
    this.answer(fault("already-joined", "You speak for the server here: join with bun ChatClient.ts"));
  }

  post({ id }: CommandOf<"post">): void {
    this.answer({ ...fault("already-joined", "You speak for the server here: say it"), id });
  }

  rename(): void {
    this.answer(fault("name-reserved", "You speak for the server here: it has no other name"));
  }

  appoint(): void {
    this.answer(fault("not-operator", "You are an operator here already"));
  }

  quit(): void {
    this.#stop();
  }

  #handle(line: string): void {
    if (line.trim() === "") return;
    const command = typedCommand(line);
    if (isFault(command)) this.answer(command);
    else this.carryOut(command);
  }
}
