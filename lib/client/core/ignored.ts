// The people whose messages, comings and goings are hidden. An ignore is for a person, not for a name: it follows a member
// to each name that it takes, and whoever takes a name that this member has left behind is shown. Once the member is not
// here, nothing but the names can tell who comes back: the next who joins under one of them is hidden.

import type { Event } from "../../protocol/events.ts";
import { nameKey } from "../../protocol/names.ts";
import type { People } from "./people.ts";

/** A name that the person had, and the last `seq` up to which it was this person's; Infinity while nothing ended that. */
type Alias = { name: string; until: number };

/** How many names of a person are kept, and of how many people. */
const maxNames = 10;
const maxPeople = 200;

export class Ignored {
  readonly #people: People;
  /** The names of each ignored person by key, the latest at the end. */
  #names: Map<string, Alias>[] = [];

  constructor(people: People) {
    this.#people = people;
  }

  /** The names of each ignored person. */
  get list(): string[][] {
    return this.#names.map((names) => Array.from(names.values(), ({ name }) => name));
  }

  set list(people: string[][]) {
    this.#names = people
      .slice(-maxPeople)
      .map(
        (names) => new Map(names.slice(-maxNames).map((name) => [nameKey(name), { name, until: Infinity }])),
      );
  }

  add(name: string): void {
    if (!this.#find(name)) this.list = [...this.list, [name]];
  }

  /** Shows the person again who has or had that name; false if there is none. */
  remove(name: string): boolean {
    const found = this.#find(name);
    this.#names = this.#names.filter((names) => names !== found);
    return found !== undefined;
  }

  /** Whether it was an ignored person that had this name at the event `seq`. */
  has(name: string, seq = Infinity): boolean {
    const key = nameKey(name);
    return this.#names.some((names) => seq <= (names.get(key)?.until ?? -1));
  }

  /** Applies the next event; true if an ignored person has another name by it. */
  apply(event: Event): boolean {
    if (event.type === "joined") this.#returned(event.name);
    if (event.type !== "renamed") return false;
    const names = this.#names.find((names) => names.get(nameKey(event.from))?.until === Infinity);
    if (!names) {
      this.#returned(event.to);
      return false;
    }
    names.set(nameKey(event.from), { name: event.from, until: event.seq - 1 });
    names.delete(nameKey(event.to));
    names.set(nameKey(event.to), { name: event.to, until: Infinity });
    const [oldest] = names.keys();
    if (names.size > maxNames && oldest !== undefined) names.delete(oldest);
    return true;
  }

  /** A name that an ignored person had is in use again: it is that person, unless that is here under another name. */
  #returned(name: string): void {
    const key = nameKey(name);
    for (const names of this.#names) {
      const alias = names.get(key);
      const isHere = [...names.values()].some((other) => {
        return other !== alias && other.until === Infinity && this.#people.find(other.name);
      });
      if (alias && !isHere) alias.until = Infinity;
    }
  }

  #find(name: string): Map<string, Alias> | undefined {
    const key = nameKey(name);
    // A name that another member has by now belongs to that one.
    return this.#names.find((names) => names.get(key)?.until === Infinity) ?? this.#left(key);
  }

  #left(key: string): Map<string, Alias> | undefined {
    return this.#people.find(key) ? undefined : this.#names.find((names) => names.has(key));
  }
}
