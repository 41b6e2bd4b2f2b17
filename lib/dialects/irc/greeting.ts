// The greeting of a registered client: the server's name and its features.

import about from "../../../package.json";
import type { Client } from "./client.ts";
import { serverName } from "./wire.ts";

/** The lines that tell a client that it is registered: 001 to 005, and that there is no message of the day. */
export function greetingLines(client: Client): string[] {
  const { me } = client;
  const supported = (words: string) =>
    client.numeric("005", ...words.split(" "), "are supported by this server");
  return [
    client.numeric("001", `Welcome to the chat room, ${me}`),
    client.numeric("002", `Your host is ${serverName}, running version ${version}`),
    client.numeric("003", `This server was created ${client.host.channel.begun.toUTCString()}`),
    // The modes of users, of channels, and those with a parameter. No colon before the last word: some clients count the words.
    `:${serverName} 004 ${me} ${serverName} ${version} i bmnoqt boq`,
    supported(
      "CASEMAPPING=ascii CHANLIMIT=#:1 CHANMODES=bq,,,mnt CHANNELLEN=64 CHANTYPES=# CHATHISTORY=100 " +
        "CLIENTTAGDENY=* KICKLEN=300 MODES=1 MSGREFTYPES=msgid,timestamp NETWORK=chatroom",
    ),
    supported(
      "NICKLEN=32 PREFIX=(ov)@+ SAFELIST TARGMAX=JOIN:,KICK:1,NAMES:1,NOTICE:1,PART:,PRIVMSG:1,WHOIS:1 " +
        "TOPICLEN=300 UTF8ONLY WHOX soju.im/SAFERATE",
    ),
    noMotd(client),
  ];
}

/** The version of the server, as IRC clients show it. */
export const version = `chatroom-${about.version}`;

export function noMotd(client: Client): string {
  return client.numeric("422", "MOTD File is missing");
}
