#!/usr/bin/env bun
// The chat client: asks who you are, connects, and shows the room above a prompt. On pipes, lines in are said and
// lines out are the room; with --json both are JSON.
//
//   bun ChatClient.ts      bun ChatClient.ts ada@host:port      seq 10 | bun ChatClient.ts --name bot

import "./lib/cli/bun-version.ts";
import picocolors from "picocolors";
import { attempt, fail, parseFlags, secret } from "./lib/cli/flags.ts";
import { PipeFront } from "./lib/client/pipe/front.ts";
import { JsonTongue, type Mouth, PlainTongue, type Tongue } from "./lib/client/pipe/tongues.ts";
import { TerminalFront } from "./lib/client/terminal/front.ts";
import { about, draftFolder, flags, serversOf } from "./lib/client/terminal/options.ts";
import { tcp } from "./lib/client/terminal/tcp.ts";
import { View } from "./lib/client/terminal/view.ts";
import { json } from "./lib/dialects/json.ts";
import { UsageError } from "./lib/protocol/errors.ts";

const options = attempt(() => parseFlags(flags, about));
const [first, ...others] = attempt(() => serversOf(options));
const room = {
  servers: [tcp(first), ...others.map(tcp)] as const,
  place: [first, ...others].map(({ host, port }) => `${host}:${port}`).join(", "),
  password: attempt(() => secret(options["password-file"], "CHAT_PASSWORD")),
};

const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
const front = isTerminal && !options.json ? onTerminal() : onPipes();

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => front.quit());
process.exit(await front.run());

function onTerminal(): TerminalFront {
  return new TerminalFront({ ...options, ...room, draftFolder: draftFolder() });
}

function onPipes(): PipeFront {
  const { name } = options;
  if (name === undefined)
    return fail(new UsageError("On pipes a name is needed: bun ChatClient.ts --name NAME"));
  return new PipeFront({ ...room, name, tongue: options.json ? jsonTongue : plainTongue });
}

function jsonTongue(mouth: Mouth): Tongue {
  return new JsonTongue(mouth, (line) => json.parse(line, true));
}

function plainTongue(mouth: Mouth): Tongue {
  const colors = picocolors.createColors(false);
  const view = new View(mouth.client.chat, { colors, time: "off", bell: "off", columns: () => Infinity });
  return new PlainTongue(mouth, view);
}
