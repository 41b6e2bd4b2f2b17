#!/usr/bin/env bun
// The chat client: asks who you are, connects, and shows the room above a prompt. On pipes, lines in are said and
// lines out are the room; with --json both are JSON.
//
//   bun ChatClient.ts      bun ChatClient.ts ada@host:port      seq 10 | bun ChatClient.ts --name bot

import picocolors from "picocolors";
import { attempt, fail, parseFlags, secret, UsageError } from "./lib/cli/flags.ts";
import { Link, reasonOf } from "./lib/client/core/link.ts";
import { linesOf } from "./lib/client/pipe/lines.ts";
import { localHelp, runLocally, words } from "./lib/client/terminal/local-commands.ts";
import { about, flags, serversOf } from "./lib/client/terminal/options.ts";
import { askName, askPassword, askTrust, whileWaiting } from "./lib/client/terminal/questions.ts";
import { Refusal } from "./lib/client/terminal/trust.ts";
import { View } from "./lib/client/terminal/view.ts";
import { json } from "./lib/dialects/json.ts";
import { check, help, parseTyped } from "./lib/protocol/commands.ts";
import { type Event, type Fault, fault, isFault } from "./lib/protocol/events.ts";
import { visibleRow } from "./lib/protocol/text.ts";
import { complete } from "./lib/terminal/completion.ts";
import { Prompt } from "./lib/terminal/prompt.ts";

const options = attempt(() => parseFlags(flags, about));
const servers = attempt(() => serversOf(options));
const interactive = !options.json && process.stdin.isTTY === true && process.stdout.isTTY === true;

// ---- The screen: what is shown, and what is typed ----

const view = new View({
  colors: picocolors.createColors(interactive && picocolors.isColorSupported),
  time: interactive ? options.time : "off",
  joins: interactive ? options.joins : "all",
  bell: interactive ? options.bell : "off",
  columns: () => (interactive ? process.stdout.columns || 80 : Infinity),
});

const prompt = new Prompt(process.stdin, process.stdout, {
  entered: typed,
  left: () => link.quit(),
  complete: (text) => complete(text, words, view.company.names),
  refused: complain,
});

process.stdout.on("error", () => process.exit(0));

/** Comings and goings wait so long for company, to share a line. */
const settleMs = 1_000;
let leaving = false;
let lost = false;

function happened(event: Event): void {
  // The token is the link's business: whoever reads along could take the seat.
  if (options.json) return prompt.print([JSON.stringify({ ...event, token: undefined })]);
  if (event.type === "error") return complain(event.text);
  const lines = view.render(event);
  if (view.takeBell()) prompt.ring();
  if (lines.length > 0) return show(lines);
  setTimeout(() => show(view.settle()), settleMs);
}

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

// ---- What somebody asks for: a line that was typed or piped in ----

function typed(line: string): void {
  const here = {
    view,
    enter: typed,
    clear: () => prompt.clear(),
    notice: (text: string) => show(view.notice(text)),
    complain,
  };
  if (runLocally(here, line)) return;
  const raw = parseTyped(line);
  if (isFault(raw)) complain(raw.text);
  else if (raw.type === "help") show(`${help()}\n${localHelp()}`.split("\n"));
  else ask(check(raw));
}

function ask(command: ReturnType<typeof check>): void {
  if (isFault(command)) return refuse(command);
  if (command.type === "quit") return void leave(command.text);
  if (command.type === "say" || command.type === "act" || command.type === "tell") {
    link.say(command);
    show([]);
  } else if (!link.send(command)) {
    refuse({ type: "error", code: "unavailable", text: "There is no connection now: try again" });
  }
}

/** Once everything that was said is in the room; asked again, at once. */
async function leave(text?: string): Promise<void> {
  const again = leaving;
  leaving = true;
  if (!again && link.outbox.size > 0) {
    if (interactive) show(view.notice("Leaving once everything you said is in the room; Ctrl-C leaves now"));
    await link.outbox.below(1);
  }
  link.quit(text);
}

function refuse(problem: Fault): void {
  if (options.json) happened(problem);
  else complain(problem.text);
}

// ---- The connection ----

const link = new Link(
  { servers, historyEvents: interactive ? undefined : 0 },
  {
    event: happened,
    state(state) {
      view.me = link.name;
      prompt.label = state.type === "online" ? `${link.name}> ` : `${link.name} (offline)> `;
      if (!interactive && state.type === "offline" && !lost) complain(`${state.reason}: trying again`);
      lost = state.type === "offline";
      if (interactive && state.type === "online" && state.missed > 0) {
        show(view.divider(`${state.missed} while you were away`));
      }
    },
    nameless(problem) {
      if (!interactive) return end(problem.text);
      prompt.stop();
      enter(problem);
    },
    refused: (_, problem) => refuse(problem),
    closed: end,
  },
);

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => link.quit());

const showCursor = "\x1b[?25h";

/** Gives the terminal back; whatever was printed still arrives. */
function end(problem?: string): void {
  prompt.print(view.settle());
  prompt.stop();
  // A question that a signal cut short has hidden it.
  if (interactive) process.stdout.write(showCursor);
  if (problem !== undefined) process.stderr.write(`${visibleRow(problem)}\n`);
  if (link.outbox.size > 0) process.stderr.write(`Not in the room: ${link.outbox.size} of your messages\n`);
  process.stdout.write("", () => process.exit(problem === undefined ? 0 : 1));
}

// ---- The start: a name, a connection, then lines until the end ----

if (options.name === undefined && !interactive) {
  fail(new UsageError("On pipes a name is needed: bun ChatClient.ts --name NAME"));
}

/** Joins under a name that is to be had, asking for what it takes as often as it takes; ends if nobody wants to. */
async function enter(problem?: Fault): Promise<void> {
  // Who was in the room before has something to lose: the question is put again.
  const again = problem !== undefined;
  let { name } = again ? link : options;
  for (;;) {
    if (problem?.code === "wrong-password") {
      link.password = await askPassword(problem.text);
      if (link.password === undefined) return end();
    } else if (problem !== undefined || name === undefined) {
      name = await askName(problem?.text);
    }
    if (name === undefined) return end();
    try {
      problem = await join(name, interactive && !again);
    } catch (error) {
      if (error instanceof Refusal) return interactive ? end(error.message) : fail(error);
      const reason = `No chat server at ${place()}: ${reasonOf(error)}`;
      if (!again) fail(`${reason}. Start one with "bun ChatServer.ts"`);
      problem = fault("unavailable", reason);
    }
    if (problem === undefined) return interactive ? prompt.start() : undefined;
    if (interactive) continue;
    const hint = problem.code === "wrong-password" ? " Set CHAT_PASSWORD, or --password-file" : "";
    fail(problem.text + hint);
  }
}

function place(): string {
  return servers.map(({ host, port }) => `${host}:${port}`).join(", ");
}

link.password = attempt(() => secret(options["password-file"], "CHAT_PASSWORD"));

/** Joins; a certificate that nobody vouches for is shown to whoever is `asked`, and it is tried again if it is taken. */
async function join(name: string, asked: boolean): Promise<Fault | undefined> {
  const joining = link.join(name);
  try {
    return await (interactive ? whileWaiting(`Connecting to ${place()}`, joining) : joining);
  } catch (error) {
    const { trust } = link.server;
    if (!asked || !trust || !(error instanceof Refusal) || !error.unknown) throw error;
    if (!(await askTrust(trust.address, error.unknown))) throw error;
    trust.remember(error.unknown.fingerprint);
    return join(name, false);
  }
}

await enter();
if (!interactive) {
  for await (const line of linesOf(process.stdin)) {
    if (isFault(line)) refuse(line);
    else if (line.trim() === "") continue;
    else if (options.json) ask(json.parse(line, true));
    else typed(line);
    if (leaving) break;
    await link.outbox.below(1000);
  }
  if (!leaving) leave();
}
