// A room with ada in it, at a terminal: the keys she types, and the row she types in.

import { join } from "node:path";
import { Terminal } from "./screen.ts";
import { root, Server } from "./server.ts";

export const size = { cols: 80, rows: 24 };

/** A room with ada in it, at a terminal with its prompt drawn. */
export async function open(flags: string[] = [], at = size) {
  const server = await Server.start(["--stay"]);
  const command = ["bun", join(root, "ChatClient.ts"), `ada@localhost:${server.port}`, ...flags];
  const ada = new Terminal(command, at);
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

/** Waits until the row one types in shows this, the cursor at its end unless said otherwise. */
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
