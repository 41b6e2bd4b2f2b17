// What the log says first, and which revision of the source that is.

import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { parseFlags, variableOf } from "../../../../lib/cli/flags.ts";
import { about, flags as clientFlags } from "../../../../lib/client/terminal/options.ts";
import { type Opening, openingLines, revision } from "../../../../lib/server/operation/opening.ts";
import { clientVariables, flags, unknownSettings } from "../../../../lib/server/operation/options.ts";
import { temporaryFolder } from "../../../support/server.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

function lines(args: string[], more: Partial<Opening> = {}): string[] {
  const opening: Opening = {
    options: parseFlags(flags, { usage: "", summary: "" }, args, {}),
    place: { host: "localhost", port: 7 },
    addresses: ["127.0.0.1", "::1"],
    ways: ["Join here"],
    certificate: undefined,
    historyPlace: "memory",
    page: undefined,
    ...more,
  };
  return openingLines(opening).map(([line]) => line);
}

const only = "Others cannot join (this machine only; --host :: lets others in)";

test("a room for this machine says so, and how others are let in", () => {
  expect(lines([])).toContain(only);
  expect(lines(["--log", "json"])).not.toContain(only);
  expect(lines([], { addresses: ["::"] })).not.toContain(only);
  expect(lines([], { addresses: ["127.0.0.1", "192.0.2.7"] })).not.toContain(only);
});

test("every address to listen on may be written * as well", () => {
  const hosts = ["*", "[::]", "[::1]", "0.0.0.0"].map((host) => flags.host.parse(host, "host"));
  expect(hosts).toEqual(["::", "::", "::1", "0.0.0.0"]);
});

test("the ways to join come last, before the metrics", () => {
  const metrics = { page: { port: 9_100 }, ways: ["Join there", "Join here"] };
  expect(lines(["--metrics", "[::1]:9100"], metrics).slice(-3)).toEqual([
    "Join there",
    "Join here; Ctrl-C ends it",
    "Its metrics are on http://[::1]:9100/metrics",
  ]);
});

test("variables of the client and passwords are no slips", () => {
  const environment = {
    CHAT_PASSWORD: "x",
    CHAT_OPERATOR_PASSWORD: "x",
    CHAT_NAME: "x",
    CHAT_MAX_CONNECTIONS: "5",
  };
  expect(unknownSettings(environment)).toEqual([]);
  expect(unknownSettings({ CHAT_PROT: "7" })).toEqual(["The variable CHAT_PROT sets nothing: see --help"]);
});

test("the server knows the variables that the client has alone", () => {
  const variables = Object.entries(clientFlags).flatMap(
    ([name, flag]) => variableOf(name, flag, about) ?? [],
  );
  expect(about.configPath).toEndWith("config.json");
  const own = Object.keys(flags).map((name) => `CHAT_${name.replaceAll("-", "_").toUpperCase()}`);
  expect(variables.filter((name) => !own.includes(name)).toSorted()).toEqual(clientVariables.toSorted());
});

describe("revision()", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  const commit = "ab".repeat(20);

  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder[Symbol.dispose]());

  const write = (path: string, text: string) => Bun.write(join(folder.path, path), text);

  test("revision() is that of the branch", async () => {
    await write(".git/HEAD", "ref: refs/heads/main\n");
    await write(".git/refs/heads/main", `${commit}\n`);
    expect(revision(folder.path)).toBe(commit);
  });

  test("revision() is that of a commit without a branch", async () => {
    await write(".git/HEAD", `${commit}\n`);
    expect(revision(folder.path)).toBe(commit);
  });

  test("revision() is found among packed branches", async () => {
    await write(".git/HEAD", "ref: refs/heads/main\n");
    await write(
      ".git/packed-refs",
      `# pack-refs\n${"cd".repeat(20)} refs/heads/not-main\n${commit} refs/heads/main\n`,
    );
    expect(revision(folder.path)).toBe(commit);
  });

  test("revision() is found from a second working copy", async () => {
    await write("copy/.git", "gitdir: ../main/.git/worktrees/copy\n");
    await write("main/.git/worktrees/copy/HEAD", "ref: refs/heads/side\n");
    await write("main/.git/worktrees/copy/commondir", "../..\n");
    await write("main/.git/refs/heads/side", `${commit}\n`);
    expect(revision(join(folder.path, "copy"))).toBe(commit);
  });

  test("revision() is unknown without Git", () => {
    expect(revision(folder.path)).toBe("unknown");
  });
});
