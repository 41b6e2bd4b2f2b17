// The server's flags and what they mean.

import { homedir } from "node:os";
import { join } from "node:path";
import { number, text, toggle } from "../flags.ts";
import { defaultHost, defaultPort } from "../protocol.ts";
import type { SessionOptions } from "./session.ts";

export const about = {
  usage: "bun ChatServer.ts [flags]",
  summary: "A chat room for terminals. Join it with bun ChatClient.ts, or with nc.",
};

export const flags = {
  host: text("HOST", "the address to listen on; :: is every one", defaultHost),
  port: number("PORT", "the port to listen on; 0 is any free one", defaultPort, 0, 65_535),
  stay: toggle("go on when the room is empty"),
  history: text("FILE", "where the history is kept; none: in memory (default: the user's state folder)"),
  keep: number("N", "how many events the history keeps", 100_000, 1, 1_000_000_000),
  seat: number("SECONDS", "how long a lost connection's seat is kept", 30, 0, 86_400),
  rate: number("N", "lines a second from one client, after 20 at once; 0: no limit", 5, 0, 1_000_000),
  "tls-cert": text("FILE", "speak TLS with this certificate, the chain behind it (PEM)"),
  "tls-key": text("FILE", "the key of --tls-cert (PEM)"),
  quiet: toggle("print no line for each connection and message"),
};

/** Where the history goes: a file, or undefined for memory. Each port has its own by default. */
export function historyPath(history: string | undefined, port: number): string | undefined {
  if (history === "none") return undefined;
  const state = process.env.XDG_STATE_HOME || join(homedir(), ".local", "state");
  return history ?? join(state, "chatroom", `${port}.sqlite`);
}

export function sessionOptions(linesPerSecond: number): SessionOptions {
  return {
    rate: { burst: 20, perSecond: linesPerSecond },
    greetAfterMs: 250,
    joinWithinMs: 20_000,
    silentMs: 90_000,
  };
}

/** Why the server has no port, in one sentence. */
export function cannotListen(error: unknown, { host, port }: { host: string; port: number }): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reasons: Record<string, string> = {
    EADDRINUSE: "something listens there already: end it, or choose another --port",
    EADDRNOTAVAIL: "this machine has no such address: choose another --host",
    EACCES: "ports below 1024 need more rights: choose another --port",
  };
  return `Cannot listen on ${host}:${port}, ${reasons[code] ?? String(error)}`;
}
