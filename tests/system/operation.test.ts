// The server for the person who runs it: what it writes down, what it never does, and its own terminal.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { JsonClient, PlainClient } from "../support/clients.ts";
import { guarded, kept, operator } from "../support/members.ts";
import { Terminal } from "../support/screen.ts";
import { inShell, root, Server, temporaryFolder } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

describe.concurrent("what is written down", () => {
  test("the history is its owner's alone, and has only hashes of tokens", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "state", "room.sqlite");
    await using server = await Server.start(["--history", path], { ...kept, ...guarded });
    const password = guarded.CHAT_PASSWORD;
    using ada = await JsonClient.join(server.port, "ada", { password });
    using bob = await JsonClient.join(server.port, "bob", { password });
    ada.send({ type: "op", password: kept.CHAT_OPERATOR_PASSWORD });
    await bob.event("opped", { name: "ada" });
    const tokens = await Promise.all([ada, bob].map(async (client) => (await client.event("welcome")).token));
    const files = readdirSync(join(folder.path, "state"));
    expect(files).toContain("room.sqlite-wal");
    for (const file of files) expect(statSync(join(folder.path, "state", file)).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder.path, "state")).mode & 0o777).toBe(0o700);
    const bytes = files.map((file) => readFileSync(join(folder.path, "state", file), "latin1")).join();
    for (const token of tokens) {
      const hash = new Bun.CryptoHasher("sha256").update(token ?? "").digest("base64url");
      expect(bytes.includes(hash)).toBe(true);
      expect(bytes.includes(token ?? "")).toBe(false);
      expect(server.log.items.join()).not.toContain(token);
    }
    for (const secret of [password, kept.CHAT_OPERATOR_PASSWORD]) {
      expect(bytes.includes(secret)).toBe(false);
      expect(server.log.items.join()).not.toContain(secret);
    }
    if (existsSync(`${path}-shm`)) expect(files).toContain("room.sqlite-shm");
  });

  test("--log json is one JSON object a line, whatever strangers say", async () => {
    await using server = await Server.start(["--log", "json", "--max-connections", "2"], kept);
    using ada = await operator(server, "ada");
    using bob = await JsonClient.join(server.port, "bob");
    using refused = await new PlainClient().open(server.port);
    await refused.closed;
    bob.send({ type: "say", text: 'a "quote"\n\x1b[2J{"message":"mine"}\u2028' });
    await ada.event("said");
    ada.send({ type: "kick", name: "bob" });
    await server.line(/"type":"kicked"/);
    const { token } = await bob.event("welcome");
    const lines = server.log.items.map((line) => JSON.parse(line));
    for (const { at, message } of lines) {
      expect(at).toMatch(/^\d{4}-.*Z$/);
      expect(message).toBeString();
    }
    const events = lines.flatMap(({ event }) => (event ? [event.type] : []));
    expect(events).toEqual(["joined", "opped", "joined", "said", "kicked"]);
    expect(lines.filter(({ message }) => message.includes("turned away"))).toHaveLength(1);
    expect(server.log.items.join()).not.toContain(token);
  });

  test("--metrics shows numbers to this machine", async () => {
    const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const { port } = probe;
    probe.stop(true);
    await using server = await Server.start(["--metrics", `${port}`, "--max-connections", "2"]);
    await server.line(new RegExp(`metrics are on http://127.0.0.1:${port}/metrics`));
    using ada = await JsonClient.join(server.port, "ada");
    using bob = await JsonClient.join(server.port, "bob");
    using refused = await new PlainClient().open(server.port);
    await refused.closed;
    ada.send({ type: "say", text: "hello" });
    await bob.event("said");
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    for (const sample of [
      "chat_connections 2",
      "chat_members 2",
      "chat_connections_total 2",
      "chat_refused_connections_total 1",
      "chat_events_total 3",
    ]) {
      expect(metrics.split("\n")).toContain(sample);
    }
    const health = await fetch(`http://127.0.0.1:${port}/healthz`);
    expect([health.status, await health.text()]).toEqual([200, "ok\n"]);
  });
});

describe.concurrent("the server's own terminal", () => {
  /** A server at a terminal, and its port. */
  async function open(flags: string[] = []) {
    const command = ["bun", join(root, "ChatServer.ts"), "--port", "0", "--history", "none", ...flags];
    const terminal = new Terminal(command, { cols: 100, rows: 30 });
    let port = 0;
    await terminal.until("the port", ({ screen }) => {
      port = Number(/is open on \S+:(\d+)/.exec(screen.join("\n"))?.[1] ?? 0);
      return port > 0;
    });
    await terminal.until("the prompt", ({ row }) => row.trimEnd() === "server>");
    return { terminal, port };
  }

  test("the server's terminal speaks and moderates below the log", async () => {
    const { terminal, port } = await open(["--stay"]);
    await using _ = terminal;
    using bob = await JsonClient.join(port, "bob");
    using cyd = await JsonClient.join(port, "cyd");
    await terminal.shows("cyd joined");
    terminal.type("good evening\r");
    await bob.event("said", { from: "server", text: "good evening" });
    await terminal.shows("server: good evening");
    terminal.type("/topic tea\r");
    await bob.event("topic", { by: "server", text: "tea" });
    terminal.type("/msg cyd psst\r");
    await cyd.event("told", { from: "server", to: "cyd", text: "psst" });
    await terminal.shows("[server to cyd] psst");
    terminal.type("/kick bob enough\r");
    await bob.event("bye", { code: "kicked", text: "You were kicked by server: enough" });
    await terminal.shows("bob was kicked by server (enough)");
    terminal.type("/ban bob\r");
    await cyd.event("banned", { name: "bob", by: "server" });
    terminal.type("/bans\r");
    await terminal.shows("bob, by server on ");
    terminal.type("/kick\r");
    await terminal.shows("Write it as /kick NAME [REASON]");
    terminal.type("/kick nobody\r");
    await terminal.shows('! Nobody here is called "nobody".');
    terminal.type("/kick eve\r");
    await terminal.shows('! Nobody here is called "eve".');
    terminal.type("/who\r");
    await terminal.shows("Here: cyd.");
    terminal.type("half typed");
    await terminal.until("the draft", ({ row }) => row === "server> half typed");
    cyd.send({ type: "say", text: "hello" });
    await terminal.shows("cyd: hello");
    await terminal.until("the draft again", ({ row }) => row === "server> half typed");
    // It has no seat: members are told of those who have.
    cyd.send({ type: "who" });
    expect((await cyd.event("members")).members).toEqual([{ name: "cyd" }]);
  });

  test("the server's terminal shows no forged line", async () => {
    const { terminal, port } = await open(["--stay"]);
    await using _ = terminal;
    using eve = await JsonClient.join(port, "eve");
    const text = `hi${"\u00a0".repeat(77)}server: you are dismissed`;
    eve.send({ type: "say", text });
    eve.send({ type: "quit", text: `bye${"x".repeat(150)}` });
    await terminal.shows("x)");
    const under = terminal.screen.filter((row) => / {12,}\S/.test(row.slice(0, 20)));
    // Above them are the rows of the start.
    expect(under.slice(-3).map((row) => row.search(/\S/))).toEqual([15, 14, 14]);
    const margin = terminal.screen.filter((row) => /^(?!\d\d:\d\d:\d\d {2}|server>)\S/.test(row));
    expect(margin).toEqual([]);
  });

  test.each([
    ["Ctrl-C", "\x03"],
    ["Ctrl-D", "\x04"],
    ["/quit", "/quit\r"],
  ])("%s ends the server with goodbyes, code 0, the terminal as it was", async (_, keys) => {
    const { terminal, port } = await open();
    await using __ = terminal;
    using bob = await JsonClient.join(port, "bob");
    await terminal.shows("bob joined");
    terminal.type(keys);
    await bob.event("bye", { code: "shutdown", retryAfterMs: 1000 });
    bob[Symbol.dispose]();
    expect(await terminal.exited).toBe(0);
    await terminal.shows("The server ends");
    const { written } = terminal;
    // Pasted text is not bracketed any more, lines wrap, the cursor is visible.
    for (const [on, off] of [
      ["\x1b[?2004l", "\x1b[?2004h"],
      ["\x1b[?7h", "\x1b[?7l"],
    ] as const) {
      expect(written.lastIndexOf(on)).toBeGreaterThan(written.lastIndexOf(off));
    }
    expect(written.lastIndexOf("\x1b[?25l")).toBeLessThanOrEqual(written.lastIndexOf("\x1b[?25h"));
    expect(terminal.row.trimEnd()).toBe("");
  });

  test("the server's terminal gives back a shell's line discipline", async () => {
    const modes = 'stty -a | tr " " "\\n" | grep -x -e isig -e icanon -e echo | sort | tr "\\n" " "';
    const script = `bun "$0" --port 0 --history none; echo "ended $?"; ${modes}; echo end`;
    await using terminal = new Terminal(["sh", "-c", script, join(root, "ChatServer.ts")], {
      cols: 100,
      rows: 30,
    });
    await terminal.until("the prompt", ({ row }) => row.trimEnd() === "server>");
    terminal.type("\x03");
    await terminal.shows("ended 0");
    await terminal.shows("echo icanon isig end");
  });

  test("a server in the background leaves the terminal to its shell", async () => {
    await using terminal = new Terminal(
      ["bash", "--norc", "--noprofile", "-i"],
      { cols: 120, rows: 30 },
      { PS1: "sh$ " },
    );
    await terminal.until("the shell", ({ row }) => row.startsWith("sh$"));
    terminal.type(`${inShell("ChatServer.ts")} --port 0 --history none &\r`);
    await terminal.shows("Ctrl-C ends it");
    const port = Number(/is open on \S+:(\d+)/.exec(terminal.screen.join("\n"))?.[1]);
    using bob = await JsonClient.join(port, "bob");
    await terminal.shows("bob joined");
    bob.send({ type: "say", text: "hello" });
    await bob.event("said", { text: "hello" });
    terminal.type("jobs; kill %1\r");
    await terminal.shows("Running");
    await bob.event("bye", { code: "shutdown" });
    expect(terminal.screen.join("\n")).not.toContain("Stopped");
  });

  test("--log json has no terminal of the server, since it is for programs", async () => {
    const command = [
      "bun",
      join(root, "ChatServer.ts"),
      "--port",
      "0",
      "--history",
      "none",
      "--web",
      "0",
      "--log",
      "json",
    ];
    await using terminal = new Terminal(command, { cols: 300, rows: 30 });
    await terminal.shows("Ctrl-C ends it");
    expect(terminal.screen.map((row) => JSON.parse(row).message)).toHaveLength(3);
    terminal.kill("SIGINT");
    expect(await terminal.exited).toBe(0);
  });
});
