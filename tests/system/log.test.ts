// The server's log where it is not read, and where the terminal or the reader is gone: the room goes on.

import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { JsonClient } from "../support/clients.ts";
import { script } from "../support/parts.ts";
import { Pipe } from "../support/pipe.ts";
import { rssMegabytes } from "../support/process.ts";
import { inShell, root, withoutSettings } from "../support/server.ts";
import { Transcript, testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

const settings = ["--port", "0", "--history", "none", "--rate", "0"];

/** A server whose log is in a pipe that nothing reads from now on. */
async function onPipe(output: "stdout" | "stderr too", flags: string[] = []) {
  const pipe = new Pipe();
  const server = Bun.spawn(["bun", join(root, "ChatServer.ts"), ...settings, ...flags], {
    stdio: ["ignore", pipe.writing, output === "stdout" ? "ignore" : pipe.writing],
    env: withoutSettings(),
  });
  const start = await pipe.readUntil(/Ctrl-C ends it/);
  return { pipe, server, port: portIn(start) };
}

function portIn(log: string): number {
  return Number(/is open on \S+:(\d+)/.exec(log)?.[1]);
}

/** More than the pipe, the terminal and the waiting lines hold; each message comes back. */
async function talk(client: JsonClient): Promise<void> {
  for (let i = 0; i < 1_000; i++) client.send({ type: "say", text: `${i} ${"long ".repeat(400)}` });
  await client.event("said", { text: `999 ${"long ".repeat(400)}`.trimEnd() });
}

test.concurrent.each(["stdout", "stderr too"] as const)(
  "a pipe that is not read stops nothing (%s)",
  async (output) => {
    const { pipe, server, port } = await onPipe(output);
    using _ = pipe;
    await using __ = server;
    using ada = await JsonClient.join(port, "ada");
    await talk(ada);
    expect(rssMegabytes(server.pid) ?? 0).toBeLessThan(200);
    server.kill("SIGTERM");
    await ada.event("bye", { code: "shutdown" });
    ada[Symbol.dispose]();
    expect(await server.exited).toBe(0);
  },
);

test.concurrent.each([
  ["text", /^\d\d:\d\d:\d\d {2}(\d+) log lines were dropped: they were not read in time$/m],
  [
    "json",
    /^\{"at":"[^"]+","message":"(\d+) log lines were dropped: they were not read in time","dropped":\1\}$/m,
  ],
])("a pipe that is read again tells what is missing in the log (%s)", async (format, told) => {
  const { pipe, server, port } = await onPipe("stdout", ["--log", format]);
  using _ = pipe;
  await using __ = server;
  using ada = await JsonClient.join(port, "ada");
  await talk(ada);
  const log = await pipe.readUntil(told);
  const shown = log.split("\n").filter((line) => /"?ada: \d+ long/.test(line)).length;
  expect(shown + Number(told.exec(log)?.[1])).toBeGreaterThanOrEqual(1_000);
  ada.send({ type: "say", text: "now it is read" });
  expect(await pipe.readUntil(/now it is read/)).not.toContain("dropped");
});

test.concurrent("a pipe whose reader is gone stops nothing", async () => {
  const { pipe, server, port } = await onPipe("stderr too");
  using _ = pipe;
  await using __ = server;
  using ada = await JsonClient.join(port, "ada");
  pipe.hangUp();
  await talk(ada);
  server.kill("SIGINT");
  ada[Symbol.dispose]();
  expect(await server.exited).toBe(0);
});

/** A server on a terminal of its own, which `script` reads; it ends with the server and has its exit code. */
async function onTerminal(flags: string[] = []) {
  const started = `echo "pid $$"; exec ${[inShell("ChatServer.ts"), ...settings, ...flags].join(" ")}`;
  const terminal = Bun.spawn(
    ["script", "--quiet", "--flush", "--return", "--command", started, "/dev/null"],
    {
      stdio: ["pipe", "pipe", "ignore"],
      env: withoutSettings(),
    },
  );
  const screen = new Transcript<string>();
  const shown = () => screen.items.join("");
  const follow = async () => {
    for await (const chunk of terminal.stdout) screen.push(Buffer.from(chunk).toString());
  };
  const followed = follow();
  const until = (pattern: RegExp) =>
    screen.until(() => pattern.exec(shown()) ?? undefined, `${pattern} on the terminal`);
  await until(/Ctrl-C ends it/);
  const pid = Number(/pid (\d+)/.exec(shown())?.[1]);
  // `script` may be stopped, as it stops itself with the server: only SIGKILL reaches it then.
  const closing = {
    async [Symbol.asyncDispose]() {
      if (statusOf(pid) !== "") process.kill(pid, "SIGKILL");
      terminal.kill("SIGKILL");
      await terminal.exited;
    },
  };
  return { closing, terminal, followed, pid, port: portIn(shown()), until };
}

/** Resolves once the process has ended, even if its parent has not asked yet. */
async function ended(pid: number): Promise<void> {
  while (/^State:\s+[^Z]/m.test(statusOf(pid))) await Bun.sleep(5);
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "";
  }
}

script.concurrent("on a terminal", () => {
  test.each([
    ["with its prompt", [], /ada: 999 /],
    ["without a prompt", ["--log", "json"], /\d+ log lines were dropped: they were not read in time/],
  ])("a terminal that is stopped stops nothing, %s", async (_, flags, told) => {
    const { closing, terminal, pid, port, until } = await onTerminal(flags);
    await using __ = closing;
    using ada = await JsonClient.join(port, "ada");
    terminal.kill("SIGSTOP");
    await talk(ada);
    expect(rssMegabytes(pid) ?? 0).toBeLessThan(250);
    terminal.kill("SIGCONT");
    await until(/ada: 99 /);
    ada.send({ type: "say", text: "now it is read" });
    await until(/ada: now it is read/);
    await until(told);
  });

  test("a terminal that is stopped for long costs no more memory for it", async () => {
    const { closing, terminal, pid, port, until } = await onTerminal();
    await using _ = closing;
    using ada = await JsonClient.join(port, "ada");
    terminal.kill("SIGSTOP");
    for (let round = 0; round < 10; round++) {
      await talk(ada);
      ada.received.items.length = 0;
    }
    expect(rssMegabytes(pid) ?? 0).toBeLessThan(300);
    terminal.kill("SIGCONT");
    await until(/… \d+ lines were not shown/);
    await until(/ada: 999 /);
  });

  test("a server that is continued while its terminal is stopped goes on", async () => {
    const { closing, terminal, pid, port } = await onTerminal();
    await using _ = closing;
    using ada = await JsonClient.join(port, "ada");
    terminal.kill("SIGSTOP");
    await talk(ada);
    process.kill(pid, "SIGSTOP");
    process.kill(pid, "SIGCONT");
    await ada.roundTrip();
    // The mode of the terminal is set anew in a turn after the signal.
    await ada.roundTrip();
    terminal.kill("SIGCONT");
  });

  test.each(["SIGTERM", "SIGINT"] as const)("%s ends a server whose terminal is stopped", async (signal) => {
    const { closing, terminal, pid, port } = await onTerminal();
    await using _ = closing;
    using ada = await JsonClient.join(port, "ada");
    terminal.kill("SIGSTOP");
    await talk(ada);
    process.kill(pid, signal);
    await ada.event("bye", { code: "shutdown" });
    ada[Symbol.dispose]();
    await ended(pid);
    terminal.kill("SIGCONT");
    expect(await terminal.exited).toBe(0);
  });

  test.each([
    ["with its prompt", []],
    ["without a prompt", ["--log", "json"]],
  ])("a terminal that closes leaves the room as it is, %s", async (_, flags) => {
    const { closing, terminal, pid, port, until } = await onTerminal(flags);
    await using __ = closing;
    using ada = await JsonClient.join(port, "ada");
    // Half a line is not said, whatever happens to it.
    terminal.stdin.write("half typed");
    await terminal.stdin.flush();
    if (flags.length === 0) await until(/half typed/);
    terminal.kill("SIGKILL");
    await terminal.exited;
    await talk(ada);
    expect(ada.events.some((event) => "from" in event && event.from === "server")).toBe(false);
    using bob = await JsonClient.join(port, "bob");
    process.kill(pid, "SIGTERM");
    await bob.event("bye", { code: "shutdown" });
    for (const client of [ada, bob]) client[Symbol.dispose]();
    await ended(pid);
  });
});
