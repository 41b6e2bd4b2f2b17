// The messages that are not known to be in the room yet. Each carries an id; the event that comes back with it is the
// ack, and until then the message is sent again on every new connection. The server drops a message that it has.
// All members see an id once it was used, so ours are random: no member can guess the next one, and ack our message with it.

import type { Raw } from "../../protocol/commands.ts";
import { type Fault, fault } from "../../protocol/events.ts";
import { nameKey } from "../../protocol/names.ts";
import { isUnreachable, type People, type Person } from "./people.ts";

/** A message on its way. */
export type Unsettled = Raw & { id: string; text: string };

export class Outbox {
  readonly #unsettled = new Map<string, Unsettled>();
  readonly #waiting: { below: number; resolve: () => void }[] = [];

  get size(): number {
    return this.#unsettled.size;
  }

  /** Oldest first. */
  [Symbol.iterator](): IterableIterator<Unsettled> {
    return this.#unsettled.values();
  }

  /** Adds a message; returns it with the id to send it under: the one that a program gave it, or a new one. */
  add(message: Raw & { text: string }): Unsettled {
    // A command has its type first on the wire.
    const { type, id, ...fields } = message;
    const unsettled = { type, ...fields, id: typeof id === "string" ? id : newId() };
    this.#unsettled.set(unsettled.id, unsettled);
    return unsettled;
  }

  /** Removes the message with this id, since it is in the room or never will be. False if there is none. */
  settle(id: string): boolean {
    const known = this.#unsettled.delete(id);
    for (const waiting of this.#waiting.splice(0)) {
      if (this.size < waiting.below) waiting.resolve();
      else this.#waiting.push(waiting);
    }
    return known;
  }

  /** Resolves once fewer than `count` are under way. */
  below(count: number): Promise<void> {
    if (this.size < count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ below: count, resolve }));
  }
}

/** A message as a person would type it. */
export function asTyped({ type, to, text }: Unsettled): string {
  if (type === "tell") return `/msg ${to} ${text}`;
  if (type === "act") return `/me ${text}`;
  return text.startsWith("/") ? `/${text}` : text;
}

type Addressee = {
  /** Undefined if no member was known by the name, which may belong to an absent owner. */
  person: Person | undefined;
  /** The position of the last event that the sender had seen when the whisper was written. */
  after: Position;
  /** The name that the whisper was last sent to. */
  sentTo?: string;
};

type Position = { epoch: string | undefined; seq: number };

/** The addressees of the whispers under way. Each is a person, under any name that it has taken since. */
export class Addressees {
  readonly #people: People;
  readonly #addressees = new WeakMap<Unsettled, Addressee>();

  constructor(people: People) {
    this.#people = people;
  }

  /** A message was written, with all events up to this position seen. */
  add(message: Unsettled, after: Position): void {
    if (typeof message.to !== "string") return;
    this.#addressees.set(message, { person: this.#people.known(message.to), after });
  }

  /** The message as it is to be sent, with all events up to this position seen; or why it cannot be. */
  address(message: Unsettled, { epoch, seq }: Position): Unsettled | Fault {
    const to = this.#addressees.get(message);
    if (!to) return message;
    const name = to.person?.name ?? String(message.to);
    if (to.person && isUnreachable(to.person)) return hasLeft(name);
    const taker = to.person ? undefined : this.#people.find(name);
    // No member had this name when the message was written, so it is not for the member who has taken it since; but it may
    // be for its owner, who has come back.
    if (taker && !(taker.owned && to.after.epoch === epoch)) {
      return fault("no-such-member", `Nobody here was called "${name}" when you wrote that`);
    }
    to.sentTo = name;
    // With `seq` the server refuses it if the name has changed hands in events that have not reached us yet.
    return { ...message, to: name, seq: message.seq ?? (to.person ? seq : to.after.seq) };
  }

  /** Whether its addressee is called otherwise, or has left, since it was sent. */
  hasMoved(message: Unsettled): boolean {
    const to = this.#addressees.get(message);
    if (!to?.person) return false;
    return isUnreachable(to.person) || nameKey(to.person.name) !== nameKey(to.sentTo ?? "");
  }

  /** The message for another link to send: with the name, and the `seq` as of which that means its addressee. */
  dated(message: Unsettled, seq: number): Unsettled {
    const to = this.#addressees.get(message);
    if (!to || message.seq !== undefined) return message;
    if (!to.person) return { ...message, seq: to.after.seq };
    // A name that the addressee has left behind must not reach the member who has it now.
    return { ...message, to: to.person.name, seq: isUnreachable(to.person) ? 0 : seq };
  }
}

/** The fault of a whisper whose addressee has left. */
export function hasLeft(name: string): Fault {
  return fault("no-such-member", `${name} has left`);
}

/** 96 random bits. A page without TLS has no `crypto.randomUUID`. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(3)), (part) => part.toString(36)).join("-");
}

/** A message that was refused, in words. */
export function notSent(message: Unsettled): string {
  return `Not sent: ${asTyped(message)}`;
}

/** Above messages of the last run that may be in the room: the person decides. */
export const offeredTitle = "Perhaps not sent, and not sent again by itself; Up brings it back:";

/** The messages under way, as a person types them, below a line that counts them; empty if there are none. */
export function unsentLines(outbox: Outbox): string[] {
  if (outbox.size === 0) return [];
  const title = outbox.size === 1 ? "1 message was not sent:" : `${outbox.size} messages were not sent:`;
  return [title, ...Array.from(outbox, asTyped)];
}
