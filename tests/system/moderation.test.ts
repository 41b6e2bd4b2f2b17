// Keeping order, over the wire: what operators do, passwords, limits at the door, what is written down and what never
// is, and the server's own terminal.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Recorded } from "../../lib/protocol/events.ts";
import { JsonClient, PlainClient } from "../support/clients.ts";
import { lanAddress } from "../support/parts.ts";
import { Terminal } from "../support/screen.ts";
import { root, Server, temporaryFolder } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

const kept = { CHAT_OPERATOR_PASSWORD: "the gavel" };
const guarded = { CHAT_PASSWORD: "open sesame" };

/** Somebody in the room who keeps order. */
async function operator(server: Server, name: string): Promise<JsonClient> {
  const client = await JsonClient.join(server.port, name);
  client.send({ type: "op", password: kept.CHAT_OPERATOR_PASSWORD });
  await client.event("opped", { name });
  return client;
}

/** What was done, by whom, to whom, with which words. */
function acts(client: JsonClient): unknown[][] {
  return client.events.flatMap((event: Recorded) => {
    if (!("by" in event)) return [];
    return [[event.type, event.by, "name" in event ? event.name : undefined, event.text]];
  });
}

describe("what an operator does", () => {
  test("is seen by everyone, with who did it, in both dialects", async () => {
    await using server = await Server.start([], kept);
    using ada = await operator(server, "ada");
    using dan = await JsonClient.join(server.port, "dan");
    using eve = await PlainClient.join(server.port, "eve");
    using bob = await JsonClient.join(server.port, "bob");
    using cyd = await JsonClient.join(server.port, "cyd");
    await eve.line("cyd joined");
    for (const command of [
      { type: "topic", text: "tea at five" },
      { type: "topic", text: "-" },
      { type: "mute", name: "bob" },
      { type: "unmute", name: "bob" },
      { type: "kick", name: "bob", text: "enough" },
      { type: "ban", name: "cyd", text: "spam" },
      { type: "unban", name: "cyd" },
      { type: "ban", name: "198.51.100.7" },
      { type: "unban", name: "198.51.100.7" },
    ]) {
      ada.send(command);
      // What is not banned yet cannot be unbanned.
      await ada.roundTrip();
    }
    await dan.roundTrip();
    const expected = [
      ["topic", "ada", undefined, "tea at five"],
      ["topic", "ada", undefined, undefined],
      ["muted", "ada", "bob", undefined],
      ["unmuted", "ada", "bob", undefined],
      ["kicked", "ada", "bob", "enough"],
      ["banned", "ada", "cyd", "spam"],
      ["unbanned", "ada", "cyd", undefined],
      ["banned", "ada", undefined, undefined],
      ["unbanned", "ada", undefined, undefined],
    ];
    expect(acts(ada)).toEqual(expected);
    expect(acts(dan)).toEqual(expected);
    expect(dan.events.filter(({ type }) => type === "left")).toEqual([]);
    await eve.line("An address was unbanned by ada");
    const lines = eve.received.items;
    expect(lines.slice(lines.indexOf("cyd joined") + 1)).toEqual([
      "ada set the topic: tea at five",
      "ada took the topic away",
      "bob was muted by ada",
      "bob was unmuted by ada",
      "bob was kicked by ada (enough)",
      "cyd was banned by ada (spam)",
      "cyd was unbanned by ada",
      "An address was banned by ada",
      "An address was unbanned by ada",
    ]);
    await bob.event("bye", { code: "kicked" });
    await cyd.event("bye", { code: "banned" });
    expect(JSON.stringify(dan.received.items)).not.toContain("198.51.100.7");
  });

  test("is refused to everybody else, whatever they say they are", async () => {
    await using server = await Server.start([], kept);
    using ada = await operator(server, "ada");
    using bob = await JsonClient.join(server.port, "bob");
    const commands = [
      { type: "topic", text: "mine" },
      { type: "kick", name: "ada" },
      { type: "ban", name: "ada" },
      { type: "unban", name: "ada" },
      { type: "mute", name: "ada" },
      { type: "unmute", name: "ada" },
      { type: "bans" },
    ];
    for (const command of commands) bob.send({ ...command, operator: true });
    bob.send({ type: "op", password: "the gavel " });
    await bob.event("error", { code: "wrong-password" });
    await bob.roundTrip();
    const codes = bob.received.items.flatMap((event) => (event.type === "error" ? [event.code] : []));
    expect(codes).toEqual([...commands.map(() => "not-operator" as const), "wrong-password"]);
    bob.send({ type: "topic" });
    expect(await bob.event("subject")).toEqual({ type: "subject" });
    await ada.roundTrip();
    expect(acts(ada)).toEqual([]);
  });

  test("to somebody who is kicked: a goodbye that says so, no reconnect, and a token that is worth nothing", async () => {
    await using server = await Server.start([], kept);
    using ada = await operator(server, "ada");
    using bob = await JsonClient.join(server.port, "bob");
    const { token } = await bob.event("welcome");
    ada.send({ type: "kick", name: "bob", text: "enough" });
    expect(await bob.event("bye")).toEqual({
      type: "bye",
      code: "kicked",
      text: "You were kicked by ada: enough",
    });
    await bob.closed;
    expect(bob.received.items.at(-1)?.type).toBe("bye");
    using again = await JsonClient.join(server.port, "bobby", { token, after: 0 });
    const welcome = await again.event("welcome");
    expect(welcome.name).toBe("bobby");
    expect(welcome.token).not.toBe(token);
    await ada.event("joined", { name: "bobby" });
    expect(ada.events.filter(({ type }) => type === "left")).toEqual([]);
  });

  test("to the client at a terminal's other end: it ends, and says why", async () => {
    await using server = await Server.start([], kept);
    using ada = await operator(server, "ada");
    const client = ["bun", join(root, "ChatClient.ts"), "--port", `${server.port}`, "--name", "bob"];
    await using bob = new Terminal(client, { cols: 80, rows: 24 });
    await bob.until("the prompt", ({ row }) => row.trimEnd() === "bob>");
    ada.send({ type: "kick", name: "bob", text: "enough" });
    expect(await bob.exited).toBe(1);
    await bob.shows("You were kicked by ada: enough");
  });

  test("to somebody who is muted: nobody hears what is said until it is over", async () => {
    await using server = await Server.start([], kept);
    using ada = await operator(server, "ada");
    using bob = await PlainClient.join(server.port, "bob");
    ada.send({ type: "mute", name: "bob" });
    await bob.line("bob was muted by ada");
    for (const line of ["hush", "/me hushes", "/msg ada hush"]) bob.say(line);
    await bob.received.until(
      (lines) => lines.filter((line) => line === "! You are muted: nobody hears you.")[2],
      "three refusals",
    );
    ada.send({ type: "unmute", name: "bob" });
    await bob.line("bob was unmuted by ada");
    bob.say("hello");
    await ada.event("said", { from: "bob" });
    expect(ada.texts).toEqual(["hello"]);
  });
});

test("bans and the topic outlive the server; a ban catches what looks like the name", async () => {
  using folder = temporaryFolder();
  const flags = ["--history", join(folder.path, "room.sqlite"), "--stay"];
  {
    await using server = await Server.start(flags, kept);
    using ada = await operator(server, "ada");
    using bill = await JsonClient.join(server.port, "bill");
    ada.send({ type: "topic", text: "tea" });
    ada.send({ type: "ban", name: "bill", text: "spam" });
    await bill.event("bye", { code: "banned", text: "You were banned by ada: spam" });
    await bill.closed;
    expect(await server.kill("SIGTERM")).toBe(0);
  }
  await using server = await Server.start(flags, kept);
  for (const name of ["bill", "BILL", "biii", "bi1l"]) {
    using json = await new JsonClient().open(server.port);
    json.send({ type: "join", name });
    expect(await json.event("error")).toEqual({
      type: "error",
      code: "banned",
      text: "You are banned from this room",
    });
    using plain = await new PlainClient().open(server.port);
    plain.say(name);
    await plain.line("! You are banned from this room.");
  }
  // This machine's own address is nobody's alone: others come in.
  using eve = await operator(server, "eve");
  expect((await eve.event("welcome")).topic).toBe("tea");
  using dan = await PlainClient.join(server.port, "dan");
  await dan.line("The topic is: tea");
  eve.send({ type: "bans" });
  expect((await eve.event("bans")).bans).toEqual([
    { name: "bill", by: "ada", at: expect.any(Number), text: "spam" },
  ]);
  eve.send({ type: "unban", name: "bill" });
  await dan.line("bill was unbanned by eve");
  using bill = await JsonClient.join(server.port, "bill");
  bill.send({ type: "say", text: "hello" });
  await dan.line("bill: hello");
});

test("whoever keeps order does so again after a restart, with the token, and nobody else", async () => {
  using folder = temporaryFolder();
  const flags = ["--history", join(folder.path, "room.sqlite"), "--stay"];
  const first = await Server.start(flags, kept);
  using before = await operator(first, "ada");
  const { token } = await before.event("welcome");
  await first.kill("SIGKILL");
  await using server = await Server.start(flags, kept);
  using ada = await JsonClient.join(server.port, "ada", { token });
  ada.send({ type: "topic", text: "tea" });
  await ada.event("topic", { by: "ada", text: "tea" });
});

describe("a room with a password", () => {
  test("asks programs and people for it, and lets them in with it", async () => {
    await using server = await Server.start(["--stay"], guarded);
    using ada = await new JsonClient().open(server.port);
    ada.send({ type: "join", name: "ada" });
    await ada.event("error", { code: "wrong-password", text: "This room has a password: what is it?" });
    ada.send({ type: "join", name: "ada", password: "sesame" });
    await ada.event("error", { code: "wrong-password", text: "That is not the password: what is it?" });
    ada.send({ type: "join", name: "ada", password: guarded.CHAT_PASSWORD });
    await ada.event("welcome");

    using bob = await new PlainClient().open(server.port);
    bob.say("bob");
    await bob.line("! This room has a password: what is it?");
    bob.say("sesame");
    await bob.line("! That is not the password: what is it?");
    bob.say(guarded.CHAT_PASSWORD);
    await bob.line("bob joined");
    bob.say("hello");
    await ada.event("said", { from: "bob", text: "hello" });
    expect(ada.texts).toEqual(["hello"]);
    for (const secret of ["sesame", guarded.CHAT_PASSWORD]) {
      expect(server.log.items.join()).not.toContain(secret);
    }
  });

  test("lets thirty people of one address in, with typos and a guesser", async () => {
    await using server = await Server.start(["--stay"], guarded);
    using guessers = new DisposableStack();
    for (let i = 0; i < 9; i++) {
      const eve = guessers.use(await new JsonClient().open(server.port));
      eve.send({ type: "join", name: "eve", password: `guess ${i}` });
      if (i > 2) await eve.event("error", { code: "slow-down" });
    }
    const people = await Promise.all(Array.from({ length: 30 }, () => new PlainClient().open(server.port)));
    await Promise.all(
      people.map(async (person, i) => {
        person.say(`person${i}`);
        await person.line("This room has a password");
        if (i < 6) {
          person.say("sesame");
          await person.line("the answer to yours takes");
          await person.line("That is not the password");
        }
        person.say(guarded.CHAT_PASSWORD);
        await person.line(`You are connected as person${i}.`);
      }),
    );
    for (const person of people) person[Symbol.dispose]();
    await server.line(/ gave a wrong room password$/);
    expect(server.log.items.filter((line) => line.endsWith("gave a wrong room password"))).toHaveLength(1);
    expect(server.log.items.join()).not.toContain("guess");
  });

  test("takes a member back with its token alone", async () => {
    await using server = await Server.start(["--stay"], guarded);
    const password = guarded.CHAT_PASSWORD;
    const first = await JsonClient.join(server.port, "ada", { password });
    const { token } = await first.event("welcome");
    first[Symbol.dispose]();
    using back = await JsonClient.join(server.port, "ada", { token });
    await back.roundTrip();
    using eve = await new JsonClient().open(server.port);
    eve.send({ type: "join", name: "eve", token: `${token}x` });
    await eve.event("error", { code: "wrong-password" });
  });

  test("takes it from the first line of a file, and the client does, too", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "password");
    writeFileSync(path, "from a file\n", { mode: 0o600 });
    await using server = await Server.start(["--password-file", path]);
    const run = (flags: string[], environment: Record<string, string>) =>
      Bun.spawn(["bun", join(root, "ChatClient.ts"), "--port", `${server.port}`, "--name", "ada", ...flags], {
        stdin: Buffer.from("hello\n"),
        stdout: "pipe",
        stderr: "pipe",
        env: { ...process.env, ...environment },
      });
    const without = run([], {});
    expect(await without.exited).toBe(1);
    expect(await without.stderr.text()).toContain("This room has a password: what is it? Set CHAT_PASSWORD");
    const wrong = run([], { CHAT_PASSWORD: "wrong" });
    expect(await wrong.exited).toBe(1);
    expect(await wrong.stderr.text()).toContain("That is not the password");
    const right = run(["--password-file", path], {});
    expect(await right.exited).toBe(0);
    expect(await right.stdout.text()).toContain("ada: hello");
  });
});

describe("at the door", () => {
  /** What somebody hears who is not let in: the reason in both dialects. */
  async function turnedAway(port: number, host = "localhost"): Promise<string[]> {
    using client = await new PlainClient().open(port, { host });
    await client.closed;
    return client.received.items;
  }

  test("so many are let in, the next is told why and when to come back, and the log says so once", async () => {
    await using server = await Server.start(["--max-connections", "3", "--stay"]);
    const members = await Promise.all(["a", "b", "c"].map((name) => JsonClient.join(server.port, name)));
    const text = "The room is full, it takes 3 connections: try again later";
    for (let i = 0; i < 5; i++) {
      const bye = JSON.stringify({ type: "bye", code: "full", text, retryAfterMs: 5000 });
      expect(await turnedAway(server.port)).toEqual([`! ${text}.`, bye]);
    }
    await members[0]?.roundTrip();
    expect(server.log.items.filter((line) => line.includes("turned away"))).toHaveLength(1);
    members[1]?.[Symbol.dispose]();
    await server.line(/disconnected/);
    using next = await JsonClient.join(server.port, "next");
    await next.roundTrip();
    expect(await turnedAway(server.port)).toHaveLength(2);
    for (const member of members) member[Symbol.dispose]();
  });

  lanAddress.test("so many are let in from one address, and any number from this machine", async () => {
    const host = lanAddress.found;
    const flags = ["--host", "0.0.0.0", "--max-per-address", "2", "--stay"];
    await using server = await Server.start(flags);
    using _ = await new PlainClient().open(server.port, { host });
    using leaving = await new PlainClient().open(server.port, { host });
    leaving.say("leaving");
    await leaving.line("leaving joined");
    const text = "Your address has 2 connections already: close one first";
    for (let i = 0; i < 3; i++) expect((await turnedAway(server.port, host))[0]).toBe(`! ${text}.`);
    expect(server.log.items.filter((line) => line.includes("turned away"))).toHaveLength(1);
    const local = await Promise.all(
      Array.from({ length: 5 }, () => new PlainClient().open(server.port, { host: "127.0.0.1" })),
    );
    for (const [i, client] of local.entries()) {
      client.say(`local${i}`);
      await client.line(`local${i} joined`);
    }
    leaving.say("/quit");
    await leaving.closed;
    await server.line(/disconnected/);
    using next = await new PlainClient().open(server.port, { host });
    next.say("next");
    await next.line("next joined");
    for (const client of local) client[Symbol.dispose]();
  });

  lanAddress.test("whoever is banned does not come back from the same address, until unbanned", async () => {
    const host = lanAddress.found;
    await using server = await Server.start(["--host", "0.0.0.0", "--stay"], kept);
    using ada = await new JsonClient().open(server.port, { host: "127.0.0.1" });
    ada.send({ type: "join", name: "ada" });
    ada.send({ type: "op", password: kept.CHAT_OPERATOR_PASSWORD });
    await ada.event("opped");
    using bob = await new JsonClient().open(server.port, { host });
    bob.send({ type: "join", name: "bob" });
    await bob.event("welcome");
    using twin = await new JsonClient().open(server.port, { host });
    twin.send({ type: "join", name: "twin" });
    await twin.event("welcome");
    ada.send({ type: "ban", name: "bob" });
    await bob.event("bye", { code: "banned" });
    await twin.event("bye", { code: "banned" });
    await ada.event("left", { name: "twin" });
    expect((await turnedAway(server.port, host))[0]).toBe("! Your address is banned from this room.");
    ada.send({ type: "unban", name: "bob" });
    await ada.event("unbanned", { name: "bob" });
    ada.send({ type: "ban", name: host });
    await ada.event("banned", { by: "ada" });
    await ada.roundTrip();
    expect((await turnedAway(server.port, host))[0]).toBe("! Your address is banned from this room.");
    // Nobody but the operator, who has typed it, is told an address.
    for (const { received } of [ada, bob, twin]) expect(JSON.stringify(received.items)).not.toContain(host);
    ada.send({ type: "bans" });
    expect((await ada.event("bans")).bans).toMatchObject([{ name: host, by: "ada" }]);
  });

  test("with few files to open, many are turned away, and those who are in are served", async () => {
    const limited = ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh"];
    await using server = await Server.start([], {}, limited);
    const cap = 256 - 200;
    using ada = await JsonClient.join(server.port, "ada");
    using bob = await JsonClient.join(server.port, "bob");
    const trying = Array.from({ length: 400 }, () => new PlainClient().open(server.port));
    const crowd = (await Promise.allSettled(trying)).flatMap((outcome) =>
      outcome.status === "fulfilled" ? [outcome.value] : [],
    );
    // Those who are in are in; of the others 64 hear why, and the rest is cut off before it is connected, or after.
    const sentence = `! The room is full, it takes ${cap} connections: try again later.`;
    const told = () => crowd.filter(({ received }) => received.items[0] === sentence);
    await Promise.all(
      crowd.map(({ received, closed }) =>
        Promise.race([received.until((lines) => lines[0], "a line").catch(() => {}), closed]),
      ),
    );
    expect(told()).toHaveLength(64);
    ada.send({ type: "say", text: "still here" });
    await bob.event("said", { text: "still here" });
    expect(server.log.items.filter((line) => line.includes("turned away"))).toHaveLength(1);
    for (const client of crowd) client[Symbol.dispose]();
    await server.log.until(
      (lines) =>
        lines.filter((line) => line.endsWith("disconnected")).length === cap - 2 ? true : undefined,
      "all of the crowd to be gone",
    );
    using late = await new PlainClient().open(server.port);
    late.say("late");
    await late.line("late joined");
  });
});

describe("what is written down", () => {
  test("is the owner's alone, and has hashes of tokens and no token", async () => {
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

  test("in --log json is one JSON object a line, whatever strangers say", async () => {
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

  test("are numbers on --metrics, for this machine", async () => {
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

describe("the server's own terminal", () => {
  /** A server with somebody at its keyboard, and its port. */
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

  test("speaks as the server and keeps order, with the log above the row", async () => {
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
    terminal.type("/kick nobody\r");
    await terminal.shows('! "nobody" is reserved: choose another name.');
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

  test("shows no message that goes on at the margin, or where a name would stand", async () => {
    const { terminal, port } = await open(["--stay"]);
    await using _ = terminal;
    using eve = await JsonClient.join(port, "eve");
    const text = `hi${"\u00a0".repeat(77)}server: you are dismissed`;
    eve.send({ type: "say", text });
    eve.send({ type: "quit", text: `bye${"x".repeat(150)}` });
    await terminal.shows("x)");
    const under = terminal.screen.filter((row) => / {12,}\S/.test(row.slice(0, 20)));
    expect(under.map((row) => row.search(/\S/))).toEqual([15, 14, 14]);
    const margin = terminal.screen.filter((row) => /^(?!\d\d:\d\d:\d\d {2}|server>)\S/.test(row));
    expect(margin).toEqual([]);
  });

  test.each([
    ["Ctrl-C", "\x03"],
    ["Ctrl-D", "\x04"],
    ["/quit", "/quit\r"],
  ])("%s ends it with a goodbye to everyone, exit code 0, and the terminal as it was", async (_, keys) => {
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

  test("gives back a shell's line discipline", async () => {
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

  test("stays the shell's where the server is a job in the background", async () => {
    await using terminal = new Terminal(
      ["bash", "--norc", "--noprofile", "-i"],
      { cols: 120, rows: 30 },
      { PS1: "sh$ " },
    );
    await terminal.until("the shell", ({ row }) => row.startsWith("sh$"));
    terminal.type(`bun ${join(root, "ChatServer.ts")} --port 0 --history none &\r`);
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

  test("is none with --log json, which is for programs", async () => {
    const command = ["bun", join(root, "ChatServer.ts"), "--port", "0", "--history", "none", "--log", "json"];
    await using terminal = new Terminal(command, { cols: 300, rows: 30 });
    await terminal.shows("Ctrl-C ends it");
    expect(terminal.screen.map((row) => JSON.parse(row).message)).toHaveLength(3);
    terminal.kill("SIGINT");
    expect(await terminal.exited).toBe(0);
  });
});
