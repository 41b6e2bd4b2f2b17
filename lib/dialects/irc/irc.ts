// IRC: to its clients the room is a server with one channel. A client is in the room as soon as it is registered. Events that
// all members may see are written in a shared encoding (encoding.ts). Here is the part of one client: its registration, its
// commands, and the lines with which it is told of its own acts. Clients print what they send, so their own messages do not
// come back to them, unless they have asked for echo-message.

import type { Command } from "../../protocol/commands.ts";
import {
  type Answer,
  type Bye,
  type Event,
  type Fault,
  isFault,
  type Message,
  type Recorded,
} from "../../protocol/events.ts";
import { nameKey } from "../../protocol/names.ts";
import { visible } from "../../protocol/text.ts";
import type { Dialect, Newcomer, RoomState } from "../dialect.ts";
import type { Host } from "../host.ts";
import { Client, failLine, type Outcome } from "./client.ts";
import { joinLines } from "./commands/history.ts";
import { namesLines } from "./commands/members.ts";
import { encodingFor, message, run, topicLines } from "./commands/table.ts";
import { byeLines, endsWith, faultLines, lineFault } from "./faults.ts";
import { greetingLines } from "./greeting.ts";
import { sourceOf } from "./masks.ts";
import { Multiline, multilineLines, type Refusal } from "./multiline.ts";
import { cut, ended, type Line, maxLineBytes, parseLine, serverName, tagged } from "./wire.ts";

/** Lines before the registration that cost the rate limit nothing: clients send that many at once. */
const freeLines = 64;
/** Characters in a label. A longer label, or one with controls in it, is ignored. */
const maxLabel = 64;
/** How many labels of events are kept, since the lines of an event may be asked for again. */
const keptLabels = 100;

export class Irc implements Dialect {
  readonly nudge = `PING :${serverName}\r\n`;
  readonly #client: Client;
  readonly #multiline = new Multiline();
  #lines = 0;
  /** How many lines the open batch of this client has. */
  #rowsOfBatch = 0;
  /** Whether the latest line costs the rate limit nothing. */
  #isFree = false;
  /** The label of the JOIN that is under way. */
  #joinLabel: string | undefined;
  /** The batch that answers a JOIN with a label, between the two parts of its welcome: its name and its last line. */
  #joinBatch: { name: string; end: string } | undefined;
  /** The labels under which this client caused events, by the number of the event. */
  readonly #labels = new Map<number, string>();

  constructor(host: Host) {
    this.#client = new Client(host);
  }

  get shared() {
    return encodingFor(this.#client);
  }

  /** None for a client that can ask for the history itself, and for one that could not tell past messages from new ones. */
  get historyEvents(): number {
    const client = this.#client;
    const isShown = client.has("batch") || client.has("server-time");
    return isShown && !client.has("draft/chathistory") ? 20 : 0;
  }

  /** A client that has sent a key gets its seat again by the key. */
  get keepsSeat(): boolean {
    return this.#client.registration.hasKey;
  }

  readonly showsMissed = true;

  get lineCost(): number {
    return this.#isFree ? 0 : 1;
  }

  // ---- Lines of the client ----

  parse(raw: string): Command | undefined {
    const client = this.#client;
    this.#lines += 1;
    this.#isFree = !client.registration.isDone && this.#lines <= freeLines;
    const line = parseLine(raw);
    if (line === undefined) return undefined;
    client.asked = { command: "*", target: "", label: undefined };
    if (line === "too-long") return this.#reply([client.numeric("417", "Input line was too long")]);
    const { command, params } = line;
    client.asked = { command, target: params[0] ?? "", label: this.#labelOf(line) };
    if (client.registration.isDone) {
      if (command === "BATCH") return this.#batch(params);
      if (line.tags.has("batch")) return this.#rowOfBatch(line);
    }
    return this.#settle(run(client, command, params));
  }

  /** The label of a line, if the client has the capabilities for labels and the label is a valid one. */
  #labelOf({ tags }: Line): string | undefined {
    const label = tags.get("label");
    if (!label || !this.#client.has("labeled-response") || !this.#client.has("batch")) return undefined;
    return label.length <= maxLabel && visible(label) === label ? label : undefined;
  }

  /** Sends an answer that is ready at once; returns a command that the room has to carry out. */
  #settle(outcome: Outcome): Command | undefined {
    if (outcome === undefined) return undefined;
    if (Array.isArray(outcome)) return this.#reply(outcome);
    if (!isFault(outcome)) {
      if (outcome.type === "join") this.#joinLabel = this.#client.asked.label;
      return outcome;
    }
    if (outcome.id !== undefined) this.#client.answered(outcome.id);
    return this.#reply(faultLines(outcome, this.#client));
  }

  /** Sends the lines that answer the latest line: the room has nothing to do for it. */
  #reply(lines: string[]): undefined {
    this.#client.reply(this.#client.asked, lines);
  }

  #batch(params: string[]): Command | undefined {
    const client = this.#client;
    this.#rowsOfBatch = 0;
    const whole = this.#multiline.batch(params, client.asked.label);
    if (whole === undefined) return undefined;
    if ("words" in whole) return this.#refuse(whole);
    const { command, target, text, label } = whole;
    client.asked = { command, target, label };
    return this.#settle(message(client, command, target, text));
  }

  /** A row of a batch costs nothing: the whole message costs as much as one line. */
  #rowOfBatch(line: Line): undefined {
    this.#isFree = this.#multiline.isOpen && ++this.#rowsOfBatch <= multilineLines;
    const refusal = this.#multiline.line(line);
    if (refusal) this.#refuse(refusal);
  }

  #refuse({ words, label }: Refusal): undefined {
    this.#client.asked.label = label ?? this.#client.asked.label;
    this.#reply([failLine("BATCH", ...words)]);
  }

  // ---- Lines for the client ----

  encode(event: Event): string {
    return ended(this.#linesOf(event));
  }

  #linesOf(event: Event): string[] {
    const client = this.#client;
    switch (event.type) {
      case "error":
        return this.#problem(event);
      case "bye":
        return byeLines(event, client);
      case "history":
        return joinLines(event.events, client, this.shared);
      case "waiting":
        return event.events.flatMap((whisper) => this.shared.linesOf(whisper));
      case "members":
      case "results":
      case "whois":
      case "whowas":
        return event.id === undefined ? [] : this.#answer(event, client.answered(event.id));
      case "seen": {
        const asked = client.answered(event.id);
        return asked?.label === undefined ? [] : client.labelled(asked.label, []);
      }
      case "subject":
      case "bans":
        return this.#answer(event, client.asked);
      case "note":
        return client.asked.command === "OPER"
          ? client.labelled(client.asked.label, [client.numeric("381", event.text)])
          : [client.notice(event.text)];
      case "epoch":
      case "help":
      case "pong":
      case "welcome":
        return [];
      default:
        return this.shared.linesOf(event);
    }
  }

  #answer(answer: Answer, asked: Client["asked"] | undefined): string[] {
    return asked?.show ? this.#client.labelled(asked.label, asked.show(answer)) : [];
  }

  #problem(problem: Fault): string[] {
    const client = this.#client;
    const { code, id } = problem;
    if (id === undefined && (code === "too-long" || code === "not-utf8")) return lineFault(problem, client);
    if (code === "slow-down") return [client.notice(problem.text)];
    const asked = id === undefined ? client.asked : client.answered(id);
    if (asked) client.asked = asked;
    return client.labelled(asked?.label, faultLines(problem, client));
  }

  ends(answer: Answer): boolean {
    return isFault(answer) && endsWith(answer, this.#client);
  }

  // ---- In the room ----

  encodeNewcomer(newcomer: Newcomer): string {
    const client = this.#client;
    const { registration } = client;
    const join = `${sourceOf(newcomer.name)} JOIN ${client.channel}`;
    registration.shownAs = newcomer.name;
    registration.nick = newcomer.name;
    const greeting = registration.isGreeted ? [] : greetingLines(client);
    const label = registration.isGreeted ? this.#joinLabel : undefined;
    registration.isGreeted = true;
    if (label === undefined) return ended([...greeting, join]);
    const { begin, name, end } = client.openBatch("labeled-response", [], label);
    this.#joinBatch = { name, end };
    return ended([begin, tagged(join, "batch", name)]);
  }

  encodeRoom({ members, topic }: RoomState): string {
    const client = this.#client;
    const isSilent = client.has("no-implicit-names") || client.has("draft/no-implicit-names");
    const lines = [
      ...topicLines(topic, client),
      ...(isSilent ? [] : namesLines(members, client, [client.me])),
    ];
    client.registration.shownAs = undefined;
    const batch = this.#joinBatch;
    this.#joinBatch = undefined;
    if (!batch) return ended(lines);
    return ended([...lines.map((line) => tagged(line, "batch", batch.name)), batch.end]);
  }

  own(event: Recorded): string | undefined {
    switch (event.type) {
      case "said":
      case "acted":
      case "told":
        return this.#ownMessage(event);
      case "joined":
        // The welcome has this line.
        return nameKey(event.name) === nameKey(this.#client.me) ? "" : undefined;
      case "left":
        return "";
      default:
        return this.#ownChange(event);
    }
  }

  /** The lines for a message of this client: its echo, if it has asked for one, and that the addressee is away. */
  #ownMessage(event: Message): string | undefined {
    const client = this.#client;
    const label = client.isOwn(event.id) ? client.labelOf(event.id) : undefined;
    const echoes = client.has("echo-message");
    const isToSelf = event.type === "told" && nameKey(event.to) === nameKey(event.from);
    // A NOTICE is from a program, which gets no answer.
    const isAway = event.type === "told" && event.away && !event.notice;
    if (echoes && label === undefined && !isToSelf && !isAway) return undefined;
    const away = isAway ? [client.numeric("301", event.to, "Not here, and reads it later")] : [];
    const lines = this.shared.linesOf(event);
    const sent = client.labelled(label, [...(echoes ? lines : []), ...away]);
    return ended(isToSelf ? [...sent, ...lines] : sent);
  }

  /** The lines for a change of the room that this client caused, with the label of its command. */
  #ownChange(event: Recorded): string | undefined {
    const client = this.#client;
    const { label } = client.asked;
    if (label !== undefined && commandsOf[event.type]?.includes(client.asked.command)) {
      this.#labels.set(event.seq, label);
      client.asked = { ...client.asked, label: undefined };
      const [oldest] = this.#labels.keys();
      if (this.#labels.size > keptLabels && oldest !== undefined) this.#labels.delete(oldest);
    }
    const known = this.#labels.get(event.seq);
    const isAppointed = event.type === "opped" && nameKey(event.name) === nameKey(client.me);
    if (known === undefined && !isAppointed) return undefined;
    const lines = this.shared.linesOf(event);
    const more = isAppointed ? [client.numeric("381", "You are now an operator")] : [];
    return ended(client.labelled(known, [...lines, ...more]));
  }

  outlived(bye: Bye): string | undefined {
    const client = this.#client;
    const { parting } = client;
    client.parting = undefined;
    client.registration.nick = client.me;
    if (parting !== undefined && bye.code === "left") {
      const part = `${sourceOf(client.registration.nick)} PART ${client.channel}${parting && ` :${parting}`}`;
      return ended(client.labelled(client.asked.label, [cut(part, maxLineBytes)]));
    }
    if (bye.code !== "kicked") return undefined;
    return ended([client.notice(`${bye.text}. /join ${client.channel} brings you back.`)]);
  }
}

/** The commands that cause each event, so that its lines get the label of the command. */
const commandsOf: Partial<Record<Recorded["type"], string[]>> = {
  renamed: ["NICK"],
  kicked: ["KICK"],
  banned: ["MODE"],
  unbanned: ["MODE"],
  muted: ["MODE"],
  unmuted: ["MODE"],
  opped: ["OPER"],
  topic: ["TOPIC"],
};
