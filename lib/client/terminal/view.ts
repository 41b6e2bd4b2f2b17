// Renders an event for a person: its lines, and whether it rings. A screen or a pipe prints them.
// All text of other members is made visible here, even if the server did so already, and only the first row of a message
// starts at the margin, so that no message can pass for another.

import type picocolors from "picocolors";
import { deletion, inWords, memberList } from "../../dialects/words.ts";
import {
  type Event,
  isMessage,
  type Member,
  type Message,
  type Recorded,
  type Welcome,
} from "../../protocol/events.ts";
import { nameKey } from "../../protocol/names.ts";
import { visible, visibleRow } from "../../protocol/text.ts";
import { wrap } from "../../terminal/wrap.ts";
import { type Chat, movesInWords } from "../core/chat.ts";
import { wordsSought } from "../core/past/hits.ts";
import type { Missed } from "../kept/missed.ts";
import { clockOf, sinceWords } from "../kept/times.ts";

/** The functions of picocolors; those of `createColors(false)` leave text as it is. */
export type Colors = ReturnType<typeof picocolors.createColors>;

export type ViewOptions = {
  colors: Colors;
  time: "off" | "short" | "full";
  /** Which messages ring. */
  bell: "off" | "mention" | "all";
  /** The width to wrap at; Infinity for none. */
  columns: () => number;
  /** The number of a message that was found by the last search. */
  hitNumber?: (seq: number) => number | undefined;
};

/** How many members are named at the start; /who names all. */
const namedAtStart = 30;

/** Colours that are readable on light and on dark backgrounds. */
const palette = ["cyan", "green", "magenta", "red", "blue", "yellow"] as const;

export class View {
  readonly #chat: Chat;
  readonly #options: ViewOptions;
  /** Names in their colours, and the colours that they were made with. */
  readonly #names = new Map<string, string>();
  #namesIn: Colors | undefined;
  #welcomed = false;
  /** The minute of the last line with a time, the text for that time, and its day. */
  #minute = "";
  #clock = "";
  #day = "";

  constructor(chat: Chat, options: ViewOptions) {
    this.#chat = chat;
    this.#options = options;
  }

  get #colors(): Colors {
    return this.#options.colors;
  }

  /** The lines for an event that the chat has applied; none if there is nothing to read, or if `settle` returns them later. */
  render(event: Event): string[] {
    const lines = this.#lines(event);
    return lines.length === 0 ? lines : [...this.settle(), ...lines];
  }

  /** The members who came and went since the last line. */
  settle(): string[] {
    const moves = this.#chat.takeMoves();
    const at = moves.at(-1)?.at ?? 0;
    return movesInWords(moves).flatMap((row) => this.#happened(at, row));
  }

  /** Whether a live event is worth the bell. */
  rings(event: Event): boolean {
    const { bell } = this.#options;
    if (bell === "off" || !isMessage(event)) return false;
    return this.calls(event) || (bell === "all" && this.#chat.regard(event) === "other");
  }

  /** Whether a live event is for us: our name is in it, or it is a whisper. */
  calls(event: Event): event is Message {
    return isMessage(event) && this.#chat.regard(event) === "mention";
  }

  /** A line of the client, not of a member. */
  notice(text: string): string[] {
    return this.#wrap("", visibleRow(text)).map(this.#colors.dim);
  }

  problem(text: string): string[] {
    return this.#wrap("! ", visibleRow(text)).map(this.#colors.yellow);
  }

  /** A line that sets apart the lines below it. */
  divider(text: string): string[] {
    return this.#wrap("── ", `${visibleRow(text)} ──`).map(this.#colors.dim);
  }

  /** The missed messages, in a block of their own; no lines if there were none. */
  missed(missed: Missed): string[] {
    const { since, messages, last, seen, hasGap, isUnknown } = missed;
    const when =
      since === undefined ? "while you were away" : `since you left ${sinceWords(since, new Date())}`;
    const settled = this.settle();
    if (isUnknown) {
      const problem = `What you missed ${when} cannot be told: the room's history is another one now`;
      return [...settled, ...this.problem(problem), ...this.#past(last, "earlier")];
    }
    if (messages === 0 && !hasGap && seen.length > 0) {
      return [...settled, ...this.#past([...seen, ...last], "earlier")];
    }
    const lost = hasGap
      ? this.problem(`Some of what was said ${when} is missing here: it is no longer kept`)
      : [];
    if (messages > 0) return [...settled, ...this.#missedBlock(missed, when, lost)];
    return [...settled, ...lost, ...last.flatMap((event) => this.#lines(event))];
  }

  /** `lost`: lines that say that some messages are not kept any more. */
  #missedBlock({ messages, mentions, hasMore, before, last, seen }: Missed, when: string, lost: string[]) {
    const context = seen.flatMap((event) => this.past(event));
    const shown = last.filter((event) => isMessage(event)).length;
    const title = [
      `${hasMore ? "more than " : ""}${messages.toLocaleString("en-GB")} ${when}`,
      ...(mentions > 0 ? [`, ${mentions.toLocaleString("en-GB")} of them for you`] : []),
      ...(hasMore || messages > shown ? [` · the last ${shown}`] : []),
    ].join("");
    return [
      ...(context.length > 0 ? [...this.divider("earlier"), ...context] : []),
      ...this.divider(title),
      ...lost,
      ...before.flatMap((event) => this.#message(event)),
      ...(before.length > 0 ? this.notice("⋯") : []),
      ...last.flatMap((event) => this.#lines(event)),
      ...this.divider("now"),
    ];
  }

  /** The lines of an event in a history; of a hit, with its number and with the words that were searched for marked. */
  past(event: Recorded, words?: string): string[] {
    if ("from" in event && "text" in event) return this.#message(event, words);
    if (event.type === "erased") return this.#happened(event.at, "(taken back)");
    return event.type === "joined" || event.type === "left" ? [] : this.#lines(event);
  }

  #lines(event: Event): string[] {
    switch (event.type) {
      case "said":
      case "acted":
      case "told":
        return this.#message(event);
      case "welcome":
        return this.#welcome(event);
      case "history":
        return this.#history(event);
      case "waiting":
        return this.#past(event.events, "waited for you");
      case "results":
        return this.#results(event);
      case "members":
        return this.notice(here(event.members));
      case "deleted":
        // Lines on the screen cannot be changed any more: a notice says which message was taken back.
        return this.notice(deletion(event, clockOf));
      case "gap":
        return this.problem(inWords(event));
      case "error":
      case "bye":
        return this.problem(event.text);
      case "note":
        return this.notice(event.text);
      case "help":
        return visible(event.text)
          .split("\n")
          .flatMap((row) => this.#helpRow(row));
      case "moved":
        return [];
      case "renamed":
        if (this.#chat.ignored.has(event.to, event.seq)) return [];
    }
    const rows = inWords(event)
      .split("\n")
      .filter((row) => row !== "");
    return rows.flatMap((row) => ("at" in event ? this.#happened(event.at, row) : this.notice(row)));
  }

  /** Shown at the start, and not again after each drop. */
  #welcome(welcome: Welcome): string[] {
    if (this.#welcomed) return [];
    this.#welcomed = true;
    const { name, topic } = welcome;
    return [
      ...this.notice(`You are connected as ${name}. ${here(others(welcome), namedAtStart)} /help for help.`),
      ...(topic === undefined ? [] : this.notice(inWords({ type: "subject", text: topic }))),
    ];
  }

  /** A person asked for a history with an id, and is told if there is nothing in it. */
  #history({ events, id, before }: Extract<Event, { type: "history" }>): string[] {
    const lines = this.#past(events, "earlier");
    if (lines.length > 0 || id === undefined) return lines;
    return this.notice(`Nothing was said ${before === undefined ? "yet" : "lately"}`);
  }

  #results({ events, text, more }: Extract<Event, { type: "results" }>): string[] {
    const below = more ? this.notice("/search shows older ones") : [];
    const lines = this.#past(events, `found "${text}"`, { words: text, more: below });
    return lines.length > 0 ? lines : this.notice(`Nothing was found for "${text}"`);
  }

  /** A summary that is too long goes on below itself, not below the command. */
  #helpRow(row: string): string[] {
    const [, command = "", summary = ""] = /^(\S.*? {2,}|)(.*)$/.exec(row) ?? [];
    return this.#wrap(command, summary);
  }

  /** A line about something that happened; the time stands before it only if each line has the full time. */
  #happened(at: number, text: string): string[] {
    const [dateLine, time] = this.#options.time === "full" ? this.#timeOf(at) : [[], ""];
    return [...dateLine, ...this.#wrap(time, visibleRow(text)).map(this.#colors.dim)];
  }

  /** Events of the past between dividers, without comings and goings. */
  #past(events: Recorded[], title: string, found?: { words: string; more: string[] }): string[] {
    const lines = events.flatMap((event) => this.past(event, found?.words));
    if (lines.length === 0) return lines;
    return [...this.divider(title), ...lines, ...(found?.more ?? []), ...this.divider("now")];
  }

  #message(event: Message, words?: string): string[] {
    const regard = this.#chat.regard(event);
    if (regard === "ignored") return [];
    const mentioned = regard === "mention";
    const name = this.#name(event.from);
    const from = mentioned ? this.#colors.bold(name) : name;
    const mention = mentioned ? this.#chat.mention : undefined;
    const marked = words === undefined ? mention : wordsSought(words);
    const hit = words === undefined ? undefined : this.#options.hitNumber?.(event.seq);
    const number = hit === undefined ? "" : this.#colors.dim(`[${hit}] `);
    const [dateLine, time] = this.#timeOf(event.at);
    // In NFC, as the pattern is: a letter and its mark may come as one character or as two.
    const text = visible(event.text).normalize("NFC");
    return [...dateLine, ...this.#wrap(time + number + this.#headOf(event, from), text, marked)];
  }

  /** The part of a message before its text. */
  #headOf(event: Message, from: string): string {
    if (event.type === "told") return `[${from} to ${this.#name(event.to)}${event.away ? " (away)" : ""}] `;
    return event.type === "acted" ? `* ${from} ` : `${from}: `;
  }

  /** The time to put before a line, and a divider with the day if the line before was of another day. */
  #timeOf(at: number): [dateLine: string[], time: string] {
    const { time } = this.#options;
    if (time === "off") return [[], ""];
    const minute = `${time} ${Math.floor(at / 60_000)}`;
    const date = minute === this.#minute && time === "short" ? undefined : new Date(at);
    if (!date) return [[], this.#clock];
    this.#minute = minute;
    const clock = date.toTimeString().slice(0, time === "short" ? 5 : 8);
    const day = date.toLocaleDateString("en-CA");
    this.#clock = `${this.#colors.dim(time === "short" ? clock : `${day} ${clock}`)} `;
    if (day === this.#day) return [[], this.#clock];
    const isFirst = this.#day === "" && day === new Date().toLocaleDateString("en-CA");
    this.#day = day;
    return [isFirst ? [] : this.divider(date.toDateString()), this.#clock];
  }

  #wrap(head: string, text: string, marked?: RegExp): string[] {
    const mark = marked && ((row: string) => row.replace(marked, this.#colors.inverse));
    return wrap(head, text, this.#options.columns(), mark);
  }

  #name(name: string): string {
    if (this.#namesIn !== this.#colors) this.#names.clear();
    this.#namesIn = this.#colors;
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const hash = Bun.hash.crc32(nameKey(name));
    const drawn = this.#colors[palette[hash % palette.length] ?? "cyan"](visibleRow(name));
    if (this.#names.size > 10_000) this.#names.clear();
    this.#names.set(name, drawn);
    return drawn;
  }
}

/** The members without ourselves: of a client that comes back to its seat, the welcome lists it as well. */
function others({ name, members }: Welcome): Member[] {
  return members.filter((member) => nameKey(member.name) !== nameKey(name));
}

/** Lists the members, at most `most` of them by name: all names of a full room would take the whole screen. */
function here(members: Member[], most = Infinity): string {
  if (members.length === 0) return "Nobody else is here.";
  const more = members.length > most ? ` and ${members.length - most} more` : "";
  return `Here: ${memberList(members.slice(0, most))}${more}.`;
}
