// Which key owns a name, tested without a room: how many names a key keeps, for how long, and when one is set free.

import { afterEach, describe, expect, setDefaultTimeout, setSystemTime, test } from "bun:test";
import { isFault } from "../../../../lib/protocol/events.ts";
import { type Change, readFacts } from "../../../../lib/server/journal/facts.ts";
import { SqliteJournal } from "../../../../lib/server/journal/sqlite/journal.ts";
import { TokenBucket } from "../../../../lib/server/limits/token-bucket.ts";
import { Room } from "../../../../lib/server/room/room.ts";
import { leaving, renaming, taking } from "../../../../lib/server/seats/changes.ts";
import { Owners } from "../../../../lib/server/seats/owners.ts";
import { type Seat, Seats } from "../../../../lib/server/seats/seats.ts";
import { idleMetrics } from "../../../support/metrics.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

const day = 86_400_000;
const keyOf = (hash: string) => ({
  hash,
  names: new TokenBucket({ burst: 0, perSecond: 0 }),
  isAdmitted: true,
});

afterEach(() => void setSystemTime());

/** Seats and owners that follow the facts, as the journal has them. */
class Names {
  readonly seats = new Seats();
  readonly owners: Owners;
  readonly facts = new Map<string, string>();
  #seq = 0;

  constructor(ownMs = 90 * day) {
    this.owners = new Owners(ownMs, this.seats);
  }

  apply({ facts, expects }: Change): void {
    for (const [key, value] of Object.entries(expects)) expect(this.facts.get(key) ?? null).toBe(value);
    this.#seq++;
    for (const fact of readFacts(Object.entries(facts))) {
      this.seats.apply(fact, { seq: this.#seq, at: 0 });
      this.owners.apply(fact, this.#seq);
    }
    for (const [key, value] of Object.entries(facts)) {
      if (value === null) this.facts.delete(key);
      else this.facts.set(key, value);
    }
  }

  join(name: string, hash?: string): Seat {
    const claim = this.owners.join(name, hash === undefined ? undefined : keyOf(hash));
    if (isFault(claim)) throw new Error(claim.text);
    this.apply(taking(claim.seat, "here", { name }));
    this.apply(claim.change);
    const seat = this.seats.byId(claim.seat);
    if (!seat) throw new Error(`No seat for ${name}`);
    return seat;
  }

  leave(seat: Seat): void {
    this.apply(leaving(seat));
  }
}

describe("Owners", () => {
  test("an owner has one seat after the other with the same id", () => {
    const names = new Names();
    const first = names.join("ada", "a");
    names.leave(first);
    expect(names.join("ADA", "a").id).toBe(first.id);
    expect(names.owners.ofName("ada")).toMatchObject({ name: "ADA", since: 2 });
  });

  test("a name of another key is refused, and one that looks like it", () => {
    const names = new Names();
    names.leave(names.join("lan", "a"));
    for (const name of ["lan", "1an", "LAN"]) {
      for (const hash of [undefined, "b"]) expect(() => names.join(name, hash)).toThrow("another key");
    }
  });

  test("the next owner of a name that was unused for too long has another seat", () => {
    setSystemTime(new Date("2026-01-01"));
    const names = new Names();
    const first = names.join("ada", "a");
    names.leave(first);
    setSystemTime(new Date("2026-05-01"));
    const second = names.join("ada", "b");
    expect(second.id).not.toBe(first.id);
    expect(names.owners.ofName("ada")?.since).toBeGreaterThan(2);
    names.leave(second);
    expect(() => names.join("ada", "a")).toThrow("another key");
  });

  test("a member without a key ends what is left of an owner", () => {
    setSystemTime(new Date("2026-01-01"));
    const names = new Names();
    names.leave(names.join("ada", "a"));
    setSystemTime(new Date("2026-05-01"));
    names.leave(names.join("ada"));
    expect([...names.facts]).toEqual([]);
  });

  test("prune() deletes a few names that are over, not those in use", () => {
    setSystemTime(new Date("2026-01-01"));
    const names = new Names();
    names.join("here", "a");
    for (let i = 0; i < 20; i++) names.leave(names.join(`n${i}`, `k${i}`));
    expect(names.owners.prune()).toBeUndefined();
    setSystemTime(new Date("2026-05-01"));
    const left = () => [...names.facts.keys()].filter((key) => key.startsWith("own ")).length;
    for (const expected of [6, 1]) {
      // Each second once: another one is as if a second had passed.
      const owners = new Owners(90 * day, names.seats);
      for (const fact of readFacts(names.facts)) owners.apply(fact);
      const change = owners.prune();
      expect(owners.prune()).toBeUndefined();
      if (change) names.apply(change);
      expect(left()).toBe(expected);
    }
    expect(names.owners.ofName("here")).toBeDefined();
  });

  test("a key keeps its oldest names that are in use", () => {
    const names = new Names();
    for (let i = 0; i < 50; i++) names.join(`n${i}`, "a");
    const claim = names.owners.join("one-more", keyOf("a"));
    expect(claim).toMatchObject({ owned: false, problem: { code: "name-not-kept" } });
  });

  test("a name that is set free is no key's, for a seat that has it, too", () => {
    const names = new Names();
    const ada = names.join("ada", "a");
    expect(ada.owned).toBeDefined();
    const freed = names.owners.free("Ada");
    if (freed) names.apply(freed.change);
    expect(ada.owned).toBeUndefined();
    expect(names.owners.free("ada")).toBeUndefined();
    names.leave(ada);
    expect([...names.facts]).toEqual([]);
  });

  test("a seat under another name is no owner of the first one's", () => {
    const names = new Names();
    const ada = names.join("ada", "a");
    names.apply(renaming(ada, "bea"));
    expect(ada.owned).toBeUndefined();
    const second = names.join("ada", "a");
    expect(second.id).not.toBe(ada.id);
    expect(second.owned).toBeDefined();
  });
});

test("a room that keeps no names takes any key, and knows no owner", async () => {
  const journal = SqliteJournal.open({ keepEvents: 100 });
  const room = new Room(journal, {
    seatMs: 30_000,
    ownMs: 0,
    onEvent: undefined,
    onEmpty: () => {},
    onJournalTrouble: () => {},
    metrics: idleMetrics(),
  });
  const occupant = {
    address: "192.0.2.1",
    key: keyOf("a"),
    leaving: false,
    ...{ answer: () => {}, whisper: () => {}, pump: () => {}, dismiss: () => {} },
  };
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  room.members.arrivals.take(occupant, { type: "join", name: "ada" }, true, {
    happened: resolve,
    failed: reject,
  });
  await promise;
  expect(room.members.ownerOf("ada")).toBeUndefined();
  expect(room.members.roster().members).toEqual([{ name: "ada" }]);
  expect([...journal.facts()].some(([key]) => key.startsWith("own "))).toBe(false);
  room.members.end({ type: "bye", code: "shutdown", text: "The end" });
});
