// The server as a program: where it keeps its history, what it logs, why it does not start, and how it ends.

import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { JsonClient, PlainClient } from "../support/clients.ts";
import { ipv6Loopback } from "../support/parts.ts";
import { root, Server, temporaryFolder, withoutSettings } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

test.concurrent("the history is in the user's state folder, a file for each port", async () => {
  using folder = temporaryFolder();
  const state = { XDG_STATE_HOME: folder.path };
  const server = Bun.spawn(["bun", join(root, "ChatServer.ts"), "--port", "0"], {
    env: { ...withoutSettings(), ...state },
    stdout: "pipe",
  });
  let said = "";
  for await (const chunk of server.stdout) {
    said += Buffer.from(chunk).toString();
    if (/history.*\n/.test(said)) break;
  }
  const [, port] = /open on .*:(\d+)/.exec(said) ?? [];
  expect(said).toContain(join(folder.path, "chatroom", `${port}.sqlite`));
  server.kill();
  await server.exited;
});

test.concurrent("the server ends when the last member has left, and says so", async () => {
  await using server = await Server.start();
  using nameless = await new PlainClient().open(server.port);
  await nameless.line("name");
  using ada = await PlainClient.join(server.port, "ada");
  using bob = await PlainClient.join(server.port, "bob");
  ada.say("/quit");
  await bob.line("ada left");
  bob.say("alone now");
  await bob.line("bob: alone now");
  bob.say("/quit");
  await server.line(/Everyone has left/);
  await nameless.closed;
  expect(await server.exited).toBe(0);
});

test.concurrent("--stay keeps an empty room open", async () => {
  await using server = await Server.start(["--stay"]);
  using ada = await PlainClient.join(server.port, "ada");
  ada.say("/quit");
  await ada.closed;
  using bob = await PlainClient.join(server.port, "bob");
  await bob.line("ada left");
});

test.concurrent.each(["SIGINT", "SIGTERM"] as const)(
  "%s says goodbye to everyone and ends with 0",
  async (signal) => {
    await using server = await Server.start();
    using ada = await PlainClient.join(server.port, "ada");
    using bob = await JsonClient.join(server.port, "bob");
    using nameless = await new PlainClient().open(server.port);
    await nameless.line("name");
    expect(await server.kill(signal)).toBe(0);
    await Promise.all([ada.closed, bob.closed, nameless.closed]);
    await server.line(new RegExp(signal));
    await ada.line("shutting down");
    await bob.event("bye", { code: "shutdown" });
    await nameless.line("shutting down");
  },
);

test.concurrent("a second signal ends the server without its goodbyes", async () => {
  await using server = await Server.start();
  using deaf = await JsonClient.join(server.port, "deaf");
  deaf.socket?.pause();
  using busy = await JsonClient.join(server.port, "busy");
  const text = "x".repeat(4000);
  for (let i = 0; i < 3000; i++) busy.send({ type: "say", text });
  busy.send({ type: "say", text: "end", id: "end" });
  await busy.event("said", { id: "end" });
  server.kill("SIGINT");
  await server.line(/SIGINT/);
  expect(await server.kill("SIGINT")).toBe(1);
});

test.concurrent("each connection is logged with its address, unless --quiet", async () => {
  await using loud = await Server.start(["--stay"]);
  await using quiet = await Server.start(["--stay", "--quiet"]);
  for (const server of [loud, quiet]) {
    using ada = await PlainClient.join(server.port, "ada");
    ada.say("hi");
    ada.say("/msg ada secret");
    ada.say("/quit");
    await ada.closed;
  }
  await loud.line(/127\.0\.0\.1:\d+ connected/);
  await loud.line(/ada: hi/);
  await loud.line(/127\.0\.0\.1:\d+ disconnected/);
  expect(loud.log.items.join("\n")).not.toContain("secret");
  await quiet.kill("SIGTERM");
  expect(quiet.log.items.filter((line) => /ada|127\.0\.0\.1/.test(line))).toEqual([]);
});

test.concurrent("a port in use is one sentence and exit code 1", async () => {
  await using server = await Server.start();
  const second = Bun.spawn(
    ["bun", join(root, "ChatServer.ts"), "--port", `${server.port}`, "--history", "none"],
    { stderr: "pipe", env: withoutSettings() },
  );
  expect(await second.exited).toBe(1);
  expect(await new Response(second.stderr).text()).toMatch(
    /^Cannot listen on [^\n]*something listens there[^\n]*\n$/,
  );
});

test.concurrent("a metrics port in use is one sentence and code 1, and no room opens", async () => {
  using taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const flags = ["--port", "0", "--history", "none", "--metrics", `${taken.port}`];
  const server = Bun.spawn(["bun", join(root, "ChatServer.ts"), ...flags], {
    stdout: "pipe",
    stderr: "pipe",
    env: withoutSettings(),
  });
  expect(await server.exited).toBe(1);
  expect(await new Response(server.stdout).text()).toBe("");
  expect(await new Response(server.stderr).text()).toMatch(
    /^Cannot show the metrics on [^\n]*something listens there[^\n]*\n$/,
  );
});

ipv6Loopback.test("the address of a room on IPv6 is told as its clients take it", async () => {
  await using server = await Server.start(["--host", "::1"]);
  await server.line(new RegExp(`is open on \\[::1\\]:${server.port}$`));
  await server.line(new RegExp(`Join with "bun ChatClient.ts \\[::1\\]:${server.port}"`));
});

test.skipIf(!existsSync("/proc/net/tcp"))("the kernel looks after a connection that is silent", async () => {
  await using server = await Server.start();
  using ada = await PlainClient.join(server.port, "ada");
  ada.say("hello");
  await ada.line("ada: hello");
  const port = `:${server.port.toString(16).toUpperCase().padStart(4, "0")}`;
  const established = "01";
  const keepAlive = "02";
  /** The timer of the server's side: what for, and in how many hundredths of a second. */
  const timer = () => {
    const rows = readFileSync("/proc/net/tcp", "utf8").split("\n");
    const fields = rows.map((row) => row.trim().split(/\s+/));
    const [, , , , , row = ""] =
      fields.find(([, local, , state]) => local?.endsWith(port) && state === established) ?? [];
    return row.split(":");
  };
  // Until the peer's kernel has confirmed the bytes that were written, another timer runs.
  while (timer()[0] !== keepAlive) await Bun.sleep(10);
  expect(Number.parseInt(timer()[1] ?? "", 16)).toBeLessThanOrEqual(6_000);
});
