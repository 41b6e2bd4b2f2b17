// Past messages: those shown to a client that joins, CHATHISTORY (https://ircv3.net/specs/extensions/chathistory) and SEARCH
// (https://git.sr.ht/~emersion/soju/tree/master/item/doc/ext/search.md). The id of an event is EPOCH-SEQ, its position in the
// journal, so finding it needs no index.

import { type Command, check } from "../../../protocol/commands.ts";
import { type Fault, isFault, isMessage, type Recorded } from "../../../protocol/events.ts";
import { nameKey } from "../../../protocol/names.ts";
import type { PastPosition, PastRequest } from "../../host.ts";
import { type Asked, type Client, failLine } from "../client.ts";
import type { IrcEncoding } from "../encoding.ts";
import { parseTags, serverLine } from "../wire.ts";

/** The most events that a CHATHISTORY or a SEARCH returns. */
const maxEvents = 100;

// ---- On joining ----

/**
 * The lines of messages from before the member joined: in a batch if the client knows batches, else between two notices, since
 * some clients show no times. Whispers that waited for the member come before, since they are not of the channel.
 */
export function joinLines(events: Recorded[], client: Client, encoding: IrcEncoding): string[] {
  const lines = (events: Recorded[]) => events.flatMap((event) => encoding.linesOf(event));
  const whispers = lines(events.filter(({ type }) => type === "told"));
  const said = events.filter(({ type }) => type === "said" || type === "acted");
  const [first] = said;
  if (!first) return whispers;
  if (client.has("batch")) return [...whispers, ...historyBatch(said, client, encoding)];
  const since = new Date(first.at).toISOString().slice(0, 16).replace("T", " ");
  const notice = (text: string) => serverLine("NOTICE", client.channel, text);
  return [
    ...whispers,
    notice(`What was said before, since ${since} UTC:`),
    ...lines(said),
    notice("That was before you came."),
  ];
}

/** The lines of past events, in a batch of this type if the client knows batches. */
function historyBatch(
  events: Recorded[],
  client: Client,
  encoding: IrcEncoding,
  { type = "chathistory", params = [client.channel] }: { type?: string; params?: string[] } = {},
): string[] {
  if (!client.has("batch")) return events.flatMap((event) => encoding.linesOf(event));
  const { begin, name, end } = client.openBatch(type, params);
  return [begin, ...events.flatMap((event) => encoding.linesOf(event, name)), end];
}

// ---- CHATHISTORY ----

/** CHATHISTORY: reads past events, and sends them later. Returns the lines that refuse a wrong request. */
export function chatHistory(params: string[], client: Client, encoding: IrcEncoding): string[] | undefined {
  const [sub = "", ...rest] = params;
  const subcommand = sub.toUpperCase();
  const invalid = (text: string) => [failLine("CHATHISTORY", "INVALID_PARAMS", sub, text)];
  if (subcommand === "TARGETS") return targets(rest, client, invalid);
  const count = references[subcommand];
  if (count === undefined) return invalid("There is no such subcommand");
  const [target = "", ...more] = rest;
  const limit = limitOf(more[count]);
  if (limit === undefined) return invalid("It needs a limit, a whole number above 0");
  const places = more.slice(0, count).map(positionOf);
  const isLatest = subcommand === "LATEST" && more[0] === "*";
  if (!isLatest && places.includes(undefined))
    return invalid("A place in the history is msgid=… or timestamp=…");
  const conversation = conversationWith(target, client);
  if (!conversation) {
    const text = "Messages could not be retrieved";
    return [failLine("CHATHISTORY", "INVALID_TARGET", sub, target, text)];
  }
  const { name, isWanted } = conversation;
  const requests = requestsFor(subcommand, places, limit).map((request) => ({ ...request, isWanted }));
  const { asked } = client;
  client.host.past(requests, (events) => {
    const lines = isFault(events)
      ? [failLine("CHATHISTORY", "MESSAGE_ERROR", sub, name, events.text)]
      : historyBatch(events, client, encoding, { params: [name] });
    client.reply(asked, lines);
  });
  return undefined;
}

/** How many positions in the history each subcommand has as parameters. */
const references: Record<string, number> = { LATEST: 1, BEFORE: 1, AFTER: 1, AROUND: 1, BETWEEN: 2 };

type Places = (PastPosition | undefined)[];
type Stretch = Omit<PastRequest, "isWanted">;

function requestsFor(subcommand: string, [first, second]: Places, limit: number): Stretch[] {
  switch (subcommand) {
    case "BEFORE":
      return [{ before: first, isLast: true, limit }];
    case "AFTER":
      return [{ after: first, isLast: false, limit }];
    case "AROUND": {
      const half = Math.floor(limit / 2);
      const from = first && ("at" in first ? { at: first.at - 1 } : { ...first, seq: first.seq - 1 });
      return [
        { before: first, isLast: true, limit: half },
        { after: from, isLast: false, limit: limit - half },
      ];
    }
    case "BETWEEN":
      return [{ after: first, before: second, isLast: false, limit }];
    default:
      return [{ after: first, isLast: true, limit }];
  }
}

/** `msgid=EPOCH-SEQ` or `timestamp=…`. */
function positionOf(text: string): PastPosition | undefined {
  const [, epoch = "", seq = ""] = /^msgid=(.+)-(\d{1,15})$/.exec(text) ?? [];
  if (epoch !== "") return { epoch, seq: Number(seq) };
  const at = text.startsWith("timestamp=") ? timeOf(text.slice("timestamp=".length)) : Number.NaN;
  return Number.isNaN(at) ? undefined : { at };
}

/** A time as IRC writes it, in ms since 1970 UTC; NaN if it is none. */
function timeOf(text: string | undefined, absent = Number.NaN): number {
  if (text === undefined) return absent;
  return /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(text) ? Date.parse(text) : Number.NaN;
}

function limitOf(text: string | undefined): number | undefined {
  const limit = /^\d+$/.test(text ?? "") ? Number(text) : 0;
  return limit > 0 ? Math.min(limit, maxEvents) : undefined;
}

/** The channel, or the whispers with a member: its name, and which events belong to it; undefined without such a member. */
function conversationWith(target: string, client: Client) {
  if (client.isChannel(target)) {
    return { name: client.channel, isWanted: channelEvents({ all: client.has("draft/event-playback") }) };
  }
  const other = client.host.find(target);
  return other && { name: other.name, isWanted: whispersWith(other.name, client) };
}

/** The messages of the channel, and with `all` its other events. */
function channelEvents({ all }: { all: boolean }): PastRequest["isWanted"] {
  return ({ type }) => type === "said" || type === "acted" || (all && !hidden.has(type));
}

/** The whispers with a member, under any name, and those with a member of this name who has left. */
function whispersWith(name: string, client: Client): PastRequest["isWanted"] {
  const [other, me] = [name, client.me].map(nameKey);
  return (event, partner) => {
    if (event.type !== "told") return false;
    if (partner !== undefined) return nameKey(partner) === other;
    const [from, to] = [event.from, event.to].map(nameKey);
    return other === me ? from === to : from === other || to === other;
  };
}

/** Events that the channel shows to no member, or to two members alone. */
const hidden = new Set<Recorded["type"]>(["told", "moved", "erased"]);

function targets(
  params: string[],
  client: Client,
  invalid: (text: string) => string[],
): string[] | undefined {
  const [from, to] = params.slice(0, 2).map(positionOf);
  if (!from || !to || !("at" in from && "at" in to) || limitOf(params[2]) === undefined)
    return invalid("It needs two times and a limit");
  const { asked } = client;
  const isWanted = channelEvents({ all: false });
  client.host.past([{ isLast: true, limit: 1, isWanted }], (events) => {
    if (isFault(events))
      return client.reply(asked, [failLine("CHATHISTORY", "MESSAGE_ERROR", "TARGETS", events.text)]);
    const at = events[0]?.at ?? 0;
    const isBetween = at > Math.min(from.at, to.at) && at < Math.max(from.at, to.at) && events.length > 0;
    const time = new Date(at).toISOString();
    const lines = isBetween
      ? [serverLine("CHATHISTORY", "TARGETS", client.channel, time).replace(" :", " ")]
      : [];
    const type = "draft/chathistory-targets";
    client.reply(asked, client.has("batch") ? client.batch(type, [], lines) : lines);
  });
  return undefined;
}

// ---- SEARCH ----

/** `SEARCH text=WORDS;in=#room;from=ada;after=TIME;before=TIME;limit=50`: the command of the room, or the refusal. */
export function searchCommand(
  params: string[],
  client: Client,
  encoding: IrcEncoding,
): Command | Fault | string[] {
  const wanted = parseTags(params[0] ?? "");
  const invalid = (field: string, text: string) => [failLine("SEARCH", "INVALID_PARAMS", field, text)];
  const text = wanted.get("text") ?? "";
  const target = wanted.get("in") ?? client.channel;
  const from = wanted.get("from");
  const [after, before] = [timeOf(wanted.get("after"), -Infinity), timeOf(wanted.get("before"), Infinity)];
  if (Number.isNaN(after) || Number.isNaN(before))
    return invalid(Number.isNaN(after) ? "after" : "before", "A time is like 2026-11-25T17:26:00.000Z");
  const limit = limitOf(wanted.get("limit")) ?? maxEvents;
  const isIn = client.isChannel(target) ? channelEvents({ all: false }) : whispersWith(target, client);
  const asked: Asked = { ...client.asked };
  asked.show = (answer) => {
    if (answer.type !== "results") return [];
    const found = answer.events.filter((event) => {
      if (!isMessage(event) || !isIn(event)) return false;
      if (event.at <= after || event.at >= before) return false;
      return from === undefined || nameKey(event.from) === nameKey(from);
    });
    return historyBatch(found.slice(-limit), client, encoding, { type: "soju.im/search", params: [] });
  };
  const command = check({ type: "search", text, limit: maxEvents, id: client.question(asked) });
  if (!isFault(command)) return command;
  if (command.id !== undefined) client.answered(command.id);
  return invalid("text", command.text);
}
