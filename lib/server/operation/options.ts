// The flags of the server. Each can also be set by a variable and in a file of settings (lib/cli/flags.ts). A wrong value ends the
// start with one sentence. The limits that the flags set are in limits.ts; SIGHUP reads all of them again (reload.ts).

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
  unknownVariables,
} from "../../cli/flags.ts";
import { configFolder } from "../../cli/folders.ts";
import { networkIn, networkText, type Place } from "../../protocol/addresses.ts";
import { UsageError } from "../../protocol/errors.ts";
import { defaultHost, defaultPort } from "../../protocol/events.ts";
import { dayMs, unitMs } from "../../protocol/fields.ts";

export const about: About = {
  usage: "bun ChatServer.ts [flags]",
  summary: "A chat room. Join it with bun ChatClient.ts, nc, a browser or an IRC client.",
  configPath: join(configFolder(), "server.conf"),
  prefix: "CHAT_",
};

const address = text("HOST", "the address to listen on; :: is every one", defaultHost);

const host: Flag<string> = {
  ...address,
  // [::1] as in a URL; * for every address, as in the settings of other servers.
  parse: (given, flag) => address.parse(given === "*" ? "::" : given.replace(/^\[(.*)\]$/, "$1"), flag),
};

const metrics: Flag<Place | undefined> = {
  value: "[HOST:]PORT",
  summary: "show metrics for Prometheus, on 127.0.0.1 by default; 0: nowhere",
  default: undefined,
  parse(text, flag) {
    const {
      host = "127.0.0.1",
      bare,
      port,
    } = /^(?:(?:\[(?<host>[^\]]+)\]|(?<bare>[^:[\]]+)):)?(?<port>\d+)$/.exec(text)?.groups ?? {};
    const place = { host: bare ?? host, port: Number(port) };
    if (!(place.port <= 65_535)) {
      throw new UsageError(`--${flag} takes PORT or HOST:PORT, a port from 0 to 65535, not "${text}"`);
    }
    return place.port === 0 ? undefined : place;
  },
};

const webNames: Flag<readonly string[]> = {
  value: "NAMES",
  summary: "what browsers may call this machine, beside its own names: NAME,NAME",
  default: [],
  parse(text, flag) {
    const names = text
      .toLowerCase()
      .split(",")
      .map((name) => name.trim());
    const wrong = names.find((name) => !/^[a-z\d_-]+(?:\.[a-z\d_-]+)*$/.test(name));
    if (wrong === undefined) return names;
    throw new UsageError(`--${flag} takes names as in chat.example.org,chat.example.net, not "${wrong}"`);
  },
};

const room: Flag<string> = {
  ...text("NAME", "which room of that database", "main"),
  parse: taking('1 to 64 letters, digits, "_", "-" or "."', (text) => /^[\w.-]{1,64}$/.exec(text)?.[0]),
};

/** Addresses and networks, with commas between them or given one after the other. */
function networks(value: string, summary: string): Flag<string[]> {
  return {
    value,
    summary,
    default: [],
    several: true,
    parse: (text, flag) =>
      text.split(",").map((given) => {
        const network = networkIn(given.trim());
        if (network) return networkText(network);
        throw new UsageError(
          `--${flag} takes an address or a network such as 10.0.0.0/8, not "${given.trim()}"`,
        );
      }),
  };
}

const keep: Flag<string> = {
  ...text("N|AGE|N,AGE", "how much history is kept: events, an age (30d), or both", "100000"),
  parse(text) {
    keepOf(text);
    return text;
  },
};

const channel: Flag<string> = {
  ...text("NAME", "what IRC clients call the room", "room"),
  parse: taking('1 to 63 letters, digits, "_", "-" or "."', (text) => /^#?([\w.-]{1,63})$/.exec(text)?.[1]),
};

export const flags = {
  config: text("FILE", "a file with settings, one a line: max-connections 500"),
  host,
  port: number("PORT", "the port to listen on; 0 is any free one", defaultPort, 0, 65_535),
  stay: toggle("go on when the room is empty"),
  history: text(
    "PLACE",
    "a file, none, or postgres://HOST/DATABASE for several servers (default: in the user's state folder)",
  ),
  room,
  channel,
  keep,
  backup: forOneStart(text("FILE", "copy the history, and exit")),
  export: forOneStart(text("FILE", "write it as JSON lines (-: to stdout), and exit")),
  import: forOneStart(text("FILE", "take such lines in (-: from stdin), and exit")),
  seat: number("SECONDS", "how long a lost connection's seat is kept", 30, 0, 86_400),
  names: number("DAYS", "how long an unused name is kept for its key; 0: never", 90, 0, 36_500),
  rate: number("N", "lines a second from one member, after 20 at once; 0: no limit", 5, 0, 1_000_000),
  "max-connections": number("N", "how many connections at once", 10_000, 1, 1_000_000),
  "max-per-address": number("N", "how many of them from one address", 100, 1, 1_000_000),
  "password-file": text("FILE", "its first line is the room's password; or set CHAT_PASSWORD"),
  "operator-password-file": text("FILE", "… that of operators; or set CHAT_OPERATOR_PASSWORD"),
  operators: text("FILE", "operators' names, each with its password's hash"),
  "hash-password": forOneStart(toggle("print the hash of a password, and exit")),
  proxy: networks("ADDRESS", "believe the PROXY protocol from this address or network; repeatable"),
  "tls-cert": text("FILE", "speak TLS with this certificate, the chain behind it (PEM)"),
  "tls-key": text("FILE", "the key of --tls-cert (PEM)"),
  web: {
    ...number("PORT", "the page's port, for browsers; 0: nowhere (default: 53080, if free)", 0, 0, 65_535),
    default: undefined as number | undefined,
  },
  "web-names": webNames,
  log: choice("what is printed: for people or for programs", "text", ["text", "json"]),
  metrics,
  quiet: toggle("print no line for each connection and message"),
};

/** Variables of the client, which may be in the environment of the server. */
export const clientVariables = "NAME TIME BELL NOTIFY JOINS HIGHLIGHT IGNORE COLOR TLS CA"
  .split(" ")
  .map((name) => `CHAT_${name}`);
/** Variables with passwords, which no flag takes. */
const secretVariables = ["CHAT_PASSWORD", "CHAT_OPERATOR_PASSWORD"];

/** Sentences about variables with the server's prefix that set nothing, such as mistyped ones. */
export function unknownSettings(environment = process.env): string[] {
  const known = [...clientVariables, ...secretVariables];
  return unknownVariables(flags, about, environment)
    .filter((name) => !known.includes(name))
    .map((name) => `The variable ${name} sets nothing: see --help`);
}

export type Options = ReturnType<typeof parseFlags<typeof flags>>;

/** How many of the newest events are kept, and how long, in ms; undefined: for ever. */
export type Keep = { keepEvents: number; keepMs: number | undefined };

const mostEvents = 1_000_000_000;
/** A hundred years. */
const longestMs = 100 * 366 * dayMs;

/** Reads the value of `--keep`. Throws a UsageError if it is none, or out of bounds. */
export function keepOf(text: string): Keep {
  const parts = text.split(",").map((part) => part.trim().toLowerCase());
  const counts = parts.filter((part) => /^\d+$/.test(part)).map(Number);
  const ages = parts.flatMap((part) => {
    const [, number, unit = ""] = /^(\d+)([hdw])$/.exec(part) ?? [];
    return number === undefined ? [] : [Number(number) * (unitMs[unit] ?? 0)];
  });
  const [keepEvents = mostEvents] = counts;
  const [keepMs] = ages;
  const isRead = counts.length <= 1 && ages.length <= 1 && counts.length + ages.length === parts.length;
  const isWithin = keepEvents >= 1 && keepEvents <= mostEvents && keepMs !== 0 && (keepMs ?? 0) <= longestMs;
  if (isRead && isWithin) return { keepEvents, keepMs };
  const examples = "a number of events, an age (12h, 30d, 4w) or both (100000,30d)";
  throw new UsageError(`--keep takes ${examples}, not "${text}"`);
}
