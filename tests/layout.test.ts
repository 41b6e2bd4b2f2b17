// The layout of the code: which folder of lib may import from which, how big folders and files may be, where tests are,
// and how long their titles are.

import { expect, setDefaultTimeout, test } from "bun:test";
import { dirname, join, relative } from "node:path";
import { root } from "./support/server.ts";
import { testMs } from "./support/transcript.ts";

setDefaultTimeout(testMs);

/** The folders that all parts of the room may import from. */
const underRoom = [
  "server/seats",
  "server/delivery",
  "server/journal",
  "server/limits",
  "dialects",
  "protocol",
];
/** Each folder of lib, and the folders it may import from beside itself. */
const folders: Record<string, string[]> = {
  protocol: [],
  "protocol/looks": ["protocol"],
  dialects: ["dialects/irc", "protocol"],
  "dialects/irc": ["dialects/irc/commands", "dialects", "protocol"],
  "dialects/irc/commands": ["dialects/irc", "dialects", "protocol"],
  terminal: ["protocol", "cli"],
  "terminal/row": ["terminal", "terminal/screen", "protocol"],
  "terminal/screen": ["terminal", "protocol"],
  cli: ["protocol"],
  "server/journal": ["protocol/looks", "protocol"],
  "server/journal/postgres": ["server/journal/postgres/client", "server/journal", "protocol"],
  "server/journal/postgres/client": ["protocol"],
  "server/journal/sqlite": ["server/journal", "protocol"],
  "server/limits": ["protocol"],
  "server/delivery": ["server/journal", "dialects", "protocol"],
  "server/seats": ["server/journal", "server/limits", "protocol/looks", "protocol"],
  "server/room": ["server/room/archive", "server/room/entering", ...underRoom, "protocol/looks"],
  "server/room/archive": ["server/room", "server/room/entering", ...underRoom],
  "server/room/entering": ["server/room", "server/room/archive", ...underRoom, "protocol/looks"],
  "server/session": [
    "server/room",
    "server/room/entering",
    "server/seats",
    "server/delivery",
    "server/limits",
    "dialects",
    "protocol",
  ],
  "server/transports": ["server/session", "server/delivery", "server/limits", "dialects", "protocol"],
  "server/transports/web": ["server/transports", "server/session", "server/limits", "dialects", "protocol"],
  "server/operation": [
    "server/operation/metrics",
    "server/room",
    "server/seats",
    "server/session",
    "server/journal",
    "server/journal/postgres",
    "server/journal/sqlite",
    "server/limits",
    "terminal",
    "terminal/row",
    "dialects",
    "protocol",
    "cli",
  ],
  "server/operation/metrics": [],
  "server/operation/copies": [
    "server/operation",
    "server/journal",
    "server/journal/sqlite",
    "server/journal/postgres",
    "protocol",
  ],
  "client/core": ["client/core/past", "protocol"],
  "client/core/past": ["protocol"],
  "client/kept": ["client/core", "client/core/past", "protocol"],
  "client/terminal": [
    "client/core",
    "client/core/past",
    "client/terminal/entrance",
    "client/terminal/pager",
    "client/kept",
    "terminal",
    "terminal/row",
    "terminal/screen",
    "dialects",
    "protocol",
    "cli",
  ],
  "client/terminal/entrance": ["client/core", "client/terminal", "terminal", "protocol"],
  "client/terminal/pager": ["client/core/past", "client/kept", "terminal", "terminal/screen", "protocol"],
  "client/pipe": ["client/core", "client/core/past", "protocol"],
  "client/web": [
    "client/core",
    "client/core/past",
    "client/kept",
    "client/web/link",
    "client/web/log",
    "client/web/page",
    "dialects",
    "protocol",
  ],
  "client/web/link": ["client/core", "client/core/past", "client/kept", "protocol"],
  "client/web/log": ["client/core", "client/core/past", "client/web/page", "dialects", "protocol"],
  "client/web/page": ["client/core", "terminal/row", "protocol"],
};
/** These run in a browser, too. */
const withoutPackages = [
  "protocol",
  "client/core",
  "client/core/past",
  "client/kept",
  "client/web/link",
  "client/web/log",
  "client/web/page",
];

const maxFiles = 10;
const maxLines = 400;
const maxTitle = 70;
const sources = ["*.ts", "lib/**/*.ts", "tests/**/*.ts"]
  .flatMap((pattern) => [...new Bun.Glob(pattern).scanSync(root)])
  .sort();
const texts = new Map(sources.map((path) => [path, "" as string]));
for (const path of sources) texts.set(path, await Bun.file(join(root, path)).text());
const inLib = sources.filter((path) => path.startsWith("lib/"));
const testFiles = sources.filter((path) => path.endsWith(".test.ts"));
const textOf = (path: string) => texts.get(path) ?? "";
const roomOf = (path: string) => relative("lib", dirname(path));

function importsOf(path: string): string[] {
  const found = textOf(path).matchAll(/^(?:import|export)\b[^;]*?from "([^"]+)"|\bimport\(?\s*"([^"]+)"/gm);
  return [...found].map(([, from, bare]) => from ?? bare ?? "");
}

test("lib has the folders that have rules", () => {
  expect([...new Set(inLib.map(roomOf))].sort()).toEqual(Object.keys(folders).sort());
});

test("a folder imports from the folders it may import from", () => {
  const strays = inLib.flatMap((path) => {
    const allowed = [roomOf(path), ...(folders[roomOf(path)] ?? [])];
    const local = importsOf(path).filter((name) => /^\..*\.ts$/.test(name));
    const wrong = local.filter((name) => !allowed.includes(roomOf(join(dirname(path), name))));
    return wrong.map((name) => `${path} imports ${name}`);
  });
  expect(strays).toEqual([]);
});

test("the folders that a browser shares import no package", () => {
  const shared = inLib.filter((path) => withoutPackages.includes(roomOf(path)));
  const strays = shared.flatMap((path) => importsOf(path).filter((name) => !name.startsWith(".")));
  expect(strays).toEqual([]);
});

test(`a room has at most ${maxFiles} files`, () => {
  const sizes = Object.keys(folders).map((room) => inLib.filter((path) => roomOf(path) === room).length);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(maxFiles);
});

test("a unit test is where its folder is", () => {
  const unit = testFiles.filter((path) => path.startsWith("tests/unit/"));
  expect(unit.filter((path) => !(relative("tests/unit", dirname(path)) in folders))).toEqual([]);
});

test("every test file gives its tests the time of a busy machine", () => {
  expect(testFiles.filter((path) => !textOf(path).includes("\nsetDefaultTimeout("))).toEqual([]);
});

test(`a file has at most ${maxLines} lines`, () => {
  const long = sources.filter((path) => textOf(path).split("\n").length - 1 > maxLines);
  expect(long).toEqual([]);
});

test(`a title of a test has at most ${maxTitle} characters`, () => {
  // A call whose first argument is a string and whose second is a function.
  const titled = /\(\s*(["`])((?:\\.|(?!\1).)*)\1,\s*(?:async )?(?:\(|\w+ =>)/g;
  const titles = testFiles.flatMap((path) => {
    return [...textOf(path).matchAll(titled)].map(([, , title = ""]) => ({ path, title }));
  });
  expect(titles.length).toBeGreaterThan(testFiles.length);
  expect(titles.filter(({ title }) => title.length > maxTitle)).toEqual([]);
});
