import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Fact, factKey, readFacts, serversIn } from "../../../../lib/server/journal/facts.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

const seat = { name: "Bill", tokenHash: "hash", address: "192.0.2.1" };
const mute = { name: "Bill", by: "ann", at: 5, until: 6 };
const ban = { name: "Bill", by: "ann", at: 5, text: "spam", address: "192.0.2.1" };

// As the files and databases hold them that are there already.
const stored: [key: string, written: string, value: string, fact: Fact | undefined][] = [
  [factKey.seat("s1"), "seat s1", JSON.stringify(seat), { kind: "seat", id: "s1", value: seat }],
  [factKey.names("Bill")[0] ?? "", "name blll", "s1", { kind: "name", key: "name blll", value: "s1" }],
  [factKey.at("s1"), "at s1", "here", { kind: "at", id: "s1", value: "here" }],
  [factKey.op("s1"), "op s1", "yes", { kind: "op", id: "s1", value: "yes" }],
  [factKey.ban("Bill"), "ban blll", JSON.stringify(ban), { kind: "ban", key: "ban blll", value: ban }],
  [
    factKey.muted("s1"),
    "muted s1",
    JSON.stringify(mute),
    { kind: "muted", key: "muted s1", id: "s1", value: mute },
  ],
  [factKey.mail("s1"), "mail s1", "17", { kind: "mail", id: "s1", value: 17 }],
  [factKey.read("s1"), "read s1", "17", { kind: "read", id: "s1", value: 17 }],
  [factKey.topic, "topic", "tea, at 5", { kind: "topic", value: "tea, at 5" }],
];

describe("each kind of fact", () => {
  test.each(stored)("the key %j is written as %j", (key, written) => expect(key).toBe(written));

  test.each(stored)("the fact %j is read", (_, written, value, fact) => {
    expect(readFacts([[written, value]])).toEqual(fact ? [fact] : []);
  });

  test.each(stored)("the fact %j is read when it is so no more", (_, written, __, fact) => {
    expect(readFacts([[written, null]])).toEqual(fact ? [{ ...fact, value: undefined }] : []);
  });
});

test.each(["192.0.2.7", "2001:db8:0:0::/64", "::1"])("the ban of %s is a fact of its own", (address) => {
  expect(factKey.banOfAddress(address)).not.toBe(factKey.banOfAddress("192.0.2.70"));
  expect(readFacts([[factKey.banOfAddress(address), JSON.stringify(ban)]])).toMatchObject([{ kind: "ban" }]);
});

test.each([
  ["seat s1", "garbage"],
  ["seat s1", "5"],
  ["seat s1", "null"],
  ["seat s1", "[]"],
  ["seat s1", '{"name":5}'],
  ["seat s1", '{"name":"Bill","tokenHash":{}}'],
  ["own biii", "{}"],
  ["own biii", '{"name":"Bill","keyHash":"h","seat":"s1"}'],
  ["own biii", '{"name":"Bill","keyHash":"h","seat":1,"usedAt":5}'],
  ["mail s1", "behind 5"],
  ["ban biii", ""],
  ["ban biii", "{}"],
  ["ban biii", '{"name":"Bill","by":"ann","at":"now"}'],
  ["muted s1", "yes"],
  ["muted s1", '{"name":"Bill","by":"ann","at":5,"until":"soon"}'],
])("the fact %j is passed over with the value %j", (key, value) => {
  expect(readFacts([[key, value]])).toEqual([]);
});

test.each(["", " ", "topics", "topic x", "seat", "seat ", "bans", "role s1", "seats s1"])(
  "a fact of another version, %j, is passed over",
  (key) => {
    const known: [string, string] = ["topic", "tea"];
    expect(readFacts([[key, "no JSON"], known, [key, null]])).toEqual([{ kind: "topic", value: "tea" }]);
  },
);

test("an owned name is read with its value as it is stored", () => {
  const value = { name: "Bill", keyHash: "hash", seat: "s1", usedAt: 5 };
  const stored = JSON.stringify({ ...value, later: true });
  const own = { kind: "own", key: "own blll", look: "blll" };
  expect(factKey.own("BILL")).toBe(own.key);
  expect(readFacts([[own.key, stored]])).toMatchObject([{ ...own, value, stored }]);
  expect<unknown>(readFacts([[own.key, null]])).toEqual([{ ...own, value: undefined, stored: null }]);
});

test("facts keep their order", () => {
  const keys = ["op b", "topic", "at a", "op a"];
  expect(readFacts(keys.map((key) => [key, "x"])).map((fact) => JSON.stringify(fact))).toHaveLength(4);
  expect(readFacts(keys.map((key) => [key, "x"])).map(({ kind }) => kind)).toEqual([
    "op",
    "topic",
    "at",
    "op",
  ]);
});

test("the servers are those that connections are with now", () => {
  const facts = {
    "at a": "one",
    "at b": null,
    "at c": "two",
    "attic x": "three",
    topic: "four",
    "op a": "yes",
  };
  expect(serversIn(facts)).toEqual(["one", "two"]);
});
