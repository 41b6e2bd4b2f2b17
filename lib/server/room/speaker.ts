// A speaker carries out commands, in one switch over all of them. It is the base class of sessions and of the server's own
// terminal; each of the two has its own way to join, to take another name, to become an operator and to leave. A history or a
// search waits for the end of the turn, so that the messages before it are in its answer.

import { type Command, type CommandOf, commands } from "../../protocol/commands.ts";
import { type Answer, type Fault, fault, isFault, type Recorded } from "../../protocol/events.ts";
import { help } from "../../protocol/typed.ts";
import type { Facts } from "../journal/facts.ts";
import type { Entry } from "../journal/journal.ts";
import { sittingAt, speakingAt } from "../seats/changes.ts";
import type { Seat } from "../seats/seats.ts";
import { unreadable } from "./entering/roster.ts";
import type { Order } from "./orders.ts";
import type { Waiter } from "./recorder.ts";
import type { Room } from "./room.ts";

const notOperator = fault("not-operator", "That is for operators: /op PASSWORD makes you one");

export abstract class Speaker {
  protected readonly room: Room;
  /** The speaker's seat; undefined before it has joined, and for the server's own terminal, which needs none. */
  protected seat: Seat | undefined;
  /** Its address; "" for the server's own terminal. */
  abstract readonly address: string;
  /** How many messages `history` shows if the command has no number. */
  protected abstract readonly historyEvents: number;

  /** Settles once the look back that runs beside further commands is answered; undefined if none runs. */
  protected lookingBack: Promise<void> | undefined;

  /** Whether the connection is closing, so that no answer can reach it. */
  protected readonly isGone = () => false;

  constructor(room: Room) {
    this.room = room;
  }

  /** The name of its seat; "" without one. */
  get name(): string {
    return this.seat?.name ?? "";
  }

  get operator(): boolean {
    return this.seat?.operator ?? false;
  }

  /** The author of its entries: the id of its seat or, for the server's own terminal, a word. */
  protected get author(): string {
    return this.seat?.id ?? "";
  }

  /** Why it may not speak now; undefined if it may. */
  protected get silenced(): Fault | undefined {
    return this.seat && this.room.members.refusesSpeech(this.seat);
  }

  /** The facts that its orders expect: another server may have given its seat up in the meantime. */
  get #sitting(): Facts | undefined {
    return this.seat && sittingAt(this.seat);
  }

  /** The facts that its messages expect: those for orders, and that it is not muted. */
  get #speaking(): Facts | undefined {
    return this.seat && speakingAt(this.seat);
  }

  abstract answer(answer: Answer): void;
  protected abstract join(request: CommandOf<"join">): void;
  protected abstract post(request: CommandOf<"post">): void;
  protected abstract rename(name: string): void;
  /** Makes the speaker an operator if the password is one of the operators'. */
  protected abstract appoint(request: CommandOf<"op">): void;
  protected abstract quit(text: string | undefined): void;

  carryOut(command: Command): void {
    if (commands[command.type].operator && !this.operator) return this.answer(notOperator);
    switch (command.type) {
      case "say":
        return this.#say("said", command, command.notice);
      case "act":
        return this.#say("acted", command);
      case "tell":
        return this.#tell(command);
      case "join":
        return this.join(command);
      case "post":
        return this.post(command);
      case "rename":
        return this.rename(command.name);
      case "quit":
        return this.#quitAfterLook(command.text);
      case "who":
        return this.#answerInTurn(() => {
          const { seq, members } = this.room.members.roster();
          return { type: "members", seq, members, id: command.id };
        });
      case "history":
        return this.#lookBack(() => this.#history(command), { beside: command.id !== undefined });
      case "search":
        return this.#lookBack(() => this.#results(command), { beside: command.id !== undefined });
      case "delete":
        return this.#delete(command);
      case "ping":
        return this.answer({ type: "pong", id: command.id });
      case "help":
        return this.answer({ type: "help", text: help() });
      case "topic":
        return this.#topic(command);
      case "op":
        return this.appoint(command);
      case "kick":
      case "ban":
      case "deop":
        return this.#order(command);
      case "unban":
      case "mute":
      case "unmute":
      case "free":
        // The events of these orders have no reason.
        return this.#order({ ...command, text: undefined });
      case "whois":
      case "whowas":
        return this.#answerInTurn(() => {
          const { type, name, id } = command;
          return { type, name, traces: this.room.members.traces(type, name), id };
        });
      case "bans":
        return this.#answerInTurn(() => ({ type: "bans", bans: this.room.members.moderation.bans }));
      default:
        command satisfies never;
    }
  }

  #say(type: "said" | "acted", { text, id }: CommandOf<"say" | "act">, notice?: true): void {
    this.#record({ type, seq: 0, at: 0, from: this.name, text, id, notice });
  }

  #tell({ to, text, id, notice, seq = Infinity }: CommandOf<"tell">): void {
    const addressee = this.room.members.addressee(to, seq);
    if (isFault(addressee)) return this.answer({ ...addressee, id });
    const { name, id: reader, away, facts } = addressee;
    const told: Recorded = { type: "told", seq: 0, at: 0, from: this.name, to: name, text, id, away, notice };
    this.#record(told, { reader, ...(facts && { facts }) });
  }

  /** Shows the topic if the command has no text; else sets it, or with "-" removes it. */
  #topic({ type, text }: CommandOf<"topic">): void {
    const { topic } = this.room.members.moderation;
    if (text === undefined) return this.answer({ type: "subject", text: topic });
    if (!this.operator) return this.answer(notOperator);
    this.#order({ type, text: text === "-" ? undefined : text });
  }

  #record(event: Recorded & { id?: string | undefined }, more: Pick<Entry, "reader" | "facts"> = {}): void {
    if (this.silenced) return this.answer({ ...this.silenced, id: event.id });
    this.room.record({ event, author: this.author, expects: this.#speaking, ...more });
  }

  /** Makes an answer, which may be long, in the room's queue of costly work, and sends it. */
  #answerInTurn(find: () => Answer): void {
    this.#answerLater(this.room.work.run(find));
  }

  /** Sends an answer when it has been found. The next commands wait for that, so that answers keep their order. */
  #answerLater(answer: Promise<Answer | undefined>): void {
    const settled = this.wait();
    void answer.then((found) => this.#send(found)).finally(settled);
  }

  #send(answer: Answer | undefined): void {
    if (answer) this.answer(answer);
  }

  /**
   * Finds and sends the answer of a look back, which may take long. If it runs `beside` the next commands, as one does whose
   * answer is known by an id, they do not wait for it. Only a further look back waits, and the commands after that wait, too.
   */
  #lookBack(find: () => Promise<Answer | undefined>, { beside }: { beside: boolean }): void {
    if (this.lookingBack) return this.#answerLater(this.lookingBack.then(find));
    if (!beside) return this.#answerLater(find());
    this.lookingBack = find()
      .then((found) => this.#send(found))
      .finally(() => {
        this.lookingBack = undefined;
      });
  }

  /** Leaves, after the answer of the look back that runs. */
  #quitAfterLook(text: string | undefined): void {
    if (!this.lookingBack) return this.quit(text);
    const settled = this.wait();
    void this.lookingBack.finally(() => {
      this.quit(text);
      settled();
    });
  }

  async #history({ before, limit, id }: CommandOf<"history">): Promise<Answer> {
    await this.room.afterTurn();
    const upTo = before === undefined ? this.room.seq : before - 1;
    try {
      const past = await this.room.archive.recall(
        this.author,
        upTo,
        limit ?? this.historyEvents,
        this.isGone,
      );
      return { type: "history", events: past.events, before: past.before, id };
    } catch (error) {
      return { ...unreadable(error), id };
    }
  }

  async #results(request: CommandOf<"search">): Promise<Answer> {
    await this.room.afterTurn();
    return this.room.archive.search(this.author, request, this.isGone);
  }

  /** Takes messages back. The next command waits for a single one, and not for those of a member, which may be many. */
  #delete(request: CommandOf<"delete">): void {
    const { name, author, operator: isOperator } = this;
    const by = { name, author, expects: this.#sitting, isOperator };
    this.#lookBack(() => this.room.archive.delete(request, by), { beside: request.name !== undefined });
  }

  /** Gives an order. A muted operator may do so, and unmute itself, but without a text for all to read: no topic, no reason. */
  #order(order: Order): void {
    const isSilent = order.type === "deop" || order.text === undefined;
    if (!isSilent && this.silenced) return this.answer(this.silenced);
    const { name, author, address } = this;
    const expects = isSilent ? this.#sitting : this.#speaking;
    this.room.members.enforcement.order(order, { name, author, address, expects }, this.notedWaiter());
  }

  /** The same as `waiter`, for an outcome that may be a note for the speaker. */
  protected notedWaiter(): Waiter<string | undefined> {
    const { happened, failed } = this.waiter();
    return {
      happened: (note) => {
        if (note !== undefined) this.answer({ type: "note", text: note });
        happened(undefined);
      },
      failed,
    };
  }

  /** A waiter that holds the next commands back until the outcome, on which they may depend. */
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

  /** Holds the next commands back until the function that this returns is called. Here none wait: sessions override it. */
  protected wait(): () => void {
    return () => {};
  }
}
