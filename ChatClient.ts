#!/usr/bin/env bun
// The chat client: asks who you are, connects, and shows the room above a prompt. On pipes, lines in are said and
// lines out are the room; with --json both are JSON.
//
//   bun ChatClient.ts      bun ChatClient.ts ada@host:port      seq 10 | bun ChatClient.ts --name bot
//   bun ChatClient.ts --name cron --say done

import "./lib/cli/bun-version.ts";
import picocolors from "picocolors";
import { attempt, fail } from "./lib/cli/failure.ts";
import { parseFlags } from "./lib/cli/flags.ts";
import { stateFolder } from "./lib/cli/folders.ts";
import { secret } from "./lib/cli/secret.ts";
import type { Client } from "./lib/client/core/client.ts";
import { type Format, PipeFront } from "./lib/client/pipe/front.ts";
import { messagesIn, post } from "./lib/client/pipe/post.ts";
import { TerminalFront } from "./lib/client/terminal/front.ts";
import { keyIn } from "./lib/client/terminal/key.ts";
import { about, flags, keyPath, serversOf } from "./lib/client/terminal/options.ts";
import { Settings } from "./lib/client/terminal/settings.ts";
import { tcp } from "./lib/client/terminal/tcp.ts";
import { View } from "./lib/client/terminal/view.ts";
import { rawOf } from "./lib/dialects/json.ts";
import { addressOf } from "./lib/protocol/addresses.ts";
import { messageOf, UsageError } from "./lib/protocol/errors.ts";
import { visibleRow } from "./lib/protocol/text.ts";

const options = attempt(() => parseFlags(flags, about));
const places = attempt(() => serversOf(options));
const [first, ...others] = places;
const room = {
  servers: [tcp(first), ...others.map(tcp)] as const,
  address: places.map(addressOf).join(", "),
  password: attempt(() => secret(options["password-file"], "CHAT_PASSWORD")),
  key: ownKey(),
};

const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
/** A terminal that takes no cursor movements is read and written as pipes are, line by line. */
const isDumb = isTerminal && process.env.TERM === "dumb";

if (options.say !== undefined || options.once) {
  if (options.say !== undefined && options.once) {
    fail(new UsageError("--say says its TEXT, --once what comes in: give one of the two"));
  }
  const texts = options.say === undefined ? messagesIn(await Bun.stdin.text()) : [options.say];
  await post(texts, { ...room, name: nameGiven("For --say and --once") }).catch(fail);
  process.exit();
}

const front = isTerminal && !isDumb && !options.json ? onTerminal() : onPipes();

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => front.quit());
process.exit(await front.run());

/** Without a key everything works, but names are not kept. */
function ownKey(): string | undefined {
  try {
    return keyIn(keyPath());
  } catch (error) {
    process.stderr.write(`${visibleRow(messageOf(error))}\n`);
    return undefined;
  }
}

function onTerminal(): TerminalFront {
  const settings = new Settings(options, about);
  return new TerminalFront({ ...room, places, name: options.name, settings, stateFolder: stateFolder() });
}

function onPipes(): PipeFront {
  return new PipeFront({
    ...room,
    name: nameGiven("On pipes"),
    format: options.json ? jsonFormat : plainFormat,
  });
}

/** The name, which has to be given where it cannot be asked for. */
function nameGiven(where: string): string {
  const name = options.name ?? (isDumb ? (prompt("What is your name?") ?? undefined) : undefined);
  return name ?? fail(new UsageError(`${where} a name is needed: bun ChatClient.ts --name NAME`));
}

function jsonFormat(client: Client): Format {
  return {
    enter: (line) => client.ask(rawOf(line)),
    // The token stays in the link: a reader of this output could take the seat with it.
    render: (event) => [JSON.stringify({ ...event, token: undefined })],
    settle: () => [],
    hasProblems: true,
  };
}

function plainFormat(client: Client): Format {
  const view = new View(client.chat, {
    colors: picocolors.createColors(false),
    time: isDumb ? options.time : "off",
    bell: "off",
    columns: () => Infinity,
    hitNumber: (seq) => client.past?.hits.numberOf(seq),
  });
  return {
    enter: (line) => client.enter(line),
    render: (event) => view.render(event),
    settle: () => view.settle(),
    hasProblems: false,
  };
}
