// TLS on the wire: what a server with a certificate does, and what it says to those who speak something else.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { liveLogBytes } from "../../lib/server/delivery/live-log.ts";
import { type Certificates, madeCertificates } from "../support/certificates.ts";
import { IrcClient, JsonClient, PlainClient } from "../support/clients.ts";
import { piped } from "../support/members.ts";
import { openssl } from "../support/parts.ts";
import { CuttingProxy } from "../support/proxy.ts";
import { root, Server, temporaryFolder, withoutSettings } from "../support/server.ts";
import { testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

/** A client that does not look at the certificate. */
const anyone = { rejectUnauthorized: false };
const sentence = "! This room speaks TLS: join with bun ChatClient.ts --tls, or openssl s_client.";

let made: Certificates;
beforeAll(() => {
  if (!openssl.found) return;
  made = madeCertificates();
});
afterAll(() => made?.[Symbol.dispose]());

const refused = (sentence: string) => ({ code: 1, out: "", err: `${sentence}\n` });

openssl.concurrent("plain text on a TLS port", () => {
  test("plain text on a TLS port is answered with a sentence", async () => {
    await using server = await Server.start(["--stay", ...made.flags("self")]);
    for (const bytes of ["ada lovelace\n", "brew / HTTP/1.1\r\n\r\n", '{"type":"join","name":"ada"}\n']) {
      using client = await new PlainClient().open(server.port);
      client.sendBytes(bytes);
      await client.line(sentence);
      await client.line("ERROR :Closing Link: * (This room speaks TLS)");
      await client.closed;
    }
    // Too little to be taken for anything, and nothing at all.
    const wait = async (bytes: string) => {
      using client = await new PlainClient().open(server.port);
      client.sendBytes(bytes);
      await client.line(sentence);
      await client.line("ERROR :Closing Link: * (This room speaks TLS)");
      await client.closed;
    };
    await Promise.all(["ada\n", ""].map(wait));
    // And the server is well.
    using ada = await JsonClient.join(server.port, "ada", {}, anyone);
    await ada.roundTrip();
  });

  test("the client on plain text says what to do at a TLS port", async () => {
    await using server = await Server.start(["--stay", ...made.flags("self")]);
    expect(await piped(server.port, [])).toEqual(refused(`localhost:${server.port} speaks TLS: use --tls`));
  });

  test("the client ends when a server that it comes back to wants TLS", async () => {
    const first = await Server.start(["--stay"]);
    const command = ["bun", join(root, "ChatClient.ts"), "--port", `${first.port}`, "--name", "bot"];
    const bot = Bun.spawn(command, { stdin: "pipe", stdout: "pipe", stderr: "pipe", env: withoutSettings() });
    // It is in the room once it hears so.
    await bot.stdout.getReader().read();
    await first.kill("SIGKILL");
    await using _ = await Server.start(["--port", `${first.port}`, "--stay", ...made.flags("self")]);
    expect(await bot.exited).toBe(1);
    expect(await bot.stderr.text()).toEndWith(`localhost:${first.port} speaks TLS: use --tls\n`);
  });
});

openssl.concurrent("TLS on a plain port", () => {
  test("TLS on a plain port is answered with a sentence", async () => {
    await using server = await Server.start(["--stay"]);
    const hello = Promise.withResolvers<Buffer>();
    const listener = Bun.listen({
      hostname: "localhost",
      port: 0,
      socket: {
        data(socket, chunk) {
          hello.resolve(chunk);
          socket.end();
        },
      },
    });
    const shaking = Bun.connect({
      hostname: "localhost",
      port: listener.port,
      tls: anyone,
      socket: { data() {}, handshake() {} },
    });
    const bytes = await hello.promise;
    await shaking.catch(() => {});
    listener.stop(true);
    expect(bytes.subarray(0, 2)).toEqual(Buffer.of(0x16, 0x03));
    for (const part of [bytes, bytes.subarray(0, 1)]) {
      using client = await new PlainClient().open(server.port);
      client.sendBytes(part);
      await client.line("! This room does not speak TLS: connect without it.");
      await client.closed;
    }
  });

  test("the client with TLS says what to do at a plain port", async () => {
    await using server = await Server.start(["--stay"]);
    expect(await piped(server.port, ["--tls"])).toEqual(
      refused(`localhost:${server.port} does not speak TLS: leave --tls out`),
    );
  });
});

openssl.concurrent("a room that speaks TLS", () => {
  test("a client of IRC is in the room", async () => {
    await using server = await Server.start(["--stay", "--channel", "tea", ...made.flags("self")]);
    using jane = await JsonClient.join(server.port, "jane", {}, anyone);
    using ada = await new IrcClient().open(server.port, { tls: anyone });
    for (const line of ["NICK ada", "USER a 0 * :a"]) ada.say(line);
    await ada.line("JOIN #tea");
    ada.say("PRIVMSG #tea :hi");
    await jane.event("said", { from: "ada", text: "hi" });
    jane.send({ type: "say", text: "beep", notice: true });
    await ada.line(":jane!u@jane NOTICE #tea :beep");
  });

  test("a TLS room answers a client that has closed its half", async () => {
    await using server = await Server.start(["--stay", ...made.flags("self")]);
    using ada = await JsonClient.join(server.port, "ada", {}, anyone);
    using bob = await JsonClient.join(server.port, "bob", {}, anyone);
    bob.send({ type: "say", text: "hi" });
    bob.send({ type: "who", id: "w" });
    bob.halfClose();
    await bob.event("members", { id: "w" });
    await bob.closed;
    await ada.event("said", { text: "hi" });
    await server.kill("SIGTERM");
    await ada.event("bye", { code: "shutdown" });
    await ada.closed;
  });

  test("a TLS room is open to openssl s_client", async () => {
    await using server = await Server.start(["--stay", ...made.flags("self")]);
    const command = [openssl.found, "s_client", "-quiet", "-connect", `localhost:${server.port}`];
    const person = Bun.spawn(command, { stdin: "pipe", stdout: "pipe", stderr: "ignore", timeout: testMs });
    person.stdin.write("ada\nhi\n/quit\n");
    person.stdin.flush();
    const out = await person.stdout.text();
    expect(out).toContain("ada: hi");
    expect(out).toEndWith("! Goodbye.\n");
  });

  test("a TLS room ends with its last member, strangers waiting or not", async () => {
    await using server = await Server.start(made.flags("self"));
    using stranger = await new PlainClient().open(server.port);
    using ada = await JsonClient.join(server.port, "ada", {}, anyone);
    ada.send({ type: "quit" });
    expect(await server.exited).toBe(0);
    await stranger.closed;
  });

  test("a TLS room loses nothing of a client that is cut again and again", async () => {
    await using server = await Server.start(["--stay", ...made.flags("self")]);
    await using proxy = await CuttingProxy.start(server.port);
    using bob = await JsonClient.join(server.port, "bob", {}, anyone);
    const bot = Bun.spawn(
      [
        ...["bun", join(root, "ChatClient.ts"), "--port", `${proxy.port}`, "--name", "bot"],
        ...["--fingerprint", made.fingerprint("self")],
      ],
      { stdin: "pipe", stdout: "ignore", stderr: "ignore", env: withoutSettings() },
    );
    const lines = Array.from({ length: 50 }, (_, i) => `${i} ${"x".repeat(500)}`);
    for (const [i, line] of lines.entries()) {
      if (i % 10 === 5) proxy.cutAll(() => 3_000);
      bot.stdin.write(`${line}\n`);
      bot.stdin.flush();
      await bob.event("said", { text: line });
    }
    bot.stdin.end();
    expect(await bot.exited).toBe(0);
    expect(bob.texts).toEqual(lines);
    expect(proxy.cuts).toBeGreaterThan(2);
  });

  test("a TLS room keeps 12 MB for sleeping readers, at no cost in memory", async () => {
    using folder = temporaryFolder();
    const history = ["--history", join(folder.path, "room.sqlite")];
    await using server = await Server.start([...history, "--quiet", ...made.flags("self")]);
    using speaker = await JsonClient.join(server.port, "speaker", {}, anyone);
    using awake = await JsonClient.join(server.port, "awake", {}, anyone);
    const sleepers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => JsonClient.join(server.port, `sleeper${i}`, {}, anyone)),
    );
    for (const sleeper of sleepers) {
      await sleeper.roundTrip();
      sleeper.socket?.pause();
    }
    const text = "x".repeat(3990);
    const messages = 5000;
    expect(3000 * text.length).toBeGreaterThan(10 * liveLogBytes);
    const speak = async (from: number, to: number) => {
      for (let i = from; i < to; i++) {
        speaker.send({ type: "say", text: `${i} ${text}`, id: `${i}` });
        if (i % 200 === 199) await awake.event("said", { id: `${i}` });
      }
    };
    // Warm, so that it is the sleepers that cost, if anything does.
    await speak(0, 2000);
    const before = residentMb(server.pid);
    await speak(2000, messages);
    // Ten who would be queued for would cost ten times 12 MB; what a heap grows by itself is far less.
    expect(residentMb(server.pid) - before).toBeLessThan(60);
    for (const sleeper of sleepers) sleeper.socket?.resume();
    for (const sleeper of sleepers) {
      await sleeper.event("said", { id: `${messages - 1}` });
      const ids = sleeper.events.flatMap((event) => (event.type === "said" ? [event.id] : []));
      expect(ids).toEqual(Array.from({ length: messages }, (_, i) => `${i}`));
      sleeper[Symbol.dispose]();
    }
  });
});

/** Resident memory of a process, in MB; 0 where that is not to be had. */
function residentMb(pid: number): number {
  const path = `/proc/${pid}/status`;
  const [, kb = "0"] = existsSync(path) ? (/VmRSS:\s+(\d+)/.exec(readFileSync(path, "utf8")) ?? []) : [];
  return Number(kb) / 1024;
}

openssl.concurrent("a server without a certificate that can be used ends with one sentence", () => {
  test.each<[flags: (made: Certificates) => string[], code: number, sentence: string]>([
    [(made) => ["--tls-cert", made.cert("self")], 2, "--tls-cert and --tls-key go together"],
    [(made) => ["--tls-cert", "/no/such", "--tls-key", made.key("self")], 1, "Cannot read /no/such"],
    [(made) => ["--tls-cert", made.cert("self"), "--tls-key", made.key("good")], 1, "is not that of"],
    [(made) => ["--tls-cert", made.key("self"), "--tls-key", made.cert("self")], 1, "no PEM certificate"],
  ])("%#", (flags, code, sentence) => {
    const command = ["bun", join(root, "ChatServer.ts"), "--port", "0", "--history", "none", ...flags(made)];
    const { exitCode, stdout, stderr } = Bun.spawnSync(command, { timeout: testMs, env: withoutSettings() });
    expect(stdout.toString()).toBe("");
    expect(stderr.toString()).toContain(sentence);
    expect(stderr.toString().trimEnd().split("\n")).toHaveLength(1);
    expect(exitCode).toBe(code);
  });
});
