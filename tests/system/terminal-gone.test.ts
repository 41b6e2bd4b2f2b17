// A terminal that goes away, or is stopped: the client sends nothing then, does not crash, and keeps the typed text.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { JsonClient, PlainClient } from "../support/clients.ts";
import { python3 } from "../support/parts.ts";
import { Terminal } from "../support/screen.ts";
import { freePort, root, Server, temporaryFolder, withoutSettings } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

const size = { cols: 80, rows: 24 };

function client(server: { port: number }, state: string, flags: string[] = ["--name", "ada"]): Terminal {
  const command = ["bun", join(root, "ChatClient.ts"), "--port", `${server.port}`, ...flags];
  return new Terminal(command, size, { XDG_STATE_HOME: state });
}

function drafts(state: string): { text: string; mode: number }[] {
  const folder = join(state, "chatroom", "drafts");
  try {
    return readdirSync(folder).map((file) => ({
      text: readFileSync(join(folder, file), "utf8"),
      mode: statSync(join(folder, file)).mode & 0o777,
    }));
  } catch {
    return [];
  }
}

const typings: [what: string, keys: string, row: string, kept: string | undefined][] = [
  ["half a line", "half a line", "ada> half a line", "half a line"],
  [
    "half a whisper",
    "/msg bob the key is under",
    "ada> /msg bob the key is under",
    "/msg bob the key is under",
  ],
  ["a cursor in the middle", "one two\x1b[D\x1b[D\x1b[D", "ada> one two", "one two"],
  ["a paste that was not sent", "\x1b[200~one\rtwo\x1b[201~", "     two", "one\ntwo"],
  ["a command", "/quit so long", "ada> /quit so long", "/quit so long"],
  ["an operator's password", "/op hunter2", "ada> /op hunter2", undefined],
  ["one behind other lines", "\x1b[200~hi\r /op hunter2\x1b[201~", "      /op hunter2", undefined],
  ["one with a wide slash", "／op hunter2", "ada> ／op hunter2", undefined],
  ["an empty row", "", "ada>", undefined],
];

describe.concurrent("a window that is closed says nothing", () => {
  test.each(typings)(
    "a window that is closed with %s in the row says nothing",
    async (_, keys, row, kept) => {
      using state = temporaryFolder();
      await using server = await Server.start(["--stay"]);
      using bob = await JsonClient.join(server.port, "bob");
      await using ada = client(server, state.path);
      await ada.until("the prompt", (terminal) => terminal.row.trimEnd() === "ada>");
      ada.type(keys);
      await ada.until("what was typed", (terminal) => terminal.row.trimEnd() === row);
      ada.hangUp();
      expect(await ada.exited).toBe(0);
      await bob.event("left", { name: "ada" });
      await bob.roundTrip();
      expect(bob.texts).toEqual([]);
      expect(drafts(state.path)).toEqual(kept === undefined ? [] : [{ text: kept, mode: 0o600 }]);
    },
  );

  test("a window that is closed in a paste says nothing", async () => {
    using state = temporaryFolder();
    await using server = await Server.start(["--stay"]);
    using bob = await JsonClient.join(server.port, "bob");
    await using ada = client(server, state.path);
    await ada.until("the prompt", (terminal) => terminal.row.trimEnd() === "ada>");
    ada.type("draft ");
    await ada.until("the draft", (terminal) => terminal.row.trimEnd().endsWith("draft"));
    // The cursor shows that what is behind its key was read, too.
    ada.type("\x1b[D\x1b[D\x1b[D\x1b[200~one\rtwo\r");
    await ada.until("the cursor", (terminal) => terminal.cursor.x === "ada> dra".length);
    ada.hangUp();
    expect(await ada.exited).toBe(0);
    await bob.event("left", { name: "ada" });
    expect(bob.texts).toEqual([]);
    expect(drafts(state.path)).toEqual([{ text: "draone\ntwo\nft ", mode: 0o600 }]);
  });

  test.each([
    ["its name", [], "What is your name?"],
    ["the room's password", ["--name", "ada"], "This room has a password"],
  ])("a window that is closed while the form asks for %s says nothing", async (_, flags, question) => {
    using state = temporaryFolder();
    await using server = await Server.start(["--stay"], { CHAT_PASSWORD: "tea" });
    await using ada = client(server, state.path, flags);
    await ada.shows(question);
    ada.type("hunter2");
    ada.hangUp();
    expect(await ada.exited).toBe(0);
    expect(drafts(state.path)).toEqual([]);
  });

  test("a window that is closed without a server says nothing", async () => {
    using state = temporaryFolder();
    await using server = await Server.start(["--stay"]);
    await using ada = client(server, state.path);
    await ada.until("the prompt", (terminal) => terminal.row.trimEnd() === "ada>");
    await server.kill("SIGKILL");
    await ada.until("that it is offline", (terminal) => terminal.row.startsWith("ada (offline)>"));
    ada.type("half");
    await ada.until("the draft", (terminal) => terminal.row.endsWith("half"));
    ada.hangUp();
    expect(await ada.exited).toBe(0);
    expect(drafts(state.path)).toEqual([{ text: "half", mode: 0o600 }]);
  });
});

test.concurrent("a draft is offered under the same name until it is cleared", async () => {
  using state = temporaryFolder();
  await using server = await Server.start(["--stay"]);
  const typed = async (name: string, row: string) => {
    await using terminal = client(server, state.path, ["--name", name]);
    await terminal.until(`the row "${row}"`, (terminal) => terminal.row.trimEnd() === row);
    if (name === "ada" && row === "ada>") terminal.type("to be continued");
    terminal.hangUp();
    await terminal.exited;
  };
  await using first = client(server, state.path);
  await first.until("the prompt", (terminal) => terminal.row.trimEnd() === "ada>");
  first.type("to be continued");
  await first.until("the draft", (terminal) => terminal.row.endsWith("continued"));
  first.hangUp();
  await first.exited;
  await typed("eve", "eve>");
  await using again = client(server, state.path);
  await again.until("the draft", (terminal) => terminal.row === "ada> to be continued");
  again.type("\x15");
  await again.until("an empty row", (terminal) => terminal.row.trimEnd() === "ada>");
  again.hangUp();
  await again.exited;
  expect(drafts(state.path)).toEqual([]);
});

test.concurrent("a member that is put out while writing keeps the draft", async () => {
  using state = temporaryFolder();
  await using server = await Server.start(["--stay"], { CHAT_OPERATOR_PASSWORD: "boss" });
  using op = await JsonClient.join(server.port, "op");
  op.send({ type: "op", password: "boss" });
  await op.event("opped");
  await using ada = client(server, state.path);
  await ada.until("the prompt", (terminal) => terminal.row.trimEnd() === "ada>");
  ada.type("but I was only");
  await ada.until("the draft", (terminal) => terminal.row.endsWith("only"));
  op.send({ type: "kick", name: "ada" });
  expect(await ada.exited).toBe(1);
  expect(drafts(state.path)).toEqual([{ text: "but I was only", mode: 0o600 }]);
});

describe.concurrent("the server goes on", () => {
  const command = (...flags: string[]) => ["bun", join(root, "ChatServer.ts"), "--history", "none", ...flags];

  async function started(terminal: Terminal): Promise<number> {
    await terminal.shows("is open on");
    const [, port] = /is open on \S+:(\d+)/.exec(terminal.screen.join("\n")) ?? [];
    return Number(port);
  }

  test("the server goes on when its window is closed", async () => {
    await using terminal = new Terminal(command("--port", "0"), size);
    const port = await started(terminal);
    await terminal.until("its row", ({ row }) => row.startsWith("server>"));
    terminal.type("half a line");
    const ada = await PlainClient.join(port, "ada");
    terminal.hangUp();
    using bob = await PlainClient.join(port, "bob");
    bob.say("still here");
    await ada.line("bob: still here");
    await ada.line("bob joined");
    process.kill(terminal.pid, "SIGTERM");
    expect(await terminal.exited).toBe(0);
  });

  test("the server goes on at SIGHUP, and says so in its log", async () => {
    await using server = await Server.start(["--stay"]);
    process.kill(server.pid, "SIGHUP");
    await server.line(/SIGHUP: the server goes on/);
    using ada = await PlainClient.join(server.port, "ada");
    ada.say("hello");
    await ada.line("ada: hello");
  });

  python3.describe("with a log that is not read", () => {
    test.each([
      ["a pipe", false],
      ["a terminal", true],
    ])("the server goes on when %s takes no more log, and ends at SIGTERM", async (_, onTerminal) => {
      using folder = temporaryFolder();
      // What is written and never read: a shell that sleeps behind a pipe, a terminal whose window stands still.
      const stuck = join(folder.path, "stuck.py");
      await Bun.write(
        stuck,
        `import os, pty, sys, time, subprocess
if sys.argv[1] == "pty":
    pid, master = pty.fork()
    if pid == 0: os.execvp(sys.argv[2], sys.argv[2:])
else:
    r, w = os.pipe()
    pid = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=w, stderr=w).pid
print(pid, flush=True)
_, status = os.waitpid(pid, 0)
print(os.waitstatus_to_exitcode(status), flush=True)
`,
      );
      const port = freePort();
      const flags = command("--port", `${port}`, "--rate", "0", "--stay");
      const outer = Bun.spawn([python3.found, stuck, onTerminal ? "pty" : "pipe", ...flags], {
        stdout: "pipe",
        env: withoutSettings(),
      });
      const lines = linesOf(outer.stdout);
      const pid = Number((await lines.next()).value);
      using ada = await untilThere(() => PlainClient.join(port, "ada"));
      // Far more than a pipe or a terminal holds.
      for (let i = 0; i < 200; i++) ada.say(`${i} ${"x".repeat(900)}`);
      await ada.line("ada: 199 ");
      process.kill(pid, "SIGTERM");
      expect(Number((await lines.next()).value)).toBe(0);
    });
  });
});

/** Again until the server listens. */
async function untilThere<T>(connect: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await connect();
    } catch {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let text = "";
  for await (const chunk of stream) {
    text += Buffer.from(chunk).toString();
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
}
