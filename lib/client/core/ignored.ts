// The people whose messages, comings and goings are hidden. An ignore is for a person, not for a name: it follows a member
// to each name that it takes, and a member who takes a name that it has left behind is shown. After the person has left, only
// a name can tell that it is back: the next member who joins under one of its names is hidden. If some of its names are
// owned, only those count, since no other member can have them.

import type { Event, Member } from "../../protocol/events.ts";
import { nameKey } from "../../protocol/names.ts";
import type { People } from "./people.ts";

/**
 * A name that the person has or had. `until`: the `seq` of the last event at which it meant this person; Infinity while it
 * still does. `isOwned`: whether it belongs to a key, as far as the server has told.
 */
type Alias = { name: string; until: number; isOwned: boolean };
type Aliases = Map<string, Alias>;

/** How many names of a person are kept, and of how many people. */
const maxNames = 10;
const maxPeople = 200;

export class Ignored {
  /** Grows whenever the ignored people change: results of `has` hold as long as it is the same. */
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

  /** Shows the person again that has or had this name; false if none is ignored under it. */
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

  /** A member has this name now: the ignored person whose sign the name is, unless that person is here under another name. */
  #returned(name: string): void {
    const key = nameKey(name);
    for (const names of this.#names) {
      const alias = lasting(names).find((alias) => alias === names.get(key));
      const isHere = [...names.values()].some((other) => other !== alias && this.#isUsed(other));
      if (alias && !isHere) alias.until = Infinity;
    }
  }

  /** The member with this name left. Unless the name is a sign of its person, the next member under it is another person. */
  #left(name: string, seq: number): void {
    for (const names of this.#names) {
      const alias = names.get(nameKey(name));
      if (alias?.until === Infinity && !lasting(names).includes(alias)) alias.until = seq;
    }
  }

  /** After a welcome: if several names of one person are in use, the latest is that person's. */
  #tellApart(seq: number): void {
    if (this.#people.arriving) return;
    for (const names of this.#names) {
      const used = [...names.values()].filter((alias) => this.#isUsed(alias));
      for (const alias of used.slice(0, -1)) alias.until = seq;
    }
  }

  /** Notes whether the names of these members are owned. */
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

/** The names that are a sign of their person when it comes back: those that are owned, or if none is, all. */
function lasting(names: Aliases): Alias[] {
  const all = [...names.values()];
  const owned = all.filter(({ isOwned }) => isOwned);
  return owned.length > 0 ? owned : all;
}
