// Names that belong to a key: who gets them, and who takes a seat with one.

import { describe, expect, setDefaultTimeout, setSystemTime, test } from "bun:test";
import { Origin } from "../../../../lib/server/limits/origin.ts";
import { testMs } from "../../../support/transcript.ts";
import { inFakeRoom, order, room } from "./fake-room.ts";
import { FakeSocket, pass, reports, turn, unlimited } from "./fake-socket.ts";
import { join, key, leave, other, welcomeOf, whispers } from "./keyed.ts";

setDefaultTimeout(testMs);

inFakeRoom();

describe("a name that was taken with a key", () => {
  test("a name is kept for its key when its member has left", async () => {
    await leave(await join({ name: "ada", key }));
    const strangers = [await join({ name: "ada" }), await join({ name: "ADA" }), await join({ name: "аԁа" })];
    expect(strangers.map(({ codes }) => codes)).toEqual([["name-owned"], ["name-owned"], ["name-owned"]]);
    const ada = await join({ name: "Ada", key });
    expect(welcomeOf(ada).name).toBe("Ada");
    expect(ada.events.find(({ type }) => type === "joined")).toMatchObject({ name: "Ada", owned: true });
    expect(room.members.roster().members).toEqual([{ name: "Ada", owned: true }]);
  });

  test("the key of a name in use takes its seat at once", async () => {
    const first = await join({ name: "ada", key });
    const second = await join({ name: "ADA", key });
    expect(first.events.at(-1)).toMatchObject({ type: "bye", code: "taken-over" });
    expect(welcomeOf(second).name).toBe("ada");
    expect(room.members.size).toBe(1);
    second.session.closed();
    const back = await join({ name: "x", token: welcomeOf(second).token });
    expect(welcomeOf(back).name).toBe("ada");
    expect((await join({ name: "y", token: welcomeOf(first).token })).codes).toEqual([]);
    expect(room.members.size).toBe(2);
  });

  test("two connections with one key in one turn end on one seat", async () => {
    const sockets = [1, 2, 3].map(() => new FakeSocket(room, { rate: unlimited }));
    for (const socket of sockets) socket.send({ type: "join", name: "ada", key });
    for (let i = 0; i < 5; i++) await turn();
    expect(room.members.size).toBe(1);
    const here = sockets.filter(({ types }) => types.includes("welcome") && !types.includes("bye"));
    expect(here).toHaveLength(1);
    here[0]?.send({ type: "say", text: "hi" });
    await turn();
    expect(here[0]?.types).toContain("said");
  });

  test.each(["before", "after"])("a seat is taken %s its member takes another name", async (when) => {
    const first = await join({ name: "ada", key });
    const second = new FakeSocket(room, { rate: unlimited });
    const acts = [
      () => first.send({ type: "rename", name: "bea" }),
      () => second.send({ type: "join", name: "ada", key }),
    ];
    for (const act of when === "before" ? acts.reverse() : acts) act();
    for (let i = 0; i < 5; i++) await turn();
    expect(second.types[0]).toBe("welcome");
    // Who takes the seat takes it with the name that was asked for; or the first one goes on as bea.
    expect(first.types.includes("bye")).toBe(when === "before");
    const here = room.members.roster().members.map(({ name }) => name);
    expect(here).toEqual(when === "before" ? ["bea"] : ["bea", "ada"]);
    second.send({ type: "say", text: "hi" });
    await turn();
    expect(second.types).toContain("said");
  });

  test("a name in use without a key stays with its member", async () => {
    const ada = await join({ name: "ada" });
    expect((await join({ name: "ada", key })).codes).toEqual(["name-taken"]);
    await leave(ada);
    expect((await join({ name: "ada", key })).codes).toEqual([]);
  });

  test("a name is anyone's once it was unused for long enough", async () => {
    setSystemTime(new Date("2026-01-01T12:00:00Z"));
    const ada = await join({ name: "ada", key });
    setSystemTime(new Date("2026-06-01T12:00:00Z"));
    expect((await join({ name: "ada" })).codes).toEqual(["name-owned"]);
    await leave(ada);
    setSystemTime(new Date("2026-08-30T11:00:00Z"));
    expect((await join({ name: "ada" })).codes).toEqual(["name-owned"]);
    setSystemTime(new Date("2026-08-30T13:00:00Z"));
    const bob = await join({ name: "bob" });
    bob.send({ type: "tell", to: "ada", text: "too late" });
    await turn();
    expect(bob.codes).toEqual(["no-such-member"]);
    expect((await join({ name: "ada" })).codes).toEqual([]);
    setSystemTime();
  });

  test("a wrong key counts as a guess, and is in no report", async () => {
    await leave(await join({ name: "ada", key }));
    const origin = new Origin("192.0.2.9", unlimited);
    const eve = await join({ name: "ada", key: other }, {}, origin);
    expect(eve.events).toEqual([]);
    await pass(250);
    expect(eve.codes).toEqual(["name-owned"]);
    for (let i = 0; i < 4; i++) await join({ name: "ada", key: `${other}${i}` }, {}, origin);
    expect((await join({ name: "ada", key: other }, {}, origin)).codes).toEqual(["slow-down"]);
    expect(reports).toContain("192.0.2.9 gave a wrong key for a name");
    expect(reports.join()).not.toContain(other);
    // The right one is answered at once.
    expect(welcomeOf(await join({ name: "ada", key }, {}, origin)).name).toBe("ada");
  });

  test("a ban of the name or of the address holds against its key", async () => {
    const ada = await join({ name: "ada", key });
    order({ type: "ban", name: "ada" });
    await turn();
    expect(ada.events.at(-1)).toMatchObject({ type: "bye", code: "banned" });
    expect((await join({ name: "ada", key })).codes).toEqual(["banned"]);
    expect((await join({ name: "bea", key })).codes).toEqual(["banned"]);
  });

  test("a member who was kicked comes back by its key", async () => {
    await join({ name: "ada", key });
    order({ type: "kick", name: "ada" });
    await turn();
    expect(welcomeOf(await join({ name: "ada", key })).name).toBe("ada");
  });

  test.each([5, "short", "x".repeat(129), "with blanks in it", "tab\tin the key", "kéy-of-twelve", {}, true])(
    "%j is no key",
    async (wrong) => {
      const ada = await join({ name: "ada", key: wrong });
      expect(ada.events).toMatchObject([{ type: "error", code: "bad-field" }]);
      expect(ada.text).not.toContain("blanks in");
    },
  );

  test("a token decides which seat it is, the key which names are kept", async () => {
    const bob = await join({ name: "bob", key: other });
    bob.session.closed();
    await join({ name: "ada", key });
    const back = await join({ name: "ada", key, token: welcomeOf(bob).token });
    expect(welcomeOf(back).name).toBe("bob");
    expect(room.members.size).toBe(2);
  });
});

test("a person whose connection broke has the name in the same turn", async () => {
  const first = new FakeSocket(room, { rate: unlimited });
  first.send(`ada ${key}`);
  await turn();
  const second = new FakeSocket(room, { rate: unlimited });
  first.session.closed();
  second.send(`ada ${key}`);
  for (let i = 0; i < 3; i++) await turn();
  expect(second.text).toContain("You are connected as ada.");
  second.send("hi");
  await turn();
  expect(second.text).toEndWith("ada: hi\n");
});

describe("/free", () => {
  test("a name that is set free is anyone's, and its member keeps the seat", async () => {
    const ada = await join({ name: "ada", key });
    order({ type: "free", name: "ADA" });
    await turn();
    expect(ada.events.at(-1)).toMatchObject({ type: "freed", name: "ada", by: "server" });
    expect(room.members.roster().members).toEqual([{ name: "ada" }]);
    expect((await join({ name: "ada", key: other })).codes).toEqual(["name-taken"]);
    await leave(ada);
    expect(welcomeOf(await join({ name: "ada", key: other })).name).toBe("ada");
    expect((await join({ name: "ada", key })).events).toEqual([]);
  });
});

describe("another name", () => {
  test("a name taken with /nick is kept, and so is the one before", async () => {
    const ada = await join({ name: "ada", key });
    ada.send({ type: "rename", name: "bea" });
    await turn();
    expect(ada.events.at(-1)).toMatchObject({ type: "renamed", to: "bea", owned: true });
    await leave(ada);
    for (const name of ["ada", "bea"]) expect((await join({ name })).codes).toEqual(["name-owned"]);
    // Both at once, each in a seat of its own.
    for (const name of ["ada", "bea"]) expect(welcomeOf(await join({ name, key })).name).toBe(name);
    expect(room.members.size).toBe(2);
  });

  test("a member gets no name of another key, and its key is a guess", async () => {
    await leave(await join({ name: "ada", key }));
    const eve = await join({ name: "eve", key: other });
    eve.send({ type: "rename", name: "ada" });
    await pass(300);
    const bob = await join({ name: "bob" });
    bob.send({ type: "rename", name: "aDa" });
    await turn();
    expect([eve.codes, bob.codes]).toEqual([["name-owned"], ["name-owned"]]);
    expect(reports).toEqual(["192.0.2.1 gave a wrong key for a name"]);
  });

  test("what waits for a name is there at the next join under it", async () => {
    await leave(await join({ name: "bea", key }));
    const bob = await join({ name: "bob" });
    bob.send({ type: "tell", to: "bea", text: "waits" });
    await turn();
    const ada = await join({ name: "ada", key });
    ada.send({ type: "rename", name: "bea" });
    await turn();
    await leave(ada);
    expect(whispers(await join({ name: "bea", key }))).toEqual(["waits"]);
  });
});

describe("what squatters can do", () => {
  test("a key that owns too many names gives up its oldest, and no other key's", async () => {
    await leave(await join({ name: "eve", key: other }));
    for (let i = 0; i < 51; i++) await leave(await join({ name: `n${i}`, key }));
    const owned = ["eve", "n0", "n1", "n50"].map((name) => room.members.ownerOf(name) !== undefined);
    expect(owned).toEqual([true, false, true, true]);
  });

  test("a member is told if its name is not kept, and is here all the same", async () => {
    const origin = new Origin("192.0.2.9", { burst: 10, perSecond: 10 });
    for (let i = 0; i < 100; i++)
      await leave(await join({ name: `n${i}`, key: `key-of-many-${i}` }, {}, origin));
    const ada = await join({ name: "ada", key }, {}, origin);
    expect(ada.types).toEqual(["welcome", "history", "joined", "error"]);
    expect(ada.codes).toEqual(["name-not-kept"]);
    expect(room.members.ownerOf("ada")).toBeUndefined();
    expect(welcomeOf(await join({ name: "n7", key: "key-of-many-7" }, {}, origin)).name).toBe("n7");
  });
});

describe("a person on nc", () => {
  test("a person gives the key behind the name, and is asked for it", async () => {
    const ada = new FakeSocket(room);
    ada.send(`ada ${key}`);
    await turn();
    expect(ada.text).toContain("You are connected as ada.");
    ada.send("/quit");
    await turn();
    const again = new FakeSocket(room, { rate: unlimited });
    again.send("ada");
    await turn();
    expect(again.text).toBe('! "ada" belongs to a key: what is it? Or take another name.\n');
    again.send(other);
    await pass(250);
    expect(again.text).toEndWith('! "ada" belongs to another key: take another name.\n');
    again.send(key);
    await turn();
    expect(again.text).toContain("You are connected as ada.");
    again.send("/who");
    await turn();
    expect(again.text).toEndWith("Here: ada*.\n");
    expect(again.text).not.toContain(key);
  });

  test("a person who is asked for a key may take another name", async () => {
    await leave(await join({ name: "ada", key }));
    const socket = new FakeSocket(room);
    socket.send("ada", "bea");
    await turn();
    expect(socket.text).toContain("You are connected as bea.");
  });

  test.each(["Anna Maria", "Anna Maria Lutz", "Anna", "  Anna  "])(
    "%j is a name, not a key",
    async (line) => {
      const socket = new FakeSocket(room);
      socket.send(line);
      await turn();
      expect(room.members.ownerOf("Anna")).toBeUndefined();
      expect(socket.text.startsWith("You are")).toBe(line.trim() === "Anna");
    },
  );

  test("the password and the key are asked for one after the other", async () => {
    const guarded = { password: "sesame", rate: unlimited };
    await leave(await join({ name: "ada", key, password: "sesame" }, guarded));
    const socket = new FakeSocket(room, guarded);
    socket.send("ada");
    await turn();
    expect(socket.text).toBe("! This room has a password: what is it?\n");
    socket.send("sesame");
    await turn();
    expect(socket.text).toContain('! "ada" belongs to a key');
    socket.send(key);
    await turn();
    expect(socket.text).toContain("You are connected as ada.");
  });
});

describe("a room with a password", () => {
  const guarded = { password: "sesame" };

  test("a key stands for the password while its seat is in use, and no longer", async () => {
    const ada = await join({ name: "ada", key, password: "sesame" }, guarded);
    const again = await join({ name: "ada", key }, guarded);
    expect(welcomeOf(again).name).toBe("ada");
    expect(ada.types).toContain("bye");
    await leave(again);
    expect((await join({ name: "ada", key }, guarded)).codes).toEqual(["wrong-password"]);
    expect((await join({ name: "ada" }, guarded)).codes).toEqual(["wrong-password"]);
  });

  test("a key is no password for a seat that is given up in the same turn", async () => {
    const ada = await join({ name: "ada", key, password: "sesame" }, guarded);
    ada.send({ type: "quit" });
    const again = await join({ name: "ada", key }, guarded);
    await turn();
    expect(again.types).not.toContain("welcome");
    expect(again.codes).not.toEqual([]);
  });
});
