// The journal in PostgreSQL by itself, against a real one: that it is what journal.ts promises, whatever becomes of
// PostgreSQL and of the connections to it.

import { expect, setDefaultTimeout, test } from "bun:test";
import { postgresql } from "../../../../support/parts.ts";
import { PostgresServer } from "../../../../support/postgres.ts";
import { FlakyProxy } from "../../../../support/proxy.ts";
import { patienceMs } from "../../../../support/transcript.ts";
import { type Kind, testContract } from "../contract.ts";
import { testDeletionContract } from "../contract-delete.ts";
import { testAgainstModel } from "../contract-model.ts";
import { testSearchContract } from "../contract-search.ts";
import { testSharedContract } from "../contract-shared.ts";
import { fact, type Listened, many, read, said, textsOf, upTo } from "../listened.ts";
import { newRoom, postgres, usePostgres } from "./opened.ts";

setDefaultTimeout(2 * patienceMs);

usePostgres();

const kind: Kind = {
  place() {
    const { open } = newRoom();
    return {
      open: async (keepEvents) => (await open({ keepEvents })).journal,
      [Symbol.asyncDispose]: async () => {},
    };
  },
  lasts: true,
};

postgresql.concurrent("a journal in PostgreSQL", () => {
  testContract(kind);
  testSearchContract(kind);
  testDeletionContract(kind);
  testSharedContract(kind);
  testAgainstModel(kind, 40);

  test("rooms of any name are kept apart", async () => {
    const { open, name } = newRoom();
    const names = [`{} "ünï" ${name}\n*`, name, `room ${name}'`, "x".repeat(200)];
    for (const room of names) {
      await using one = await open({ room });
      await one.append(said(room));
      expect(one.seqs).toEqual([1]);
    }
    for (const room of names) {
      await using one = await open({ room });
      expect(textsOf((await read(one.journal, 0, 1)).events)).toEqual([room]);
    }
  });

  test("what is not kept is deleted once all servers have read it", async () => {
    const { open, name } = newRoom();
    await using room = await open({ keepEvents: 50, heartbeatMs: 50 });
    await room.append(...many(3_000));
    const kept = async () => {
      const [row] = await postgres.query<{ count: string }>(
        "SELECT count(*) FROM chat.events WHERE room = $1",
        [name],
      );
      return Number(row?.count);
    };
    await room.until(async () => (await kept()) <= 50);
    expect(await kept()).toBe(50);
  });

  test("events that are too old are deleted, however few there are", async () => {
    const { open, name } = newRoom();
    const hourMs = 3_600_000;
    await using room = await open({ keepMs: 24 * hourMs, heartbeatMs: 50 });
    await room.append({ ...said("old"), at: Date.now() - 25 * hourMs }, said("new"));
    const texts = async () => {
      const rows = await postgres.query<{ text: string }>(
        "SELECT event->>'text' AS text FROM chat.events WHERE room = $1",
        [name],
      );
      return rows.map(({ text }) => text);
    };
    await room.until(async () => (await texts()).length === 1);
    expect(await texts()).toEqual(["new"]);
  });

  test("facts leave events that all servers have read, after an hour", async () => {
    const { open, name } = newRoom();
    await using room = await open({ heartbeatMs: 50 });
    await using other = await open({ heartbeatMs: 50 });
    await room.append(fact({ "seat 1": "203.0.113.77" }), said("x"));
    await other.reaches(2);
    await postgres.query("UPDATE chat.events SET at = at - interval '2 hours' WHERE room = $1", [name]);
    await room.until(async () => {
      const [row] = await postgres.query<{ count: string }>(
        "SELECT count(*) FROM chat.events WHERE room = $1 AND facts IS NOT NULL",
        [name],
      );
      return Number(row?.count) === 0;
    });
    // They hold all the same, at both servers and at one that comes now.
    await other.append(fact({ "seat 1": null }, { "seat 1": "203.0.113.77" }));
    await room.reaches(3);
    expect([...room.told.items, ...other.told.items].map(([what]) => what)).not.toContain("began again");
    await using third = await open();
    expect([...third.journal.facts()]).toEqual([]);
    expect(textsOf((await read(third.journal, 0, 3)).events)).toEqual(["a fact", "x", "a fact"]);
  });
});

postgresql.concurrent("a lost reply", () => {
  test("a lost answer is asked for again, and nothing is done twice", async () => {
    const { open } = newRoom();
    await using proxy = await FlakyProxy.start(postgres.port);
    await using room = await open({ url: postgres.url(proxy.port) });
    await using other = await open();
    let seq = 0;
    for (let turn = 0; turn < 12; turn++) {
      void proxy.dropNextAnswerTo(`turn ${turn}.`);
      await room.append(
        said(`turn ${turn}.`),
        said(`${turn} with an id`, "ada", `${turn}`),
        fact({ [`n${turn}`]: "1" }, { [`n${turn}`]: null }),
      );
      // They are read back before the answer comes; this one has to wait for it.
      await room.insist(() => said("next"));
      seq += 4;
    }
    expect(proxy.dropped).toBe(12);
    expect(room.troubles).toEqual([]);
    await other.reaches(seq);
    expect(room.seqs).toEqual(upTo(seq));
    expect(other.happened).toEqual(room.happened);
    expect(room.fates.filter((fate) => (fate as string[])[0] !== "happened")).toEqual([]);
  });
});

postgresql.concurrent("a server that was away", () => {
  test("a server that was away reads on, and had refused what it was told", async () => {
    const { open } = newRoom();
    await using proxy = await FlakyProxy.start(postgres.port);
    await using room = await open({ url: postgres.url(proxy.port) });
    await using other = await open();
    await room.append(said("before"));
    proxy.goAway();
    await room.hears("troubled");
    await room.append(said("meanwhile", "ada", "1"));
    expect(room.fates.at(-1)).toEqual(["refused"]);
    await other.append(...many(3_000));
    expect(room.journal.last).toBe(1);
    proxy.comeBack();
    await room.reaches(3_001);
    await room.insist(() => said("meanwhile", "ada", "1"));
    expect(room.seqs).toEqual(upTo(3_002));
    expect(room.troubles).toEqual(["PostgreSQL cannot be reached", undefined]);
  });

  test("a server that was away for too long begins again, without holes", async () => {
    const { open, name } = newRoom();
    await using proxy = await FlakyProxy.start(postgres.port);
    const quick = { keepEvents: 5, heartbeatMs: 50, leaseMs: 400 };
    await using room = await open({ ...quick, url: postgres.url(proxy.port) });
    await using other = await open(quick);
    await room.append(fact({ topic: "tea" }));
    await other.until(() => other.journal.isAlive(room.journal.server));
    proxy.goAway();
    await other.until(() => !other.journal.isAlive(room.journal.server));
    await other.append(fact({ topic: "milk" }), ...many(2_000));
    await other.until(() => other.journal.first > 1_000);
    const gone = async () => {
      const [row] = await postgres.query<{ min: string }>(
        "SELECT min(seq) FROM chat.events WHERE room = $1",
        [name],
      );
      return Number(row?.min) > 1_000;
    };
    while (!(await gone())) await Bun.sleep(20);
    proxy.comeBack();
    await room.hears("began again");
    expect(room.told.items).toContainEqual([
      "noted",
      expect.stringMatching(/^This server was away too long/),
    ]);
    expect(room.seqs).toEqual([1]);
    expect([room.journal.last, ...room.journal.facts()]).toEqual([2_002, ["topic", "milk"]]);
    await room.isWell();
    await room.insist(() => said("on"));
    expect(room.seqs).toEqual([1, 2_003]);
  });
});

postgresql.describe("the servers of a room", () => {
  const quick = { heartbeatMs: 50, leaseMs: 400 };

  test("a server that ends is gone at once, one that dies after its lease", async () => {
    const { open } = newRoom();
    await using proxy = await FlakyProxy.start(postgres.port);
    await using one = await open(quick);
    const two = await open(quick);
    await using three = await open({ ...quick, url: postgres.url(proxy.port) });
    const isAlive = (room: Listened) => one.journal.isAlive(room.journal.server);
    await one.until(() => isAlive(two) && isAlive(three));
    expect(one.journal.isAlive(one.journal.server)).toBe(true);
    expect(one.journal.isAlive("nobody")).toBe(false);

    expect(one.journal.readBy("nobody")).toBeUndefined();
    await two.append(said("hello"));
    await one.until(() => one.journal.readBy(two.journal.server) === 1);
    const counts = one.counts;
    await two[Symbol.asyncDispose]();
    await one.until(() => !isAlive(two));
    expect(one.journal.readBy(two.journal.server)).toBe(1);
    expect(one.counts - counts).toBeLessThanOrEqual(3);
    expect(isAlive(three)).toBe(true);

    proxy.goAway();
    const away = Date.now();
    await one.until(() => !isAlive(three));
    expect(Date.now() - away).toBeGreaterThan(quick.leaseMs - 2 * quick.heartbeatMs);
    // It thinks no worse of the others for it.
    expect(three.journal.isAlive(one.journal.server)).toBe(true);
    proxy.comeBack();
    await one.until(() => isAlive(three));
  });

  test("a server that takes a seat is alive before it has said so", async () => {
    const { open } = newRoom();
    await using one = await open({ heartbeatMs: 3_600_000 });
    await using two = await open({ heartbeatMs: 3_600_000 });
    expect(one.journal.isAlive(two.journal.server)).toBe(false);
    await two.append(fact({ "at 1": two.journal.server }));
    await one.reaches(1);
    expect(one.journal.isAlive(two.journal.server)).toBe(true);
  });

  test("no server is taken for dead because PostgreSQL was away", async () => {
    const { open } = newRoom();
    await using postgres = await PostgresServer.start();
    const options = { url: postgres.url(), heartbeatMs: 50, leaseMs: 500 };
    await using one = await open(options);
    await using two = await open(options);
    await one.until(() => one.journal.isAlive(two.journal.server));
    let deaths = 0;
    one.onCount = () => {
      if (!one.journal.isAlive(two.journal.server)) deaths++;
    };
    await postgres.kill();
    await one.hears("troubled");
    // It is about time that passes.
    await Bun.sleep(2 * options.leaseMs);
    await postgres.restart();
    await one.isWell();
    const { counts } = one;
    await one.until(() => one.counts > counts + 30);
    expect(deaths).toBe(0);
  });
});

// By itself, since it cuts the connections of all.
postgresql.describe("connections that are cut", () => {
  test("connections that are cut all the time lose and double nothing", async () => {
    const { open } = newRoom();
    await using one = await open();
    await using two = await open();
    const lines: string[] = [];
    for (let turn = 0; turn < 30; turn++) {
      const line = (i: number) => `${i}-${turn}`;
      lines.push(line(1), line(2));
      await Promise.all([
        one.insist(() => said(line(1), "ada", line(1))),
        two.insist(() => said(line(2), "ada", line(2))),
        postgres.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'chatroom'",
        ),
      ]);
    }
    await one.journal.sync();
    await two.journal.sync();
    expect(one.texts.toSorted()).toEqual(lines.toSorted());
    expect(two.happened).toEqual(one.happened);
  });
});
