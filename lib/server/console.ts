// The server's own terminal: whoever sits there speaks as the server, keeps order, and sees the log above the row one
// types in.

import { check, help, parseTyped, typed } from "../commands.ts";
import { render } from "../dialects/plain.ts";
import { type Answer, type Bye, fault, isFault, type Recorded } from "../protocol.ts";
import { complete } from "../terminal/completion.ts";
import { Prompt } from "../terminal/prompt.ts";
import type { Room } from "./room.ts";
import type { Occupant } from "./seats.ts";
import { Speaker } from "./speaker.ts";

const words = typed.map(({ word }) => word).sort();

export class Console extends Speaker implements Occupant {
  readonly name = "server";
  readonly address = "";
  readonly leaving = false;
  readonly operator = true;
  protected readonly author = "console";
  protected readonly historyEvents = 20;
  protected readonly silenced = undefined;
  readonly #prompt: Prompt;
  readonly #stop: () => void;

  /** `stop` ends the server: asked for by /quit, Ctrl-C or Ctrl-D. */
  constructor(room: Room, stop: () => void) {
    super(room);
    this.#stop = stop;
    this.#prompt = new Prompt(process.stdin, process.stdout, {
      entered: (line) => this.#obey(line),
      left: stop,
      complete: (text) =>
        complete(
          text,
          words,
          room.members.roster().members.map(({ name }) => name),
        ),
      refused: (problem) => this.answer(fault("too-long", problem)),
    });
    this.#prompt.label = "server> ";
    room.attend(this.author, this);
  }

  start(): void {
    this.#prompt.start();
  }

  /** Gives the terminal back. */
  close(): void {
    this.#prompt.stop();
  }

  print(text: string): void {
    this.#prompt.print(text.split("\n"));
  }

  answer(answer: Answer): void {
    this.print(render(answer));
  }

  whisper(event: Recorded): void {
    this.print(render(event));
  }

  dismiss(_: Bye): void {}

  join(): void {
    this.answer(fault("already-joined", "You speak for the server here: join with bun ChatClient.ts"));
  }

  rename(): void {
    this.answer(fault("name-reserved", "You speak for the server here: it has no other name"));
  }

  appoint(): void {
    this.answer(fault("not-operator", "You keep order here already"));
  }

  quit(): void {
    this.#stop();
  }

  #obey(line: string): void {
    const raw = parseTyped(line);
    if (isFault(raw)) return this.answer(raw);
    if (raw.type === "help") return this.print(help());
    const command = check(raw);
    if (isFault(command)) this.answer(command);
    else command.run(this);
  }
}
