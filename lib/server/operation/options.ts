// The server's flags and what they mean: the options of its parts. Times and sizes that no flag sets stand here, too. A
// wrong value ends the start with one sentence; nothing is read again while the server runs.

import { readFileSync } from "node:fs";
import {
  choice,
  type Flag,
  lasting,
  number,
  type parseFlags,
  secret,
  text,
  toggle,
} from "../../cli/flags.ts";
import { UsageError } from "../../protocol/errors.ts";
import { defaultHost, defaultPort } from "../../protocol/events.ts";
import type { DoorOptions } from "../limits/door.ts";
import type { SessionOptions } from "../session/session.ts";

export const about = {
  usage: "bun ChatServer.ts [flags]",
  summary: "A chat room for terminals. Join it with bun ChatClient.ts, or with nc.",
};

const address = text("HOST", "the address to listen on; :: is every one", defaultHost);

const host: Flag<string> = {
  ...address,
  // As in a URL: [::1].
  parse: (given, flag) => address.parse(given.replace(/^\[(.*)\]$/, "$1"), flag),
};

const room: Flag<string> = {
  ...text("NAME", "which room of that database", "main"),
  parse(text, flag) {
    if (/^[\w.-]{1,64}$/.test(text)) return text;
    throw new UsageError(`--${flag} takes 1 to 64 letters, digits, "_", "-" or ".", not "${text}"`);
  },
};

const keep: Flag<string> = {
  ...text("N|AGE|N,AGE", "how much history is kept: events, an age (30d), or both", "100000"),
  parse(text) {
    keepOf(text);
    return text;
  },
};

export const flags = {
  host,
  port: number("PORT", "the port to listen on; 0 is any free one", defaultPort, 0, 65_535),
  stay: toggle("go on when the room is empty"),
  history: lasting(
    "CHAT_HISTORY",
    text(
      "PLACE",
      "a file, none, or postgres://HOST/DATABASE for several servers (default: in the user's state folder)",
    ),
  ),
  room,
  keep,
  backup: text("FILE", "copy the history, and exit"),
  export: text("FILE", "write it as JSON lines (-: to stdout), and exit"),
  import: text("FILE", "take such lines in (-: from stdin), and exit"),
  seat: number("SECONDS", "how long a lost connection's seat is kept", 30, 0, 86_400),
  names: number("DAYS", "how long an unused name is kept for its key; 0: never", 90, 0, 36_500),
  rate: number("N", "lines a second from one member, after 20 at once; 0: no limit", 5, 0, 1_000_000),
  "max-connections": number("N", "how many connections at once", 10_000, 1, 1_000_000),
  "max-per-address": number("N", "how many of them from one address", 100, 1, 1_000_000),
  "password-file": text("FILE", "its first line is the room's password; or set CHAT_PASSWORD"),
  "operator-password-file": text("FILE", "… that of operators; or set CHAT_OPERATOR_PASSWORD"),
  "tls-cert": text("FILE", "speak TLS with this certificate, the chain behind it (PEM)"),
  "tls-key": text("FILE", "the key of --tls-cert (PEM)"),
  log: choice("text|json", "what is printed: for people or for programs", "text", ["text", "json"]),
  metrics: number("PORT", "show metrics for Prometheus on 127.0.0.1:PORT; 0: nowhere", 0, 0, 65_535),
  quiet: toggle("print no line for each connection and message"),
};

/** The flags as they were given. */
export type Options = ReturnType<typeof parseFlags<typeof flags>>;

/** How many of the newest events are kept, and how long, in milliseconds; undefined: however old they are. */
export type Keep = { keepEvents: number; keepMs: number | undefined };

const hourMs = 3_600_000;
const unitMs: Record<string, number> = { h: hourMs, d: 24 * hourMs, w: 7 * 24 * hourMs };
const mostEvents = 1_000_000_000;
const longestMs = 100 * 366 * 24 * hourMs;

/** What `--keep` says. Throws a UsageError if it makes no sense. */
export function keepOf(text: string): Keep {
  const parts = text.split(",").map((part) => part.trim().toLowerCase());
  const counts = parts.filter((part) => /^\d+$/.test(part)).map(Number);
  const ages = parts.flatMap((part) => {
    const [, number, unit = ""] = /^(\d+)([hdw])$/.exec(part) ?? [];
    return number === undefined ? [] : [Number(number) * (unitMs[unit] ?? 0)];
  });
  const [keepEvents = mostEvents] = counts;
  const [keepMs] = ages;
  const isKnown = counts.length + ages.length === parts.length && counts.length <= 1 && ages.length <= 1;
  const isSound = keepEvents >= 1 && keepEvents <= mostEvents && keepMs !== 0 && (keepMs ?? 0) <= longestMs;
  if (isKnown && isSound) return { keepEvents, keepMs };
  const examples = "a number of events, an age (12h, 30d, 4w) or both (100000,30d)";
  throw new UsageError(`--keep takes ${examples}, not "${text}"`);
}

/** How long a connection may take to give a name, and for each password; and a TLS handshake before that. */
const joinWithinMs = 20_000;

/** How many lines a member may send at once. An address may send `addressShare` times as many, at once and a second. */
const burst = 20;
const addressShare = 5;

/** The options of every session. Throws a UsageError if a password file cannot be read. */
export function sessionOptions(
  options: Options,
  more: Pick<SessionOptions, "metrics" | "report" | "waysIn">,
): SessionOptions {
  return {
    ...more,
    rate: { burst, perSecond: options.rate },
    greetAfterMs: 250,
    joinWithinMs,
    silentMs: 90_000,
    password: secret(options["password-file"], "CHAT_PASSWORD"),
    operatorPassword: secret(options["operator-password-file"], "CHAT_OPERATOR_PASSWORD"),
  };
}

/** The door's limits. Throws an Error if the system allows too few open files. */
export function doorLimits(options: Options): Omit<DoorOptions, "isBanned"> {
  const files = openFiles();
  if (files <= sparedFiles) {
    throw new Error(
      `The system allows ${files} open files: the server needs more than ${sparedFiles} (ulimit -n)`,
    );
  }
  return {
    maxConnections: Math.min(options["max-connections"], files - sparedFiles),
    maxPerAddress: options["max-per-address"],
    joinWithinMs,
    addressRate: { burst: burst * addressShare, perSecond: options.rate * addressShare },
  };
}

/** Open files that connections of members must leave free: for the history, the metrics, refused connections. */
const sparedFiles = 200;

/** How many files the system lets us open (`ulimit -n`); with none left, accepting a connection would spin. */
function openFiles(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    if (soft !== undefined) return Number(soft);
  } catch {
    // Not Linux: the shell knows.
  }
  const { stdout } = Bun.spawnSync(["sh", "-c", "ulimit -n"]);
  return Number.parseInt(String(stdout), 10) || Infinity;
}
