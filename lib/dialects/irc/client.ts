// One client of IRC, and its lines that wait for an answer. An answer of the room tells neither their target nor their label, so
// these are kept here: by the id of the command for messages and lists; for any other command as `asked`, until the next line,
// which is read only once the outcome of the command is known.

import { randomBytes } from "node:crypto";
import type { Command } from "../../protocol/commands.ts";
import type { Answer, Fault } from "../../protocol/events.ts";
import type { Host } from "../host.ts";
import { Registration } from "./registration.ts";
import { ended, serverLine, serverName, tagged, word } from "./wire.ts";

/** A line of the client that is to be answered. */
export type Asked = {
  command: string;
  target: string;
  /** The label that the client gave it, with labeled-response. */
  label: string | undefined;
  /** Writes the answer of the room, if the line is answered by one. */
  show?: ((answer: Answer) => string[]) | undefined;
};

/** The lines that answer a command; or the command of the room to carry out; or undefined, if the answer is sent later. */
export type Outcome = Command | Fault | string[] | undefined;

/** How many questions are kept: their answer has not come, or may be asked for again. */
const keptQuestions = 1_000;

export class Client {
  readonly host: Host;
  readonly registration: Registration;
  /** The latest line that was read. */
  asked: Asked = { command: "*", target: "", label: undefined };
  /** The last words in a PART that is under way. */
  parting: string | undefined;
  /** Begins all ids of this connection, so that no other connection of the member has the same. */
  readonly #prefix = randomBytes(6).toString("base64url");
  readonly #questions = new Map<string, Asked>();
  #ids = 0;
  #batches = 0;

  constructor(host: Host) {
    this.host = host;
    this.registration = new Registration(host);
  }

  get me(): string {
    return this.registration.me;
  }

  get channel(): string {
    return this.host.channel.name;
  }

  get isSeated(): boolean {
    return this.host.name !== "";
  }

  has(capability: string): boolean {
    return this.registration.caps.has(capability);
  }

  isChannel(target: string): boolean {
    return target.toLowerCase() === this.channel.toLowerCase();
  }

  // ---- Lines ----

  /** `:chat.room NUMERIC me PARAMS :TEXT`. */
  numeric(numeric: string, ...params: string[]): string {
    return serverLine(numeric, this.me, ...params);
  }

  notice(text: string): string {
    return serverLine("NOTICE", this.me, text);
  }

  noSuchNick(nick: string): string {
    return this.numeric("401", nick, "No such nick");
  }

  noSuchChannel(channel: string): string {
    return this.numeric("403", channel, `No such channel: there is ${this.channel} alone`);
  }

  notEnough(command: string): string {
    return this.numeric("461", command, "Not enough parameters");
  }

  notInChannel(channel = this.channel): string {
    return this.numeric("442", channel, "You're not on that channel");
  }

  /** A problem for which there is no numeric: as FAIL if the client knows standard-replies, else as NOTICE. */
  fail(code: string, ...params: string[]): string {
    if (this.has("standard-replies")) return failLine(this.asked.command, code, ...params);
    return this.notice(params.at(-1) ?? code);
  }

  /** Sends the lines that answer `asked`. */
  reply(asked: Asked, lines: string[]): void {
    this.host.send(ended(this.labelled(asked.label, lines)));
  }

  /** The lines as the answer to the line with this label: a single line has it, several are in a batch that has it. */
  labelled(label: string | undefined, lines: string[]): string[] {
    if (label === undefined) return lines;
    const [first, ...others] = lines;
    if (first === undefined) return [tagged(`:${serverName} ACK`, "label", label)];
    if (others.length === 0 || isBatch(first, others.at(-1)))
      return [tagged(first, "label", label), ...others];
    return this.batch("labeled-response", [], lines, label);
  }

  /** The lines within a batch of this type. */
  batch(type: string, params: string[], lines: string[], label?: string): string[] {
    const { begin, name, end } = this.openBatch(type, params, label);
    return [begin, ...lines.map((line) => tagged(line, "batch", name)), end];
  }

  openBatch(type: string, params: string[], label?: string): { begin: string; name: string; end: string } {
    const name = `b${++this.#batches}`;
    const begin = `:${serverName} BATCH ${[`+${name}`, type, ...params.map(word)].join(" ")}`;
    return {
      begin: label === undefined ? begin : tagged(begin, "label", label),
      name,
      end: `:${serverName} BATCH -${name}`,
    };
  }

  // ---- Questions ----

  /** A new id for a command of the room, by which `answered` finds `asked`. */
  question(asked: Asked = this.asked): string {
    const id = `${this.#prefix}.${++this.#ids}`;
    this.#questions.set(id, asked);
    const [oldest] = this.#questions.keys();
    if (this.#questions.size > keptQuestions && oldest !== undefined) this.#questions.delete(oldest);
    return id;
  }

  /** Whether the id is from this connection. */
  isOwn(id: string | undefined): id is string {
    return id?.startsWith(`${this.#prefix}.`) ?? false;
  }

  /** The question with this id, which is kept no longer. */
  answered(id: string): Asked | undefined {
    const asked = this.#questions.get(id);
    this.#questions.delete(id);
    return asked;
  }

  /** The label of the message with this id. It stays, since the lines of an event may be asked for again. */
  labelOf(id: string): string | undefined {
    return this.#questions.get(id)?.label;
  }
}

/** `FAIL COMMAND CODE PARAMS :TEXT` (https://ircv3.net/specs/extensions/standard-replies). */
export function failLine(command: string, code: string, ...params: string[]): string {
  return serverLine("FAIL", command, code, ...params);
}

function isBatch(first: string, last: string | undefined): boolean {
  const [, name] = / BATCH \+(\S+) /.exec(first) ?? [];
  return name !== undefined && last === `:${serverName} BATCH -${name}`;
}

/** Whether a fault is about the name that the client wants. */
export function isAboutName({ code }: Fault): boolean {
  return ["name-taken", "name-owned", "bad-name", "name-reserved", "conflict"].includes(code);
}
