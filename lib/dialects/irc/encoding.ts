// Events as lines of IRC. There is an encoding for each set of capabilities that changes these lines: three or four in practice,
// eight at most. Each has a live log, so an event is encoded once for all clients with the same capabilities.
//
//   time        server-time: when it happened
//   ids         message-tags: msgid=EPOCH-SEQ, by which a client can ask for the events before or after it
//   multiline   batch and draft/multiline: a message of several rows stays one
//
// No line has more than 512 bytes beside its tags: a longer row becomes several lines.

import { type Event, isMessage, type Message, type Recorded } from "../../protocol/events.ts";
import type { Encoding } from "../dialect.ts";
import type { Channel } from "../host.ts";
import { render } from "../plain.ts";
import { inWords } from "../words.ts";
import { sourceOf } from "./masks.ts";
import { cut, ended, maxLineBytes, pieces, serverLine, serverName } from "./wire.ts";

export type Variant = { time: boolean; ids: boolean; multiline: boolean };

const encodings = new WeakMap<Channel, Map<string, IrcEncoding>>();

/** The encoding of a channel for these capabilities: always the same object. */
export function encodingOf(channel: Channel, variant: Variant): IrcEncoding {
  const made = encodings.get(channel) ?? new Map<string, IrcEncoding>();
  encodings.set(channel, made);
  const key = `${variant.time} ${variant.ids} ${variant.multiline}`;
  const encoding = made.get(key) ?? new IrcEncoding(channel, variant);
  made.set(key, encoding);
  return encoding;
}

export class IrcEncoding implements Encoding {
  readonly hasOwnWords = true;
  readonly variant: Variant;
  readonly #channel: Channel;
  /** The latest date as text: it takes longer to write than the rest of a line, and many events share a millisecond. */
  #date = { at: -1, text: "" };

  constructor(channel: Channel, variant: Variant) {
    this.#channel = channel;
    this.variant = variant;
  }

  encode(event: Event): string {
    return ended(this.linesOf(event));
  }

  /** The lines of an event, without CR LF. Within a `batch` of a history all have its tag, and begin no batch of their own. */
  linesOf(event: Event, batch?: string): string[] {
    if (event.type === "gap") return [this.#notice(`${inWords(event)}.`)];
    if (!("seq" in event) || !("at" in event)) return [];
    const tags = batch === undefined ? [] : [`batch=${batch}`];
    if (isMessage(event)) {
      return this.#message(event, tags, batch === undefined && this.variant.multiline);
    }
    return this.#lines(event).map((line, index) => this.#tags(event, index === 0, tags) + line);
  }

  /** The lines of an event that is no message, without tags. */
  #lines(event: Recorded): string[] {
    const { name: channel } = this.#channel;
    switch (event.type) {
      case "joined":
        return [`${sourceOf(event.name)} JOIN ${channel}`];
      case "left":
        return [fitted(`${sourceOf(event.name)} QUIT :${rowOf(event.text)}`)];
      case "renamed":
        return [`${sourceOf(event.from)} NICK :${event.to}`];
      case "kicked":
        return [this.#kick(event.by, event.name ?? "", event.text ?? event.by)];
      case "banned":
        if (event.name === undefined) return [this.#notice(`An address was banned by ${event.by}`)];
        return [
          this.#mode(event.by, `+b ${event.name}!*@*`),
          this.#kick(event.by, event.name, event.text ?? "banned"),
        ];
      case "unbanned":
        if (event.name === undefined)
          return [this.#notice(`An address is not banned any more, by ${event.by}`)];
        return [this.#mode(event.by, `-b ${event.name}!*@*`)];
      case "muted":
      case "unmuted": {
        const sign = event.type === "muted" ? "+" : "-";
        return [this.#mode(event.by, event.name === "*" ? `${sign}m` : `${sign}q ${event.name}!*@*`)];
      }
      case "opped":
        return [`:${serverName} MODE ${channel} +o ${event.name}`];
      case "deopped":
        return [this.#mode(event.by, `-o ${event.name}`)];
      case "freed":
      case "deleted":
        return [this.#notice(render(event))];
      case "topic":
        return [fitted(`${sourceOf(event.by)} TOPIC ${channel} :${rowOf(event.text)}`)];
      default:
        return [];
    }
  }

  #message(event: Message, tags: string[], mayBatch: boolean): string[] {
    const { name: channel } = this.#channel;
    const target = event.type === "told" ? event.to : channel;
    const source = sourceOf(event.from);
    const head = `${source} ${event.notice ? "NOTICE" : "PRIVMSG"} ${target} :`;
    const isAction = event.type === "acted";
    const maxBytes = maxLineBytes - Buffer.byteLength(head) - (isAction ? "\x01ACTION \x01".length : 0);
    const rows = event.text.split("\n").map((row) => pieces(row, maxBytes));
    const all = rows.flat();
    if (mayBatch && !isAction && all.length > 1) {
      const name = `m${event.seq}`;
      const begin = `${source} BATCH +${name} draft/multiline ${target}`;
      const inBatch = rows.flatMap((row) => batchLines(name, head, row));
      return [this.#tags(event, true, tags) + begin, ...inBatch, `:${serverName} BATCH -${name}`];
    }
    const shown = all.filter((piece) => piece !== "");
    return shown.map((piece, index) => {
      const text = isAction ? `\x01ACTION ${piece}\x01` : piece;
      return this.#tags(event, index === 0, tags) + head + text;
    });
  }

  /** The tags of a line, with the blank behind them. Only the first line of an event has its id. */
  #tags({ seq, at }: Recorded, isFirst: boolean, more: string[]): string {
    const { time, ids } = this.variant;
    if (!time && !ids && more.length === 0) return "";
    const tags = [...more];
    if (time) tags.push(`time=${this.#dateOf(at)}`);
    if (ids && isFirst) tags.push(`msgid=${this.#channel.epoch}-${seq}`);
    return tags.length === 0 ? "" : `@${tags.join(";")} `;
  }

  #dateOf(at: number): string {
    if (this.#date.at !== at) this.#date = { at, text: new Date(at).toISOString() };
    return this.#date.text;
  }

  #kick(by: string, name: string, reason: string): string {
    return fitted(`${sourceOf(by)} KICK ${this.#channel.name} ${name} :${rowOf(reason)}`);
  }

  #mode(by: string, change: string): string {
    return `${sourceOf(by)} MODE ${this.#channel.name} ${change}`;
  }

  #notice(text: string): string {
    return serverLine("NOTICE", this.#channel.name, text);
  }
}

/** The lines of a row within a batch: one for each piece, which a client joins again. */
function batchLines(batch: string, head: string, pieces: string[]): string[] {
  return pieces.map((piece, index) => {
    const concat = index > 0 ? ";draft/multiline-concat" : "";
    return `@batch=${batch}${concat} ${head}${piece}`;
  });
}

/** The text in one row. */
function rowOf(text: string | undefined): string {
  return (text ?? "").replaceAll("\n", " ");
}

function fitted(line: string): string {
  return cut(line, maxLineBytes);
}
