import { describe, expect, test } from "bun:test";
import { newToken, Seats } from "../../lib/server/seats.ts";

function seatsWith(...names: string[]) {
  const seats = new Seats();
  return { seats, taken: names.map((name) => seats.add(name, `token of ${name}`)) };
}

describe("Seats", () => {
  test("finds a seat by its id, its name and its token", () => {
    const seats = new Seats();
    const ann = seats.add("ann", "a");
    const bob = seats.add("bob", "b");
    expect(seats.byId(ann.id)).toBe(ann);
    expect(seats.byName("ann")).toBe(ann);
    expect(seats.byToken("a")).toBe(ann);
    expect(seats.byId(bob.id)).toBe(bob);
    expect([...seats]).toEqual([ann, bob]);
    expect(seats.size).toBe(2);
  });

  test("finds none by what nobody holds", () => {
    const { seats, taken } = seatsWith("ann");
    const [ann] = taken;
    expect(seats.byName("bob")).toBeUndefined();
    expect(seats.byId("ann")).toBeUndefined();
    expect(seats.byToken("")).toBeUndefined();
    expect(seats.byToken(ann?.tokenHash ?? "?")).toBeUndefined();
  });

  test.each(["ANN", "Ａnn", "aNN"])("takes %s for ann", (name) => {
    const { seats, taken } = seatsWith("ann");
    expect(seats.byName(name)).toBe(taken[0]);
  });

  test("gives no two seats the same id", () => {
    const { taken } = seatsWith(...Array.from({ length: 1000 }, (_, i) => `n${i}`));
    expect(new Set(taken.map(({ id }) => id)).size).toBe(1000);
  });

  test("keeps the hash of a token and not the token", () => {
    const seats = new Seats();
    const seat = seats.add("ann", "secret");
    expect(seat.tokenHash).toBe(new Bun.CryptoHasher("sha256").update("secret").digest("base64url"));
    expect(JSON.stringify(seat)).not.toContain("secret");
  });

  test("seats somebody without a token, whom no token finds", () => {
    const seats = new Seats();
    const nc = seats.add("nc", undefined);
    expect(nc.tokenHash).toBeUndefined();
    expect(seats.byName("nc")).toBe(nc);
    expect(seats.byToken("undefined")).toBeUndefined();
  });

  test("finds a seat from an earlier run by what was saved of it", () => {
    const before = seatsWith("ann").taken[0];
    if (!before) throw new Error("No seat");
    const seats = new Seats();
    const { id, name, tokenHash } = before;
    const seat = seats.restore({ id, name, tokenHash });
    expect(seat).toEqual({ id, name, tokenHash });
    expect(seats.byToken("token of ann")).toBe(seat);
    expect(seats.byId(id)).toBe(seat);
    expect(seats.byName("Ann")).toBe(seat);
  });
});

describe("rename()", () => {
  test("frees the old name and takes the new one, on the same seat", () => {
    const { seats } = seatsWith();
    const seat = seats.add("ann", "a");
    const { id } = seat;
    seats.rename(seat, "bea");
    expect(seat).toMatchObject({ id, name: "bea" });
    expect(seats.byName("bea")).toBe(seat);
    expect(seats.byName("ann")).toBeUndefined();
    expect(seats.byToken("a")).toBe(seat);
    expect(seats.size).toBe(1);
  });

  test("changes the case of a name", () => {
    const seats = new Seats();
    const seat = seats.add("ann", "a");
    seats.rename(seat, "Ann");
    expect(seat.name).toBe("Ann");
    expect(seats.byName("ann")).toBe(seat);
  });
});

describe("giveUp()", () => {
  test("frees the name and the token at once, and holds the seat until it is removed", () => {
    const seats = new Seats();
    const seat = seats.add("ann", "a");
    expect(seats.giveUp(seat)).toBe(true);
    expect(seats.byName("ann")).toBeUndefined();
    expect(seats.byToken("a")).toBeUndefined();
    expect(seats.byId(seat.id)).toBe(seat);
    expect(seats.size).toBe(1);
    seats.remove(seat);
    expect(seats.byId(seat.id)).toBeUndefined();
    expect(seats.size).toBe(0);
  });

  test("happens once", () => {
    const seats = new Seats();
    const seat = seats.add("ann", "a");
    expect([seats.giveUp(seat), seats.giveUp(seat)]).toEqual([true, false]);
    seats.remove(seat);
    expect(seats.giveUp(seat)).toBe(false);
  });

  test("leaves the name to whoever has taken it since", () => {
    const seats = new Seats();
    const first = seats.add("ann", "a");
    seats.giveUp(first);
    const second = seats.add("Ann", "b");
    expect(seats.giveUp(first)).toBe(false);
    seats.remove(first);
    expect(seats.byName("ann")).toBe(second);
    expect(seats.byToken("b")).toBe(second);
    expect([...seats]).toEqual([second]);
  });

  test("frees the name the seat has now, not the one it had", () => {
    const seats = new Seats();
    const seat = seats.add("ann", "a");
    seats.rename(seat, "bea");
    const other = seats.add("ann", "b");
    expect(seats.giveUp(seat)).toBe(true);
    expect(seats.byName("bea")).toBeUndefined();
    expect(seats.byName("ann")).toBe(other);
  });

  test("ends the wait for a member who is away", () => {
    const seats = new Seats();
    const seat = seats.add("ann", "a");
    const expiry = setTimeout(() => {}, 60_000);
    seat.expiry = expiry;
    expect(expiry.hasRef()).toBe(true);
    seats.giveUp(seat);
    expect(expiry.hasRef()).toBe(false);
  });
});

test("newToken() never gives the same token twice, and none that could be guessed", () => {
  const tokens = Array.from({ length: 1000 }, newToken);
  expect(new Set(tokens).size).toBe(1000);
  for (const token of tokens) expect(token).toMatch(/^[\w-]{24}$/);
});
