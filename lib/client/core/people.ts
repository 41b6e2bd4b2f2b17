// The members of the room, as of the last event that was given out. A Person stays the same one when its name changes,
// and once it has left, another member under the same name is another Person, unless the name is owned: then only its
// owner comes back under it. So a whisper that is meant for one member never reaches another.
//
//   welcome at 20, we are at 12 ──events 13 … 20──▶ arrived: the members of the welcome are the ones here
//                                └─ or a gap: names may have changed hands in it, so every name is a new Person
//
// People also knows who has spoken lately: completion offers them first, and their comings and goings are shown.

import type { Event, Member, Recorded, Welcome } from "../../protocol/events.ts";
import { isFault } from "../../protocol/events.ts";
import { cleanName, nameKey } from "../../protocol/names.ts";

/**
 * A member, with the name it has now, or had last before it was gone. `owned`: the name is kept for it; `away`: it was
 * not connected when the room told of it last, and has said nothing since.
 */
export type Person = { name: string; gone: boolean; owned?: boolean; operator?: boolean; away?: boolean };

/** Whether no whisper can reach this person any more: it has left, and a later member of that name is another person. */
export function isUnreachable({ gone, owned = false }: Person): boolean {
  return gone && !owned;
}

/** How long after its last message a member counts as active. */
const activeMs = 30 * 60_000;
/** How many speakers and how many absent owners are remembered: a long run meets new names without end. */
const namesKept = 5_000;

export class People {
  /** Ourselves. Gone before the first welcome. */
  me: Person = { name: "", gone: true };
  /** The members by the key of their name, in the order in which they came. */
  readonly #here = new Map<string, Person>();
  /** The owners that have left, by the key of their name, the last one at the end. */
  readonly #away = new Map<string, Person>();
  /** The time of each name's last message, by key; the name of the message that came last is at the end. */
  readonly #spokeAt = new Map<string, number>();
  #epoch: string | undefined;
  /** The last welcome, while events from before it are still to come. */
  #welcome: Welcome | undefined;

  /** Applies the next event. */
  apply(event: Event): void {
    if ("at" in event) {
      if (this.#welcome && event.seq > this.#welcome.seq) this.arrive();
      this.#happened(event);
      this.#spoke(event);
    } else if (event.type === "welcome") this.#welcomed(event);
    else if (event.type === "epoch") this.#epoch = event.epoch;
    else if (event.type === "members" && !this.#welcome) this.#assemble(event.members);
    else if (event.type === "history" || event.type === "waiting")
      for (const past of event.events) this.#spoke(past);
    else if (event.type === "gap") this.#lose();
  }

  /** To be called once all events from before the last welcome have come. */
  arrive(): void {
    if (!this.#welcome) return;
    const { name, members } = this.#welcome;
    this.#welcome = undefined;
    this.#assemble(members);
    // A newcomer's own `joined` is still to come.
    this.me = this.find(name) ?? { name, gone: false };
  }

  /** Whether events from before the last welcome are still to come. */
  get arriving(): boolean {
    return this.#welcome !== undefined;
  }

  /** The member with that name, in any case or width. */
  find(name: string): Person | undefined {
    const key = nameKey(name);
    return this.#here.get(key) ?? (!this.me.gone && nameKey(this.me.name) === key ? this.me : undefined);
  }

  /** The member with that name, or else its absent owner. */
  known(name: string): Person | undefined {
    return this.find(name) ?? this.#away.get(nameKey(name));
  }

  /** The sender of a whisper that has just come. The server whispers too, and is no member. */
  whisperer(name: string): Person {
    const known = this.find(name);
    if (known) return known;
    const person = { name, gone: false };
    if (!isFault(cleanName(name))) this.#here.set(nameKey(name), person);
    return person;
  }

  /** The names of all members, most recently active first. */
  get names(): string[] {
    const spoke = [...this.#spokeAt].reverse().filter(([key]) => this.#here.has(key));
    const active = spoke.sort(([, one], [, other]) => other - one).map(([key]) => key);
    return [...new Set([...active, ...this.#here.keys()])].map((key) => this.#here.get(key)?.name ?? key);
  }

  /** How many members are here, we among them. */
  get count(): number {
    const isListed = this.me.gone || this.#here.has(nameKey(this.me.name));
    return this.#here.size + (isListed ? 0 : 1);
  }

  /** Whether that name spoke in the half hour before `at`, milliseconds since 1970 UTC. */
  isActive(name: string, at: number): boolean {
    return (this.#spokeAt.get(nameKey(name)) ?? -Infinity) > at - activeMs;
  }

  /** Whether a message under this name was seen, whichever member had it then. */
  hasSpoken(name: string): boolean {
    return this.#spokeAt.has(nameKey(name));
  }

  #welcomed(welcome: Welcome): void {
    const isFirst = this.#epoch === undefined;
    if (welcome.epoch !== this.#epoch && !welcome.resumed) this.#lose();
    this.#epoch = welcome.epoch;
    this.#welcome = welcome;
    if (isFirst) this.arrive();
  }

  /** Makes these the members. */
  #assemble(members: Member[]): void {
    const keys = new Set(members.map(({ name }) => nameKey(name)));
    for (const key of this.#here.keys()) if (!keys.has(key)) this.#leave(key);
    for (const { name, owned = false, operator = false, away = false } of members) {
      const person = this.find(name) ?? this.#returning(name, owned);
      Object.assign(person, { name, owned, operator, away });
      this.#here.set(nameKey(name), person);
    }
  }

  /** Marks all people as gone, since after lost events each name may belong to another member. */
  #lose(): void {
    for (const [key, person] of this.#here) {
      const other = { ...person };
      Object.assign(person, { gone: true, owned: false });
      this.#here.set(key, other);
      if (person === this.me) this.me = other;
    }
    for (const person of this.#away.values()) person.owned = false;
    this.#away.clear();
  }

  #happened(event: Recorded): void {
    switch (event.type) {
      case "joined":
        return this.#join(event.name, event.owned);
      case "freed":
        return this.#free(nameKey(event.name ?? ""));
      case "left":
      case "kicked":
      case "banned":
        if (event.name !== undefined) this.#leave(nameKey(event.name));
        return;
      case "renamed":
        return this.#rename(event.from, event.to, event.owned);
      case "opped":
      case "deopped":
        return this.#mark(event.name, { operator: event.type === "opped" });
      case "said":
      case "acted":
      case "told":
        return this.#mark(event.from, { away: false });
    }
  }

  #mark(name: string, marks: Pick<Person, "operator" | "away">): void {
    const person = this.find(name);
    if (person) Object.assign(person, marks);
  }

  #join(name: string, owned = false): void {
    const key = nameKey(name);
    // Our own `joined` comes right behind our first welcome.
    if (!this.me.gone && nameKey(this.me.name) === key) {
      this.me.owned = owned;
      this.#here.set(key, this.me);
      return;
    }
    this.#leave(key);
    this.#here.set(key, this.#returning(name, owned));
  }

  /** The person that comes under a name: the owner who was here before, or a new person. */
  #returning(name: string, owned: boolean): Person {
    const key = nameKey(name);
    if (!owned) this.#free(key);
    const person = this.#away.get(key) ?? { name, gone: false };
    this.#away.delete(key);
    return Object.assign(person, { name, gone: false, owned, operator: false, away: false });
  }

  /** The name is not kept any more: the next member under it is another person. */
  #free(key: string): void {
    for (const person of [this.#here.get(key), this.#away.get(key)]) if (person) person.owned = false;
    this.#away.delete(key);
  }

  #leave(key: string): void {
    const person = this.#here.get(key);
    if (person) person.gone = true;
    this.#here.delete(key);
    if (!person?.owned) return;
    this.#away.delete(key);
    this.#away.set(key, person);
    forgetOldest(this.#away);
  }

  #rename(from: string, to: string, owned = false): void {
    const person = this.find(from) ?? { name: from, gone: false };
    this.#here.delete(nameKey(from));
    this.#leave(nameKey(to));
    if (!owned) this.#free(nameKey(to));
    Object.assign(person, { name: to, owned });
    this.#here.set(nameKey(to), person);
    const spokeAt = this.#spokeAt.get(nameKey(from));
    this.#spokeAt.delete(nameKey(from));
    if (spokeAt !== undefined) this.#spokeAt.set(nameKey(to), spokeAt);
  }

  #spoke(event: Recorded): void {
    if (event.type !== "said" && event.type !== "acted" && event.type !== "told") return;
    const key = nameKey(event.from);
    // A history that was asked for brings earlier messages behind later ones.
    const at = Math.max(event.at, this.#spokeAt.get(key) ?? 0);
    this.#spokeAt.delete(key);
    this.#spokeAt.set(key, at);
    forgetOldest(this.#spokeAt);
  }
}

function forgetOldest(names: Map<string, unknown>): void {
  const [oldest] = names.keys();
  if (names.size > namesKept && oldest !== undefined) names.delete(oldest);
}
