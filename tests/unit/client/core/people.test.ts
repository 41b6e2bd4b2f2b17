import { expect, test } from "bun:test";
import { People } from "../../../../lib/client/core/people.ts";
import { limits, type Recorded } from "../../../../lib/protocol/events.ts";

const hour = 3_600_000;

function company(...events: Recorded[]): People {
  const all = new People();
  const members = ["ada", "bob", "cyd"].map((name) => ({ name }));
  all.apply({ type: "welcome", name: "me", epoch: "E", seq: 0, members, limits });
  for (const event of events) all.apply(event);
  return all;
}

const said = (from: string, at: number): Recorded => ({ type: "said", seq: 1, at, from, text: "x" });
const moved = (type: "joined" | "left", name: string): Recorded => ({ type, seq: 1, at: 0, name });

test("whoever spoke last comes first, then the others as they came", () => {
  expect(company(said("bob", 1), said("cyd", 2), said("bob", 3)).names).toEqual(["bob", "cyd", "ada"]);
});

test("whoever left is no name to complete, whoever joined is", () => {
  expect(company(said("bob", 1), moved("left", "BOB"), moved("joined", "dan")).names).toEqual([
    "ada",
    "cyd",
    "dan",
  ]);
});

test("a new name takes its activity along", () => {
  const all = company(said("bob", hour), { type: "renamed", seq: 2, at: hour, from: "bob", to: "rob" });
  expect(all.names).toEqual(["rob", "ada", "cyd"]);
  expect(all.isActive("rob", hour)).toBe(true);
});

test("activity is speaking in the last half hour, in the history too", () => {
  const all = company();
  all.apply({ type: "history", events: [said("ada", hour)] });
  expect([
    all.isActive("ADA", hour + 1_799_999),
    all.isActive("ada", 1.5 * hour),
    all.isActive("bob", hour),
  ]).toEqual([true, false, false]);
});
