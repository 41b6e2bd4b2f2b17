// A terminal that takes no output for a while: a stopped terminal multiplexer, a connection that hangs. The client goes
// on, keeps what is to be drawn, up to a bound, and can be ended.

import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { JsonClient } from "../support/clients.ts";
import { Terminal } from "../support/screen.ts";
import { root, Server } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

/** Runs a command on a terminal of its own, and hands on what it writes: as long as it is not stopped itself. */
const multiplexer = `
  const child = Bun.spawn(process.argv.slice(1), {
    terminal: { cols: 80, rows: 24, data: (_, bytes) => process.stdout.write(bytes) },
  });
  process.stdout.write("process " + child.pid + "\\n");
  process.exit(await child.exited);
`;

/** The client below such a multiplexer, and its process. */
async function below(port: number): Promise<{ terminal: Terminal; pid: number }> {
  const client = ["bun", join(root, "ChatClient.ts"), `ada@localhost:${port}`, "--time", "off"];
  const terminal = new Terminal(["bun", "-e", multiplexer, ...client], { cols: 80, rows: 24 });
  await terminal.until("the prompt", ({ row }) => row.trimEnd() === "ada>");
  const [, pid] = /process (\d+)/.exec(terminal.written) ?? [];
  return { terminal, pid: Number(pid) };
}

/** Says so many lines, and waits until the last one is in the room. */
async function say(bob: JsonClient, count: number): Promise<void> {
  for (let from = 0; from < count; from += 1_000) {
    const lines = Array.from({ length: Math.min(1_000, count - from) }, (_, i) => from + i + 1);
    bob.sendBytes(lines.map((line) => `${JSON.stringify({ type: "say", text: `line ${line}` })}\n`).join(""));
    await bob.event("said", { text: `line ${lines.at(-1)}` });
  }
}

function heard(terminal: Terminal): number[] {
  return terminal.scrolled.flatMap((row) => {
    const line = /^bob: line (\d+)$/.exec(row)?.[1];
    return line === undefined ? [] : [Number(line)];
  });
}

test.concurrent("a terminal that is stopped for a while misses no line", async () => {
  await using server = await Server.start(["--stay"]);
  using bob = await JsonClient.join(server.port, "bob");
  const { terminal } = await below(server.port);
  await using _ = terminal;
  terminal.kill("SIGSTOP");
  await say(bob, 5_000);
  terminal.kill("SIGCONT");
  await terminal.shows("bob: line 5000");
  expect(heard(terminal)).toEqual(Array.from({ length: 5_000 }, (_, i) => i + 1));
  await terminal.until("the prompt", ({ row }) => row.trimEnd() === "ada>");
});

test.concurrent("SIGTERM ends the client while its terminal is stopped", async () => {
  await using server = await Server.start(["--stay"]);
  using bob = await JsonClient.join(server.port, "bob");
  const { terminal, pid } = await below(server.port);
  await using _ = terminal;
  terminal.kill("SIGSTOP");
  await say(bob, 5_000);
  process.kill(pid, "SIGTERM");
  await bob.event("left", { name: "ada" });
  terminal.kill("SIGCONT");
  expect(await terminal.exited).toBe(0);
});
