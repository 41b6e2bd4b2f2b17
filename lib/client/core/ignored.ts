// The people whose messages, comings and goings are hidden. An ignore is for a person, not for a name: it follows a member
// to each name that it takes, and a member who takes a name that it has left behind is shown. Once the person is not here,
// nothing but the names can tell who comes back: the next who joins under one of them is hidden. Where one of the names is
// owned, only owned names count for that: no other member can have them.

import type { Event, Member } from "../../protocol/events.ts";
import { nameKey } from "../../protocol/names.ts";
import type { People } from "./people.ts";

/**
 * A name that the person had. `until`: the last `seq` up to which it was this person's, Infinity while nothing ended that.
 * `isOwned`: as far as we know.
 */
type Alias = { name: string; until: number; isOwned: boolean };
type Aliases = Map<string, Alias>;

/** How many names of a person are kept, and of how many people. */
const maxNames = 10;
const maxPeople = 200;

export class Ignored {
  /** Counts the changes of who is ignored. */
  changes = 0;
  readonly #people: People;
  /** The names of each ignored person by key, the latest at the end. */
  #names: Aliases[] = [];

  constructor(people: People) {
    this.#people = people;
  }

  /** The names of each ignored person that are to be kept. */
  get list(): string[][] {
    return this.#names.map((names) => lasting(names).map(({ name }) => name));
  }

  set list(people: string[][]) {
    this.changes++;
    this.#names = people.slice(-maxPeople).map((names) => this.#aliases(names.slice(-maxNames)));
  }

  add(name: string): void {
    if (this.#find(name)) return;
    this.changes++;
    this.#names.push(this.#aliases([name]));
    if (this.#names.length > maxPeople) this.#names.shift();
  }

  /** Shows the person again who has or had that name; false if there is none. */
  remove(name: string): boolean {
    const found = this.#find(name);
    this.changes++;
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
    switch (event.type) {
      case "welcome":
        this.#know(event.members);
        this.#tellApart(event.seq);
        return false;
      case "joined":
        this.#know([event]);
        this.#returned(event.name);
        return false;
      case "left":
        this.#left(event.name, event.seq);
        return false;
      case "renamed":
        return this.#renamed(event);
      default:
        return false;
    }
  }

  #renamed({ from, to, seq, owned }: Extract<Event, { type: "renamed" }>): boolean {
    const names = this.#names.find((names) => names.get(nameKey(from))?.until === Infinity);
    const before = names?.get(nameKey(from));
    if (!names || !before) {
      this.#know([{ name: to, owned }]);
      this.#returned(to);
      return false;
    }
    before.until = seq - 1;
    names.delete(nameKey(to));
    names.set(nameKey(to), { name: to, until: Infinity, isOwned: owned ?? false });
    const [oldest] = names.keys();
    if (names.size > maxNames && oldest !== undefined) names.delete(oldest);
    return true;
  }

  /** A name that counts is in use again: it is that person, unless that is here under another name. */
  #returned(name: string): void {
    const key = nameKey(name);
    for (const names of this.#names) {
      const alias = lasting(names).find((alias) => alias === names.get(key));
      const isHere = [...names.values()].some((other) => other !== alias && this.#isUsed(other));
      if (alias && !isHere) alias.until = Infinity;
    }
  }

  /** A name that does not count is given up: who takes it next is another person. */
  #left(name: string, seq: number): void {
    for (const names of this.#names) {
      const alias = names.get(nameKey(name));
      if (alias?.until === Infinity && !lasting(names).includes(alias)) alias.until = seq;
    }
  }

  /** Of several names of one person that are in use at a start, the latest is that person's. */
  #tellApart(seq: number): void {
    if (this.#people.arriving) return;
    for (const names of this.#names) {
      const used = [...names.values()].filter((alias) => this.#isUsed(alias));
      for (const alias of used.slice(0, -1)) alias.until = seq;
    }
  }

  #know(members: Pick<Member, "name" | "owned">[]): void {
    if (this.#names.length === 0) return;
    for (const { name, owned = false } of members) {
      for (const names of this.#names) {
        const alias = names.get(nameKey(name));
        if (alias) alias.isOwned = owned;
      }
    }
  }

  #isUsed({ name, until }: Alias): boolean {
    return until === Infinity && this.#people.find(name) !== undefined;
  }

  #find(name: string): Aliases | undefined {
    const key = nameKey(name);
    const found = this.#names.find((names) => names.get(key)?.until === Infinity);
    // A name that another member has by now belongs to that one.
    return found ?? (this.#people.find(name) ? undefined : this.#names.find((names) => names.has(key)));
  }

  #aliases(names: string[]): Aliases {
    return new Map(
      names.map((name) => {
        const isOwned = this.#people.find(name)?.owned ?? false;
        return [nameKey(name), { name, until: Infinity, isOwned }];
      }),
    );
  }
}

/** The names by which a person that was away is known again. */
function lasting(names: Aliases): Alias[] {
  const all = [...names.values()];
  const owned = all.filter(({ isOwned }) => isOwned);
  return owned.length > 0 ? owned : all;
}
