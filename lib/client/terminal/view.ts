// Event → what a person reads: lines, and whether to ring. Where they go is the prompt's business, or a pipe's.
// Everything that came from somebody else is made visible here once more, whatever the server did, and only the first
// row of a message starts at the margin, so that no message can pass for another.

import type picocolors from "picocolors";
import { render } from "../../dialects/plain.ts";
import type { Event, Member, Recorded } from "../../protocol/events.ts";
import { nameKey } from "../../protocol/names.ts";
import { visible, visibleRow } from "../../protocol/text.ts";
import { wrap } from "../../terminal/wrap.ts";
import { People } from "../core/people.ts";

export type Colors = ReturnType<typeof picocolors.createColors>;

export type ViewOptions = {
  colors: Colors;
  time: "off" | "short" | "full";
  /** Whose coming and going is told. */
  joins: "all" | "active" | "none";
  /** What rings. */
  bell: "off" | "mention" | "all";
  /** The width to wrap at; Infinity for none. */
  columns: () => number;
};

/** Colours that stay readable on light and on dark. */
const palette = ["cyan", "green", "magenta", "red", "blue", "yellow"] as const;

export class View {
  readonly company = new People();
  /** Who whispered to us last. */
  lastWhisperer: string | undefined;
  /** Whether something since the last look wants the bell. */
  #ring = false;
  readonly #options: ViewOptions;
  readonly #colors: Colors;
  readonly #ignored = new Set<string>();
  /** Who came or went and has not been told yet. */
  readonly #moves = new Map<string, { what: "joined" | "left" | "came and went"; text: string }>();
  readonly #names = new Map<string, string>();
  #welcomed = false;
  #me = "";
  #mention = /$^/;
  #minute = 0;
  #clock = "";
  #day = "";

  constructor(options: ViewOptions) {
    this.#options = options;
    this.#colors = options.colors;
  }

  set me(name: string) {
    this.#me = nameKey(name);
    // The name is what the server says it is.
    const literal = name.replaceAll(/[^\p{L}\p{M}\p{N}_-]/gu, "");
    this.#mention = literal === "" ? /$^/g : new RegExp(`${wordStart}${literal}${wordEnd}`, "giu");
  }

  /** The lines for one event; none if there is nothing to read in it, or not yet. */
  render(event: Event): string[] {
    this.company.apply(event);
    if (event.type === "joined" || event.type === "left") {
      this.#moved(event);
      return [];
    }
    const lines = this.#lines(event);
    return lines.length === 0 ? lines : [...this.settle(), ...lines];
  }

  /** Those who came and went since the last line, in one; whoever said something with it, in a row of their own. */
  settle(): string[] {
    const moves = [...this.#moves];
    this.#moves.clear();
    const silent = (["joined", "left", "came and went"] as const).flatMap((what) => {
      const names = moves.filter(([, move]) => move.what === what && move.text === "").map(([name]) => name);
      return names.length === 0 ? [] : [`${names.join(", ")} ${what}`];
    });
    // A stranger's words come last in their row, so that they cannot go on as if others had come or gone.
    const telling = moves.filter(([, { text }]) => text !== "");
    const rows = telling.map(([name, { what, text }]) => `${name} ${what}: ${text}`);
    return [...(silent.length === 0 ? [] : [silent.join(" · ")]), ...rows].flatMap((row) => this.notice(row));
  }

  /** Whether to ring; asked once for each time. */
  takeBell(): boolean {
    const ring = this.#ring;
    this.#ring = false;
    return ring;
  }

  /** A line of our own. */
  notice(text: string): string[] {
    return this.#wrap("", visibleRow(text)).map(this.#colors.dim);
  }

  problem(text: string): string[] {
    return this.#wrap("! ", visibleRow(text)).map(this.#colors.yellow);
  }

  /** Sets apart what follows. */
  divider(text: string): string[] {
    return this.#wrap("── ", `${visibleRow(text)} ──`).map(this.#colors.dim);
  }

  /** Whether this name's messages are hidden now. */
  toggleIgnored(name: string, ignored: boolean): void {
    if (ignored) this.#ignored.add(nameKey(name));
    else this.#ignored.delete(nameKey(name));
  }

  #lines(event: Event): string[] {
    switch (event.type) {
      case "said":
      case "acted":
      case "told":
        return this.#message(event, true);
      case "renamed":
        return this.notice(`${visibleRow(event.from)} is now ${visibleRow(event.to)}`);
      case "kicked":
      case "banned":
      case "unbanned":
      case "muted":
      case "unmuted":
      case "opped":
      case "topic":
      case "subject":
      case "bans":
        return render(event)
          .split("\n")
          .flatMap((row) => this.notice(row));
      case "welcome":
        // After a drop nobody needs to be told again.
        if (this.#welcomed) return [];
        this.#welcomed = true;
        return [
          ...this.notice(`You are connected as ${event.name}. ${here(event.members)} /help for help.`),
          ...(event.topic === undefined ? [] : this.notice(`The topic is: ${event.topic}`)),
        ];
      case "members":
        return this.notice(here(event.members));
      case "history":
        return this.#past(event.events, "earlier");
      case "results":
        if (event.events.length === 0) return this.notice(`Nothing was found for "${event.text}"`);
        return this.#past(event.events, `found "${event.text}"`, wordsOf(event.text));
      case "gap":
        return this.problem("Some lines are missing here: they are no longer kept");
      case "error":
      case "bye":
        return this.problem(event.text);
      case "help":
        return visible(event.text).split("\n");
      default:
        return [];
    }
  }

  /** Events of the past, set apart, without the coming and going. */
  #past(events: Recorded[], title: string, hits?: RegExp): string[] {
    const lines = events.flatMap((past) => {
      if ("from" in past && "text" in past) return this.#message(past, false, hits);
      return past.type === "renamed" ? this.#lines(past) : [];
    });
    return lines.length === 0 ? lines : [...this.divider(title), ...lines, ...this.divider("now")];
  }

  #message(event: Message, live: boolean, hits?: RegExp): string[] {
    const mine = nameKey(event.from) === this.#me;
    if (!mine && this.#ignored.has(nameKey(event.from))) return [];
    const mentioned = !mine && (event.type === "told" || event.text.search(this.#mention) !== -1);
    if (live && !mine) {
      if (event.type === "told") this.lastWhisperer = event.from;
      const { bell } = this.#options;
      this.#ring ||= bell === "all" || (bell === "mention" && mentioned);
    }
    const name = this.#name(event.from);
    const from = mentioned ? this.#colors.bold(name) : name;
    const head = {
      said: () => `${from}: `,
      acted: () => `* ${from} `,
      told: () => `[${from} to ${this.#name(event.type === "told" ? event.to : "")}] `,
    };
    const marked = hits ?? (mentioned ? this.#mention : undefined);
    const [dateLine, time] = this.#timeOf(event.at);
    return [...dateLine, ...this.#wrap(time + head[event.type](), visible(event.text), marked)];
  }

  /** The day if it is another one than that of the line before, and the time to stand before the message. */
  #timeOf(at: number): [dateLine: string[], time: string] {
    const { time } = this.#options;
    if (time === "off") return [[], ""];
    const minute = Math.floor(at / 60_000);
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

  #moved({ type, name, at, text = "" }: Move): void {
    const { joins } = this.#options;
    if (joins === "none" || (joins === "active" && !this.company.isActive(name, at))) return;
    const before = this.#moves.get(name)?.what;
    if (before === "left" && type === "joined") this.#moves.delete(name);
    else this.#moves.set(name, { what: before === "joined" ? "came and went" : type, text });
  }

  #name(name: string): string {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const hash = Bun.hash.crc32(nameKey(name));
    const drawn = this.#colors[palette[hash % palette.length] ?? "cyan"](visibleRow(name));
    if (this.#names.size > 10_000) this.#names.clear();
    this.#names.set(name, drawn);
    return drawn;
  }
}

const wordStart = "(?<![\\p{L}\\p{M}\\p{N}_-])";
const wordEnd = "(?![\\p{L}\\p{M}\\p{N}_-])";

type Message = Extract<Recorded, { type: "said" | "acted" | "told" }>;
type Move = { type: "joined" | "left"; name: string; at: number; text?: string | undefined };

function here(members: Member[]): string {
  const names = members.map(({ name, away }) => (away ? `${name} (away)` : name));
  return names.length === 0 ? "Nobody else is here." : `Here: ${names.join(", ")}.`;
}

/** Any of the words of a search, wherever one starts. */
function wordsOf(text: string): RegExp {
  const words = text.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return words.length === 0 ? /$^/g : new RegExp(`(?<![\\p{L}\\p{N}])(?:${words.join("|")})`, "giu");
}
