// The page's port while open files run out, on a clock that the test moves.

import { afterEach, beforeEach, expect, jest, setDefaultTimeout, test } from "bun:test";
import { watchFiles } from "../../../../../lib/server/transports/web/free-files.ts";
import { testMs } from "../../../../support/transcript.ts";

setDefaultTimeout(testMs);

let acts: string[];
let files: number | undefined;

beforeEach(() => {
  jest.useFakeTimers();
  [acts, files] = [[], 20];
});
afterEach(() => {
  jest.useRealTimers();
});

const port = {
  isOpen: true,
  stop: () => void acts.push("stop"),
  reopen: () => void acts.push("reopen"),
};

function watch(limit: number, connectionsLeft = 100): void {
  watchFiles(
    port,
    {
      limit,
      connectionsLeft: () => connectionsLeft,
      closures: { add: () => acts.push("counted") },
      say: (message) => acts.push(message),
    },
    () => files,
  );
}

/** What happened in the next second with so many files open. */
function within(open: number | undefined): string[] {
  acts = [];
  files = open;
  jest.advanceTimersByTime(1_000);
  return acts;
}

test("the port is closed while the room's connections might find no file", () => {
  watch(300);
  expect(within(136)).toEqual([]);
  expect(within(137)).toEqual([
    "stop",
    "counted",
    "137 of 300 files are open: the page's port is closed until some are free",
  ]);
  expect(within(290)).toEqual([]);
  expect(within(136)).toEqual(["reopen", "136 of 300 files are open: the page's port is open again"]);
  expect(within(136)).toEqual([]);
});

test("the port is closed when there is no file left to count them with", () => {
  watch(300);
  expect(within(undefined)).toContain("stop");
  expect(within(30)).toContain("reopen");
});

test("files are not watched where they have no limit, or are not shown", () => {
  watch(Infinity);
  files = undefined;
  watch(300);
  expect(within(10_000)).toEqual([]);
});
