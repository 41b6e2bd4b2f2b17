// The lines of a connection that are no answer of one command: its greeting, faults, and its last lines.

import about from "../../../package.json";
import type { Bye, Fault } from "../../protocol/events.ts";
import { type Client, failLine, isAboutName } from "./client.ts";
import { closingLine, serverName, word } from "./wire.ts";

/** Whether the connection ends with this fault: a client that is not registered could not go on after it. */
export function endsWith({ code }: Fault, client: Client): boolean {
  const isFinal = code === "wrong-password" || code === "banned" || code === "unavailable";
  return isFinal && !client.registration.isDone;
}

/** The lines for a fault of the client's latest command. */
export function faultLines(fault: Fault, client: Client): string[] {
  const { code, text } = fault;
  const { command, target } = client.asked;
  const { isDone, nick } = client.registration;
  const name = word(isDone && command !== "JOIN" ? target : nick);
  const isName = command === "NICK" || command === "JOIN" || !isDone;
  if (!isDone && isAboutName(fault)) client.registration.nick = "";
  // IRC answers no NOTICE, so that two programs cannot answer each other for ever.
  if (command === "NOTICE" && isDone) return [];
  switch (code) {
    case "slow-down":
      return [client.notice(text)];
    case "conflict":
      return [isDone ? client.notice(text) : client.numeric("433", name, text)];
    case "name-taken":
    case "name-owned":
      return [client.numeric("433", name, text)];
    case "bad-name":
    case "name-reserved":
      return [isName ? client.numeric("432", name, text) : client.noSuchNick(name)];
    case "banned":
      if (!isDone) return [client.numeric("465", text), closingLine(client.me, text)];
      return [
        command === "JOIN" ? client.numeric("474", client.channel, text) : client.numeric("432", name, text),
      ];
    case "wrong-password":
      return [client.numeric("464", text), ...(isDone ? [] : [closingLine(client.me, text)])];
    case "not-operator":
      if (command === "OPER") return [client.numeric("491", text)];
      return [
        client.numeric("482", client.channel, "That is for operators: /oper NAME PASSWORD makes you one"),
      ];
    case "no-such-member":
      if (command === "KICK")
        return [client.numeric("441", name, client.channel, "They are not on that channel")];
      return [client.noSuchNick(name)];
    case "muted":
      return [client.numeric("404", client.channel, text)];
    case "empty":
      return [client.numeric("412", "No text to send")];
    case "too-long":
      return [client.fail("TOO_LONG", text)];
    case "unavailable":
      return isDone ? [client.fail("TEMPORARILY_UNAVAILABLE", text)] : [closingLine(client.me, text)];
    default:
      return [client.notice(text)];
  }
}

/** The lines for a line that is too long or not UTF-8. */
export function lineFault({ code, text }: Fault, client: Client): string[] {
  if (code === "too-long") return [client.numeric("417", "Input line was too long")];
  return [client.has("standard-replies") ? failLine("*", "INVALID_UTF8", text) : client.notice(text)];
}

/** The last lines of a connection, which say why it ends. */
export function byeLines({ code, text }: Bye, client: Client): string[] {
  return [...(code === "banned" ? [client.numeric("465", text)] : []), closingLine(client.me, text)];
}

// ---- The beginning ----

/** The lines that tell a client that it is registered: 001 to 005, and that there is no message of the day. */
export function greetingLines(client: Client): string[] {
  const { me } = client;
  const supported = (...words: string[]) => client.numeric("005", ...words, "are supported by this server");
  return [
    client.numeric("001", `Welcome to the chat room, ${me}`),
    client.numeric("002", `Your host is ${serverName}, running version ${version}`),
    client.numeric("003", `This server was created ${client.host.channel.begun.toUTCString()}`),
    // Without a colon before the last word, since some clients count the words: modes of users, of channels, with parameters.
    `:${serverName} 004 ${me} ${serverName} ${version} i bmnoqt boq`,
    supported(
      ..."CASEMAPPING=ascii CHANLIMIT=#:1 CHANMODES=bq,,,mnt CHANNELLEN=64 CHANTYPES=# CHATHISTORY=100".split(
        " ",
      ),
      ..."CLIENTTAGDENY=* KICKLEN=300 MODES=1 MSGREFTYPES=msgid,timestamp NETWORK=chatroom".split(" "),
    ),
    supported(
      ..."NICKLEN=32 PREFIX=(ov)@+ SAFELIST".split(" "),
      "TARGMAX=JOIN:,KICK:1,NAMES:1,NOTICE:1,PART:,PRIVMSG:1,WHOIS:1",
      ..."TOPICLEN=300 UTF8ONLY WHOX soju.im/SAFERATE".split(" "),
    ),
    noMotd(client),
  ];
}

/** The version of the server, as IRC clients show it. */
export const version = `chatroom-${about.version}`;

export function noMotd(client: Client): string {
  return client.numeric("422", "MOTD File is missing");
}
