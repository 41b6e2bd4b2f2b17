import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { choice, forOneStart, number, parseFlags, text, toggle } from "../../../lib/cli/flags.ts";
import { UsageError } from "../../../lib/protocol/errors.ts";
import { withoutSettings } from "../../support/server.ts";
import { testMs } from "../../support/transcript.ts";

setDefaultTimeout(testMs);

const flags = {
  host: text("HOST", "where it is", "localhost"),
  name: text("NAME", "your name"),
  port: number("PORT", "the port", 53_000, 0, 65_535),
  stay: toggle("go on"),
};
const defaults = { host: "localhost", name: undefined, port: 53_000, stay: false };
const parse = (args: string[]) => parseFlags(flags, { usage: "bun x.ts", summary: "X." }, args);

/** What is wrong with the arguments, or with whatever else is read. */
function problemWith(args: string[], parseThem: (args: string[]) => unknown = parse): string {
  try {
    return `nothing: ${JSON.stringify(parseThem(args))}`;
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

describe("parseFlags()", () => {
  const taken: [args: string[], values: Partial<ReturnType<typeof parse>>][] = [
    [[], {}],
    [["--host", "::1"], { host: "::1" }],
    [["--host=::1"], { host: "::1" }],
    [["--host=a=b"], { host: "a=b" }],
    [["--name", "ann lee"], { name: "ann lee" }],
    [["--name=--stay"], { name: "--stay" }],
    [["--port", "0"], { port: 0 }],
    [["--port=65535"], { port: 65_535 }],
    [["--stay"], { stay: true }],
    [["--stay", "--port", "7", "--host=h"], { stay: true, port: 7, host: "h" }],
    [["--port", "7", "--port", "8"], { port: 8 }],
    [["--stay", "--"], { stay: true }],
  ];
  test.each(taken)("parseFlags() takes %j, and defaults for the rest", (args, values) => {
    expect(parse(args)).toEqual({ ...defaults, ...values });
  });

  const notPort = (value: string) => `--port takes a whole number from 0 to 65535, not "${value}"`;
  const unknown = (flag: string) => `There is no flag ${flag}: see --help`;
  const stray = (word: string) => `"${word}" is not a flag: see --help`;
  const refused: [args: string[], message: string][] = [
    [["--wave"], unknown("--wave")],
    [["--wave=1"], unknown("--wave")],
    [["--wave", "1"], unknown("--wave")],
    [["--Port", "1"], unknown("--Port")],
    [["--no-stay"], unknown("--no-stay")],
    [["-h"], unknown("-h")],
    [["-p", "1"], unknown("-p")],
    [["--toString"], unknown("--toString")],
    [["--constructor=1"], unknown("--constructor")],
    [["--__proto__"], unknown("--__proto__")],
    [["localhost"], stray("localhost")],
    [["--stay", "yes"], stray("yes")],
    [["--", "--stay"], stray("--stay")],
    [["-"], stray("-")],
    [["--stay=yes"], "--stay takes no value"],
    [["--stay="], "--stay takes no value"],
    [["--port"], "--port needs a value: --port PORT"],
    [["--port", "--stay"], "--port needs a value: --port PORT"],
    [["--host", "-x"], "--host needs a value: --host HOST"],
    [["--host", ""], "--host needs a value: --host HOST"],
    [["--name="], "--name needs a value: --name NAME"],
    ...["65536", "-1", "1.5", "", " ", "1e3", "0x10", "+1", "1_000", "Infinity", "NaN", "٣"].map(
      (value): [string[], string] => [["--port", value], notPort(value)],
    ),
    [["--port="], notPort("")],
    [["--port=-1"], notPort("-1")],
  ];
  test.each(refused)("parseFlags() refuses %j", (args, message) => {
    expect(problemWith(args)).toBe(message);
  });

  test("parseFlags() takes no number below the least one", () => {
    const keep = { keep: number("N", "how many", 5, 1, 9) };
    expect(() => parseFlags(keep, { usage: "", summary: "" }, ["--keep", "0"])).toThrow(
      new UsageError('--keep takes a whole number from 1 to 9, not "0"'),
    );
  });
});

const lastingFlags = {
  host: text("HOST", "where it is", "localhost"),
  port: number("PORT", "the port", 53_000, 1, 65_535),
  time: choice("the time", "short", ["off", "short", "full"]),
  stay: toggle("go on"),
  json: forOneStart(toggle("for programs")),
};
const lastingDefaults = { host: "localhost", port: 53_000, time: "short" as const, stay: false, json: false };

const folder = mkdtempSync(join(tmpdir(), "chatroom-flags-"));
afterAll(() => rmSync(folder, { recursive: true }));
const configPath = join(folder, "config.json");

type Environment = Record<string, string>;

/** Parses with a config file of this content, or with none. */
function parseAll(args: string[], environment: Environment, config?: string) {
  rmSync(configPath, { force: true });
  if (config !== undefined) writeFileSync(configPath, config);
  return parseFlags(lastingFlags, { usage: "", summary: "", configPath, prefix: "X_" }, args, environment);
}

describe("parseFlags() with an environment and a config file", () => {
  type LastingValues = Partial<ReturnType<typeof parseAll>>;
  const taken: [args: string[], environment: Environment, config: string | undefined, LastingValues][] = [
    [[], {}, undefined, {}],
    [[], {}, "{}", {}],
    [[], {}, '\uFEFF{"port": 7}', { port: 7 }],
    [
      [],
      {},
      '{"port": 7, "time": "off", "host": "h", "stay": true}',
      { port: 7, time: "off", host: "h", stay: true },
    ],
    [[], {}, '{"port": "7", "host": 8, "stay": "true"}', { port: 7, host: "8", stay: true }],
    [[], { X_PORT: "7", X_TIME: "full", X_STAY: "true" }, undefined, { port: 7, time: "full", stay: true }],
    [[], { X_PORT: "", HOST: "h", X_JSON: "true" }, undefined, {}],
    [[], { X_PORT: "" }, '{"port": 8}', { port: 8 }],
    [[], { X_PORT: "7" }, '{"port": 8, "host": "h"}', { port: 7, host: "h" }],
    [[], { X_STAY: "false" }, '{"stay": true}', { stay: false }],
    [
      ["--port", "6"],
      { X_PORT: "7", X_TIME: "off" },
      '{"port": 8, "time": "full"}',
      { port: 6, time: "off" },
    ],
    [["--time=short"], { X_TIME: "off" }, '{"time": "full"}', { time: "short" }],
    [["--stay"], { X_STAY: "false" }, '{"stay": false}', { stay: true }],
  ];
  test.each(taken)(
    "parseFlags() takes flags %j, environment %j, file %j",
    (args, environment, config, values) => {
      expect(parseAll(args, environment, config)).toEqual({ ...lastingDefaults, ...values });
    },
  );

  const notPort = (value: string) => `--port takes a whole number from 1 to 65535, not "${value}"`;
  const notTime = (value: string) => `--time takes off, short or full, not "${value}"`;
  const notSetting = (key: string) => `There is no setting "${key}" in ${configPath}: see --help`;
  const inFile = `(from ${configPath})`;
  const refused: [args: string[], environment: Environment, config: string | undefined, message: string][] = [
    [["--time", "x"], {}, undefined, notTime("x")],
    [["--time", "Off"], {}, undefined, notTime("Off")],
    [["--time", ""], {}, undefined, notTime("")],
    [["--time"], {}, undefined, "--time needs a value: --time off|short|full"],
    [[], { X_TIME: "x" }, undefined, `${notTime("x")} (from X_TIME)`],
    [[], { X_PORT: "x" }, undefined, `${notPort("x")} (from X_PORT)`],
    [[], { X_STAY: "1" }, undefined, '--stay takes true or false, not "1" (from X_STAY)'],
    [["--port", "7"], { X_PORT: "x" }, undefined, `${notPort("x")} (from X_PORT)`],
    [["--port", "y"], { X_PORT: "x" }, "{", notPort("y")],
    [[], { X_PORT: "7" }, '{"port": "x"}', `${notPort("x")} ${inFile}`],
    [[], {}, '{"port": 1.5}', `${notPort("1.5")} ${inFile}`],
    [[], {}, '{"time": "x"}', `${notTime("x")} ${inFile}`],
    [[], {}, '{"host": ""}', `--host needs a value: --host HOST ${inFile}`],
    [[], {}, '{"host": null}', `--host takes HOST, not null ${inFile}`],
    [[], {}, '{"host": ["h"]}', `--host takes HOST, not ["h"] ${inFile}`],
    [[], {}, '{"time": false}', `--time takes off|short|full, not false ${inFile}`],
    [[], {}, '{"stay": 1}', `--stay takes true or false, not 1 ${inFile}`],
    [[], {}, '{"colour": 1}', notSetting("colour")],
    [[], {}, '{"__proto__": {}}', notSetting("__proto__")],
    [[], {}, '{"--port": 1}', notSetting("--port")],
    [[], {}, '{"json": true}', notSetting("json")],
    [[], {}, "[]", `Cannot read ${configPath}: it is not a JSON object`],
    [[], {}, "null", `Cannot read ${configPath}: it is not a JSON object`],
    [[], {}, '"host"', `Cannot read ${configPath}: it is not a JSON object`],
  ];
  test.each(refused)(
    "parseFlags() refuses flags %j, environment %j, file %j",
    (args, environment, config, message) => {
      expect(problemWith(args, () => parseAll(args, environment, config))).toBe(message);
    },
  );

  test.each(["", "host: h", '{"port": 1', '{"port": 1,}'])(
    "parseFlags() refuses a config file of %j, which is not JSON",
    (config) => {
      const problem = problemWith([], () => parseAll([], {}, config));
      expect(problem).toStartWith(`Cannot read ${configPath}: JSON Parse error: `);
      expect(problem).not.toContain("\n");
    },
  );

  test("parseFlags() refuses a config file that is a folder", () => {
    const about = { usage: "", summary: "", configPath: folder, prefix: "X_" };
    expect(problemWith([], (args) => parseFlags(lastingFlags, about, args, {}))).toBe(
      `Cannot read ${folder}: it is a folder`,
    );
  });
});

describe("parseFlags() with a positional", () => {
  const shape = /^(?<host>[^:\s]*)(?::(?<port>.*))?$/;
  const about = {
    usage: "",
    summary: "",
    prefix: "X_",
    positional: { value: "HOST[:PORT]", summary: "", shape },
  };
  const parseOne = (args: string[]) => parseFlags(lastingFlags, about, args, { X_HOST: "e", X_PORT: "9" });

  const taken: [args: string[], host: string, port: number][] = [
    [[], "e", 9],
    [["h"], "h", 9],
    [["h:7"], "h", 7],
    [["--", "h:7"], "h", 7],
    [["--stay", "h:7", "--json"], "h", 7],
    [["h:7", "--port", "8"], "h", 8],
    [["--port", "8", "h:7"], "h", 7],
    [["--port", "8", "h"], "h", 8],
  ];
  test.each(taken)("parseFlags() takes %j: the later wins, both over the environment", (args, host, port) => {
    expect(parseOne(args)).toMatchObject({ host, port });
  });

  const refused: [args: string[], message: string][] = [
    [["h", "i"], '"i" is one too many: see --help'],
    [["h:7:8"], '--port takes a whole number from 1 to 65535, not "7:8" (from h:7:8)'],
    [[":7"], "--host needs a value: --host HOST (from :7)"],
    [["h i"], '"h i" is not HOST[:PORT]: see --help'],
  ];
  test.each(refused)("parseFlags() refuses the place in %j", (args, message) => {
    expect(problemWith(args, parseOne)).toBe(message);
  });
});

type Run = { exitCode: number; stdout: string; stderr: string };

async function run(script: string, args: string[]): Promise<Run> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "../../..", script), ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: withoutSettings(),
    timeout: 10_000,
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { exitCode, stdout, stderr };
}

describe.each(["ChatServer.ts", "ChatClient.ts"])("%s", (script) => {
  test.concurrent(`${script} prints its flags and defaults on --help`, async () => {
    const { exitCode, stdout, stderr } = await run(script, ["--help", "--wave"]);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/\n\nUsage: bun Chat\w+\.ts \[flags\].*\n\n/);
    expect(stdout).toContain(`Usage: bun ${script} [flags]`);
    expect(stdout).toMatch(/^ {2}--host HOST {2,}\S.* \(localhost(; CHAT_HOST)?\)$/m);
    expect(stdout).toMatch(/^ {2}--port PORT {2,}\S.* \(53000(; CHAT_PORT)?\)$/m);
    expect(stdout).toMatch(/^ {2}--version {2,}\S/m);
    expect(stdout).not.toMatch(/undefined|false/);
    expect(exitCode).toBe(0);
  });

  test.concurrent(`${script} prints its version on --version`, async () => {
    const { version } = await Bun.file(join(import.meta.dir, "../../..", "package.json")).json();
    expect(await run(script, ["--version"])).toEqual({
      exitCode: 0,
      stdout: `chatroom ${version}\n`,
      stderr: "",
    });
  });

  const wrong: [args: string[], problem: string][] = [
    [["--wave"], "There is no flag --wave: see --help"],
    [["--port", "x"], "--port takes a whole number"],
    [
      ["--stay=yes"],
      script === "ChatServer.ts" ? "--stay takes no value" : "There is no flag --stay: see --help",
    ],
  ];
  test.concurrent.each(wrong)(
    `${script} says in a line what is wrong with %j: code 2`,
    async (args, problem) => {
      const { exitCode, stdout, stderr } = await run(script, args);
      expect(stderr).toStartWith(problem);
      expect(stderr.trimEnd()).not.toContain("\n");
      expect(stdout).toBe("");
      expect(exitCode).toBe(2);
    },
  );
});

test("ChatClient.ts says in a line that pipes need a name: code 2", async () => {
  expect(await run("ChatClient.ts", [])).toEqual({
    exitCode: 2,
    stdout: "",
    stderr: "On pipes a name is needed: bun ChatClient.ts --name NAME\n",
  });
});
