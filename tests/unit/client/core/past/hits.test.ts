import { expect, setDefaultTimeout, test } from "bun:test";
import { wordsSought } from "../../../../../lib/client/core/past/hits.ts";
import { testMs } from "../../../../support/transcript.ts";

setDefaultTimeout(testMs);

test.each<[words: string, text: string, found: string[] | undefined]>([
  ["cafe\u0301", "ein Café", ["Café"]],
  ["fü", "Füße, für", ["Fü", "fü"]],
  ["a.c", "abc a c", ["a", "a", "c"]],
  ["!?", "what?!", undefined],
])("the words of the search %j are found in %j", (words, text, found) => {
  const pattern = wordsSought(words);
  const matches: string[] | null | undefined = pattern && text.match(pattern);
  expect(matches ?? undefined).toEqual(found);
});
