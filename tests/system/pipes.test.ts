// The client on pipes: lines in are said, lines out are the room, nothing is lost on the way.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { Event } from "../../lib/protocol/events.ts";
import { JsonClient, PlainClient } from "../support/clients.ts";
import { devFull } from "../support/parts.ts";
import { inShell, root, Server, temporaryFolder, withoutSettings } from "../support/server.ts";
import { Transcript, testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

function client<I extends Blob | "pipe">(port: number, flags: string[], input: I) {
  return Bun.spawn(["bun", join(root, "ChatClient.ts"), "--port", `${port}`, ...flags], {
    stdin: input,
    stdout: "pipe",
    stderr: "pipe",
    env: { ...withoutSettings(), FORCE_COLOR: "1" },
  });
}

test.concurrent("the client says every line in order, and leaves once all are said", async () => {
  await using server = await Server.start(["--stay"]);
  using bob = await JsonClient.join(server.port, "bob");
  const lines = Array.from({ length: 1000 }, (_, i) => `${i + 1}`);
  const bot = client(server.port, ["--name", "bot"], new Blob([lines.join("\n")]));
  const out = await new Response(bot.stdout).text();
  expect(await bot.exited).toBe(0);
  await bob.event("left", { name: "bot" });
  expect(bob.texts).toEqual(lines);
  expect(out.split("\n").filter((line) => line.startsWith("bot: "))).toEqual(
    lines.map((line) => `bot: ${line}`),
  );
  expect(out).not.toContain("\x1b");
});

test.concurrent("an open pipe shows the room line by line, and takes commands", async () => {
  await using server = await Server.start(["--stay"]);
  const bot = client(server.port, ["--name", "bot"], "pipe");
  using bob = await JsonClient.join(server.port, "bob");
  bob.send({ type: "say", text: "hi bot" });
  bot.stdin.write("/me listens\n\n//slash\n/msg bob psst\n/nosuch\n");
  bot.stdin.flush();
  await bob.event("acted", { text: "listens" });
  await bob.event("said", { text: "/slash" });
  await bob.event("told", { text: "psst" });
  bot.stdin.end();
  expect(await bot.exited).toBe(0);
  expect(await new Response(bot.stderr).text()).toContain("There is no command /nosuch");
});

test.concurrent("/quit waits for the lines before it, and ends the input", async () => {
  await using server = await Server.start(["--stay", "--rate", "200"]);
  using bob = await JsonClient.join(server.port, "bob");
  const lines = Array.from({ length: 60 }, (_, i) => `${i + 1}`);
  const input = new Blob([[...lines, "/quit see you", "too late"].join("\n")]);
  const bot = client(server.port, ["--name", "bot"], input);
  expect(await bot.exited).toBe(0);
  await bob.event("left", { name: "bot", text: "see you" });
  expect(bob.texts).toEqual([...lines, "see you"]);
});

test.concurrent("a lost connection is told once on stderr, and no line is lost", async () => {
  using folder = temporaryFolder();
  const flags = ["--stay", "--history", join(folder.path, "room.sqlite")];
  const first = await Server.start(flags);
  const bot = client(first.port, ["--name", "bot"], "pipe");
  using bob = await JsonClient.join(first.port, "bob");
  await bob.event("joined", { name: "bob" });
  bot.stdin.write("before\n");
  bot.stdin.flush();
  await bob.event("said", { text: "before" });
  await first.kill("SIGKILL");
  bot.stdin.write("meanwhile\n");
  bot.stdin.end();
  await using second = await Server.start([...flags, "--port", `${first.port}`]);
  expect(await bot.exited).toBe(0);
  using late = await JsonClient.join(second.port, "late");
  const { events } = await late.event("history");
  expect(events.flatMap((event) => (event.type === "said" ? [event.text] : []))).toEqual([
    "before",
    "meanwhile",
  ]);
  expect(await new Response(bot.stderr).text()).toBe("The connection was lost: trying again\n");
});

test.concurrent("a line that is too long is refused here, and holds up nothing", async () => {
  await using server = await Server.start(["--stay"]);
  using bob = await JsonClient.join(server.port, "bob");
  const lines = ["before", "x".repeat(20_000), "\x01".repeat(4000), "after"];
  const bot = client(server.port, ["--name", "bot"], new Blob([lines.join("\n")]));
  expect(await bot.exited).toBe(0);
  await bob.event("left", { name: "bot" });
  expect(bob.texts).toEqual(["before", "\u2401".repeat(4000), "after"]);
  expect(await new Response(bot.stderr).text()).toContain("at most 4000 characters");
});

test.concurrent("--json makes events, commands and problems one object a line", async () => {
  await using server = await Server.start(["--stay"]);
  using bob = await JsonClient.join(server.port, "bob");
  const commands = [
    '{"type":"say","text":"one\\ntwo"}',
    '{"type":"tell","to":"bob","text":"psst"}',
    '{"type":"dance"}',
    "no json",
    '{"type":"who","id":"w"}',
    '{"type":"ping","id":"p"}',
    '{"type":"act","text":"a\u2028b","id":"mine"}',
  ];
  const bot = client(server.port, ["--name", "bot", "--json"], new Blob([commands.join("\n")]));
  expect(await bot.exited).toBe(0);
  await bob.event("left", { name: "bot" });
  expect(bob.texts).toEqual(["one\ntwo", "psst", "a\ufffdb"]);
  const out = (await new Response(bot.stdout).text()).trimEnd().split("\n");
  const events: Event[] = out.map((line) => JSON.parse(line));
  const types = events.map(({ type }) => type);
  for (const type of ["welcome", "joined", "said", "told", "members", "pong", "acted"] as const)
    expect(types).toContain(type);
  const codes = events.flatMap((event) => (event.type === "error" ? [event.code] : []));
  expect(codes).toEqual(["unknown-command", "bad-json"]);
  expect(out.join()).not.toContain('"token"');
  expect(events).toContainEqual(expect.objectContaining({ type: "acted", id: "mine" }));
});

test.concurrent("output into a closed pipe ends quietly", async () => {
  await using server = await Server.start(["--stay"]);
  const command = `seq 2000 | ${inShell("ChatClient.ts")} --port ${server.port} --name bot | head -n 1`;
  const shell = Bun.spawn(["bash", "-c", command], {
    stdout: "pipe",
    stderr: "pipe",
    env: withoutSettings(),
  });
  expect(await new Response(shell.stderr).text()).toBe("");
  expect(await shell.exited).toBe(0);
});

describe.concurrent("output that takes no more", () => {
  /** Runs the client in a shell line, and gives what bob heard of it. */
  async function run(input: string, output: string, count: number) {
    await using server = await Server.start(["--stay"]);
    using bob = await JsonClient.join(server.port, "bob");
    const command = `${input} | ${inShell("ChatClient.ts")} --port ${server.port} --name bot ${output}`;
    const shell = Bun.spawn(["bash", "-o", "pipefail", "-c", command], {
      stdout: "pipe",
      stderr: "pipe",
      env: withoutSettings(),
    });
    const [out, err, code] = await Promise.all([shell.stdout.text(), shell.stderr.text(), shell.exited]);
    await bob.event("left", { name: "bot" });
    expect(bob.texts).toEqual(Array.from({ length: count }, (_, i) => `${i + 1}`));
    return { out, err, code };
  }

  test("a reader that has seen enough ends nothing", async () => {
    const { out, err, code } = await run("seq 3000", "| head -n 1", 3000);
    expect([out.split("\n").length, err, code]).toEqual([2, "", 0]);
  });

  test("an output that was closed from the start ends nothing", async () => {
    expect(await run("seq 30", ">&-", 30)).toEqual({ out: "", err: "", code: 0 });
  });

  devFull.test("a full disk is told once, and ends nothing", async () => {
    const { err, code } = await run("seq 3000", "> /dev/full", 3000);
    expect(err).toMatch(/^Cannot write the output: .*no space left.*\n$/i);
    expect(code).toBe(0);
  });

  devFull.test("a stderr that takes nothing ends nothing", async () => {
    const { out, code } = await run("printf '/nosuch\\n1\\n'", "2> /dev/full", 1);
    expect([out.includes("bot: 1"), code]).toEqual([true, 0]);
  });
});

describe.concurrent("an output that is not read", () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `${i} ${"x".repeat(50)}`);

  /** The client, whose output goes through a FIFO: `read` reads all of it, nothing does before. */
  async function stalled(port: number, folder: string) {
    const [fifo, input] = [join(folder, "out"), join(folder, "in")];
    Bun.spawnSync(["mkfifo", fifo]);
    await Bun.write(input, `${lines.join("\n")}\n`);
    const command = 'fifo=$1; shift; exec "$@" > "$fifo"';
    const argv = ["bun", join(root, "ChatClient.ts"), "--port", `${port}`, "--name", "bot"];
    const bot = Bun.spawn(["bash", "-c", command, "bash", fifo, ...argv], {
      stdin: Bun.file(input),
      stdout: "ignore",
      stderr: "ignore",
      env: withoutSettings(),
    });
    const reader = Bun.spawn(["bash", "-c", 'exec 3< "$1"; read -r _; exec cat <&3', "bash", fifo], {
      stdin: "pipe",
      stdout: "pipe",
    });
    const read = () => {
      reader.stdin.write("go\n");
      reader.stdin.end();
      return reader.stdout.text();
    };
    return { bot, read };
  }

  /** Resolves once the room hears no more: the FIFO is full, and so is what may be under way. */
  async function still(bob: JsonClient): Promise<void> {
    for (let before = -1; bob.texts.length === 0 || before < bob.texts.length; ) {
      before = bob.texts.length;
      for (let i = 0; i < 20; i++) await bob.roundTrip();
    }
  }

  test("an output that is not read holds up the input, and nothing is lost", async () => {
    await using server = await Server.start(["--stay"]);
    using bob = await JsonClient.join(server.port, "bob");
    using folder = temporaryFolder();
    const { bot, read } = await stalled(server.port, folder.path);
    await still(bob);
    expect(bob.texts.length).toBeLessThan(lines.length / 2);
    const out = read();
    expect(await bot.exited).toBe(0);
    await bob.event("left", { name: "bot" });
    expect(bob.texts).toEqual(lines);
    expect((await out).split("\n").filter((line) => line.startsWith("bot: "))).toHaveLength(lines.length);
  });

  test("an output that is not read does not keep a client from ending", async () => {
    await using server = await Server.start(["--stay"]);
    using bob = await JsonClient.join(server.port, "bob");
    using folder = temporaryFolder();
    const { bot, read } = await stalled(server.port, folder.path);
    await still(bob);
    bot.kill("SIGTERM");
    await bot.exited;
    await bob.event("left", { name: "bot" });
    await read();
  });
});

test.concurrent("unsent messages are printed as they were typed, with exit code 1", async () => {
  const server = await Server.start(["--stay"]);
  using _ = await JsonClient.join(server.port, "bob");
  const bot = client(server.port, ["--name", "bot"], "pipe");
  const [out, err] = [new Transcript<string>(), new Transcript<string>()];
  const follow = async (stream: ReadableStream<Uint8Array>, transcript: Transcript<string>) => {
    for await (const chunk of stream) transcript.push(new TextDecoder().decode(chunk));
  };
  const reading = Promise.all([follow(bot.stdout, out), follow(bot.stderr, err)]);
  await out.until((all) => all.join("").includes("bot joined") || undefined, "that it is in the room");
  await server.kill("SIGKILL");
  await err.until((all) => all.join("").includes("trying again") || undefined, "that it is lost");
  bot.stdin.write("one\n/msg bob psst\n/me waves\n//slash\n/who\n");
  bot.stdin.flush();
  await err.until((all) => all.join("").includes("no connection") || undefined, "the refused command");
  bot.kill("SIGTERM");
  expect(await bot.exited).toBe(1);
  await reading;
  expect(err.items.join("").split("\n").slice(-6)).toEqual([
    "4 messages were not sent:",
    "one",
    "/msg bob psst",
    "/me waves",
    "//slash",
    "",
  ]);
});

describe.concurrent("what goes wrong is one sentence on stderr", () => {
  test.each<[flags: string[], code: number, said: string]>([
    [["--name", "ada"], 1, "No chat server at localhost:1: nobody listens there"],
    [[], 2, "On pipes a name is needed"],
    [["--name", "two words"], 1, "letters, digits"],
  ])("flags %j that cannot work are told in one sentence", async (flags, code, said) => {
    await using server = await Server.start(["--stay"]);
    const port = said.startsWith("No chat") ? 1 : server.port;
    const bot = client(port, flags, new Blob([]));
    expect(await bot.exited).toBe(code);
    const complaint = await new Response(bot.stderr).text();
    expect(complaint).toContain(said);
    expect(complaint.trimEnd().split("\n")).toHaveLength(1);
  });

  test("a taken name is told in one sentence", async () => {
    await using server = await Server.start();
    using _ = await PlainClient.join(server.port, "ada");
    const bot = client(server.port, ["--name", "Ada"], new Blob([]));
    expect(await bot.exited).toBe(1);
    expect(await new Response(bot.stderr).text()).toBe('"Ada" is taken: choose another name\n');
  });
});

describe("a sender without a seat", () => {
  test("three senders under one name are all heard, and none joins", async () => {
    await using server = await Server.start(["--stay"]);
    using bob = await JsonClient.join(server.port, "bob");
    const flags = ["--name", "cron"];
    const senders = [
      client(server.port, [...flags, "--say", "one"], new Blob([])),
      client(server.port, [...flags, "--say", "/two"], new Blob([])),
      client(server.port, [...flags, "--once"], new Blob(["three\n  four\n"])),
    ];
    for (const sender of senders) {
      expect(await sender.exited).toBe(0);
      expect(await sender.stdout.text()).toBe("");
    }
    await bob.roundTrip();
    expect(bob.texts.sort()).toEqual(["/two", "one", "three\n  four"]);
    expect(bob.events.map(({ type }) => type)).toEqual(["joined", "said", "said", "said"]);
    await server.line(/127\.0\.0\.1 posted as cron/);

    const refused = client(server.port, ["--name", "bob", "--say", "hi"], new Blob([]));
    expect(await refused.exited).toBe(1);
    expect(await refused.stderr.text()).toBe(
      'The message was not said: "bob" is taken: choose another name\n',
    );
    const both = client(server.port, [...flags, "--once", "--say", "hi"], new Blob([]));
    expect(await both.exited).toBe(2);
  });
});
