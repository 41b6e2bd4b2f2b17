// Posts that are under way: messages of senders without a seat, such as scripts, until the journal has them. Each is an entry
// with an author of its own, made of the name and the id of the message. So the journal knows a post that is sent again after a
// drop, and posts of several senders under one name do not disturb each other.

import type { CommandOf } from "../../protocol/commands.ts";
import { type Answer, type Fault, fault } from "../../protocol/events.ts";
import { nameKey } from "../../protocol/names.ts";
import type { Facts } from "../journal/facts.ts";
import { type Entry, unnumbered } from "../journal/journal.ts";

type Waiting = { id: string; answered: (outcome: Answer) => void };

export class Posts {
  /** By the author of the entry. */
  readonly #waiting = new Map<string, Waiting>();

  /** Begins a post. Returns its entry, which the caller records. `answered` is called with the outcome. */
  begin({ name, text, id }: CommandOf<"post">, expects: Facts, answered: (outcome: Answer) => void): Entry {
    const author = `post ${nameKey(name)} ${id}`;
    this.#waiting.get(author)?.answered({ ...fault("conflict", "It was sent again from another place"), id });
    this.#waiting.set(author, { id, answered });
    return { event: unnumbered({ type: "said", from: name, text, id }), author, expects };
  }

  /** The post of this author is event `seq`. Returns false if there is no such post. */
  settle(author: string, seq: number): boolean {
    return this.#answer(author, (id) => ({ type: "seen", id, seq }));
  }

  /** The post of this author did not happen. Returns false if there is no such post. */
  fail(author: string, problem: Fault): boolean {
    return this.#answer(author, (id) => ({ ...problem, id }));
  }

  failAll(problem: Fault): void {
    for (const author of [...this.#waiting.keys()]) this.fail(author, problem);
  }

  #answer(author: string, answer: (id: string) => Answer): boolean {
    // Few entries are posts, so mostly there is nothing to look up.
    const waiting = this.#waiting.size === 0 ? undefined : this.#waiting.get(author);
    if (!waiting) return false;
    this.#waiting.delete(author);
    waiting.answered(answer(waiting.id));
    return true;
  }
}
