// Which member a mask means, in every shape that clients make of a name.

import { expect, setDefaultTimeout, test } from "bun:test";
import { hostOf, nameOfMask } from "../../../../lib/dialects/irc/masks.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

const members = [{ name: "Ada" }, { name: "Ünal" }];

test.each([
  ["eve", "eve"],
  ["eve!*@*", "eve"],
  ["eve!x@ada", "eve"],
  ["*!u@ada", "Ada"],
  ["*!*@ADA", "Ada"],
  ["*!*@*.ada", "Ada"],
  ["*@ada", "Ada"],
  [`*!*@${hostOf("Ünal")}`, "Ünal"],
  ["*!*@gone", "gone"],
  ["eve\u2028!x@ada", "eve\u2028"],
  ["*", undefined],
  ["*!*@*", undefined],
  ["e*!*@*", undefined],
  ["*!u@", undefined],
  ["", undefined],
])("%s means %p", (mask, name) => {
  expect(nameOfMask(mask, members)).toBe(name);
});

test("a long mask costs no more than its length", () => {
  const long = "a".repeat(500_000);
  expect(nameOfMask(`${long}@\u2028`, members)).toBe("\u2028");
  expect(nameOfMask(`${long}!${long}@\u2028`, members)).toBe(long);
});
