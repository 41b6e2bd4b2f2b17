// Messages of senders that take no seat, such as scripts: until the journal has them, and who waits for that. Each is an
// entry with an author of its own, made of the name and the message's id. So the same message, sent again after a drop, is
// known to the journal, and those of several senders under one name do not meet.

import type { CommandOf } from "../../protocol/commands.ts";
import { type Answer, type Fault, fault } from "../../protocol/events.ts";
import { nameKey } from "../../protocol/names.ts";
import type { Facts } from "../journal/facts.ts";
import { type Entry, unnumbered } from "../journal/journal.ts";

type Waiting = { id: string; answered: (outcome: Answer) => void };

export class Posts {
  /** By author. */
  readonly #waiting = new Map<string, Waiting>();

  /** The entry of a message, which expects these facts. */
  entryOf({ name, text, id }: CommandOf<"post">, expects: Facts, answered: (outcome: Answer) => void): Entry {
    const author = `post ${nameKey(name)} ${id}`;
    this.#waiting.get(author)?.answered({ ...fault("conflict", "It was sent again from another place"), id });
    this.#waiting.set(author, { id, answered });
    return { event: unnumbered({ type: "said", from: name, text, id }), author, expects };
  }

  /** The message of that author is in the room, as event `seq`. False if it is none of these. */
  settle(author: string, seq: number): boolean {
    return this.#answer(author, (id) => ({ type: "seen", id, seq }));
  }

  /** The message of that author did not happen. False if it is none of these. */
  fail(author: string, problem: Fault): boolean {
    return this.#answer(author, (id) => ({ ...problem, id }));
  }

  failAll(problem: Fault): void {
    for (const author of [...this.#waiting.keys()]) this.#answer(author, (id) => ({ ...problem, id }));
  }

  #answer(author: string, answer: (id: string) => Answer): boolean {
    // Few entries are posts: most of the time there is nothing to look up.
    const waiting = this.#waiting.size === 0 ? undefined : this.#waiting.get(author);
    if (!waiting) return false;
    this.#waiting.delete(author);
    waiting.answered(answer(waiting.id));
    return true;
  }
}
