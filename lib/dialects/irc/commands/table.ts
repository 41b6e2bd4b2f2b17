// The commands of IRC, in one table: how many parameters each needs, whether a client may send it before it is registered, and
// how it is carried out: by lines that answer it, or by a command of the room.

import { type CommandOf, check } from "../../../protocol/commands.ts";
import { isFault } from "../../../protocol/events.ts";
import { cleanName } from "../../../protocol/names.ts";
import type { Client, Outcome } from "../client.ts";
import { encodingOf, type IrcEncoding } from "../encoding.ts";
import { noMotd, version } from "../greeting.ts";
import { hostOf, sourceOf, userName } from "../masks.ts";
import { ended, serverLine, serverName, word } from "../wire.ts";
import { chatHistory, searchCommand } from "./history.ts";
import { list, lusers, names, present, who, whois, whowas } from "./members.ts";
import { mode } from "./modes.ts";

type Entry = {
  /** How many parameters it needs; none if absent. */
  needs?: number;
  /** A client may send it before it is registered. */
  isEarly?: true;
  run(client: Client, params: string[]): Outcome;
};

/** Codes of colours and styles. Other clients would show them as signs, so they are removed. */
const formatting =
  /[\x02\x0f\x11\x16\x1d-\x1f]|\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[\da-f]{6}(?:,[\da-f]{6})?)?/gi;

/** The encoding for the capabilities of this client. */
export function encodingFor({ host, registration }: Client): IrcEncoding {
  const { caps } = registration;
  const multiline = caps.has("batch") && caps.has("draft/multiline");
  return encodingOf(host.channel, {
    time: caps.has("server-time"),
    ids: caps.has("message-tags"),
    multiline,
  });
}

// ---- Saying ----

/** A message to the room or to a member. */
export function message(client: Client, command: string, target: string, text: string): Outcome {
  const notice = command === "NOTICE" ? true : undefined;
  const isRoom = client.isChannel(target);
  const refused = (line: string) => (notice ? [] : [line]);
  if (target.includes(",")) return refused(client.numeric("407", target, "Send it to one at a time"));
  if (/^[#&+!]/.test(target) && !isRoom) return refused(client.noSuchChannel(target));
  if (!client.isSeated) {
    return refused(client.numeric("404", client.channel, "Cannot send to channel: /join it first"));
  }
  const [, action] = /^\x01ACTION (.*?)\x01?$/is.exec(text) ?? [];
  // Of CTCP there are only actions here; a NOTICE in CTCP answers a request, and is dropped.
  if (text.startsWith("\x01") && (action === undefined || notice)) return [];
  const words = (action ?? text).replaceAll(formatting, "");
  if (words.trim() === "") return refused(client.numeric("412", "No text to send"));
  // An id costs the journal as much as the message, so only a message with a label has one.
  const id = client.asked.label === undefined ? undefined : client.question();
  if (!isRoom) {
    const said = action === undefined ? words : `* ${client.me} ${words}`;
    return check({ type: "tell", to: target, text: said, id, notice });
  }
  return check({ type: action === undefined ? "say" : "act", text: words, id, notice });
}

function say(command: string): Entry {
  return {
    run: (client, [target = "", ...text]) => {
      const isNotice = command === "NOTICE";
      if (target === "") return isNotice ? [] : [client.numeric("411", `No recipient given (${command})`)];
      if (text.length === 0) return isNotice ? [] : [client.numeric("412", "No text to send")];
      return message(client, command, target, text.join(" "));
    },
  };
}

// ---- The channel ----

/** A command whose first parameter is the channel, for a client that is in it. */
function inChannel(run: (client: Client, params: string[]) => Outcome): Entry["run"] {
  return (client, [channel = "", ...params]) => {
    if (!client.isChannel(channel)) return [client.noSuchChannel(channel)];
    if (!client.isSeated) return [client.notInChannel(channel)];
    return run(client, params);
  };
}

/** A command for a client that is in the channel. */
function seated(run: Entry["run"]): Entry["run"] {
  return (client, params) => (client.isSeated ? run(client, params) : [client.notInChannel()]);
}

/** The index of the room's channel in a list of channels (-1: it is not in it), and the lines that refuse the others. */
function channelsIn(list: string, client: Client): { at: number; refused: string[] } {
  const wanted = list.split(",").filter(Boolean);
  const others = wanted.filter((channel) => !client.isChannel(channel)).slice(0, 10);
  return {
    at: wanted.findIndex((channel) => client.isChannel(channel)),
    refused: others.map((channel) => client.noSuchChannel(channel)),
  };
}

function join(client: Client, [channels = "", keys = ""]: string[]): Outcome {
  if (channels === "0") return part(client, [client.channel]);
  const { at, refused } = channelsIn(channels, client);
  if (at === -1 || client.isSeated) return refused;
  client.host.send(ended(refused));
  const key = keys.split(",")[at];
  if (key) client.registration.giveSecret(key);
  return client.registration.enter();
}

function part(client: Client, [channels = "", text]: string[]): Outcome {
  const { at, refused } = channelsIn(channels, client);
  if (at === -1) return refused;
  if (!client.isSeated) return [...refused, client.notInChannel(client.channel)];
  client.host.send(ended(refused));
  const words = quitOf(text).text;
  client.parting = words?.replaceAll("\n", " ") ?? "";
  client.host.part(words);
  return undefined;
}

const topic = inChannel((client, [text]) => {
  if (text === undefined) {
    client.asked.show = (answer) => {
      if (answer.type !== "subject") return [];
      if (answer.text === undefined) return [client.numeric("331", client.channel, "No topic is set")];
      return topicLines(answer.text, client);
    };
    return check({ type: "topic" });
  }
  return check({ type: "topic", text: text.trim() === "" ? "-" : text.replaceAll(formatting, "") });
});

/** 332 with the topic; no line if there is none. */
export function topicLines(text: string | undefined, client: Client): string[] {
  return text === undefined ? [] : [client.numeric("332", client.channel, text)];
}

const kick = inChannel((client, [name = "", text = ""]) => {
  client.asked.target = name;
  return check({ type: "kick", name, ...(text.trim() !== "" && { text: text.replaceAll(formatting, "") }) });
});

// ---- The connection ----

function nick(client: Client, [name = ""]: string[]): Outcome {
  const { registration, me } = client;
  if (name === "") return [client.numeric("431", "No nickname given")];
  if (!registration.isDone) {
    registration.nick = name;
    return registration.join() ?? [];
  }
  if (name === me) return [];
  if (client.isSeated) return check({ type: "rename", name });
  const checked = cleanName(name);
  if (typeof checked !== "string") return checked;
  registration.nick = checked;
  return [`${sourceOf(me)} NICK :${checked}`];
}

const operator = seated((client, [name = "", password = ""]) => {
  client.asked.target = name;
  const named = check({ type: "op", password, name });
  return isFault(named) ? check({ type: "op", password }) : named;
});

/** Answers once the earlier lines have their outcome: clients take a PONG as proof of that. */
function ping(client: Client, [token = ""]: string[]): Outcome {
  if (token === "") return [client.numeric("409", "No origin specified")];
  const { asked } = client;
  client.host.later(() => client.reply(asked, [serverLine("PONG", serverName, token)]));
  return undefined;
}

/** A quit, without the last words if they are blank or the room would refuse them. */
function quitOf(text = ""): CommandOf<"quit"> {
  const checked = check({ type: "quit", text: text.replaceAll(formatting, "") });
  return checked.type === "quit" ? checked : { type: "quit" };
}

const nothing: Entry["run"] = () => [];

function always(show: (client: Client) => string[]): Entry {
  return { run: (client) => show(client) };
}

const entries: Record<string, Entry> = {
  CAP: { needs: 1, isEarly: true, run: (client, params) => capability(client, params) },
  PASS: {
    needs: 1,
    isEarly: true,
    run: (client, [secret = ""]) => {
      if (client.registration.isDone) return [client.numeric("462", "You may not reregister")];
      client.registration.giveSecret(secret);
      return [];
    },
  },
  AUTHENTICATE: {
    needs: 1,
    isEarly: true,
    run: (client, [text = ""]) => {
      const { asked } = client;
      client.registration.authenticate(text, (lines) => client.reply(asked, lines));
      return undefined;
    },
  },
  NICK: { isEarly: true, run: nick },
  USER: {
    needs: 4,
    isEarly: true,
    run: (client) => {
      if (client.registration.isDone) return [client.numeric("462", "You may not reregister")];
      client.registration.hasUser = true;
      return client.registration.join() ?? [];
    },
  },
  PING: { isEarly: true, run: ping },
  PONG: { isEarly: true, run: nothing },
  QUIT: { isEarly: true, run: (_, [text]) => quitOf(text) },
  JOIN: { needs: 1, run: join },
  PART: { needs: 1, run: part },
  PRIVMSG: say("PRIVMSG"),
  NOTICE: say("NOTICE"),
  TAGMSG: { run: nothing },
  TOPIC: { needs: 1, run: topic },
  NAMES: { run: names },
  WHO: { run: who },
  WHOIS: { needs: 1, run: whois },
  WHOWAS: { needs: 1, run: whowas },
  MODE: { needs: 1, run: mode },
  KICK: { needs: 2, run: kick },
  OPER: { needs: 2, run: operator },
  LIST: always(list),
  INVITE: {
    needs: 2,
    run: (client, [nick = "", channel = ""]) => {
      if (!client.isChannel(channel)) return [client.noSuchChannel(channel)];
      const isHere = client.host.find(nick) !== undefined;
      if (isHere) return [client.numeric("443", nick, channel, "is already on channel")];
      return [client.numeric("401", nick, "No such nick: everyone comes in without being invited")];
    },
  },
  AWAY: {
    run: (client, [text = ""]) => [
      text === ""
        ? client.numeric("305", "You are no longer marked as being away")
        : client.numeric("306", "You have been marked as being away"),
    ],
  },
  USERHOST: {
    needs: 1,
    run: (client, nicks) => {
      const hosts = present(client, nicks.slice(0, 5)).map(
        ({ name, operator }) => `${name}${operator ? "*" : ""}=+${userName}@${hostOf(name)}`,
      );
      return [client.numeric("302", hosts.join(" "))];
    },
  },
  ISON: {
    needs: 1,
    run: (client, nicks) => {
      const names = present(client, nicks).map(({ name }) => name);
      return [client.numeric("303", names.join(" "))];
    },
  },
  CHATHISTORY: {
    needs: 1,
    run: seated((client, params) => chatHistory(params, client, encodingFor(client))),
  },
  SEARCH: { needs: 1, run: seated((client, params) => searchCommand(params, client, encodingFor(client))) },
  MOTD: always((client) => [noMotd(client)]),
  LUSERS: always(lusers),
  VERSION: always((client) => [client.numeric("351", version, serverName, "")]),
  TIME: always((client) => [client.numeric("391", serverName, new Date().toUTCString())]),
  INFO: always((client) => [
    client.numeric("371", `${version}, a chat room: ${client.channel}`),
    client.numeric("374", "End of INFO list"),
  ]),
  ADMIN: always((client) => [client.numeric("423", serverName, "No administrative info available")]),
  LINKS: always((client) => [
    client.numeric("364", serverName, serverName, "0 the chat room"),
    client.numeric("365", "*", "End of /LINKS list"),
  ]),
  STATS: always((client) => [client.numeric("219", "*", "End of /STATS report")]),
  HELP: always((client) => [
    client.numeric("704", "index", `There is one channel, ${client.channel}`),
    client.numeric("705", "index", "/msg NAME TEXT whispers, /oper NAME PASSWORD makes you an operator"),
    client.numeric("706", "index", "End of /HELP"),
  ]),
};
const table = new Map(Object.entries(entries));

function capability(client: Client, params: string[]): Outcome {
  const lines = client.registration.cap(params);
  const join = client.registration.join();
  if (join === undefined) return lines;
  client.host.send(ended(lines));
  return join;
}

/** Carries out a line of a client: its command in capitals, and its parameters. */
export function run(client: Client, command: string, params: string[]): Outcome {
  const entry = table.get(command);
  if (!client.registration.isDone && !entry?.isEarly)
    return [client.numeric("451", "You have not registered")];
  if (!entry) return [client.numeric("421", word(command), "Unknown command")];
  if (params.length < (entry.needs ?? 0) || (entry.needs && params[0] === "" && command !== "TOPIC")) {
    return [client.notEnough(command)];
  }
  return entry.run(client, params);
}
