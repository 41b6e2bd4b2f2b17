import { expect, setDefaultTimeout, test } from "bun:test";
import { inForeground } from "../../../lib/terminal/foreground.ts";
import { testMs } from "../../support/transcript.ts";

setDefaultTimeout(testMs);

const missing = () => {
  throw Object.assign(new Error("there is none"), { code: "ENOENT" });
};
const stat = (group: number, terminals: number) => () =>
  `7 (a) b) S 1 ${group} 5 34816 ${terminals} 4194304 0`;
const ps = (text: string) => () => text;

test.each<[what: string, stat: () => string, ps: () => string, isForeground: boolean]>([
  ["a job in the foreground of Linux", stat(7, 7), missing, true],
  ["a job in the background of Linux", stat(7, 8), missing, false],
  ["a job without a terminal", stat(7, -1), missing, true],
  ["a job in the foreground of macOS", missing, ps("  7   7\n"), true],
  ["a job in the background of macOS", missing, ps("  7   8\n"), false],
  ["a job of which ps says nothing", missing, ps(""), true],
  ["Windows, which has neither", missing, missing, true],
])("%s is told whether it may read the terminal", (_, stat, ps, isForeground) => {
  expect(inForeground(stat, ps)).toBe(isForeground);
});
