#!/usr/bin/env bun
// The chat client: asks who you are, connects, and shows the room above a prompt. On pipes, lines in are said and
// lines out are the room.
//
//   bun ChatClient.ts                       seq 10 | bun ChatClient.ts --name bot

import { createInterface } from "node:readline";
import picocolors from "picocolors";
import { askName } from "./lib/client/form.ts";
import { Link, reasonOf } from "./lib/client/link.ts";
import { Prompt } from "./lib/client/prompt.ts";
import { View } from "./lib/client/view.ts";
import { check, help, parseTyped } from "./lib/commands.ts";
import { attempt, fail, number, parseFlags, text, UsageError } from "./lib/flags.ts";
import { defaultHost, defaultPort, isFault } from "./lib/protocol.ts";
import { visibleRow } from "./lib/text.ts";

const options = attempt(() =>
  parseFlags(
    {
      host: text("HOST", "where the server is", defaultHost),
      port: number("PORT", "the port it listens on", defaultPort, 1, 65_535),
      name: text("NAME", "your name; asked for on a terminal"),
    },
    {
      usage: "bun ChatClient.ts [flags]",
      summary: "Joins a chat room. On pipes, lines in are said, lines out are the room.",
    },
  ),
);

// ---- What is shown, and what is typed ----

const interactive = process.stdin.isTTY === true && process.stdout.isTTY === true;
const view = new View(picocolors.createColors(process.stdout.isTTY === true && picocolors.isColorSupported));
const prompt = new Prompt(process.stdin, process.stdout, { entered, left: () => link.quit() });
process.stdout.on("error", () => process.exit(0));

/** New lines, and what of our own is still on its way. */
function show(lines: string[]): void {
  prompt.print(lines);
  if (interactive) prompt.waiting = Array.from(link.outbox, ({ text }) => text);
}

/** What is wrong, above the prompt; on pipes it does not belong among the lines of the room. */
function complain(problem: string): void {
  if (interactive) show(view.problem(problem));
  else process.stderr.write(`${visibleRow(problem)}\n`);
}

function entered(line: string): void {
  const raw = parseTyped(line);
  const command = isFault(raw) ? raw : check(raw);
  if (isFault(command)) return complain(command.text);
  const { type, fields } = command;
  if (type === "help") return show(help().split("\n"));
  if (type === "quit") return link.quit(typeof fields.text === "string" ? fields.text : undefined);
  if (typeof fields.text === "string") {
    link.say({ ...fields, type, text: fields.text });
    show([]);
  } else if (!link.send({ ...fields, type })) complain("There is no connection now: try again");
}

// ---- The connection ----

const { host, port } = options;
const link = new Link(
  { host, port, historyEvents: interactive ? undefined : 0 },
  {
    event: (event) => show(view.render(event)),
    state({ type }) {
      prompt.label = type === "online" ? `${link.name}> ` : `${link.name} (no connection, trying again)> `;
    },
    refused: (_, problem) => complain(problem.text),
    closed: (reason) => end(reason),
  },
);

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => link.quit());

/** Gives the terminal back; whatever was printed still arrives. */
function end(problem?: string): void {
  prompt.stop();
  if (problem !== undefined) process.stderr.write(`${visibleRow(problem)}\n`);
  process.stdout.write("", () => process.exit(problem === undefined ? 0 : 1));
}

// ---- The start: a name, a connection, then lines until the end ----

if (options.name === undefined && !interactive) {
  fail(new UsageError("On pipes a name is needed: bun ChatClient.ts --name NAME"));
}
let name = options.name ?? (await askName());
while (name !== undefined) {
  const problem = await link
    .join(name)
    .catch((error) =>
      fail(`No chat server at ${host}:${port}: ${reasonOf(error)}. Start one with "bun ChatServer.ts"`),
    );
  if (!problem) break;
  if (!interactive) fail(problem.text);
  name = await askName(problem.text);
}

if (name === undefined) end();
else if (interactive) prompt.start();
else {
  for await (const line of createInterface({ input: process.stdin, terminal: false })) {
    if (line.trim() !== "") entered(line);
    await link.outbox.below(1000);
  }
  await link.outbox.below(1);
  link.quit();
}
