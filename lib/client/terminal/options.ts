// The client's flags, and the servers that they name. The environment and a config file can set them as well, but for those
// of one start (lib/cli/flags.ts). The paths of the client's own files stand here, too: settings, known_hosts, the key.

import { join } from "node:path";
import {
  type About,
  choice,
  type Flag,
  forOneStart,
  number,
  type parseFlags,
  taking,
  text,
  toggle,
} from "../../cli/flags.ts";
import { configFolder } from "../../cli/folders.ts";
import { UsageError } from "../../protocol/errors.ts";
import { defaultHost, defaultPort, isFault } from "../../protocol/events.ts";
import { cleanName } from "../../protocol/names.ts";
import type { Server } from "./tcp.ts";
import { normalFingerprint, trustFor } from "./trust.ts";

const fingerprint: Flag<string | undefined> = {
  value: "SHA256",
  summary: "speak TLS with the server that has this certificate and no other",
  default: undefined,
  parse: taking("64 hexadecimal digits, with or without colons", normalFingerprint),
};

/** Words with commas or blanks between them. */
const highlight: Flag<string[]> = {
  value: "WORDS",
  summary: "words that stand out and ring like your name: WORD,WORD",
  default: [],
  parse(text, flag) {
    const words = [...new Set(text.normalize("NFC").split(/[\s,]+/u))].filter((word) => word !== "");
    if (words.length > 0 && words.length <= maxWords && words.every((word) => word.length <= maxWord))
      return words;
    throw new UsageError(`--${flag} takes 1 to ${maxWords} words of at most ${maxWord} characters each`);
  },
};

/** The people to hide: names with commas between, of one person with slashes. */
const ignore: Flag<string[][]> = {
  value: "NAMES",
  summary: "who is hidden: NAME,NAME, or NAME/NAME for one with both",
  default: [],
  parse(text, flag) {
    return text.split(/[\s,]+/).map((person) =>
      person.split("/").map((text) => {
        const name = cleanName(text);
        if (isFault(name)) throw new UsageError(`--${flag} takes names with commas between, not "${text}"`);
        return name;
      }),
    );
  },
};

/** How many words may be highlighted, and how long each may be, in UTF-16 units. */
const maxWords = 100;
const maxWord = 100;

export const flags = {
  host: text("HOST", "where the server is; if the room has several: HOST[:PORT],HOST[:PORT]", defaultHost),
  port: number("PORT", "the port it listens on", defaultPort, 1, 65_535),
  name: text("NAME", "your name; asked for on a terminal"),
  "password-file": text("FILE", "its first line is the room's password; or set CHAT_PASSWORD"),
  time: choice("the time shown with each line", "short", ["off", "short", "full"]),
  bell: choice("what rings the terminal's bell", "mention", ["off", "mention", "all"]),
  notify: choice(
    "what tells you of mentions: the bell, or a desktop notification as well (OSC 9 or 777)",
    "bell",
    ["bell", "osc9", "osc777", "off"],
  ),
  joins: choice("whose coming and going is shown", "active", ["all", "active", "none"]),
  highlight,
  ignore,
  color: choice("colours; auto: if the terminal has them", "auto", ["auto", "on", "off"]),
  tls: toggle("speak TLS; a certificate that no authority vouches for is asked about, once"),
  ca: text("FILE", "speak TLS, and trust these authorities (PEM) instead of the system's"),
  fingerprint: forOneStart(fingerprint),
  say: forOneStart(text("TEXT", "say it without joining, for scripts")),
  once: forOneStart(toggle("the same with stdin")),
  json: forOneStart(toggle("every event as one JSON object a line, commands as JSON; for programs")),
};

/** The flags that /set changes while the client runs; all others mean something only when it starts. */
export const changeable = ["time", "bell", "notify", "joins", "highlight", "ignore", "color"] as const;

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
  prefix: "CHAT_",
  showsVariables: true,
};

export type Options = ReturnType<typeof parseFlags<typeof flags>>;

/** The servers that --host names, each with its trust. Throws a UsageError if --host or --ca is wrong. */
export function serversOf(options: Options): [Server, ...Server[]] {
  const [first = "", ...others] = options.host.split(",");
  const server = (text: string): Server => {
    const { host = "", port } =
      /^(?:\[(?<host>[^\]]+)\]|(?<host>[^:]+|.*:.*:.*))(?::(?<port>\d+))?$/.exec(text)?.groups ?? {};
    const at = { host, port: port === undefined ? options.port : Number(port) };
    if (host === "" || at.port < 1 || at.port > 65_535) {
      throw new UsageError(`--host takes HOST[:PORT], or several with commas between, not "${options.host}"`);
    }
    // The file has the certificates that a person has accepted; it need not exist.
    const knownHostsPath = join(configFolder(), "known_hosts");
    return { ...at, trust: trustFor({ ...options, ...at, knownHostsPath }) };
  };
  return [server(first), ...others.map(server)];
}

/** The file with the settings that last; it need not exist. */
export function configPath(): string {
  return join(configFolder(), "config.json");
}

/** The file with the key that is shown at each join; it need not exist. */
export function keyPath(): string {
  return join(configFolder(), "key");
}
