import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { parseFlags } from "../../../../lib/cli/flags.ts";
import { about, configPath, flags } from "../../../../lib/client/terminal/options.ts";
import { UsageError } from "../../../../lib/protocol/errors.ts";
import { root, withoutSettings } from "../../../support/server.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

const { configPath: _, ...withoutConfig } = about;
const parse = (args: string[], environment: Record<string, string> = {}) =>
  parseFlags(flags, withoutConfig, args, environment);

test("the defaults are a quiet room on this machine", () => {
  expect(parse([])).toEqual({
    host: "localhost",
    port: 53_000,
    name: undefined,
    "password-file": undefined,
    time: "short",
    bell: "mention",
    notify: "bell",
    joins: "active",
    highlight: [],
    ignore: [],
    color: "auto",
    tls: false,
    ca: undefined,
    fingerprint: undefined,
    say: undefined,
    once: false,
    json: false,
  });
});

test("the choices are literal types", () => {
  const { time, bell, joins } = parse([]);
  const typed: ["off" | "short" | "full", "off" | "mention" | "all", "all" | "active" | "none"] = [
    time,
    bell,
    joins,
  ];
  expect(typed).toEqual(["short", "mention", "active"]);
});

test("all flags but --json and --fingerprint can be set in the environment", () => {
  const CHAT = {
    ...{ HOST: "h", PORT: "7", NAME: "ada", PASSWORD_FILE: "f", TIME: "full", BELL: "off", JOINS: "none" },
    ...{ HIGHLIGHT: "lunch, c++", IGNORE: "gus/gustav,eve", COLOR: "off" },
    ...{ NOTIFY: "osc777", JSON: "true", TLS: "true", CA: "ca.pem", FINGERPRINT: "AA" },
  };
  const environment = Object.fromEntries(Object.entries(CHAT).map(([name, text]) => [`CHAT_${name}`, text]));
  expect(parse([], environment)).toEqual({
    host: "h",
    port: 7,
    name: "ada",
    "password-file": "f",
    time: "full",
    bell: "off",
    notify: "osc777",
    joins: "none",
    highlight: ["lunch", "c++"],
    ignore: [["gus", "gustav"], ["eve"]],
    color: "off",
    tls: true,
    ca: "ca.pem",
    fingerprint: undefined,
    say: undefined,
    once: false,
    json: false,
  });
});

test.each([
  ["ab".repeat(32)],
  ["AB".repeat(32)],
  [Array(32).fill("Ab").join(":")],
  [`sha256:${Array(32).fill("AB").join(":")}`],
])("--fingerprint takes %j", (text) => {
  expect(parse(["--fingerprint", text]).fingerprint).toBe(Array(32).fill("AB").join(":"));
});

test.each(["ab", "g".repeat(64), "ab".repeat(33), ":".repeat(95)])("--fingerprint refuses %j", (text) => {
  expect(() => parse(["--fingerprint", text])).toThrow(
    new UsageError(`--fingerprint takes 64 hexadecimal digits, with or without colons, not "${text}"`),
  );
});

describe("[NAME@][HOST][:PORT]", () => {
  const taken: [text: string, values: { name?: string; host?: string; port?: number }][] = [
    ["ada@example.org:7", { name: "ada", host: "example.org", port: 7 }],
    ["ada@example.org", { name: "ada", host: "example.org" }],
    ["ada@:7", { name: "ada", port: 7 }],
    ["ada@", { name: "ada" }],
    ["example.org:7", { host: "example.org", port: 7 }],
    ["example.org", { host: "example.org" }],
    [":7", { port: 7 }],
    ["[::1]", { host: "::1" }],
    ["[::1]:7", { host: "::1", port: 7 }],
    ["[fe80::1%eth0]", { host: "fe80::1%eth0" }],
    ["ada@[::1]:7", { name: "ada", host: "::1", port: 7 }],
    ["aña_b-1@127.0.0.1:7", { name: "aña_b-1", host: "127.0.0.1", port: 7 }],
  ];
  test.each(taken)("a place is taken from %j", (text, values) => {
    expect(parse([text])).toEqual({ ...parse([]), ...values });
  });

  const shape = (text: string): [string, string] => [
    text,
    `"${text}" is not [NAME@][HOST][:PORT]: see --help`,
  ];
  const port = (text: string, port: string): [string, string] => [
    text,
    `--port takes a whole number from 1 to 65535, not "${port}" (from ${text})`,
  ];
  const refused: [text: string, message: string][] = [
    ...["", " ", "::1", "::1:7", "[::1", "::1]", "[]", "[::1]7", "a@b@c", "h i", "h:7:8"].map(shape),
    port("h:", ""),
    port("h:x", "x"),
    port("h:0", "0"),
    port("h:65536", "65536"),
    port("ada@[::1]:x", "x"),
    port("http://h", "//h"),
    ["@h", "--name needs a value: --name NAME (from @h)"],
  ];
  test.each(refused)("a place is refused in %j", (text, message) => {
    expect(() => parse([text])).toThrow(new UsageError(message));
  });
});

describe("configPath()", () => {
  const before = process.env.XDG_CONFIG_HOME;
  afterAll(() => {
    if (before === undefined) delete process.env.XDG_CONFIG_HOME;
    else process.env.XDG_CONFIG_HOME = before;
  });

  const home = join(homedir(), ".config");
  test.each([
    ["/etc/xdg", "/etc/xdg"],
    ["", home],
  ])("the config file with XDG_CONFIG_HOME %j is in %s", (config, folder) => {
    process.env.XDG_CONFIG_HOME = config;
    expect(configPath()).toBe(join(folder, "chatroom", "config.json"));
  });
});

describe("a program with this table", () => {
  const folder = mkdtempSync(join(tmpdir(), "chatroom-options-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** What it prints on --help, whose config file is `config`. */
  async function helpWith(config: string): Promise<string> {
    await Bun.write(join(folder, "chatroom", "config.json"), config);
    const options = JSON.stringify(join(root, "lib/client/terminal/options.ts"));
    const parser = JSON.stringify(join(root, "lib/cli/flags.ts"));
    const script = `import { about, flags } from ${options}; import { parseFlags } from ${parser};
      parseFlags(flags, about, ["--help"]);`;
    const child = Bun.spawn([process.execPath, "-e", script], {
      env: { ...withoutSettings(), XDG_CONFIG_HOME: folder },
      stderr: "inherit",
      timeout: 10_000,
    });
    return child.stdout.text();
  }

  test("--help shows defaults, variables and the file, even a broken one", async () => {
    const help = await helpWith("{");
    expect(help).toMatch(/^ {2}\[NAME@\]\[HOST\]\[:PORT\] {2,}\S/m);
    expect(help).toMatch(/^ {2}--host HOST {2,}\S.* \(localhost; CHAT_HOST\)$/m);
    expect(help).toMatch(/^ {2}--name NAME {2,}\S.* \(CHAT_NAME\)$/m);
    expect(help).toMatch(/^ {2}--time off\|short\|full {2,}\S.* \(short; CHAT_TIME\)$/m);
    expect(help).toMatch(/^ {2}--json {2,}[^(]*$/m);
    expect(help).toEndWith(
      `${join(folder, "chatroom", "config.json")}. The command line wins over the environment, that over the file.\n`,
    );
  });
});
