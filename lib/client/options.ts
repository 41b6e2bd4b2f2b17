// The client's flags and what they mean.

import { homedir } from "node:os";
import { join } from "node:path";
import { type About, choice, lasting, number, text, toggle } from "../flags.ts";
import { defaultHost, defaultPort } from "../protocol.ts";

export const flags = {
  host: lasting("CHAT_HOST", text("HOST", "where the server is", defaultHost)),
  port: lasting("CHAT_PORT", number("PORT", "the port it listens on", defaultPort, 1, 65_535)),
  name: lasting("CHAT_NAME", text("NAME", "your name; asked for on a terminal")),
  "password-file": lasting(
    "CHAT_PASSWORD_FILE",
    text("FILE", "its first line is the room's password; or set CHAT_PASSWORD"),
  ),
  time: lasting(
    "CHAT_TIME",
    choice("off|short|full", "the time shown with each line", "short", ["off", "short", "full"]),
  ),
  bell: lasting(
    "CHAT_BELL",
    choice("off|mention|all", "what rings the terminal's bell", "mention", ["off", "mention", "all"]),
  ),
  joins: lasting(
    "CHAT_JOINS",
    choice("all|active|none", "whose coming and going is shown", "active", ["all", "active", "none"]),
  ),
  json: toggle("every event as one JSON object a line, commands as JSON; for programs"),
};

export const about: About = {
  usage: "bun ChatClient.ts [flags] [NAME@][HOST][:PORT]",
  summary: "Joins a chat room. On pipes, lines in are said, lines out are the room.",
  positional: {
    value: "[NAME@][HOST][:PORT]",
    summary: "the same as --name, --host and --port; an IPv6 address in brackets: [::1]:53000",
    shape:
      /^(?!$)(?:(?<name>[^@]*)@)?(?:\[(?<host>[^\s@[\]]+)\]|(?<host>[^\s@:[\]]+))?(?::(?<port>[^@:]*))?$/,
  },
  configPath: configPath(),
};

/** Where the settings that last are, if there are any. */
export function configPath(): string {
  const config = process.env.XDG_CONFIG_HOME || join(homedir(), ".config");
  return join(config, "chatroom", "config.json");
}
