import { expect, setDefaultTimeout, test } from "bun:test";
import { complete } from "../../../../lib/terminal/row/completion.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

const words = ["/help", "/history", "/me", "/msg"];
const names = ["Zoë", "anna", "Ann_a", "bob"];

test.each<[text: string, start: number, candidates: string[]]>([
  ["/h", 0, ["/help ", "/history "]],
  ["/HE", 0, ["/help "]],
  ["/nosuch", 0, []],
  ["/", 0, ["/help ", "/history ", "/me ", "/msg "]],
  ["an", 0, ["anna: ", "Ann_a: "]],
  ["zo", 0, ["Zoë: "]],
  ["hi an", 3, ["anna ", "Ann_a "]],
  ["/msg b", 5, ["bob "]],
  ["say /me", 4, []],
  ["(bo", 1, ["bob "]],
  ["@bo", 1, ["bob "]],
  ['hi "(an', 5, ["anna ", "Ann_a "]],
  ["hi «@zo", 5, ["Zoë "]],
  ["(/me", 1, []],
  ["hi ", 3, ["Zoë ", "anna ", "Ann_a ", "bob "]],
  ["", 0, ["Zoë: ", "anna: ", "Ann_a: ", "bob: "]],
])("Tab in %j completes from %d with %j", (text, start, candidates) => {
  expect(complete(text, words, names)).toEqual({ start, candidates });
});
