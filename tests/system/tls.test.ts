// TLS on the wire and on the terminal, with certificates as a person would make them.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { liveLogBytes } from "../../lib/server/delivery/live-log.ts";
import { Certificates } from "../support/certificates.ts";
import { JsonClient, PlainClient } from "../support/clients.ts";
import { openssl } from "../support/parts.ts";
import { CuttingProxy } from "../support/proxy.ts";
import { Terminal } from "../support/screen.ts";
import { root, Server, temporaryFolder, withoutSettings } from "../support/server.ts";
import { Transcript, testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

/** Whoever does not look at the certificate. */
const anyone = { rejectUnauthorized: false };
const sentence = "! This room speaks TLS: join with bun ChatClient.ts --tls, or openssl s_client.";

let made: Certificates;
beforeAll(() => {
  if (!openssl.found) return;
  made = new Certificates()
    .selfSigned("self")
    .selfSigned("another")
    .selfSigned("authority")
    .selfSigned("stranger")
    .signed("good", "authority", "DNS:localhost")
    .signed("address", "authority", "IP:127.0.0.1")
    .signed("elsewhere", "authority", "DNS:elsewhere.example,IP:192.0.2.1")
    .signed("expired", "authority", "DNS:localhost", 0);
});
afterAll(() => made?.[Symbol.dispose]());

/** A client's settings in a folder of its own. */
class Home implements Disposable {
  readonly #folder = temporaryFolder();
  readonly environment = { XDG_CONFIG_HOME: this.#folder.path };
  readonly knownHostsPath = join(this.#folder.path, "chatroom", "known_hosts");

  knows(port: number, certificate: string): void {
    mkdirSync(join(this.#folder.path, "chatroom"), { recursive: true });
    writeFileSync(this.knownHostsPath, `localhost:${port} sha256:${made.fingerprint(certificate)}\n`);
  }

  get known(): string {
    return existsSync(this.knownHostsPath) ? readFileSync(this.knownHostsPath, "utf8") : "";
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

/** The client on pipes: what it prints, and how it ends. */
async function piped(
  port: number,
  flags: string[],
  environment: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  const bot = Bun.spawn(
    ["bun", join(root, "ChatClient.ts"), "--port", `${port}`, "--name", "bot", ...flags],
    {
      stdin: new Blob(["hello\n"]),
      stdout: "pipe",
      stderr: "pipe",
      env: { ...withoutSettings(), NODE_EXTRA_CA_CERTS: undefined, ...environment },
    },
  );
  const [out, err, code] = await Promise.all([bot.stdout.text(), bot.stderr.text(), bot.exited]);
  return { code, out, err };
}

const trusted = { code: 0, out: expect.stringContaining("bot: hello"), err: "" };
const refused = (sentence: string) => ({ code: 1, out: "", err: `${sentence}\n` });

openssl.describe("a certificate", () => {
  test.each<[certificate: string, flags: (made: Certificates) => string[], doubt: string | undefined]>([
    ["good", (made) => ["--ca", made.cert("authority")], undefined],
    ["address", (made) => ["--ca", made.cert("authority"), "--host", "127.0.0.1"], undefined],
    ["self", (made) => ["--ca", made.cert("self")], undefined],
    ["good", (made) => ["--ca", made.cert("stranger")], "no authority known here vouches for it"],
    ["good", () => ["--tls"], "no authority known here vouches for it"],
    ["self", () => ["--tls"], "nobody but itself vouches for it"],
    ["elsewhere", (made) => ["--ca", made.cert("authority")], "it is for another host"],
    [
      "elsewhere",
      (made) => ["--ca", made.cert("authority"), "--host", "127.0.0.1"],
      "it is for another host",
    ],
    ["good", (made) => ["--ca", made.cert("authority"), "--host", "127.0.0.1"], "it is for another host"],
    ["expired", (made) => ["--ca", made.cert("authority")], "it has expired"],
  ])("%s, on pipes (%#)", async (certificate, flags, doubt) => {
    await using server = await Server.start(["--stay", ...made.flags(certificate)]);
    const given = flags(made);
    const host = given.includes("--host") ? "127.0.0.1" : "localhost";
    const fingerprint = made.fingerprint(certificate);
    const sentence = `The certificate of ${host}:${server.port} is not to be trusted: ${doubt}. If it is the right one, use --fingerprint ${fingerprint}`;
    expect(await piped(server.port, given)).toEqual(doubt === undefined ? trusted : refused(sentence));
  });

  test("of an authority that the system knows needs no flag but --tls", async () => {
    await using server = await Server.start(["--stay", ...made.flags("good")]);
    const environment = { NODE_EXTRA_CA_CERTS: made.cert("authority") };
    expect(await piped(server.port, ["--tls"], environment)).toEqual(trusted);
    expect(await piped(server.port, [], { ...environment, CHAT_TLS: "true" })).toEqual(trusted);
  });

  test("is taken or refused by --fingerprint alone, and not remembered", async () => {
    using home = new Home();
    await using server = await Server.start(["--stay", ...made.flags("self")]);
    await server.line(new RegExp(`sha256:${made.fingerprint("self")}`));
    const hex = made.fingerprint("self").replaceAll(":", "").toLowerCase();
    expect(await piped(server.port, ["--fingerprint", hex], home.environment)).toEqual(trusted);
    const [seen, wanted] = [made.fingerprint("self"), made.fingerprint("another")];
    expect(await piped(server.port, ["--fingerprint", wanted], home.environment)).toEqual(
      refused(
        `The certificate of localhost:${server.port} is sha256:${seen}, not sha256:${wanted} as --fingerprint says`,
      ),
    );
    expect(home.known).toBe("");
  });

  test("in known_hosts is taken on pipes, another one is refused, unless an authority vouches for it", async () => {
    using home = new Home();
    await using server = await Server.start(["--stay", ...made.flags("good")]);
    home.knows(server.port, "good");
    expect(await piped(server.port, ["--tls"], home.environment)).toEqual(trusted);
    home.knows(server.port, "another");
    const [before, after] = [made.fingerprint("another"), made.fingerprint("good")];
    expect(await piped(server.port, ["--tls"], home.environment)).toEqual(
      refused(
        `The certificate of localhost:${server.port} has changed from sha256:${before} to sha256:${after}: ` +
          `somebody may be listening in. If it was to change, remove line 1 of ${home.knownHostsPath}`,
      ),
    );
    const ca = ["--ca", made.cert("authority")];
    expect(await piped(server.port, ca, home.environment)).toEqual(trusted);
  });

  test("that is not trusted is sent nothing", async () => {
    const heard: string[] = [];
    const gone = Promise.withResolvers<void>();
    const handshakes = new Transcript<boolean>();
    const tls = { cert: Bun.file(made.cert("self")), key: Bun.file(made.key("self")) };
    const server = Bun.listen({
      hostname: "localhost",
      port: 0,
      tls,
      socket: {
        handshake: (_, ok) => handshakes.push(ok),
        data: (_, chunk) => void heard.push(chunk.toString()),
        close: () => gone.resolve(),
      },
    });
    expect((await piped(server.port, ["--tls"])).code).toBe(1);
    await gone.promise;
    server.stop(true);
    expect(handshakes.items).toEqual([true]);
    expect(heard).toEqual([]);
  });

  test("that has changed when the client comes back is refused, and the client ends", async () => {
    using home = new Home();
    const first = await Server.start(["--stay", ...made.flags("self")]);
    home.knows(first.port, "self");
    const command = ["bun", join(root, "ChatClient.ts"), "--port", `${first.port}`, "--name", "bot", "--tls"];
    const bot = Bun.spawn(command, {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      env: { ...withoutSettings(), ...home.environment },
    });
    bot.stdin.write("hello\n");
    await first.line(/bot: hello/);
    await first.kill("SIGKILL");
    await using second = await Server.start(["--port", `${first.port}`, "--stay", ...made.flags("another")]);
    expect(await bot.exited).toBe(1);
    expect(await bot.stderr.text()).toContain(
      `has changed from sha256:${made.fingerprint("self")} to sha256:${made.fingerprint("another")}`,
    );
    expect(second.log.items.join()).not.toContain("joined");
  });
});

openssl.describe("a certificate that nobody vouches for, on a terminal", () => {
  const question = "may it be remembered?";
  const client = (server: Server, home: Home) =>
    new Terminal(
      ["bun", join(root, "ChatClient.ts"), `ada@localhost:${server.port}`, "--tls"],
      { cols: 100, rows: 24 },
      home.environment,
    );
  const joined = (terminal: Terminal) => terminal.until("the prompt", ({ row }) => row.trimEnd() === "ada>");

  test("is asked about once and remembered", async () => {
    using home = new Home();
    await using server = await Server.start(["--stay", ...made.flags("self")]);
    const fingerprint = made.fingerprint("self");
    await using first = client(server, home);
    await first.shows(question);
    const screen = first.screen.join("\n");
    expect(screen).toContain("nobody but itself vouches for it");
    expect(screen).toContain(fingerprint.slice(0, 47));
    expect(screen).toContain(fingerprint.slice(48));
    expect(server.log.items.join()).not.toContain("joined");
    first.type("y");
    await joined(first);
    expect(home.known).toBe(`localhost:${server.port} sha256:${fingerprint}\n`);
    first.type("/quit\r");
    expect(await first.exited).toBe(0);

    await using second = client(server, home);
    await joined(second);
    expect(second.written).not.toContain(question);
  });

  test.each(["n", "\r", "\x03", "\x04"])("is refused by %j, and not remembered", async (key) => {
    using home = new Home();
    await using server = await Server.start(["--stay", ...made.flags("self")]);
    await using terminal = client(server, home);
    await terminal.shows(question);
    terminal.type(key);
    expect(await terminal.exited).toBe(1);
    await terminal.shows("is not to be trusted");
    expect(home.known).toBe("");
    expect(server.log.items.join()).not.toContain("joined");
  });

  test("is asked about by itself, however long the server took", async () => {
    using home = new Home();
    await using server = await Server.start(["--stay", ...made.flags("self")]);
    process.kill(server.pid, "SIGSTOP");
    await using terminal = client(server, home);
    await terminal.shows("Connecting to localhost");
    process.kill(server.pid, "SIGCONT");
    await terminal.shows(question);
    expect(terminal.screen.join("\n")).not.toContain("Connecting to");
    terminal.type("y");
    await joined(terminal);
  });

  test("that has changed is refused without a question", async () => {
    using home = new Home();
    await using server = await Server.start(["--stay", ...made.flags("self")]);
    home.knows(server.port, "another");
    await using terminal = client(server, home);
    expect(await terminal.exited).toBe(1);
    expect(terminal.written).toContain("has changed from");
    expect(terminal.written).not.toContain(question);
  });

  test("is not asked about when the client comes back", async () => {
    using home = new Home();
    const first = await Server.start(["--stay", ...made.flags("self")]);
    await using terminal = client(first, home);
    await terminal.shows(question);
    terminal.type("y");
    await joined(terminal);
    const asked = terminal.written.length;
    await first.kill("SIGKILL");
    await using _ = await Server.start(["--port", `${first.port}`, "--stay", ...made.flags("another")]);
    expect(await terminal.exited).toBe(1);
    await terminal.until("both fingerprints", ({ screen }) => {
      const text = screen.join("");
      return text.includes(made.fingerprint("self")) && text.includes(made.fingerprint("another"));
    });
    expect(terminal.written.slice(asked)).not.toContain(question);
  });
});

openssl.describe("plain text on a TLS port", () => {
  test("is answered with a sentence, whatever it is", async () => {
    await using server = await Server.start(["--stay", ...made.flags("self")]);
    for (const bytes of ["ada lovelace\n", "brew / HTTP/1.1\r\n\r\n", '{"type":"join","name":"ada"}\n']) {
      using client = await new PlainClient().open(server.port);
      client.sendBytes(bytes);
      await client.line(sentence);
      await client.closed;
    }
    // Too little to be taken for anything, and nothing at all.
    const wait = async (bytes: string) => {
      using client = await new PlainClient().open(server.port);
      client.sendBytes(bytes);
      await client.line(sentence);
      await client.closed;
    };
    await Promise.all(["ada\n", ""].map(wait));
    // And the server is well.
    using ada = await JsonClient.join(server.port, "ada", {}, anyone);
    await ada.roundTrip();
  });

  test("our client says what to do", async () => {
    await using server = await Server.start(["--stay", ...made.flags("self")]);
    expect(await piped(server.port, [])).toEqual(refused(`localhost:${server.port} speaks TLS: use --tls`));
  });

  test("our client ends when a server that it comes back to wants TLS", async () => {
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

openssl.describe("TLS on a plain port", () => {
  test("is answered with a sentence", async () => {
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

  test("our client says what to do", async () => {
    await using server = await Server.start(["--stay"]);
    expect(await piped(server.port, ["--tls"])).toEqual(
      refused(`localhost:${server.port} does not speak TLS: leave --tls out`),
    );
  });
});

openssl.describe("a room that speaks TLS", () => {
  test("answers a client that has closed its half, and lets it finish when it closes its own", async () => {
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

  test("is open to openssl s_client", async () => {
    await using server = await Server.start(["--stay", ...made.flags("self")]);
    const command = [openssl.found, "s_client", "-quiet", "-connect", `localhost:${server.port}`];
    const person = Bun.spawn(command, { stdin: "pipe", stdout: "pipe", stderr: "ignore", timeout: testMs });
    person.stdin.write("ada\nhi\n/quit\n");
    person.stdin.flush();
    const out = await person.stdout.text();
    expect(out).toContain("ada: hi");
    expect(out).toEndWith("! Goodbye.\n");
  });

  test("ends with its last member, strangers who never shake hands or not", async () => {
    await using server = await Server.start(made.flags("self"));
    using stranger = await new PlainClient().open(server.port);
    using ada = await JsonClient.join(server.port, "ada", {}, anyone);
    ada.send({ type: "quit" });
    expect(await server.exited).toBe(0);
    await stranger.closed;
  });

  test("loses nothing of a client whose connection is cut again and again", async () => {
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

  test("keeps 12 MB for readers that sleep, in order and at no cost in memory", async () => {
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

openssl.describe("a server without a certificate that can be used ends with one sentence", () => {
  test.each<[flags: (made: Certificates) => string[], code: number, sentence: string]>([
    [(made) => ["--tls-cert", made.cert("self")], 2, "--tls-cert and --tls-key go together"],
    [(made) => ["--tls-cert", "/no/such", "--tls-key", made.key("self")], 1, "Cannot read /no/such"],
    [(made) => ["--tls-cert", made.cert("self"), "--tls-key", made.key("good")], 1, "is not that of"],
    [(made) => ["--tls-cert", made.key("self"), "--tls-key", made.cert("self")], 1, "no PEM certificate"],
  ])("%#", (flags, code, sentence) => {
    const command = ["bun", join(root, "ChatServer.ts"), "--port", "0", "--history", "none", ...flags(made)];
    const { exitCode, stdout, stderr } = Bun.spawnSync(command, { timeout: testMs });
    expect(stdout.toString()).toBe("");
    expect(stderr.toString()).toContain(sentence);
    expect(stderr.toString().trimEnd().split("\n")).toHaveLength(1);
    expect(exitCode).toBe(code);
  });
});
