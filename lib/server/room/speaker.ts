// What everyone who speaks in the room can ask for, whether from a connection or from the server's own terminal: one
// switch over all commands. How a speaker comes in, takes another name or becomes an operator, and leaves, is its own.

import { type Command, type CommandOf, commands, help } from "../../protocol/commands.ts";
import { messageOf } from "../../protocol/errors.ts";
import { type Answer, type Fault, fault, type Recorded } from "../../protocol/events.ts";
import type { Facts } from "../journal/facts.ts";
import type { Waiter } from "./members.ts";
import type { Order } from "./moderation.ts";
import type { Room } from "./room.ts";

const notOperator = fault("not-operator", "That is for operators: /op PASSWORD makes you one");

export abstract class Speaker {
  protected readonly room: Room;

  constructor(room: Room) {
    this.room = room;
  }

  abstract readonly name: string;
  abstract readonly operator: boolean;
  /** How many events `history` shows if it asks for no number. */
  protected abstract readonly historyEvents: number;
  /** The id of the seat, or what stands for one. */
  protected abstract readonly author: string;
  /** Why what it says is not heard, if so. */
  protected abstract readonly silenced: Fault | undefined;
  /** What has to be so as long as it may speak: the other servers may have given its seat up. */
  protected abstract readonly expects: Facts | undefined;

  /** Whether it hears no answer any more. */
  protected readonly isGone = () => false;

  abstract answer(answer: Answer): void;
  protected abstract join(request: CommandOf<"join">): void;
  protected abstract rename(name: string): void;
  /** Makes it an operator, if that is the password. */
  protected abstract appoint(password: string): void;
  protected abstract quit(text: string | undefined): void;

  carryOut(command: Command): void {
    if (commands[command.type].operator && !this.operator) return this.answer(notOperator);
    switch (command.type) {
      case "say":
        return this.#say("said", command);
      case "act":
        return this.#say("acted", command);
      case "tell":
        return this.#tell(command);
      case "join":
        return this.join(command);
      case "rename":
        return this.rename(command.name);
      case "quit":
        return this.quit(command.text);
      case "who":
        return this.#answerLater(this.room.work.run(() => this.#members(command)));
      case "history":
        return this.#answerLater(this.#history(command));
      case "search":
        return this.#answerLater(this.#results(command));
      case "ping":
        return this.answer({ type: "pong", id: command.id });
      case "help":
        return this.answer({ type: "help", text: help() });
      case "topic":
        if (command.text === undefined) return this.#showTopic();
        if (!this.operator) return this.answer(notOperator);
        return this.#order({ ...command, text: command.text === "-" ? undefined : command.text });
      case "op":
        return this.appoint(command.password);
      case "kick":
      case "ban":
      case "unban":
      case "mute":
      case "unmute":
        return this.#order(command);
      case "bans":
        return this.#answerLater(this.room.work.run(() => this.#bans()));
      default:
        command satisfies never;
    }
  }

  #say(type: "said" | "acted", { text, id }: CommandOf<"say" | "act">): void {
    this.#record({ type, seq: 0, at: 0, from: this.name, text, id });
  }

  #tell({ to, text, id, seq = Infinity }: CommandOf<"tell">): void {
    const reader = this.room.members.find(to);
    if (!reader || reader.namedAt > seq) {
      const problem = reader
        ? `"${to}" is somebody else now: nothing was sent`
        : `Nobody here is called "${to}"`;
      return this.answer({ ...fault("no-such-member", problem), id });
    }
    this.#record({ type: "told", seq: 0, at: 0, from: this.name, to: reader.name, text, id }, reader.id);
  }

  #record(event: Recorded & { id?: string | undefined }, reader?: string): void {
    if (this.silenced) return this.answer({ ...this.silenced, id: event.id });
    const { author, expects } = this;
    this.room.record({
      event,
      author,
      ...(reader !== undefined && { reader }),
      ...(expects !== undefined && { expects }),
    });
  }

  /** For an answer that may take a while: what is said next waits for it. */
  #answerLater(answer: Promise<Answer>): void {
    const settled = this.wait();
    void answer.then((found) => this.answer(found)).finally(settled);
  }

  #members({ id }: CommandOf<"who">): Answer {
    return { type: "members", ...this.room.members.roster(), id };
  }

  #bans(): Answer {
    return { type: "bans", bans: this.room.members.bans };
  }

  async #history({ before, limit }: CommandOf<"history">): Promise<Answer> {
    await this.room.afterTurn();
    const upTo = before === undefined ? this.room.seq : before - 1;
    try {
      const past = await this.room.recall(this.author, upTo, limit ?? this.historyEvents, this.isGone);
      return { type: "history", events: past.events, before: past.before };
    } catch (error) {
      return fault("unavailable", `The history cannot be read, ${messageOf(error)}`);
    }
  }

  async #results(request: CommandOf<"search">): Promise<Answer> {
    await this.room.afterTurn();
    return this.room.search(this.author, request, this.isGone);
  }

  #showTopic(): void {
    this.answer({ type: "subject", text: this.room.members.topic });
  }

  #order(order: Order): void {
    if (this.silenced) return this.answer(this.silenced);
    const { name, author, expects } = this;
    this.room.members.order(order, { name, author, expects }, this.waiter());
  }

  /** Waits for the outcome of what it asked for: what it says next may depend on that. */
  protected waiter(): Waiter<unknown> {
    const settled = this.wait();
    return {
      happened: settled,
      failed: (problem) => {
        this.answer(problem);
        settled();
      },
    };
  }

  /** What it says next waits until the function that this returns is called, if it can wait. */
  protected wait(): () => void {
    return () => {};
  }
}
