// The dialect of people on nc and telnet. The first line is a name, perhaps with its key; then each line is a message or a
// command. The further rows of a message are indented, so no message can pass for another member's. There is no token, so the
// seat of a lost connection is given up at once.

import { type Command, check, type Raw } from "../protocol/commands.ts";
import { type Event, type Fault, isFault } from "../protocol/events.ts";
import { isKey } from "../protocol/keys.ts";
import { checkTyped, parseTyped } from "../protocol/typed.ts";
import type { Claimed, Newcomer, RoomState, Stateless } from "./dialect.ts";
import { deletion, inWords, memberList } from "./words.ts";

/** Sent to a connection that is silent at first: a person on nc waits for a question. */
export const greeting = "Welcome to the chat room. What is your name?\n";

export const plain: Stateless = {
  get shared() {
    return plain;
  },
  historyEvents: 20,
  keepsSeat: false,

  parse(line: string, joined: boolean, claimed?: Claimed): Command | Fault {
    const { missing, ...given } = claimed ?? {};
    if (missing === "password") return check({ type: "join", ...given, password: line });
    // A line that is too short for a key is another name.
    const isMissing = missing === "key" && isKey(line.trim());
    if (isMissing) return check({ type: "join", ...given, key: line.trim() });
    const raw = parseTyped(line);
    if (isFault(raw)) return raw;
    return checkTyped(joined || raw.type !== "say" ? raw : { ...given, ...joinOf(line) });
  },

  encode(event: Event): string {
    const text = render(event);
    return text === "" ? "" : `${text}\n`;
  },

  encodeNewcomer: renderNewcomer,

  encodeRoom(room: RoomState): string {
    return `${renderRoom(room)}\n`;
  },
};

/** A join with the name and the key in a line. If the second word cannot be a key, the whole line is the name. */
function joinOf(line: string): Raw {
  const [, name = "", key = ""] = /^\s*(\S+)\s+(\S+)\s*$/.exec(line) ?? [];
  return isKey(key) ? { type: "join", name, key } : { type: "join", name: line };
}

/** The event in words for people; "" for events that are for programs alone, or of a newer version. */
export function render(event: Event): string {
  switch (event.type) {
    case "said":
      return `${event.from}: ${indented(event.text)}`;
    case "acted":
      return `* ${event.from} ${indented(event.text)}`;
    case "told":
      return `[${event.from} to ${event.to}${event.away ? " (away)" : ""}] ${indented(event.text)}`;
    case "joined":
    case "left":
      return `${event.name} ${event.type}${event.text === undefined ? "" : ` (${indented(event.text)})`}`;
    case "deleted":
      // In UTC, since the server does not know the time zone of the person.
      return deletion(event, (at) => `${new Date(at).toISOString().slice(11, 16)} UTC`);
    case "welcome":
      return renderNewcomer(event) + renderRoom(event);
    case "history":
      if (event.events.length > 0) return event.events.map(render).join("\n");
      return event.before === undefined ? "Nothing was said yet." : "Nothing was said lately.";
    case "waiting":
      return event.events.map(render).join("\n");
    case "results":
      return event.events.length === 0 ? "Nothing was found." : event.events.map(render).join("\n");
    case "error":
    case "bye":
      return `! ${event.text}${event.text.endsWith("?") ? "" : "."}`;
    case "note":
      return `! ${event.text}.`;
    case "gap":
      return `! ${inWords(event)}.`;
    case "help":
      return event.text;
    case "pong":
    case "seen":
      return `! ${event.type} ${event.id ?? ""}`.trimEnd();
    default:
      return inWords(event);
  }
}

function renderNewcomer({ name }: Newcomer): string {
  return `You are connected as ${name}. `;
}

function renderRoom({ members, topic }: RoomState): string {
  const line = `Here: ${memberList(members)}. Type to talk, /help for help.`;
  return topic === undefined ? line : `${line}\nThe topic is: ${topic}`;
}

function indented(text: string): string {
  return text.replaceAll("\n", "\n    ");
}
