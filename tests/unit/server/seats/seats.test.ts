import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Facts, readFacts, type SeatFact } from "../../../../lib/server/journal/facts.ts";
import { leaving, moving, renaming, taking } from "../../../../lib/server/seats/changes.ts";
import { type Seat, Seats } from "../../../../lib/server/seats/seats.ts";
import { hashOf, newSeatId, newToken } from "../../../../lib/server/seats/tokens.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

/** Seats that follow the facts, which the journal would have refused if they do not hold. */
class Room {
  readonly seats = new Seats();
  readonly facts = new Map<string, string>();

  apply({ facts, expects = {} }: { facts: Facts; expects?: Facts }): boolean {
    const holds = Object.entries(expects).every(([key, value]) => (this.facts.get(key) ?? null) === value);
    if (!holds) return false;
    for (const fact of readFacts(Object.entries(facts))) this.seats.apply(fact);
    for (const [key, value] of Object.entries(facts)) {
      if (value === null) this.facts.delete(key);
      else this.facts.set(key, value);
    }
    return true;
  }

  take(name: string, more: Partial<SeatFact> = {}): Seat {
    const id = newSeatId();
    const fact = { name, tokenHash: hashOf(`token of ${name}`), ...more };
    expect(this.apply(taking(id, "here", fact))).toBe(true);
    const seat = this.seats.byId(id);
    if (!seat) throw new Error(`No seat for ${name}`);
    return seat;
  }
}

describe("Seats", () => {
  test("a seat is found by its id, its name and its token", () => {
    const room = new Room();
    const ann = room.take("ann", { address: "192.0.2.1" });
    const bob = room.take("bob");
    const { seats } = room;
    expect(ann).toMatchObject({
      name: "ann",
      address: "192.0.2.1",
      server: "here",
      operator: false,
    });
    expect(seats.byId(ann.id)).toBe(ann);
    expect(seats.byName("ann")).toBe(ann);
    expect(seats.byToken("token of ann")).toBe(ann);
    expect(seats.byId(bob.id)).toBe(bob);
    expect([...seats]).toEqual([ann, bob]);
    expect(seats.size).toBe(2);
  });

  test("no seat is found by what no seat has", () => {
    const room = new Room();
    const ann = room.take("ann");
    expect(room.seats.byName("bob")).toBeUndefined();
    expect(room.seats.byId("ann")).toBeUndefined();
    expect(room.seats.byToken("")).toBeUndefined();
    expect(room.seats.byToken(ann.tokenHash ?? "?")).toBeUndefined();
  });

  test.each(["ANN", "Ａnn", "aNN"])("the name %s finds the seat of ann", (name) => {
    const room = new Room();
    const ann = room.take("ann");
    expect(room.seats.byName(name)).toBe(ann);
  });

  test("a name that only looks like a member's finds no seat", () => {
    const room = new Room();
    const bill = room.take("bill");
    expect(room.seats.byName("biii")).toBeUndefined();
    expect(room.seats.byName("bi1l")).toBeUndefined();
    expect(room.seats.byName("Bill")).toBe(bill);
  });

  test("a seat keeps the hash of its token and not the token", () => {
    const room = new Room();
    const seat = room.take("ann", { tokenHash: hashOf("secret") });
    expect(seat.tokenHash).toBe(new Bun.CryptoHasher("sha256").update("secret").digest("base64url"));
    expect(JSON.stringify([...room.facts])).not.toContain("secret");
  });

  test("a seat without a token is found by no token", () => {
    const room = new Room();
    const nc = room.take("nc", { tokenHash: undefined });
    expect(nc.tokenHash).toBeUndefined();
    expect(room.seats.byName("nc")).toBe(nc);
    expect(room.seats.byToken("undefined")).toBeUndefined();
  });

  test("seats are the same again from the facts alone", () => {
    const before = new Room();
    const { id } = before.take("ann");
    before.apply({ facts: { [`op ${id}`]: "yes", [`mute ${id}`]: "bob" } });
    const after = new Room();
    // Twice, since the other facts about a seat can only be applied once it is there.
    for (const fact of readFacts(before.facts)) after.seats.apply(fact);
    for (const fact of readFacts(before.facts)) after.seats.apply(fact);
    expect(after.seats.byToken("token of ann")).toMatchObject({
      id,
      name: "ann",
      server: "here",
      operator: true,
    });
    expect([...after.seats]).toEqual([...before.seats]);
  });

  test("a seat is an operator's while its fact says so", () => {
    const room = new Room();
    const ann = room.take("ann");
    const bob = room.take("bob");
    room.apply({ facts: { [`op ${ann.id}`]: "yes" } });
    expect([ann.operator, bob.operator]).toEqual([true, false]);
    room.apply({ facts: { [`op ${ann.id}`]: null } });
    expect(ann.operator).toBe(false);
  });

  test("facts about no seat change no seat", () => {
    const room = new Room();
    room.take("ann");
    const before = JSON.stringify([...room.seats]);
    room.apply({ facts: { topic: "tea", "ban bob": "{}", "op nobody": "yes", "at nobody": "there" } });
    expect(JSON.stringify([...room.seats])).toBe(before);
  });
});

describe("taking()", () => {
  test("taking() needs a name that no other name looks like", () => {
    const room = new Room();
    const bill = room.take("bill");
    for (const name of ["bill", "BILL", "biii", "bi1l"]) {
      expect(room.apply(taking("x", "here", { name }))).toBe(false);
    }
    expect([...room.seats]).toEqual([bill]);
  });
});

describe("renaming()", () => {
  test("renaming() frees the old name and takes the new one", () => {
    const room = new Room();
    const seat = room.take("ann", { address: "192.0.2.1" });
    const { id, tokenHash } = seat;
    expect(room.apply(renaming(seat, "bea"))).toBe(true);
    expect(seat).toMatchObject({ id, name: "bea", tokenHash, address: "192.0.2.1" });
    expect(room.seats.byName("bea")).toBe(seat);
    expect(room.seats.byName("ann")).toBeUndefined();
    expect(room.seats.byToken("token of ann")).toBe(seat);
    expect(room.seats.size).toBe(1);
    const other = room.take("ann", { tokenHash: hashOf("another") });
    expect(room.seats.byName("ann")).toBe(other);
  });

  test.each(["Bill", "biii", "BI1L"])(
    "renaming() to %s, one's own name in other letters, happens",
    (name) => {
      const room = new Room();
      const seat = room.take("bill");
      expect(room.apply(renaming(seat, name))).toBe(true);
      expect(seat.name).toBe(name);
      expect(room.seats.byName(name)).toBe(seat);
      expect(room.apply(taking("x", "here", { name: "bill" }))).toBe(false);
    },
  );

  test("renaming() does not happen if either name has changed hands", () => {
    const room = new Room();
    const ann = room.take("ann");
    room.take("bob");
    expect(room.apply(renaming(ann, "BOB"))).toBe(false);
    const late = renaming(ann, "eve");
    expect(room.apply(renaming(ann, "cyd"))).toBe(true);
    expect(room.apply(late)).toBe(false);
    expect(ann.name).toBe("cyd");
  });
});

describe("moving()", () => {
  test("moving() puts a seat's connection with another server, once", () => {
    const room = new Room();
    const ann = room.take("ann");
    const [first, second] = [
      moving(ann, "there", "192.0.2.9", ann.tokenHash),
      moving(ann, "elsewhere", "192.0.2.8", ann.tokenHash),
    ];
    expect(room.apply(first)).toBe(true);
    expect(room.apply(second)).toBe(false);
    expect(ann).toMatchObject({ name: "ann", server: "there", address: "192.0.2.9" });
    expect(room.seats.byToken("token of ann")).toBe(ann);
  });
});

describe("leaving()", () => {
  test("leaving() frees the seat, its name and its token", () => {
    const room = new Room();
    const seat = room.take("ann");
    room.apply({ facts: { [`op ${seat.id}`]: "yes" } });
    expect(room.apply(leaving(seat))).toBe(true);
    expect(room.seats.byName("ann")).toBeUndefined();
    expect(room.seats.byToken("token of ann")).toBeUndefined();
    expect(room.seats.byId(seat.id)).toBeUndefined();
    expect(room.seats.size).toBe(0);
    expect([...room.facts]).toEqual([]);
  });

  test("leaving() happens once, and leaves the name to its next member", () => {
    const room = new Room();
    const first = room.take("ann");
    const again = leaving(first);
    expect(room.apply(leaving(first))).toBe(true);
    const second = room.take("Ann");
    expect(room.apply(again)).toBe(false);
    expect([...room.seats]).toEqual([second]);
  });

  test("leaving() does not happen for a seat that moved or was renamed", () => {
    const room = new Room();
    const ann = room.take("ann");
    const before = leaving(ann);
    room.apply(moving(ann, "there", "", ann.tokenHash));
    expect(room.apply(before)).toBe(false);
    const renamed = leaving(ann);
    room.apply(renaming(ann, "bea"));
    expect(room.apply(renamed)).toBe(false);
    expect(room.apply(leaving(ann))).toBe(true);
  });

  test("leaving() ends the wait for a member who is away", () => {
    const room = new Room();
    const seat = room.take("ann");
    const expiry = setTimeout(() => {}, 60_000);
    seat.expiry = expiry;
    expect(expiry.hasRef()).toBe(true);
    room.apply(leaving(seat));
    expect(expiry.hasRef()).toBe(false);
  });
});

test("newSeatId() never gives the same id twice", () => {
  expect(new Set(Array.from({ length: 1000 }, newSeatId)).size).toBe(1000);
});

test("newToken() never gives a token twice, or one that can be guessed", () => {
  const tokens = Array.from({ length: 1000 }, newToken);
  expect(new Set(tokens).size).toBe(1000);
  for (const token of tokens) expect(token).toMatch(/^[\w-]{24}$/);
});

describe("a seat from a history of an earlier version", () => {
  /** Its name has one fact, under a skeleton that is written in another way now. */
  function earlier(): { room: Room; seat: Seat } {
    const room = new Room();
    const facts = { "seat old": '{"name":"Mallory"}', "name maiiory": "old", "at old": "here" };
    room.apply({ facts });
    const seat = room.seats.byId("old");
    if (!seat) throw new Error("There is no such seat");
    return { room, seat };
  }

  test("such a seat has its name, and all that look like it", () => {
    const { room, seat } = earlier();
    expect(room.seats.byName("mallory")).toBe(seat);
    expect(room.seats.byLook("rna11ory")).toBe(seat);
    const alike = room.seats.byLook("rnallory");
    expect(room.apply(taking("new", "here", { name: "rnallory" }, alike))).toBe(false);
  });

  test("such a seat can be given up, and leaves nothing", () => {
    const { room, seat } = earlier();
    expect(room.apply(leaving(seat))).toBe(true);
    expect([...room.facts]).toEqual([]);
    expect(room.apply(taking("new", "here", { name: "mallory" }))).toBe(true);
  });

  test("such a seat can take another name, and leaves nothing of the old one", () => {
    const { room, seat } = earlier();
    expect(room.apply(renaming(seat, "mallory2"))).toBe(true);
    expect([...room.facts.keys()].filter((key) => key.startsWith("name "))).toEqual(["name rnallory2"]);
    expect(room.apply(renaming(seat, "Mallory"))).toBe(true);
    expect(room.seats.byName("mallory")).toBe(seat);
  });
});
