// What everyone who speaks in the room can do, whether from a connection or from the server's own terminal. How one
// comes in and leaves is theirs.

import type { Caller, JoinRequest, Order, SearchRequest } from "../../protocol/commands.ts";
import { type Answer, type Fault, fault, type Recorded } from "../../protocol/events.ts";
import type { Facts } from "../journal/journal.ts";
import type { Roster, Waiter } from "./members.ts";
import type { Room } from "./room.ts";

export abstract class Speaker implements Caller {
  protected readonly room: Room;

  constructor(room: Room) {
    this.room = room;
  }

  abstract readonly name: string;
  abstract readonly operator: boolean;
  /** How many events are told to who asks for no number. */
  protected abstract readonly historyEvents: number;
  /** The id of the seat, or what stands for one. */
  protected abstract readonly author: string;
  /** Why nobody is to hear it, if so. */
  protected abstract readonly silenced: Fault | undefined;
  /** What has to be so as long as it may speak: the other servers may have given its seat up. */
  protected abstract readonly expects: Facts | undefined;

  abstract answer(answer: Answer): void;
  abstract join(request: JoinRequest): void;
  abstract rename(name: string): void;
  abstract appoint(password: string): void;
  abstract quit(text: string | undefined): void;

  record(event: Recorded, reader?: string): void {
    if (this.silenced) return this.answer({ ...this.silenced, id: "id" in event ? event.id : undefined });
    const { author, expects } = this;
    this.room.record({
      event,
      author,
      ...(reader !== undefined && { reader }),
      ...(expects !== undefined && { expects }),
    });
  }

  tell(name: string, text: string, id: string | undefined): void {
    const reader = this.room.members.find(name);
    if (!reader) return this.answer({ ...fault("no-such-member", `Nobody here is called "${name}"`), id });
    this.record({ type: "told", seq: 0, at: 0, from: this.name, to: reader.name, text, id }, reader.id);
  }

  roster(): Roster {
    return this.room.members.roster();
  }

  async recall({
    before,
    limit,
  }: {
    before?: number | undefined;
    limit?: number | undefined;
  }): Promise<void> {
    const upTo = before === undefined ? this.room.seq : before - 1;
    try {
      const past = await this.room.recall(this.author, upTo, limit ?? this.historyEvents);
      this.answer({ type: "history", events: past.events, before: past.before });
    } catch (error) {
      this.answer(fault("unavailable", `The history cannot be read, ${(error as Error).message}`));
    }
  }

  async search(request: SearchRequest): Promise<void> {
    this.answer(await this.room.search(this.author, request));
  }

  order(order: Order): void {
    if (this.silenced) return this.answer(this.silenced);
    const { name, author, expects } = this;
    this.room.members.order(order, { name, author, expects }, this.waiter());
  }

  /** Hears of what was asked. */
  protected waiter(): Waiter<unknown> {
    return { happened: () => {}, failed: (problem) => this.answer(problem) };
  }

  bans(): void {
    this.answer({ type: "bans", bans: this.room.members.bans });
  }

  subject(): void {
    this.answer({ type: "subject", text: this.room.members.topic });
  }
}
