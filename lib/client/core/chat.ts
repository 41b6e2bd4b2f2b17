// What a person has to know of the room beside its lines, whatever draws them: which message is for us, who whispered,
// who is ignored, who came and went, what was not read yet. It takes in each event once, behind People.

import type { Event, Recorded } from "../../protocol/events.ts";
import { nameKey } from "../../protocol/names.ts";
import type { People, Person } from "./people.ts";

/** Whose coming and going is told. */
export type Joins = "all" | "active" | "none";

/** Somebody came or went, with the words that were said with it. */
export type Move = { name: string; what: "joined" | "left" | "came and went"; text: string };

export type Message = Extract<Recorded, { type: "said" | "acted" | "told" }>;

/** What a message is to us: a mention has our name in it, or is a whisper. */
export type Regard = "own" | "ignored" | "mention" | "other";

const wordStart = "(?<![\\p{L}\\p{M}\\p{N}_-])";
const wordEnd = "(?![\\p{L}\\p{M}\\p{N}_-])";

export class Chat {
  readonly people: People;
  /** What others said since `read`, the ignored left out, and how much of it is for us. */
  unread = { messages: 0, mentions: 0 };
  readonly #joins: Joins;
  readonly #ignored = new Set<string>();
  readonly #moves = new Map<string, Move>();
  #whisperer: Person | undefined;
  /** Whom the whisper in the row is for: who had the name when it was typed. */
  #addressee: { name: string; person: Person } | undefined;
  #mention = { name: "", pattern: /$^/g };
  /** The last answer of `regard`, which is asked more than once of each message. */
  #regarded: { message: Message; regard: Regard } | undefined;

  constructor(people: People, joins: Joins) {
    this.people = people;
    this.#joins = joins;
  }

  /** Takes in the next event, once People has. */
  apply(event: Event): void {
    switch (event.type) {
      case "joined":
      case "left":
        return this.#moved(event);
      case "renamed":
        if (this.#ignored.delete(nameKey(event.from))) this.#ignored.add(nameKey(event.to));
        return;
      case "said":
      case "acted":
      case "told":
        return this.#heard(event);
    }
  }

  regard(message: Message): Regard {
    if (this.#regarded?.message !== message) this.#regarded = { message, regard: this.#look(message) };
    return this.#regarded.regard;
  }

  /** Our name as a word of its own, in any case. */
  get mention(): RegExp {
    const { name } = this.people.me;
    if (name !== this.#mention.name) {
      // The name is what the server says it is: no pattern.
      const literal = name.replaceAll(/[^\p{L}\p{M}\p{N}_-]/gu, "");
      const pattern = literal === "" ? /$^/g : new RegExp(`${wordStart}${literal}${wordEnd}`, "giu");
      this.#mention = { name, pattern };
    }
    return this.#mention.pattern;
  }

  /** Everything up to here has been read. */
  read(): void {
    this.unread = { messages: 0, mentions: 0 };
  }

  /** Hides what is said under this name, and under the names it changes to; or shows it again. */
  ignore(name: string, ignored: boolean): void {
    if (ignored) this.#ignored.add(nameKey(name));
    else this.#ignored.delete(nameKey(name));
  }

  /** Who came and went and was not told yet. */
  takeMoves(): Move[] {
    const moves = [...this.#moves.values()];
    this.#moves.clear();
    return moves;
  }

  /** Who whispered to us last, as long as it is not ourselves. */
  get whisperer(): Person | undefined {
    return this.#whisperer === this.people.me ? undefined : this.#whisperer;
  }

  /** To be called with each change of the row, cut at the cursor. What is before it becomes, if something else. */
  typing(before: string, behind = ""): string | undefined {
    const [, name] = /^\/msg\s+(\S+)\s/i.exec(before + behind) ?? [];
    if (name === undefined) this.#addressee = undefined;
    else if (name !== this.#addressee?.name) {
      const person = this.people.find(name);
      this.#addressee = person && { name, person };
    }
    const person = this.whisperer;
    if (person?.gone !== false || !/^\/reply[^\S\n]$/i.test(before)) return undefined;
    this.#addressee = { name: person.name, person };
    return `/msg ${person.name} `;
  }

  /** Whom a whisper is for that was entered: who has the name, or had it when it was typed. */
  takeAddressee(name: string): Person | undefined {
    const typed = this.#addressee;
    this.#addressee = undefined;
    return typed && nameKey(typed.name) === nameKey(name) ? typed.person : this.people.find(name);
  }

  #look(message: Message): Regard {
    if (this.people.find(message.from) === this.people.me) return "own";
    if (this.#ignored.has(nameKey(message.from))) return "ignored";
    return message.type === "told" || message.text.search(this.mention) !== -1 ? "mention" : "other";
  }

  #heard(message: Message): void {
    const regard = this.regard(message);
    if (regard === "own" || regard === "ignored") return;
    if (message.type === "told") this.#whisperer = this.people.whisperer(message.from);
    this.unread.messages++;
    if (regard === "mention") this.unread.mentions++;
  }

  #moved({ type, name, at, text = "" }: Extract<Recorded, { type: "joined" | "left" }>): void {
    if (this.#joins === "none" || (this.#joins === "active" && !this.people.isActive(name, at))) return;
    const before = this.#moves.get(name)?.what;
    if (before === "left" && type === "joined") this.#moves.delete(name);
    else this.#moves.set(name, { name, what: before === "joined" ? "came and went" : type, text });
  }
}
