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
import { type Ends, type Format, JsonFormat, PlainFormat } from "./lib/client/pipe/formats.ts";
import { PipeFront } from "./lib/client/pipe/front.ts";
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
  await post(texts, { ...room, name: nameGiven("To say something once") }).catch(fail);
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

function jsonFormat(ends: Ends): Format {
  return new JsonFormat(ends, rawOf);
}

function plainFormat(ends: Ends): Format {
  const colors = picocolors.createColors(false);
  const time = isDumb ? options.time : "off";
  const { chat, past } = ends.client;
  const hitNumber = (seq: number) => past?.hits.numberOf(seq);
  const view = new View(chat, { colors, time, bell: "off", columns: () => Infinity, hitNumber });
  return new PlainFormat(ends, view);
}
