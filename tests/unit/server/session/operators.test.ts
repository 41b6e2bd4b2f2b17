// Who becomes an operator, by which password, and for how long.

import { afterAll, describe, expect, jest, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Recorded } from "../../../../lib/protocol/events.ts";
import { SqliteJournal } from "../../../../lib/server/journal/sqlite/journal.ts";
import { Origin } from "../../../../lib/server/limits/origin.ts";
import { readOperators } from "../../../../lib/server/operation/operators-file.ts";
import { Room } from "../../../../lib/server/room/room.ts";
import { Operators } from "../../../../lib/server/session/operators.ts";
import { temporaryFolder } from "../../../support/server.ts";
import { testMs } from "../../../support/transcript.ts";
import { inFakeRoom, joined, order } from "./fake-room.ts";
import { metrics, turn, unlimited } from "./fake-socket.ts";

setDefaultTimeout(testMs);

/** Cheap ones, as fast as a test needs them. */
const hashOf = (password: string) =>
  Bun.password.hashSync(password, { algorithm: "argon2id", memoryCost: 8, timeCost: 1 });
const ada = { name: "Ada", hash: hashOf("ada's own") };
const bob = { name: "bob", hash: hashOf("bob has two words") };
const origin = () => new Origin("192.0.2.1", unlimited);

describe("Operators", () => {
  const operators = new Operators("for all", [ada, bob]);
  const given = async (member: string, password: string, name?: string) => {
    return await operators.match({ type: "op", password, name }, member, origin());
  };

  test("an operator is known by its own password, under its name or with it", async () => {
    const own = await given("ADA", "ada's own");
    expect(own).toStartWith("operator ");
    expect(await given("eve", "ada ada's own")).toBe(own);
    expect(await given("eve", "ada's own", "ada")).toBe(own);
    expect(await given("bob", "bob has two words")).not.toBe(own);
    expect(await given("bob", "bob has two words")).toStartWith("operator ");
    expect(await given("eve", "bob bob has two words")).toBe(await given("bob", "bob has two words"));
  });

  test("an operator's password is no other member's", async () => {
    for (const [member, password, name] of [
      ["eve", "ada's own"],
      ["ada", "for all "],
      ["ada", "ada"],
      ["ada", "ada "],
      ["eve", "bob ada's own"],
      ["ada", "bob has two words"],
      ["ada", "for all", "ada"],
      ["ada", ada.hash],
    ] as const) {
      expect([member, password, await given(member, password, name)]).toEqual([member, password, undefined]);
    }
  });

  test("the one password of all makes any member an operator", async () => {
    const credential = await given("eve", "for all");
    expect(credential).toStartWith("password ");
    expect(credential).not.toContain("for all");
    expect(new Operators("for all").holds(credential ?? "")).toBe(true);
  });

  test("a credential holds until its password is changed or gone", async () => {
    const changing = new Operators("for all", [ada, bob]);
    const [all, own] = [await given("eve", "for all"), await given("ada", "ada's own")];
    const hold = () => [all, own].map((credential) => changing.holds(credential ?? ""));
    expect(hold()).toEqual([true, true]);
    changing.set("another", [ada]);
    expect(hold()).toEqual([false, true]);
    changing.set("for all", [{ ...ada, hash: hashOf("ada's own") }]);
    expect(hold()).toEqual([true, false]);
    changing.set(undefined, []);
    expect([...hold(), changing.any, changing.holds("yes")]).toEqual([false, false, false, false]);
  });
});

describe("the file of operators", () => {
  const folder = temporaryFolder();
  afterAll(() => folder[Symbol.dispose]());
  const path = join(folder.path, "operators");
  const read = (text: string) => {
    writeFileSync(path, text);
    return readOperators(path);
  };

  test("a line is a name and a hash; others count for nothing", () => {
    expect(read(`# who\r\n\n  Ada\t${ada.hash}  \nbob ${bob.hash}`)).toEqual([ada, bob]);
    expect(read("")).toEqual([]);
    const carl = { name: "carl", hash: Bun.password.hashSync("x", { algorithm: "bcrypt", cost: 4 }) };
    expect(read(`\uFEFFcarl ${carl.hash}\r\n`)).toEqual([carl]);
  });

  test.each([
    ["ada", "line 1"],
    ["\nada plain", "line 2"],
    [`a/b ${ada.hash}`, "line 1"],
    [`ada ${ada.hash} more`, "line 1"],
    [`\nada ${ada.hash.slice(0, -30)}`, "line 2"],
    ["ada $2b$10$cutshort", "line 1"],
    [`ada ${ada.hash}\nADA ${bob.hash}`, "line 2"],
    [`server ${ada.hash}`, "line 1"],
  ])("the line %j is refused, and named", (text, line) => {
    expect(() => read(text)).toThrow(line);
  });

  test("a file that is not there is named", () => {
    expect(() => readOperators(`${path}-2`)).toThrow(`Cannot read the operators in ${path}-2`);
  });
});

describe("an operator in the room", () => {
  inFakeRoom();

  test("an operator is made, marked, and taken back by another one", async () => {
    const kept = { operators: new Operators("for all"), rate: unlimited };
    const [eve, mia] = [await joined("eve", kept), await joined("mia", kept)];
    for (const member of [eve, mia]) member.send({ type: "op", password: "for all" });
    await turn();
    eve.send({ type: "who", id: "1" });
    jest.advanceTimersByTime(100);
    await turn();
    expect(eve.events.findLast(({ type }) => type === "members")).toMatchObject({
      members: [
        { name: "eve", operator: true },
        { name: "mia", operator: true },
      ],
    });
    const shown = mia.events.length;
    eve.send({ type: "op", password: "for all" });
    await turn();
    expect(eve.events.at(-1)).toEqual({ type: "note", text: "You are an operator already" });
    expect(mia.events).toHaveLength(shown);
    eve.send({ type: "deop", name: "mia" });
    await turn();
    expect(mia.events.at(-1)).toMatchObject({ type: "deopped", name: "mia", by: "eve" });
    mia.send({ type: "kick", name: "eve" });
    eve.send({ type: "deop" });
    await turn();
    expect(mia.codes).toEqual(["not-operator"]);
    expect(mia.events.at(-1)).toMatchObject({ type: "deopped", name: "eve", by: "eve" });
    expect(order({ type: "deop", name: "eve" })).toMatchObject({ code: "no-such-member" });
  });
});

test("what a password gave ends at the next start, once it is changed", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "history.sqlite");
  const events: Recorded[] = [];
  const open = (operators: Operators) => {
    const journal = SqliteJournal.open({ path, keepEvents: 1000 });
    const room = new Room(journal, {
      seatMs: 30_000,
      holds: (credential) => operators.holds(credential),
      onEvent: (event) => events.push(event),
      onEmpty: () => {},
      onJournalTrouble: () => {},
      metrics,
    });
    return { room, journal };
  };
  const before = new Operators("leaked", [ada]);
  const first = open(before);
  const unheard = { answer: () => {}, whisper: () => {}, pump: () => {}, dismiss: () => {} };
  const take = (name: string) =>
    new Promise<void>((resolve, reject) => {
      const occupant = { ...unheard, address: "192.0.2.1", leaving: false };
      const appoint = async (seat: Parameters<Room["members"]["enforcement"]["appoint"]>[0]) => {
        const password = name === "ada" ? "ada's own" : "leaked";
        const credential = (await before.match({ type: "op", password }, name, origin())) ?? "";
        first.room.members.enforcement.appoint(seat, credential, {
          happened: () => resolve(),
          failed: reject,
        });
      };
      const waiter = {
        happened: (taken: { seat: Parameters<typeof appoint>[0] }) => void appoint(taken.seat),
      };
      first.room.members.arrivals.take(occupant, { type: "join", name }, true, { ...waiter, failed: reject });
    });
  await take("eve");
  await take("ada");
  await take("mia");
  // A second password is the one that counts, and no other member is told of it.
  const credential = await before.match({ type: "op", name: "ada", password: "ada's own" }, "mia", origin());
  const mia = first.room.members.find("mia");
  const told = events.filter(({ type }) => type === "opped").length;
  if (mia) first.room.members.enforcement.appoint(mia, credential ?? "", { happened() {}, failed() {} });
  await first.room.afterTurn();
  expect(events.filter(({ type }) => type === "opped")).toHaveLength(told);
  const operators = ({ room }: typeof first) =>
    room.members
      .roster()
      .members.filter(({ operator }) => operator)
      .map(({ name }) => name)
      .sort();
  expect(operators(first)).toEqual(["ada", "eve", "mia"]);
  first.room.members.end({ type: "bye", code: "shutdown", text: "" });
  await first.journal.close();
  const second = open(new Operators("changed", [ada]));
  await second.room.afterTurn();
  expect(operators(second)).toEqual(["ada", "mia"]);
  expect(events.at(-1)).toMatchObject({ type: "deopped", name: "eve", by: "server" });
  second.room.members.end({ type: "bye", code: "shutdown", text: "" });
  await second.journal.close();
});
