// Faults as lines of IRC, and the last lines of a connection, which say why it ends.

import type { Bye, Fault } from "../../protocol/events.ts";
import { type Client, failLine, isAboutName } from "./client.ts";
import { closingLine, word } from "./wire.ts";

/** Whether the connection ends with this fault, after which a client that is not registered could not go on. */
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
      if (command === "PRIVMSG" || command === "BATCH") return [client.numeric("412", "No text to send")];
      return [client.notEnough(command)];
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

/** The last lines of a connection. */
export function byeLines({ code, text }: Bye, client: Client): string[] {
  return [...(code === "banned" ? [client.numeric("465", text)] : []), closingLine(client.me, text)];
}
