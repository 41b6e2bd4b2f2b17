// Settings in a file of lines, and in variables that each flag has.

import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forOneStart, number, parseFlags, text, toggle, unknownVariables } from "../../../lib/cli/flags.ts";
import { UsageError } from "../../../lib/protocol/errors.ts";
import { testMs } from "../../support/transcript.ts";

setDefaultTimeout(testMs);

const folder = mkdtempSync(join(tmpdir(), "chatroom-settings-"));
afterAll(() => rmSync(folder, { recursive: true }));

const servers = {
  config: text("FILE", "a file"),
  port: number("PORT", "the port", 53_000, 0, 65_535),
  "max-size": number("N", "how big", 5, 1, 9),
  place: text("PLACE", "where"),
  stay: toggle("go on"),
  near: { ...text("A,B", "neighbours", "none"), several: true as const },
  copy: forOneStart(text("FILE", "copy it, and exit")),
};
const serverDefaults = {
  config: undefined,
  port: 53_000,
  "max-size": 5,
  place: undefined,
  stay: false,
  near: "none",
  copy: undefined,
};
const linesPath = join(folder, "server.conf");

/** Parses with a file of lines, which is the default one. */
function parseLines(content: string, args: string[] = [], environment: Record<string, string> = {}) {
  writeFileSync(linesPath, content);
  return parseFlags(
    servers,
    { usage: "", summary: "", configPath: linesPath, prefix: "X_" },
    args,
    environment,
  );
}

/** The message with which the settings are refused. */
function problemWith(parse: () => unknown): string {
  try {
    return `nothing: ${JSON.stringify(parse())}`;
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

describe("parseFlags() with a file of lines", () => {
  const taken: [content: string, values: Partial<ReturnType<typeof parseLines>>][] = [
    ["", {}],
    ["# nothing\n\n   \n", {}],
    ["port = 7\nmax-size 6", { port: 7, "max-size": 6 }],
    ["\tport=7\r\n  max-size  =  6  # the most\r\n", { port: 7, "max-size": 6 }],
    ["stay", { stay: true }],
    ["near = a\nstay\nnear 'b'\nnear c,d\n", { stay: true, near: "a,b,c,d" }],
    ["stay true\n", { stay: true }],
    ["stay = false", {}],
    ["place = a b", { place: "a b" }],
    ["place = a=b#c", { place: "a=b#c" }],
    ["place '# no comment'", { place: "# no comment" }],
    ['place="/srv/room #1/a b" # ours', { place: "/srv/room #1/a b" }],
    ["place = don't # isn't", { place: "don't" }],
    ["place 'a # b", { place: "'a" }],
    ['place "quoted"', { place: "quoted" }],
    ["\uFEFFport 7", { port: 7 }],
  ];
  test.each(taken)("parseFlags() takes the lines %j", (content, values) => {
    expect(parseLines(content)).toEqual({ ...serverDefaults, ...values });
  });

  const at = (line: number) => `${linesPath}, line ${line}`;
  const notPort = '--port takes a whole number from 0 to 65535, not "x"';
  const refused: [content: string, message: string][] = [
    ["\nport = x", `${notPort} (from ${at(2)})`],
    ["max_size = 6", `There is no setting "max_size" in ${at(1)}: see --help`],
    ["# one\n\n--port 7", `There is no setting "--port" in ${at(3)}: see --help`],
    ["constructor 1", `There is no setting "constructor" in ${at(1)}: see --help`],
    ["config other", `There is no setting "config" in ${at(1)}: see --help`],
    ["stay\ncopy /tmp/x", `There is no setting "copy" in ${at(2)}: see --help`],
    ["port", `--port needs a value: port PORT (from ${at(1)})`],
    ["port =", `--port takes a whole number from 0 to 65535, not "" (from ${at(1)})`],
    ["stay yes", `--stay takes true or false, not "yes" (from ${at(1)})`],
    ["near a\nnear", `"near" is set twice, in line 1 and here: remove one (${at(2)})`],
    ["= 7", `A setting is a name and a value, as in "port = 53000" (${at(1)})`],
    ["port 7\nstay\nport 8", `"port" is set twice, in line 1 and here: remove one (${at(3)})`],
  ];
  test.each(refused)("parseFlags() refuses the lines %j", (content, message) => {
    expect(problemWith(() => parseLines(content))).toBe(message);
  });

  test("every flag has a variable, which wins over the file", () => {
    const values = parseLines("max-size 6\nport 7", ["--port", "9"], {
      X_MAX_SIZE: "8",
      X_PORT: "8",
      X_STAY: "true",
    });
    expect(values).toEqual({ ...serverDefaults, port: 9, "max-size": 8, stay: true });
  });

  test("what is done once is asked for on the command line alone", () => {
    expect(parseLines("", ["--copy", "a"], { X_COPY: "b" })).toEqual({ ...serverDefaults, copy: "a" });
    expect(parseLines("", [], { X_COPY: "b" })).toEqual(serverDefaults);
    expect(unknownVariables(servers, { usage: "", summary: "", prefix: "X_" }, { X_COPY: "b" })).toEqual([
      "X_COPY",
    ]);
  });

  test("a variable with a wrong value is named", () => {
    expect(problemWith(() => parseLines("", [], { X_MAX_SIZE: "10" }))).toBe(
      '--max-size takes a whole number from 1 to 9, not "10" (from X_MAX_SIZE)',
    );
  });

  test("variables of no flag are named, others are not looked at", () => {
    const about = { usage: "", summary: "", prefix: "X_" };
    const environment = { X_MAX_SIZES: "8", X_PORT: "8", Y_PORT: "1", X_: "" };
    expect(unknownVariables(servers, about, environment)).toEqual(["X_MAX_SIZES", "X_"]);
  });

  test("--config and its variable name another file, which must be there", () => {
    const other = join(folder, "other");
    writeFileSync(other, "port 6");
    const config = { ...serverDefaults, config: other, port: 6 };
    expect(parseLines("port 7", ["--config", other])).toEqual(config);
    expect(parseLines("port 7", [], { X_CONFIG: other })).toEqual(config);
    const missing = join(folder, "missing");
    expect(problemWith(() => parseLines("", ["--config", missing]))).toStartWith(`Cannot read ${missing}: `);
  });
});
