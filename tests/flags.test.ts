import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { number, parseFlags, text, toggle, UsageError } from "../lib/flags.ts";

const flags = {
  host: text("HOST", "where it is", "localhost"),
  name: text("NAME", "your name"),
  port: number("PORT", "the port", 53_000, 0, 65_535),
  stay: toggle("go on"),
};
const defaults = { host: "localhost", name: undefined, port: 53_000, stay: false };
const parse = (args: string[]) => parseFlags(flags, { usage: "bun x.ts", summary: "X." }, args);

/** What is wrong with the arguments. */
function problemWith(args: string[]): string {
  try {
    return `nothing: ${JSON.stringify(parse(args))}`;
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
  test.each(taken)("takes %j, and defaults for the rest", (args, values) => {
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
  test.each(refused)("refuses %j", (args, message) => {
    expect(problemWith(args)).toBe(message);
  });

  test("takes no number below the least one", () => {
    const keep = { keep: number("N", "how many", 5, 1, 9) };
    expect(() => parseFlags(keep, { usage: "", summary: "" }, ["--keep", "0"])).toThrow(
      new UsageError('--keep takes a whole number from 1 to 9, not "0"'),
    );
  });
});

type Run = { exitCode: number; stdout: string; stderr: string };

async function run(script: string, args: string[]): Promise<Run> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "..", script), ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
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
  test.concurrent("prints its flags with their defaults on --help, whatever follows", async () => {
    const { exitCode, stdout, stderr } = await run(script, ["--help", "--wave"]);
    expect(stderr).toBe("");
    expect(stdout).toContain(`\n\nUsage: bun ${script} [flags]\n\n`);
    expect(stdout).toMatch(/^ {2}--host HOST {2,}\S.* \(localhost\)$/m);
    expect(stdout).toMatch(/^ {2}--port PORT {2,}\S.* \(53000\)$/m);
    expect(stdout).toMatch(/^ {2}--version {2,}\S/m);
    expect(stdout).not.toMatch(/undefined|false/);
    expect(exitCode).toBe(0);
  });

  test.concurrent("prints its version on --version", async () => {
    const { version } = await Bun.file(join(import.meta.dir, "..", "package.json")).json();
    expect(await run(script, ["--version"])).toEqual({
      exitCode: 0,
      stdout: `chatroom ${version}\n`,
      stderr: "",
    });
  });

  const wrong: [args: string[], problem: string][] = [
    [["--wave"], "There is no flag --wave: see --help"],
    [["--port", "x"], "--port takes a whole number"],
    [["localhost"], '"localhost" is not a flag: see --help'],
  ];
  test.concurrent.each(wrong)(
    "says in one line what is wrong with %j, and exits with 2",
    async (args, problem) => {
      const { exitCode, stdout, stderr } = await run(script, args);
      expect(stderr).toStartWith(problem);
      expect(stderr.trimEnd()).not.toContain("\n");
      expect(stdout).toBe("");
      expect(exitCode).toBe(2);
    },
  );
});

test("ChatClient.ts says in one line that it needs a name on pipes, and exits with 2", async () => {
  expect(await run("ChatClient.ts", [])).toEqual({
    exitCode: 2,
    stdout: "",
    stderr: "On pipes a name is needed: bun ChatClient.ts --name NAME\n",
  });
});
