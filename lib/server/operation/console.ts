// The server's own terminal: whoever sits there speaks as the server, keeps order, and sees the log above the row one
// types in.

import { readFileSync } from "node:fs";
import { render } from "../../dialects/plain.ts";
import { check, parseTyped, typed } from "../../protocol/commands.ts";
import { type Answer, type Bye, fault, isFault, type Recorded } from "../../protocol/events.ts";
import { complete } from "../../terminal/completion.ts";
import { Prompt } from "../../terminal/prompt.ts";
import { wrap } from "../../terminal/wrap.ts";
import type { Room } from "../room/room.ts";
import type { Occupant } from "../room/seats.ts";
import { Speaker } from "../room/speaker.ts";
import type { LogOutput } from "./log.ts";

const words = typed.map(({ word }) => word).sort();

export class Console extends Speaker implements LogOutput, Occupant {
  readonly name = "server";
  readonly address = "";
  readonly leaving = false;
  readonly operator = true;
  protected readonly author = "console";
  protected readonly historyEvents = 20;
  protected readonly silenced = undefined;
  protected readonly expects = undefined;
  onDropped: ((count: number) => void) | undefined;
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

  /** Rows hang under what follows the first word, a name mostly, so that nothing stands where a name would. */
  print(text: string): void {
    const rows = text.split("\n").flatMap((line) => {
      const [head = ""] = /^(?:\d\d:\d\d:\d\d {2})?(?:\* |\[\S+ to )?\S+ /.exec(line) ?? [];
      return wrap(head, line.slice(head.length), process.stdout.columns || 80);
    });
    this.#prompt.print(rows);
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
    const command = check(raw);
    if (isFault(command)) this.answer(command);
    else this.carryOut(command);
  }
}

/** Whether the terminal is ours: a job that the shell runs in the background would be stopped for asking to read it. */
export function inForeground(): boolean {
  const [own, terminals] = processGroups();
  // Whom no shell controls, nobody stops; where nobody can tell, it is as if.
  return own === terminals || !(Number(terminals) > 0);
}

/** Our own, and the one that has the terminal. */
function processGroups(): [own: string | undefined, terminals: string | undefined] {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    // In brackets is the program's name, which may hold some itself. Then: state, parent, group, session, terminal, …
    const [, , own, , , terminals] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return [own, terminals];
  } catch {
    // Not Linux.
    const { stdout } = Bun.spawnSync(["ps", "-o", "pgid=", "-o", "tpgid=", "-p", `${process.pid}`]);
    const [own, terminals] = String(stdout).trim().split(/\s+/);
    return [own, terminals];
  }
}
