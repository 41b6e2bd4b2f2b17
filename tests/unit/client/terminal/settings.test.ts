import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseFlags } from "../../../../lib/cli/flags.ts";
import { about, flags } from "../../../../lib/client/terminal/options.ts";
import { Settings } from "../../../../lib/client/terminal/settings.ts";
import { UsageError } from "../../../../lib/protocol/errors.ts";
import { temporaryFolder } from "../../../support/server.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

/** The settings of a client with these arguments and variables, and a config file in a folder of its own. */
function open(config?: string, args: string[] = [], environment: Record<string, string> = {}) {
  const folder = temporaryFolder();
  const configPath = join(folder.path, "chatroom", "config.json");
  if (config !== undefined) {
    mkdirSync(dirname(configPath));
    writeFileSync(configPath, config);
  }
  const here = { ...about, configPath };
  const settings = new Settings(parseFlags(flags, here, args, environment), here, args, environment);
  return {
    settings,
    configPath,
    config: () => readFileSync(configPath, "utf8"),
    [Symbol.dispose]: folder[Symbol.dispose],
  };
}

test("/set alone lists all with where each comes from", () => {
  const config = '{ "highlight": "lunch, c++", "bell": "all", "time": "off" }';
  using opened = open(config, ["--time", "full"], { CHAT_BELL: "off" });
  expect(opened.settings.command("").split("\n")).toEqual([
    "time is full (--time)",
    "bell is off (CHAT_BELL)",
    "notify is bell (the default)",
    "joins is active (the default)",
    `highlight is lunch,c++ (${opened.configPath})`,
    "ignore is not set (the default)",
    "color is auto (the default)",
  ]);
});

test("/set NAME VALUE holds at once and at the next start", () => {
  using opened = open('{\n  "name": "ada"\n}\n');
  const { settings } = opened;
  expect(settings.command("Time  full")).toBe("time is full (/set)");
  expect(settings.command("highlight lunch, Über")).toBe("highlight is lunch,Über (/set)");
  expect(settings.values).toMatchObject({ time: "full", highlight: ["lunch", "Über"], name: "ada" });
  const next = parseFlags(flags, { ...about, configPath: opened.configPath }, [], {});
  expect(next).toMatchObject({ time: "full", highlight: ["lunch", "Über"], name: "ada" });
  expect(settings.command("time -")).toBe("time is short (/set)");
  expect(JSON.parse(opened.config())).toEqual({ name: "ada", highlight: "lunch,Über" });
});

test("what goes before the file at the next start is told", () => {
  using opened = open(undefined, ["--bell", "off"], { CHAT_TIME: "off" });
  expect(opened.settings.command("time full")).toBe(
    "time is full (/set); at the next start CHAT_TIME goes before it",
  );
  expect(opened.settings.command("bell all")).toBe(
    "bell is all (/set); at the next start --bell goes before it",
  );
  expect(opened.settings.values).toMatchObject({ time: "full", bell: "all" });
  expect(statSync(opened.configPath).mode & 0o777).toBe(0o600);
});

test("/set NAME tells the value and what there is", () => {
  using opened = open();
  expect(opened.settings.command("bell")).toBe(
    "bell is mention (the default): off|mention|all, or - for the default",
  );
});

test.each([
  ["time long", 'time takes off, short or full, not "long"'],
  ["color red", 'color takes auto, on or off, not "red"'],
  ["tim full", 'There is no setting "tim": there are time, bell, notify, joins, highlight, ignore and color'],
  ["constructor x", 'There is no setting "constructor": there are'],
  ["port 5", "port is for the start: it is a flag of the command line"],
  ["--host x", "--host is for the start"],
  ["ignore a b/", "ignore takes names with commas between"],
  [`highlight ${"x".repeat(101)}`, "highlight takes 1 to 100 words"],
  ["highlight ,,", "highlight takes 1 to 100 words"],
])("/set %s changes nothing and says what is wrong", (words, problem) => {
  using opened = open();
  const before = structuredClone(opened.settings.values);
  expect(() => opened.settings.command(words)).toThrow(problem);
  expect(() => opened.settings.command(words)).toThrow(UsageError);
  expect(opened.settings.values).toEqual(before);
  expect(existsSync(opened.configPath)).toBe(false);
});

test("who is ignored is kept with all names of each person", () => {
  using opened = open();
  opened.settings.ignore([["gus", "gustav"], ["eve"]]);
  expect(JSON.parse(opened.config())).toEqual({ ignore: "gus/gustav,eve" });
  expect(parseFlags(flags, { ...about, configPath: opened.configPath }, [], {}).ignore).toEqual([
    ["gus", "gustav"],
    ["eve"],
  ]);
  opened.settings.ignore([]);
  expect(JSON.parse(opened.config())).toEqual({});
});

test("clients at once keep who each of them ignores", () => {
  using opened = open('{ "ignore": "gus, eve", "name": "ada" }');
  const here = { ...about, configPath: opened.configPath };
  const client = () => new Settings(parseFlags(flags, here, [], {}), here, [], {});
  const [one, other] = [client(), client()];
  one.ignore([["gus"], ["eve"], ["zoe"]]);
  other.ignore([["gus", "Gustav"], ["eve"], ["שרה"]]);
  expect(client().values.ignore).toEqual([["zoe"], ["gus", "Gustav"], ["eve"], ["שרה"]]);
  other.ignore([["gus", "Gustav"], ["שרה"]]);
  one.ignore([["GUS"], ["eve"]]);
  // A name that one client shows again does not come back through the other.
  expect(client().values.ignore).toEqual([["שרה"], ["GUS"]]);
  one.command("ignore -");
  expect(client().values.ignore).toEqual([]);
});

test("who is ignored by a flag alone is not written into the file", () => {
  using opened = open("{}", ["--ignore", "gus"]);
  opened.settings.ignore([["gus"], ["eve"]]);
  expect(JSON.parse(opened.config())).toEqual({ ignore: "eve" });
});

test("a config file that is broken by now stays, and the setting holds", () => {
  using opened = open("{}");
  writeFileSync(opened.configPath, "{ oops");
  expect(() => opened.settings.command("time full")).toThrow(
    "time holds until the end, but cannot be kept in ",
  );
  expect(opened.settings.values.time).toBe("full");
  expect(opened.config()).toBe("{ oops");
});

test("a config file that is a link stays one", () => {
  using opened = open();
  using elsewhere = temporaryFolder();
  const target = join(elsewhere.path, "dotfile.json");
  writeFileSync(target, "{}");
  mkdirSync(dirname(opened.configPath));
  symlinkSync(target, opened.configPath);
  opened.settings.command("time full");
  expect(JSON.parse(readFileSync(target, "utf8"))).toEqual({ time: "full" });
});

describe("Tab", () => {
  test.each([
    [
      "/set ",
      { start: 5, candidates: ["time ", "bell ", "notify ", "joins ", "highlight ", "ignore ", "color "] },
    ],
    ["/set h", { start: 5, candidates: ["highlight "] }],
    ["/SET  bell ", { start: 11, candidates: ["off ", "mention ", "all ", "- "] }],
    ["/set time f", { start: 10, candidates: ["full "] }],
    ["/set nothing x", { start: 13, candidates: [] }],
    ["/se", undefined],
    ["hello /set ", undefined],
  ])("behind %j", (text, completion) => {
    using opened = open();
    expect(opened.settings.complete(text)).toEqual(completion);
  });
});
