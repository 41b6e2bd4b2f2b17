// What --keep says.

import { expect, setDefaultTimeout, test } from "bun:test";
import { UsageError } from "../../../../lib/protocol/errors.ts";
import { keepOf } from "../../../../lib/server/operation/options.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

const hourMs = 3_600_000;
const most = 1_000_000_000;

test.each<[text: string, keepEvents: number, keepMs: number | undefined]>([
  ["1", 1, undefined],
  ["100000", 100_000, undefined],
  ["12h", most, 12 * hourMs],
  ["30d", most, 30 * 24 * hourMs],
  ["4W", most, 4 * 7 * 24 * hourMs],
  ["100000,30d", 100_000, 30 * 24 * hourMs],
  ["1h, 5", 5, hourMs],
])("--keep %s is %d events, and %p ms", (text, keepEvents, keepMs) => {
  expect(keepOf(text)).toEqual({ keepEvents, keepMs });
});

test.each([
  "",
  "0",
  "0d",
  "-1",
  "1.5",
  "30x",
  "30 d",
  "d",
  "5,6",
  "1d,2h",
  "5,",
  ",5",
  "5,1d,1",
  "1e3",
  "9999999999",
  "99999w",
])("--keep %j is refused", (text) => {
  expect(() => keepOf(text)).toThrow(UsageError);
});
