// Ctrl-Z and `fg`, below the shells people have, wherever the client reads keys: the shell gets a terminal in order, and
// afterwards the client draws what it had drawn and obeys keys as before.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Certificates } from "../support/certificates.ts";
import { JsonClient } from "../support/clients.ts";
import { openssl } from "../support/parts.ts";
import { Terminal } from "../support/screen.ts";
import { inShell, Server, temporaryFolder } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

// Without its own editing, bash switches no modes.
const shells = [
  ["bash", "--norc", "--noprofile", "--noediting", "-i"],
  ["sh", "-i"],
].filter(([name = ""]) => Bun.which(name));
const pasteModes = ["\x1b[?2004h", "\x1b[?2004l"] as const;
const cursorModes = ["\x1b[?25l", "\x1b[?25h"] as const;

/** Starts a client below a shell. */
async function below(shell: string[], flags: string, environment: Record<string, string> = {}) {
  const terminal = new Terminal(shell, { cols: 80, rows: 24 }, { PS1: "sh$ ", ENV: "", ...environment });
  await prompted(terminal);
  terminal.type(`${inShell("ChatClient.ts")} ${flags}\r`);
  return terminal;
}

async function prompted(terminal: Terminal): Promise<void> {
  await terminal.until("the shell", ({ row }) => row.trimEnd() === "sh$");
}

/** Stops the client, does something in the shell, and continues the client. */
async function stopAndContinue(terminal: Terminal): Promise<void> {
  terminal.type("\x1a");
  await prompted(terminal);
  expect(isOn(terminal, pasteModes)).toBe(false);
  expect(isOn(terminal, cursorModes)).toBe(false);
  terminal.type("echo in the $((1 + 1))nd shell\r");
  await terminal.shows("in the 2nd shell");
  await prompted(terminal);
  terminal.type("fg\r");
}

/** Whether the first of two sequences was written after the second. */
function isOn({ written }: Terminal, [on, off]: readonly [string, string]): boolean {
  return written.lastIndexOf(on) > written.lastIndexOf(off);
}

describe.concurrent.each(shells)("below %s, Ctrl-Z and fg", (...shell) => {
  test("Ctrl-Z and fg bring the chat back, draft and all", async () => {
    await using server = await Server.start(["--stay"]);
    using bob = await JsonClient.join(server.port, "bob");
    await using terminal = await below(shell, `ada@localhost:${server.port}`);
    await terminal.until("the prompt", ({ row }) => row.trimEnd() === "ada>");
    terminal.type("draft");
    await terminal.until("the draft", ({ row }) => row === "ada> draft");
    for (let time = 1; time <= 2; time++) {
      await stopAndContinue(terminal);
      await terminal.until("the draft again", ({ row }) => row === "ada> draft");
      expect(isOn(terminal, pasteModes)).toBe(true);
    }
    terminal.type("!\r");
    await bob.event("said", { text: "draft!" });
    terminal.type("\x03");
    await prompted(terminal);
  });

  test("Ctrl-Z and fg bring the question for the name back", async () => {
    await using server = await Server.start();
    await using terminal = await below(shell, `--port ${server.port}`);
    await terminal.shows("What is your name?");
    terminal.type("ad");
    await terminal.shows("ad");
    await stopAndContinue(terminal);
    await terminal.until("the question", ({ screen }) => count(screen, "What is your name?") === 2);
    await terminal.until("what was typed", ({ screen }) => /│ {2}ad/.test(screen.join()));
    terminal.type("a\r");
    await terminal.until("the prompt", ({ row }) => row.trimEnd() === "ada>");
  });

  test("Ctrl-Z and fg leave the question for the name to Ctrl-C", async () => {
    await using server = await Server.start();
    await using terminal = await below(shell, `--port ${server.port}`);
    await terminal.shows("What is your name?");
    await stopAndContinue(terminal);
    await terminal.until("the question", ({ screen }) => count(screen, "What is your name?") === 2);
    terminal.type("\x03");
    await prompted(terminal);
    terminal.type("echo $?\r");
    await terminal.until("the exit code", ({ screen }) => screen.includes("0"));
  });

  test("Ctrl-Z and fg bring the question for the password back", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "password");
    writeFileSync(path, "right");
    await using server = await Server.start(["--password-file", path]);
    await using terminal = await below(shell, `ada@localhost:${server.port}`);
    await terminal.shows("password");
    terminal.type("rig");
    await terminal.until("the mask", ({ screen }) => screen.some((row) => row.includes("▪▪▪")));
    await stopAndContinue(terminal);
    await terminal.until("the mask", ({ screen }) => count(screen, "▪▪▪") === 2);
    terminal.type("ht\r");
    await terminal.until("the prompt", ({ row }) => row.trimEnd() === "ada>");
  });

  openssl.test("Ctrl-Z and fg bring the question for a certificate back", async () => {
    using folder = temporaryFolder();
    using certificates = new Certificates().selfSigned("server");
    await using server = await Server.start(certificates.flags("server"));
    const environment = { XDG_CONFIG_HOME: folder.path };
    await using terminal = await below(shell, `--tls ada@localhost:${server.port}`, environment);
    await terminal.shows("may it be remembered?");
    await stopAndContinue(terminal);
    await terminal.until("the question", ({ screen }) => count(screen, "may it be remembered?") === 2);
    terminal.type("y");
    await terminal.until("the prompt", ({ row }) => row.trimEnd() === "ada>");
  });

  test("Ctrl-Z and fg bring the row back while it connects", async () => {
    await using server = await Server.start();
    process.kill(server.pid, "SIGSTOP");
    await using terminal = await below(shell, `ada@localhost:${server.port}`);
    await terminal.shows("Connecting");
    await stopAndContinue(terminal);
    await terminal.until("that it connects", ({ screen }) => count(screen, "  Connecting to") === 2);
    process.kill(server.pid, "SIGCONT");
    await terminal.until("the prompt", ({ row }) => row.trimEnd() === "ada>");
  });
});

function count(screen: string[], text: string): number {
  return screen.filter((row) => row.includes(text)).length;
}
