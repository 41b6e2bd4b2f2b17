// Which servers the client trusts, on pipes and on a terminal, with certificates as a person would make them.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Certificates, madeCertificates } from "../support/certificates.ts";
import { piped } from "../support/members.ts";
import { openssl } from "../support/parts.ts";
import { Terminal } from "../support/screen.ts";
import { root, Server, temporaryFolder, withoutSettings } from "../support/server.ts";
import { Transcript, testMs } from "../support/transcript.ts";

setDefaultTimeout(testMs);

let made: Certificates;
beforeAll(() => {
  if (!openssl.found) return;
  made = madeCertificates();
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

const trusted = { code: 0, out: expect.stringContaining("bot: hello"), err: "" };
const refused = (sentence: string) => ({ code: 1, out: "", err: `${sentence}\n` });

openssl.concurrent("a certificate", () => {
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

  test("a certificate of a known authority needs no flag but --tls", async () => {
    await using server = await Server.start(["--stay", ...made.flags("good")]);
    const environment = { NODE_EXTRA_CA_CERTS: made.cert("authority") };
    expect(await piped(server.port, ["--tls"], environment)).toEqual(trusted);
    expect(await piped(server.port, [], { ...environment, CHAT_TLS: "true" })).toEqual(trusted);
  });

  test("--fingerprint alone decides, and is not remembered", async () => {
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

  test("known_hosts decides on pipes, where no authority does", async () => {
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

  test("a server that is not trusted is sent nothing", async () => {
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

  test("a certificate that changed when the client comes back ends it", async () => {
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

openssl.concurrent("a certificate that nobody vouches for, on a terminal", () => {
  const question = "may it be remembered?";
  const client = (server: Server, home: Home) =>
    new Terminal(
      ["bun", join(root, "ChatClient.ts"), `ada@localhost:${server.port}`, "--tls"],
      { cols: 100, rows: 24 },
      home.environment,
    );
  const joined = (terminal: Terminal) => terminal.until("the prompt", ({ row }) => row.trimEnd() === "ada>");

  test("an unknown certificate is asked about once and remembered", async () => {
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

  test.each(["n", "\r", "\x03", "\x04"])(
    "an unknown certificate is refused by %j, and not remembered",
    async (key) => {
      using home = new Home();
      await using server = await Server.start(["--stay", ...made.flags("self")]);
      await using terminal = client(server, home);
      await terminal.shows(question);
      terminal.type(key);
      expect(await terminal.exited).toBe(1);
      await terminal.shows("is not to be trusted");
      expect(home.known).toBe("");
      expect(server.log.items.join()).not.toContain("joined");
    },
  );

  test("a certificate is asked about alone, however long the server took", async () => {
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

  test("a changed certificate is refused without a question", async () => {
    using home = new Home();
    await using server = await Server.start(["--stay", ...made.flags("self")]);
    home.knows(server.port, "another");
    await using terminal = client(server, home);
    expect(await terminal.exited).toBe(1);
    expect(terminal.written).toContain("has changed from");
    expect(terminal.written).not.toContain(question);
  });

  test("a taken certificate is not asked about when the client comes back", async () => {
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
