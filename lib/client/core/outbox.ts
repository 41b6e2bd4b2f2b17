// The messages that are not known to be in the room yet. Each carries an id; the event that comes back with it is the
// ack, and until then the message is sent again on every new connection. The server drops a message that it has.
// Everyone sees an id once it was used, so ours are random: no member can ack what we are only about to say.

import type { Raw } from "../../protocol/commands.ts";

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
    const { type, id, ...fields } = message;
    const unsettled = {
      type,
      ...fields,
      id: typeof id === "string" ? id : newId(),
    };
    this.#unsettled.set(unsettled.id, unsettled);
    return unsettled;
  }

  /** The messages under way, as a person types them, below a line that counts them; empty if there are none. */
  get unsent(): string[] {
    if (this.size === 0) return [];
    const title = this.size === 1 ? "1 message was not sent:" : `${this.size} messages were not sent:`;
    return [title, ...Array.from(this, asTyped)];
  }

  /** Removes the message with this id: it is in the room, or never will be. False if there is none. */
  settle(id: string): boolean {
    const known = this.#unsettled.delete(id);
    for (const waiting of this.#waiting.splice(0)) {
      if (this.size < waiting.below) waiting.resolve();
      else this.#waiting.push(waiting);
    }
    return known;
  }

  /** Resolves once fewer than so many are under way. */
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

/** 96 random bits. A page without TLS has no `crypto.randomUUID`. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(3)), (part) => part.toString(36)).join("-");
}
