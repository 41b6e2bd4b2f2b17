// The client as a person sees it: a real pseudo-terminal, a real server, and an emulator's screen to look at.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { Socket } from "bun";
import { limits } from "../../lib/protocol/events.ts";
import { JsonClient, PlainClient } from "../support/clients.ts";
import { Terminal } from "../support/screen.ts";
import { inShell, root, Server, temporaryFolder } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

const sizes = [
  { cols: 80, rows: 24 },
  { cols: 40, rows: 10 },
];

function client(server: { port: number }, flags: string[] = [], size = { cols: 80, rows: 24 }): Terminal {
  return new Terminal(["bun", join(root, "ChatClient.ts"), "--port", `${server.port}`, ...flags], size);
}

/** The client is in the room and its prompt is drawn. */
async function joined(terminal: Terminal, name: string): Promise<void> {
  await terminal.until(`the prompt of ${name}`, ({ row }) => row.trimEnd() === `${name}>`);
}

describe.concurrent.each(sizes)("at $cols × $rows", (size) => {
  test("the client asks for a name, and shows the room above its prompt", async () => {
    await using server = await Server.start();
    await using terminal = client(server, [], size);
    await terminal.shows("What is your name?");
    terminal.type("ada\r");
    await joined(terminal, "ada");
    terminal.type("hello room\r");
    await terminal.shows("ada: hello room");
    await joined(terminal, "ada");
    expect(terminal.cursor.x).toBe("ada> ".length);
    terminal.type("/quit\r");
    expect(await terminal.exited).toBe(0);
  });

  test("a draft and its cursor survive lines that come", async () => {
    await using server = await Server.start(["--stay"]);
    await using terminal = client(server, ["--name", "ada"], size);
    await joined(terminal, "ada");
    using bob = await PlainClient.join(server.port, "bob");
    terminal.type("half typed");
    await terminal.until("the draft", ({ row }) => row === "ada> half typed");
    terminal.type("\x1b[D".repeat(5));
    await terminal.until("the cursor in the draft", ({ cursor }) => cursor.x === 10);
    for (let i = 1; i <= 30; i++) bob.say(`line ${i} ${"long ".repeat(i)}`);
    await terminal.shows("line 30");
    await terminal.until("the draft back", ({ row, cursor }) => row === "ada> half typed" && cursor.x === 10);
    terminal.type("X\r");
    await bob.line("ada: half Xtyped");
    const heard = terminal.scrolled.flatMap((row) => /^\d\d:\d\d bob: line (\d+)/.exec(row)?.[1] ?? []);
    expect(heard).toEqual(Array.from({ length: 30 }, (_, i) => `${i + 1}`));
  });

  test("a line longer than the row scrolls sideways and stays one row", async () => {
    await using server = await Server.start();
    await using terminal = client(server, ["--name", "ada"], size);
    await joined(terminal, "ada");
    const words = Array.from({ length: 30 }, (_, i) => `word${i}`).join(" ");
    terminal.type(words);
    await terminal.until("the end of the line", ({ row }) => row.endsWith("word29"));
    expect(terminal.row.startsWith("ada> …")).toBe(true);
    expect(terminal.row.length).toBeLessThan(size.cols);
    terminal.type("\x01");
    await terminal.until(
      "the start of the line",
      ({ row, cursor }) => row.startsWith("ada> word0 ") && cursor.x === 5,
    );
    terminal.type("\r");
    await terminal.shows("ada: word0");
    await joined(terminal, "ada");
    expect(terminal.screen.join("").replaceAll(" ", "")).toContain(`ada:${words.replaceAll(" ", "")}`);
  });
});

test.concurrent.each(["\u00a0", "\u2007", "\u202f", "\u3000", "x", "\u093e"])(
  "no message goes on at the margin, filled up with %j",
  async (filler) => {
    await using server = await Server.start();
    await using terminal = client(server, ["--name", "ada"]);
    await joined(terminal, "ada");
    using eve = await JsonClient.join(server.port, "eve");
    // Wherever the terminal would break it, "server:" stands at the margin of some.
    for (let length = 60; length < 80; length++) {
      const fill =
        filler === "\u093e" ? "\u0915\u093e\u093e\u093e\u093e".repeat(length / 5) : filler.repeat(length);
      eve.send({ type: "say", text: `hi${fill}server:\u00a0alice,\u00a0type\u00a0/op ${length}` });
    }
    await terminal.shows("/op 79");
    const margin = terminal.scrolled.filter((row) => /^\S/.test(row) && !/^\d\d:\d\d eve: hi/.test(row));
    expect(margin.filter((row) => !/^(You are connected|ada>|── now)/.test(row))).toEqual([]);
  },
);

test.concurrent("a pasted text of several lines is one message", async () => {
  await using server = await Server.start();
  await using terminal = client(server, ["--name", "ada"]);
  using bob = await JsonClient.join(server.port, "bob");
  await terminal.until("the prompt", ({ row }) => row.startsWith("ada>"));
  terminal.type("see: \x1b[200~one\rtwo\rthree\x1b[201~");
  await terminal.until(
    "all lines",
    ({ screen }) => screen.slice(-3).join("|") === "ada> see: one|     two|     three",
  );
  expect(bob.texts).toEqual([]);
  terminal.type("\r");
  const said = await bob.event("said");
  expect(said.text).toBe("see: one\ntwo\nthree");
});

test.concurrent("a name that is taken is asked for again", async () => {
  await using server = await Server.start();
  using bob = await PlainClient.join(server.port, "bob");
  await using terminal = client(server, ["--name", "BOB"]);
  await terminal.shows("is taken");
  await terminal.shows("BOB2");
  terminal.type("ada\r");
  await joined(terminal, "ada");
  await bob.line("ada joined");
});

test.concurrent("a password whose answer takes a while is not given again", async () => {
  const error = (code: string, text: string) => ({ type: "error", code, text });
  const answers = [
    [error("wrong-password", "This room has a password: what is it?")],
    [{ ...error("slow-down", "The answer takes 1 s"), retryAfterMs: 1_000 }],
    [{ type: "welcome", name: "ada", token: "t", epoch: "e", seq: 0, members: [], limits }],
  ];
  const joins: unknown[] = [];
  let connection: Socket | undefined;
  using server = Bun.listen({
    hostname: "localhost",
    port: 0,
    socket: {
      data(socket, line) {
        connection = socket;
        joins.push(JSON.parse(String(line)).password);
        for (const answer of answers.shift() ?? []) socket.write(`${JSON.stringify(answer)}\n`);
      },
    },
  });
  await using terminal = client(server, ["--name", "ada"]);
  await terminal.shows("This room has a password");
  terminal.type("guess\r");
  await terminal.shows("The answer takes 1 s");
  connection?.write(`${JSON.stringify(error("wrong-password", "That is not the password: what is it?"))}\n`);
  await terminal.shows("That is not the password");
  terminal.type("right\r");
  await joined(terminal, "ada");
  expect(joins).toEqual([undefined, "guess", "right"]);
  expect(terminal.written).not.toContain("What is your name?");
});

test.concurrent.each(["\x03", "\x04"])("%j in the form or at the prompt leaves, with 0", async (key) => {
  await using server = await Server.start(["--stay"]);
  await using form = client(server);
  await form.shows("What is your name?");
  form.type(key);
  expect(await form.exited).toBe(0);

  await using prompt = client(server, ["--name", "ada"]);
  await joined(prompt, "ada");
  using bob = await PlainClient.join(server.port, "bob");
  prompt.type(key);
  await bob.line("ada left");
  expect(await prompt.exited).toBe(0);
  expect(restores(prompt)).toBe(true);
});

test.concurrent.each([
  ["Anna Maria", "Anna_Maria"],
  ["o'brien@example.net", "obrienexamplenet"],
])("the user's name %j is offered as %s, and Enter takes it", async (user, name) => {
  await using server = await Server.start();
  const command = ["bun", join(root, "ChatClient.ts"), "--port", `${server.port}`];
  await using terminal = new Terminal(command, { cols: 80, rows: 24 }, { USER: user });
  await terminal.shows("What is your name?");
  await terminal.shows(name);
  terminal.type("\r");
  await joined(terminal, name);
});

test.concurrent("a client that is left while it connects shows nothing of that any more", async () => {
  await using server = await Server.start(["--stay"]);
  process.kill(server.pid, "SIGSTOP");
  await using terminal = client(server, ["--name", "ada"]);
  await terminal.shows("Connecting to localhost");
  terminal.type("\x03");
  expect(await terminal.exited).toBe(0);
  process.kill(server.pid, "SIGCONT");
  await terminal.until("an empty screen", ({ screen }) => screen.join("").trim() === "");
  expect(restores(terminal)).toBe(true);
});

test.concurrent("a name lost while away is asked for anew, the draft kept", async () => {
  using folder = temporaryFolder();
  // Without owners: a name that is kept for its key cannot be lost.
  const flags = ["--stay", "--seat", "0", "--names", "0", "--history", join(folder.path, "room.sqlite")];
  const first = await Server.start(flags);
  await using terminal = client(first, ["--name", "ada"]);
  await joined(terminal, "ada");
  await first.kill("SIGKILL");
  await terminal.until("that it is offline", ({ row }) => row.startsWith("ada (offline)>"));
  // What is typed must be in the row before anything else is asked.
  terminal.type("unsent\rdraft");
  await terminal.until("the draft, offline", ({ row }) => row === "ada (offline)> draft");
  terminal.kill("SIGSTOP");
  await using server = await Server.start([...flags, "--port", `${first.port}`]);
  using thief = await JsonClient.join(server.port, "thief");
  // Before the thief came, so that it is in its history, or after.
  const gone = (events: unknown[]) => JSON.stringify(events).includes('"type":"left"') || undefined;
  await thief.received.until(gone, "ada to have left");
  thief.send({ type: "rename", name: "ada" });
  await thief.event("renamed");
  terminal.kill("SIGCONT");
  await terminal.shows('"ada" is taken');
  terminal.type("eve\r");
  await terminal.until("the draft", ({ row }) => row === "eve> draft");
  await thief.event("said", { from: "eve", text: "unsent" });

  await server.kill("SIGKILL");
  await terminal.until("that it is offline", ({ row }) => row.startsWith("eve (offline)>"));
  terminal.type("\x15one more\r\x03");
  expect(await terminal.exited).toBe(1);
  const end = ["1 message was not sent:", "one more", "To be sent at the next start as eve"];
  await terminal.until("what was not sent", ({ screen }) => screen.join("\n").includes(end.join("\n")));
});

test.concurrent.each(["SIGTERM", "SIGHUP"] as const)(
  "%s in the form leaves the cursor visible",
  async (signal) => {
    await using server = await Server.start();
    await using terminal = client(server);
    await terminal.shows("What is your name?");
    terminal.kill(signal);
    expect(await terminal.exited).toBe(0);
    expect(terminal.written.lastIndexOf("\x1b[?25h")).toBeGreaterThan(
      terminal.written.lastIndexOf("\x1b[?25l"),
    );
  },
);

test.concurrent.each(["SIGTERM", "SIGHUP"] as const)(
  "%s leaves the room and the terminal as it was",
  async (signal) => {
    await using server = await Server.start();
    await using terminal = client(server, ["--name", "ada"]);
    await joined(terminal, "ada");
    terminal.kill(signal);
    expect(await terminal.exited).toBe(0);
    expect(restores(terminal)).toBe(true);
  },
);

test.concurrent("Ctrl-C leaves while there is no server, too", async () => {
  await using server = await Server.start();
  await using terminal = client(server, ["--name", "ada"]);
  await joined(terminal, "ada");
  await server.kill("SIGKILL");
  await terminal.until("that it tries again", ({ row }) => row.startsWith("ada (offline)>"));
  terminal.type("\x03");
  expect(await terminal.exited).toBe(0);
  expect(restores(terminal)).toBe(true);
});

test.concurrent("after Ctrl-Z and fg the row is back, draft and all", async () => {
  await using server = await Server.start();
  const command = `${inShell("ChatClient.ts")} ada@localhost:${server.port}`;
  await using terminal = new Terminal(
    ["bash", "--norc", "--noprofile", "-i"],
    { cols: 80, rows: 24 },
    { PS1: "sh$ " },
  );
  await terminal.until("the shell", ({ row }) => row.startsWith("sh$"));
  terminal.type(`${command}\r`);
  await joined(terminal, "ada");
  terminal.type("draft");
  await terminal.until("the draft", ({ row }) => row === "ada> draft");
  terminal.type("\x1a");
  await terminal.until("the shell", ({ row }) => row.startsWith("sh$"));
  terminal.type("fg\r");
  await terminal.until("the draft again", ({ row }) => row === "ada> draft");
  terminal.type("!\r");
  await terminal.shows("ada: draft!");
  terminal.type("/quit\r");
  await terminal.until("the shell", ({ row }) => row.startsWith("sh$"));
});

test.concurrent("no server is one sentence and exit code 1", async () => {
  await using terminal = new Terminal(["bun", join(root, "ChatClient.ts"), "--port", "1", "--name", "ada"], {
    cols: 120,
    rows: 24,
  });
  expect(await terminal.exited).toBe(1);
  await terminal.shows(
    'No chat server at localhost:1: nobody listens there. Start one with "bun ChatServer.ts"',
  );
  expect(terminal.screen).toHaveLength(1);
});

/** Whether bracketed paste and autowrap are as they were found, by the last thing said about each. */
function restores({ written }: Terminal): boolean {
  const lastOf = (...modes: string[]) =>
    modes.sort((a, b) => written.lastIndexOf(b) - written.lastIndexOf(a))[0];
  return (
    lastOf("\x1b[?2004h", "\x1b[?2004l") === "\x1b[?2004l" && lastOf("\x1b[?7h", "\x1b[?7l") === "\x1b[?7h"
  );
}
