// Members of a room: a person at a terminal with its keys, a client on pipes, an operator.

import { join } from "node:path";
import { JsonClient } from "./clients.ts";
import { Terminal } from "./screen.ts";
import { root, Server, withoutSettings } from "./server.ts";

export const size = { cols: 80, rows: 24 };

/** Starts a room with ada in it, at a terminal, and waits for her prompt. */
export async function open(flags: string[] = [], at = size, environment: Record<string, string> = {}) {
  const server = await Server.start(["--stay"]);
  const command = ["bun", join(root, "ChatClient.ts"), `ada@localhost:${server.port}`, ...flags];
  const ada = new Terminal(command, at, environment);
  await ada.until("the prompt", ({ row }) => row.trimEnd() === "ada>");
  return {
    server,
    ada,
    async [Symbol.asyncDispose]() {
      await ada[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Waits until the input row shows this, with the cursor in column `x`, its end by default. */
export function types(terminal: Terminal, row: string, x = row.length): Promise<void> {
  return terminal.until(
    `the row "${row}", cursor at ${x}`,
    (t) => t.row.trimEnd() === row.trimEnd() && t.cursor.x === x,
  );
}

export const key = {
  up: "\x1b[A",
  down: "\x1b[B",
  right: "\x1b[C",
  left: "\x1b[D",
  home: "\x1b[H",
  end: "\x1b[F",
  delete: "\x1b[3~",
  tab: "\t",
  enter: "\r",
  ctrl: (letter: string) => String.fromCharCode(letter.charCodeAt(0) & 31),
  alt: (letter: string) => `\x1b${letter}`,
  paste: (text: string) => `\x1b[200~${text}\x1b[201~`,
};

/** Runs the client on pipes with the input "hello". Returns its output and its exit code. */
export async function piped(
  port: number,
  flags: string[],
  environment: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  const bot = Bun.spawn(
    ["bun", join(root, "ChatClient.ts"), "--port", `${port}`, "--name", "bot", ...flags],
    {
      stdin: new Blob(["hello\n"]),
      stdout: "pipe",
      stderr: "pipe",
      env: { ...withoutSettings(), NODE_EXTRA_CA_CERTS: undefined, ...environment },
    },
  );
  const [out, err, code] = await Promise.all([bot.stdout.text(), bot.stderr.text(), bot.exited]);
  return { code, out, err };
}

/** The environment of a server with this operator password. */
export const kept = { CHAT_OPERATOR_PASSWORD: "the gavel" };
/** The environment of a server with this room password. */
export const guarded = { CHAT_PASSWORD: "open sesame" };

/** Joins as a member, and becomes an operator. */
export async function operator(server: Server, name: string): Promise<JsonClient> {
  const client = await JsonClient.join(server.port, name);
  client.send({ type: "op", password: kept.CHAT_OPERATOR_PASSWORD });
  await client.event("opped", { name });
  return client;
}
