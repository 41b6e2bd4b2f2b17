// The state of the chat that every front end shows in its own way: which messages are for us, who whispered last, who is
// ignored, who came and went, how much is unread. Each event is applied once, after People has applied it.

import type { Event, Message, Recorded } from "../../protocol/events.ts";
import { nameKey } from "../../protocol/names.ts";
import { Ignored } from "./ignored.ts";
import { isUnreachable, type People, type Person } from "./people.ts";

/** Whose coming and going is shown; active members have spoken in the last half hour. */
export type Joins = "all" | "active" | "none";

/** A member came or went; `text`: the words that came with it, as of /quit, or empty; `at`: ms since 1970 UTC. */
export type Move = { name: string; what: "joined" | "left" | "came and went"; text: string; at: number };

/** A mention has our name or a word to highlight in it, or is a whisper to us. */
export type Regard = "own" | "ignored" | "mention" | "other";

/** How long a coming or going waits for others to share its line. */
export const settleMs = 1_000;

/** Scripts in which a name runs on into the next word, or into a particle, without a blank. */
const runningOn = String.raw`[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}]`;
/** A letter that makes a match beside it a part of a longer word. */
const letter = String.raw`[[\p{L}\p{M}\p{N}_\-]--${runningOn}]`;

export class Chat {
  readonly people: People;
  /** How many messages of others came since `read`, ignored people left out, and how many of them mention us. */
  unread = { messages: 0, mentions: 0 };
  /** The topic of the room; undefined if there is none. */
  topic: string | undefined;
  joins: Joins;
  /** Words that make a message a mention, as our name does. */
  highlight: readonly string[] = [];
  readonly ignored: Ignored;
  readonly #moves = new Map<string, Move>();
  #whisperer: Person | undefined;
  /** The addressee of the whisper in the input row: the member that had this name when it was typed. */
  #addressee: { name: string; person: Person } | undefined;
  #mention: { name: string; words: readonly string[]; pattern: RegExp } | undefined;
  /** The last result of `regard`, which is called more than once for each message. */
  #regarded: { message: Message; regard: Regard; changes: number } | undefined;

  constructor(people: People, joins: Joins) {
    this.people = people;
    this.joins = joins;
    this.ignored = new Ignored(people);
  }

  /** Applies the next event, which People must have applied before; true if an ignored person has another name by it. */
  apply(event: Event): boolean {
    const isFollowed = this.ignored.apply(event);
    this.#apply(event);
    return isFollowed;
  }

  #apply(event: Event): void {
    switch (event.type) {
      case "joined":
      case "left":
        return this.#moved(event);
      case "said":
      case "acted":
      case "told":
        return this.#received(event);
      case "welcome":
        this.topic = event.topic;
        return;
      case "topic":
      case "subject":
        this.topic = event.text;
        return;
    }
  }

  /** How a message concerns us. */
  regard(message: Message): Regard {
    const { changes } = this.ignored;
    if (this.#regarded?.message !== message || this.#regarded.changes !== changes) {
      this.#regarded = { message, regard: this.#regardOf(message), changes };
    }
    return this.#regarded.regard;
  }

  /** Whether another member wrote it, and it is shown. */
  isOfOthers(message: Message): boolean {
    const regard = this.regard(message);
    return regard === "other" || regard === "mention";
  }

  /** Matches our name, and the words to highlight, where they stand as whole words, in any case. */
  get mention(): RegExp {
    const { name } = this.people.me;
    const words = this.highlight;
    if (name !== this.#mention?.name || words !== this.#mention.words) {
      // The name comes from the server: signs in it could mark other words of the text.
      const sought = [name.replaceAll(/[^\p{L}\p{M}\p{N}_-]/gu, ""), ...words]
        .filter((word) => word !== "")
        .map(asWord);
      const pattern = sought.length === 0 ? /$^/g : new RegExp(sought.join("|"), "giv");
      this.#mention = { name, words, pattern };
    }
    return this.#mention.pattern;
  }

  /** The unread messages, to stand before a title: their number, with a "!" if one of them is for us; empty for none. */
  get unreadMark(): string {
    const { messages, mentions } = this.unread;
    return messages === 0 ? "" : `(${messages}${mentions === 0 ? "" : "!"}) `;
  }

  /** Marks all messages so far as read. */
  read(): void {
    this.unread = { messages: 0, mentions: 0 };
  }

  /** The comings and goings since the last call. */
  takeMoves(): Move[] {
    const moves = [...this.#moves.values()];
    this.#moves.clear();
    return moves;
  }

  /** The member who whispered to us last; undefined if that was ourselves, under an earlier name. */
  get whisperer(): Person | undefined {
    return this.#whisperer === this.people.me ? undefined : this.#whisperer;
  }

  /**
   * To be called after each change of the input row, with the text before and behind the cursor. Returns the text to put
   * before the cursor instead, if there is any: `/reply ` becomes a whisper to the last whisperer.
   */
  typing(before: string, behind = ""): string | undefined {
    const [, name] = /^\/msg\s+(\S+)\s/i.exec(before + behind) ?? [];
    if (name === undefined) this.#addressee = undefined;
    else if (name !== this.#addressee?.name) {
      const person = this.people.find(name);
      this.#addressee = person && { name, person };
    }
    const [, words] = /^\/reply[^\S\n](.*)$/is.exec(before) ?? [];
    const person = this.whisperer;
    if (words === undefined || !person || isUnreachable(person)) return undefined;
    this.#addressee = { name: person.name, person };
    return `/msg ${person.name} ${words}`;
  }

  /** The member that had this name when it was typed into the row; undefined if it was not typed there. */
  addressee(name: string): Person | undefined {
    const typed = this.#addressee;
    return typed && nameKey(typed.name) === nameKey(name) ? typed.person : undefined;
  }

  /** The addressee of a whisper that was entered: the member that had the name when it was typed. */
  takeAddressee(name: string): Person | undefined {
    const person = this.addressee(name) ?? this.people.find(name);
    this.#addressee = undefined;
    return person;
  }

  #regardOf(message: Message): Regard {
    if (this.people.find(message.from) === this.people.me) return "own";
    if (this.ignored.has(message.from, message.seq)) return "ignored";
    if (message.type === "told") return "mention";
    return message.text.normalize("NFC").search(this.mention) === -1 ? "other" : "mention";
  }

  #received(message: Message): void {
    const regard = this.regard(message);
    if (regard === "own" || regard === "ignored") return;
    if (message.type === "told") this.#whisperer = this.people.whisperer(message.from);
    this.unread.messages++;
    if (regard === "mention") this.unread.mentions++;
  }

  #moved({ type, name, at, seq, text = "" }: Extract<Recorded, { type: "joined" | "left" }>): void {
    if (this.ignored.has(name, seq)) return;
    if (this.joins === "none" || (this.joins === "active" && !this.people.isActive(name, at))) return;
    const before = this.#moves.get(name)?.what;
    if (before === "left" && type === "joined") this.#moves.delete(name);
    else this.#moves.set(name, { name, what: before === "joined" ? "came and went" : type, text, at });
  }
}

/**
 * Moves in words: one row for the members who said nothing with theirs, and a row for each of the others. `list` writes
 * names in a row.
 */
export function movesInWords(
  moves: readonly Move[],
  list: (names: string[]) => string = (names) => names.join(", "),
): string[] {
  const silent = (["joined", "left", "came and went"] as const).flatMap((what) => {
    const names = moves.filter((move) => move.what === what && move.text === "").map(({ name }) => name);
    return names.length === 0 ? [] : [`${list(names)} ${what}`];
  });
  // A stranger's words come last in their row, so that they cannot go on as if others had come or gone.
  const telling = moves.filter(({ text }) => text !== "");
  const rows = telling.map(({ name, what, text }) => `${name} ${what}: ${text}`);
  return silent.length === 0 ? rows : [silent.join(" · "), ...rows];
}

/** A pattern that matches this text where it stands as a whole word. Nothing in the text acts as a pattern. */
function asWord(text: string): string {
  const literal = text.normalize("NFC").replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  return `(?:(?<!${letter})|(?=${runningOn}))${literal}(?:(?!${letter})|(?<=${runningOn}))`;
}
