// Events and answers in words, the same for people on nc, on a terminal and in a browser. Messages are not here: each of the
// three shows them in its own way.

import type { Ban, Event, Member, Trace } from "../protocol/events.ts";
import { durationText, everybody } from "../protocol/fields.ts";

/** A sentence, or rows of them; "" for messages, for events that are for programs alone, and for those of a newer version. */
export function inWords(event: Event): string {
  switch (event.type) {
    case "renamed":
      return `${event.from} is now ${event.to}`;
    case "kicked":
    case "banned":
    case "unbanned":
    case "muted":
    case "unmuted": {
      const reason = event.text === undefined ? "" : ` (${event.text})`;
      const time = event.until === undefined ? "" : ` for ${durationText(event.until - event.at)}`;
      const whom = event.name === everybody ? "Everyone but operators" : (event.name ?? "An address");
      return `${whom} was ${event.type} by ${event.by}${time}${reason}`;
    }
    case "opped":
      return `${event.name} is an operator now`;
    case "freed":
      return `The name ${event.name} was set free by ${event.by}`;
    case "deopped":
      return `${event.name} is no operator any more${event.by === event.name ? "" : ` (by ${event.by})`}`;
    case "topic":
      return event.text === undefined
        ? `${event.by} took the topic away`
        : `${event.by} set the topic: ${event.text}`;
    case "gap":
      return "Some lines are missing here: they are no longer kept";
    case "moved":
      return `${event.name} is with another server now`;
    case "subject":
      return event.text === undefined ? "There is no topic." : `The topic is: ${event.text}`;
    case "bans":
      return event.bans.length === 0 ? "Nobody is banned." : event.bans.map(banRow).join("\n");
    case "whois":
    case "whowas":
      return tracesText(event);
    case "members":
      return `Here: ${memberList(event.members)}.`;
    default:
      return "";
  }
}

function banRow({ name, by, at, text, until }: Ban): string {
  const end = until === undefined ? "" : `, until ${minute(until)}`;
  return `${name}, by ${by} on ${minute(at).slice(0, 10)}${end}${text === undefined ? "" : `: ${text}`}`;
}

/** 2026-11-25 18:30 UTC */
function minute(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

function tracesText({ type, name, traces }: Extract<Event, { type: "whois" | "whowas" }>): string {
  if (traces.length > 0) return traces.map(traceRow).join("\n");
  return type === "whois"
    ? `Nobody here is called ${name}: try /whowas ${name}.`
    : `Nobody called ${name} has left lately.`;
}

function traceRow(trace: Trace): string {
  const { names, address, since, until, owned, muted } = trace;
  return [
    memberText(trace),
    address && `at ${address}`,
    since !== undefined && `here since ${minute(since)}`,
    until !== undefined && `until ${minute(until)}`,
    names.length > 0 && `before that ${names.join(", ")}`,
    owned && "owns the name",
    muted && "muted",
  ]
    .filter((part) => part)
    .join(", ");
}

/** Tells which messages were taken back. `clock` writes a time (ms since 1970 UTC) as the time of day where the reader is. */
export function deletion(
  { by, name, seqs, saidAt }: Extract<Event, { type: "deleted" }>,
  clock: (at: number) => string,
): string {
  const whose = name === by ? "" : ` of ${name}`;
  if (seqs.length > 1) return `${by} took back ${seqs.length} messages${whose}`;
  return `${by} took back a message${whose}, said at ${clock(saidAt)}`;
}

/** A member's name with its marks: ada* (operator, away). The * marks an owned name. */
function memberText({ name, owned, away, operator }: Member): string {
  const marks = [operator && "operator", away && "away"].filter((mark) => mark);
  return `${name}${owned ? "*" : ""}${marks.length === 0 ? "" : ` (${marks.join(", ")})`}`;
}

/** The names of the members in a row, with their marks. */
export function memberList(members: Member[]): string {
  if (members.length === 0) return "nobody else";
  return members.map(memberText).join(", ");
}
