import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { People } from "../../../../lib/client/core/people.ts";
import { type Event, limits, type Recorded, type Welcome } from "../../../../lib/protocol/events.ts";
import { nameKey } from "../../../../lib/protocol/names.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

const hour = 3_600_000;

const welcome = (seq: number, names: string[], epoch = "E"): Welcome => ({
  type: "welcome",
  name: "me",
  epoch,
  seq,
  members: names.map((name) => ({ name })),
  limits,
});

function people(...events: Event[]): People {
  const all = new People();
  for (const event of [welcome(0, ["ada", "bob", "cyd"]), ...events]) all.apply(event);
  return all;
}

const said = (from: string, at: number): Recorded => ({ type: "said", seq: 1, at, from, text: "x" });
const moved = (type: "joined" | "left", name: string): Recorded => ({ type, seq: 1, at: 0, name });
const renamed = (from: string, to: string, seq = 1, at = 0): Recorded => ({
  type: "renamed",
  seq,
  at,
  from,
  to,
});

describe("a member", () => {
  /** The names of operators, and of members who are away. */
  const marked = (all: People) =>
    (["operator", "away"] as const).map((mark) => all.names.filter((name) => all.find(name)?.[mark]));
  const told: Event = {
    type: "members",
    seq: 1,
    members: [{ name: "ada", operator: true, away: true }, { name: "bob", away: true }, { name: "cyd" }],
  };

  test("a member is an operator or away as the room has told, under any name", () => {
    expect(marked(people(told))).toEqual([["ada"], ["ada", "bob"]]);
    expect(marked(people(told, renamed("ada", "eda"), said("Bob", 1)))).toEqual([["eda"], ["eda"]]);
    const opped: Recorded = { type: "opped", seq: 1, at: 0, name: "CYD" };
    const deopped: Recorded = { type: "deopped", seq: 2, at: 0, name: "ada", by: "cyd" };
    expect(marked(people(told, opped, deopped))).toEqual([["cyd"], ["ada", "bob"]]);
  });

  test("who left and joins is neither, and the past is no sign of life", () => {
    const back = people(told, moved("left", "ada"), moved("joined", "ada"));
    expect(marked(back)).toEqual([[], ["bob"]]);
    const past: Event = { type: "history", events: [said("bob", 1)], id: "page-1" };
    expect(marked(people(told, past))[1]).toEqual(["bob", "ada"]);
  });
});

describe("names", () => {
  test("names has who spoke last first, then the others as they came", () => {
    expect(people(said("bob", 1), said("cyd", 2), said("bob", 3)).names).toEqual(["bob", "cyd", "ada"]);
  });

  test("what is read back of the past makes no one less active", () => {
    const past = [said("cyd", 5), said("bob", 1)];
    const all = people(said("bob", hour), { type: "history", events: past, id: "page-1" });
    expect([all.names, all.isActive("bob", hour)]).toEqual([["bob", "cyd", "ada"], true]);
  });

  test("names has nobody who left, and everybody who joined", () => {
    const all = people(said("bob", 1), moved("left", "BOB"), moved("joined", "dan"));
    expect(all.names).toEqual(["ada", "cyd", "dan"]);
  });

  test("names has a new name in the place of the old one's activity", () => {
    const all = people(said("bob", hour), renamed("bob", "rob", 2, hour));
    expect(all.names).toEqual(["rob", "ada", "cyd"]);
    expect(all.isActive("rob", hour)).toBe(true);
  });

  test("names has the members of a late welcome once what was missed has come", () => {
    const all = people(moved("left", "cyd"));
    all.apply(welcome(9, ["ada", "rob", "dan"]));
    expect([all.names, all.arriving]).toEqual([["ada", "bob"], true]);
    all.apply(renamed("bob", "rob", 5));
    expect(all.names).toEqual(["ada", "rob"]);
    all.arrive();
    expect([all.names, all.arriving]).toEqual([["ada", "rob", "dan"], false]);
  });
});

test("activity is speaking in the last half hour, in the history too", () => {
  const all = people();
  all.apply({ type: "history", events: [said("ada", hour)] });
  const active = [all.isActive("ADA", hour + 1_799_999), all.isActive("ada", 1.5 * hour)];
  expect([...active, all.isActive("bob", hour)]).toEqual([true, false, false]);
});

test("activity stays with who had it when another member takes the name", () => {
  const all = people(said("bob", hour), renamed("bob", "rob"), renamed("ada", "bob"));
  expect([all.isActive("rob", hour), all.isActive("bob", hour)]).toEqual([true, false]);
});

test("speakers who come and go under ever new names are not kept for good", () => {
  const all = people();
  for (let i = 0; i < 20_000; i++) all.apply(said(`n${i}`, hour));
  expect([all.isActive("n0", hour), all.isActive("n19999", hour), all.names.length]).toEqual([
    false,
    true,
    3,
  ]);
});

describe("me", () => {
  test("me is the member of the first welcome, under each name it takes", () => {
    const all = new People();
    expect([all.me.gone, all.find("")]).toEqual([true, undefined]);
    all.apply(welcome(0, []));
    const { me } = all;
    all.apply(moved("joined", "me"));
    expect([all.find("ME") === me, all.me === me]).toEqual([true, true]);
    all.apply(renamed("me", "eve"));
    expect([me.name, all.find("me")]).toEqual(["eve", undefined]);
  });

  test("me is not the one who has taken our name while our seat was lost", () => {
    const all = people(moved("joined", "me"));
    const { me } = all;
    all.apply({ ...welcome(9, ["ada"]), name: "me" });
    all.apply({ ...moved("left", "me"), seq: 3 });
    all.apply({ ...moved("joined", "me"), seq: 4 });
    expect([me.gone, all.find("me") === all.me]).toEqual([true, false]);
    all.apply({ ...moved("left", "me"), seq: 5 });
    all.apply({ ...moved("joined", "me"), seq: 10 });
    expect([all.me.gone, all.find("me") === all.me]).toEqual([false, true]);
  });
});

/** The room as it is: who has a seat under which name, every event, and who was here behind each. */
class Seats {
  readonly events: Recorded[] = [];
  readonly names = new Map<number, string>();
  readonly #members: string[][] = [[]];

  /** Something that a room lets happen: a member joins, leaves, or takes another name. */
  step([kind, who, name]: [kind: number, who: number, name: string]): void {
    const [seat, from] = [...this.names][who % Math.max(this.names.size, 1)] ?? [];
    const other = [...this.names].find(([, taken]) => nameKey(taken) === nameKey(name))?.[0];
    if (kind === 0 && other === undefined) {
      this.names.set(this.events.length, name);
      this.#record({ type: "joined", seq: 0, at: 0, name });
    } else if (kind === 1 && seat !== undefined && from !== undefined) {
      this.names.delete(seat);
      const gone = { seq: 0, at: 0, name: from };
      this.#record(who % 2 === 0 ? { type: "left", ...gone } : { type: "kicked", ...gone, by: "server" });
    } else if (kind > 1 && seat !== undefined && from !== undefined && (other ?? seat) === seat) {
      this.names.set(seat, name);
      this.#record({ type: "renamed", seq: 0, at: 0, from, to: name });
    }
  }

  /** What a member is told who joins or comes back behind that event. */
  welcome(seq: number): Welcome {
    return welcome(seq, this.#members[seq] ?? []);
  }

  #record(event: Recorded): void {
    this.events.push({ ...event, seq: this.events.length + 1 });
    this.#members.push([...this.names.values()]);
  }
}

test("a person is who it was, whatever was renamed, left, joined and missed", () => {
  const name = fc.constantFrom("ada", "Ada", "bob", "BOB", "cyd", "dan");
  const steps = fc.array(fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 9 }), name), { maxLength: 30 });
  // Before which of the events the connection was lost, and how many had happened when it was back.
  const losses = fc.array(fc.tuple(fc.nat({ max: 30 }), fc.nat({ max: 10 })), { maxLength: 4 });
  fc.assert(
    fc.property(steps, steps, losses, (before, then, losses) => {
      const seats = new Seats();
      for (const step of before) seats.step(step);
      const all = new People();
      const start = seats.events.length;
      all.apply(seats.welcome(start));
      const met = Array.from(seats.names, ([seat, name]) => ({ seat, person: all.find(name) }));
      for (const step of then) seats.step(step);
      for (const [i, event] of seats.events.slice(start).entries()) {
        const ahead = losses.find(([at]) => at === i)?.[1];
        if (ahead !== undefined) all.apply(seats.welcome(Math.min(start + i + ahead, seats.events.length)));
        all.apply(event);
      }
      all.arrive();
      for (const { seat, person } of met) {
        const name = seats.names.get(seat);
        expect(person).toMatchObject(name === undefined ? { gone: true } : { name, gone: false });
      }
      expect(all.names.toSorted()).toEqual([...seats.names.values()].toSorted());
    }),
  );
});
