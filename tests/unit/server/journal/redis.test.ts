// The journal in Redis by itself, against a real one: that it is what journal.ts promises, whatever becomes of Redis
// and of the connections to it.

import { afterAll, beforeAll, expect, setDefaultTimeout, setSystemTime, test } from "bun:test";
import { RedisJournal, type RedisOptions } from "../../../../lib/server/journal/redis.ts";
import * as scripts from "../../../../lib/server/journal/redis-scripts.ts";
import { redisServer } from "../../../support/parts.ts";
import { FlakyProxy } from "../../../support/proxy.ts";
import { RedisServer } from "../../../support/redis.ts";
import { Transcript, testMs } from "../../../support/transcript.ts";
import { type Kind, testContract } from "./contract.ts";
import { testAgainstModel } from "./contract-model.ts";
import { testSearchContract } from "./contract-search.ts";
import { testSharedContract } from "./contract-shared.ts";
import { fact, Listened, many, read, said, type Told, textsOf, upTo } from "./listened.ts";

setDefaultTimeout(testMs);

let redis: RedisServer;
let rooms = 0;

/** A journal in the room of the test, and all that its listener was told. */
async function open(options: Partial<RedisOptions> = {}): Promise<Listened<RedisJournal>> {
  const told = new Transcript<Told>();
  const journal = await RedisJournal.open({
    url: redis.url,
    room: `room ${rooms}`,
    keepEvents: 1_000_000,
    onLost: (reason) => told.push(["lost", reason]),
    ...options,
  });
  return new Listened(journal, told);
}

beforeAll(async () => {
  if (redisServer.found) redis = await RedisServer.start();
});
afterAll(async () => {
  await redis?.[Symbol.asyncDispose]();
});

const kind: Kind = {
  place() {
    const room = `room ${++rooms} of the contract`;
    return {
      open: async (keepEvents) => (await open({ room, keepEvents })).journal,
      [Symbol.asyncDispose]: async () => {},
    };
  },
  lasts: true,
};

redisServer.describe("a journal in Redis", () => {
  testContract(kind);
  testSearchContract(kind);
  testSharedContract(kind);
  testAgainstModel(kind, 60);

  test("a room of any name is kept apart from others in Redis", async () => {
    rooms++;
    const names = [`{} "ünï" ${rooms}\n*`, `room ${rooms}`, `room ${rooms}:turns`];
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

  test("ids that are forgotten leave no keys behind in Redis", async () => {
    rooms++;
    await using room = await open({ keepEvents: 10 });
    for (let seq = 1; seq <= 100; seq++) await room.append(said("x", "ada", `${seq}`));
    const keys = (await redis.command("KEYS", `chat:{room ${rooms}}:said:*`)) as string[];
    expect(keys.length).toBeLessThanOrEqual(2);
  });
});

redisServer.describe("a lost reply", () => {
  test("a lost reply is asked for again, and its command is done once", async () => {
    rooms++;
    await using proxy = await FlakyProxy.start(redis.port);
    await using room = await open({ url: `redis://localhost:${proxy.port}` });
    await using other = await open();
    let seq = 0;
    for (let turn = 0; turn < 12; turn++) {
      proxy.dropNextAnswerTo("EVAL");
      await room.append(
        said(`${turn}`),
        said(`${turn} with an id`, "ada", `${turn}`),
        fact({ [`n${turn}`]: "1" }, { [`n${turn}`]: null }),
      );
      // The stream brings them before the answer does; this one has to wait for it.
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

  test("a reply is asked for again while Redis cuts every connection", async () => {
    rooms++;
    await using one = await open();
    await using two = await open();
    const lines: string[] = [];
    for (let turn = 0; turn < 60; turn++) {
      const line = (i: number) => `${i}-${turn}`;
      lines.push(line(1), line(2));
      await Promise.all([
        one.insist(() => said(line(1), "ada", line(1))),
        two.insist(() => said(line(2), "ada", line(2))),
        redis.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"),
      ]);
    }
    await one.journal.sync();
    await two.journal.sync();
    expect(one.texts.toSorted()).toEqual(lines.toSorted());
    expect(two.happened).toEqual(one.happened);
  });
});

redisServer.describe("a server that was away", () => {
  test("a server that was away reads on, and gives back what it was asked", async () => {
    rooms++;
    await using proxy = await FlakyProxy.start(redis.port);
    await using room = await open({ url: `redis://localhost:${proxy.port}` });
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
    expect(room.troubles).toEqual(["Redis cannot be reached", undefined]);
  });

  test("a server that was away too long is lost, and has no holes", async () => {
    rooms++;
    await using proxy = await FlakyProxy.start(redis.port);
    await using room = await open({ url: `redis://localhost:${proxy.port}` });
    await using other = await open({ keepEvents: 5 });
    await room.append(said("before"));
    proxy.goAway();
    await other.append(...many(15_000));
    proxy.comeBack();
    expect(await room.hears("lost")).toEqual(["lost", "What happened meanwhile is not kept any more"]);
    expect(room.seqs).toEqual([1]);
  });
});

redisServer.describe("the servers of a room", () => {
  // The lease is long enough for a heartbeat that a busy machine delays.
  const quick = { heartbeatMs: 50, leaseMs: 1_500 };

  test("a server that ends is gone at once, one that dies after its lease", async () => {
    rooms++;
    await using proxy = await FlakyProxy.start(redis.port);
    await using one = await open(quick);
    const two = await open(quick);
    await using three = await open({ ...quick, url: `redis://localhost:${proxy.port}` });
    const isAlive = (room: Listened<RedisJournal>) => one.journal.isAlive(room.journal.server);
    await one.until(() => isAlive(two) && isAlive(three));
    expect(one.journal.isAlive(one.journal.server)).toBe(true);
    expect(one.journal.isAlive("nobody")).toBe(false);

    const counts = one.counts;
    await two[Symbol.asyncDispose]();
    await one.until(() => !isAlive(two));
    expect(one.counts - counts).toBeLessThanOrEqual(3);
    expect(isAlive(three)).toBe(true);

    proxy.goAway();
    const away = performance.now();
    await one.until(() => !isAlive(three));
    expect(performance.now() - away).toBeGreaterThan(quick.leaseMs / 2);
    // It thinks no worse of the others for it.
    expect(three.journal.isAlive(one.journal.server)).toBe(true);
    proxy.comeBack();
    await one.until(() => isAlive(three));
  });

  test.each([
    ["back", -3_600_000],
    ["forward", 3_600_000],
  ])("a server that dies is gone after its lease, with the clock set %s", async (_, stepMs) => {
    rooms++;
    await using proxy = await FlakyProxy.start(redis.port);
    await using one = await open(quick);
    await using two = await open(quick);
    await using three = await open({ ...quick, url: `redis://localhost:${proxy.port}` });
    const isAlive = (room: Listened<RedisJournal>) => one.journal.isAlive(room.journal.server);
    await one.until(() => isAlive(two) && isAlive(three));
    proxy.goAway();
    setSystemTime(Date.now() + stepMs);
    try {
      await one.until(() => !isAlive(three));
      expect(isAlive(two)).toBe(true);
    } finally {
      setSystemTime();
    }
  });

  test("a server that takes a seat is alive before it has said so", async () => {
    rooms++;
    await using one = await open({ heartbeatMs: 3_600_000 });
    await using two = await open({ heartbeatMs: 3_600_000 });
    expect(one.journal.isAlive(two.journal.server)).toBe(false);
    await two.append(fact({ "at 1": two.journal.server }));
    await one.reaches(1);
    expect(one.journal.isAlive(two.journal.server)).toBe(true);
  });

  test("servers are not taken for dead because Redis was away", async () => {
    rooms++;
    await using redis = await RedisServer.start();
    const options = { url: redis.url, heartbeatMs: 50, leaseMs: 1_500 };
    await using one = await open(options);
    await using two = await open(options);
    await one.until(() => one.journal.isAlive(two.journal.server));
    let deaths = 0;
    one.onCount = () => {
      if (!one.journal.isAlive(two.journal.server)) deaths++;
    };
    await redis.kill();
    await one.hears("troubled");
    // It is about time that passes.
    await Bun.sleep(2 * options.leaseMs);
    await redis.restart();
    await one.isWell();
    const { counts } = one;
    await one.until(() => one.counts > counts + 30);
    expect(deaths).toBe(0);
  });
});

redisServer.describe("a Redis of its own", () => {
  test("a Redis killed and started again loses and doubles nothing", async () => {
    rooms++;
    await using redis = await RedisServer.start();
    await using one = await open({ url: redis.url });
    await using two = await open({ url: redis.url });
    for (let round = 0; round < 4; round++) {
      const speaking = [one, two].map(async (room, i) => {
        for (let n = 0; n < 50; n++) {
          const line = `${i}-${round}-${n}`;
          await room.insist(() => said(line, "ada", line));
        }
      });
      await one.reaches(one.journal.last + 20);
      await redis.kill();
      await redis.restart();
      await Promise.all(speaking);
    }
    await one.journal.sync();
    await two.journal.sync();
    expect(one.texts.length).toBe(400);
    expect(new Set(one.texts).size).toBe(400);
    expect(one.seqs).toEqual(upTo(400));
    expect(two.happened).toEqual(one.happened);
    for (const { troubles } of [one, two]) {
      // By turns, and for one reason at a time.
      expect(troubles.every((reason, i) => (reason !== undefined) === (i % 2 === 0))).toBe(true);
      expect(troubles.length).toBeLessThanOrEqual(8);
    }
  });

  test("a Redis that loads its data for long has answered nothing yet", async () => {
    rooms++;
    await using redis = await RedisServer.start();
    await using proxy = await FlakyProxy.start(redis.port);
    await using room = await open({ url: `redis://localhost:${proxy.port}` });
    await room.append(said("before"));
    // Something to load: it answers after each 1,024 commands.
    const fill = "for i = 1, 4000 do redis.call('SET', KEYS[1], i) end";
    await redis.command("EVAL", fill, "1", "something else");
    const dropped = proxy.dropNextAnswerTo("EVAL");
    const unsure = room.append(said("without an id"));
    await dropped;
    await redis.kill();
    const restarted = redis.restart(["--key-load-delay", "300"]);
    const refusal = async (): Promise<void> => {
      const problem = await redis.command("GET", "x").catch(({ message }: Error) => message);
      if (!String(problem).startsWith("LOADING")) await refusal();
    };
    await refusal();
    await room.hears("troubled");
    // Waits for what it cannot read now, and does not give up.
    const synced = room.journal.sync();
    await Promise.all([restarted, unsure, synced]);
    await room.isWell();
    await room.append(said("the end"));
    expect(room.texts).toEqual(["before", "without an id", "the end"]);
    expect(room.fates.flat()).not.toContain("refused");
  });

  test("a frozen Redis has each message once when it goes on", async () => {
    rooms++;
    await using redis = await RedisServer.start();
    await using room = await open({ url: redis.url });
    await room.append(said("before"));
    redis.stop();
    const waits = room.append(said("waits"));
    await room.hears("troubled");
    await room.append(said("goes back"));
    expect(room.fates.at(-1)).toEqual(["refused"]);
    redis.continue();
    await waits;
    await room.isWell();
    await room.insist(() => said("after"));
    expect(room.texts).toEqual(["before", "waits", "after"]);
    expect(room.troubles).toEqual(["Redis does not answer", undefined]);
  });

  test("a Redis out of memory gives messages back, with the reason", async () => {
    rooms++;
    await using redis = await RedisServer.start();
    await using room = await open({ url: redis.url, heartbeatMs: 100 });
    await room.append(said("before"));
    await redis.config("maxmemory", "1");
    await room.append(said("refused", "ada", "1"));
    expect(room.told.items.at(-1)).toMatchObject(["refused", {}, "Redis is out of memory"]);
    // What is there can be read meanwhile, and heartbeats that fail as well do not tell it again.
    expect(textsOf((await read(room.journal, 0, 1)).events)).toEqual(["before"]);
    await redis.config("maxmemory", "0");
    await room.isWell();
    await room.append(said("taken", "ada", "1"));
    expect(room.texts).toEqual(["before", "taken"]);
    expect(room.troubles).toEqual(["Redis is out of memory", undefined]);
  });

  test("a Redis that hears a command late and again does it once", async () => {
    rooms++;
    await using redis = await RedisServer.start();
    await using room = await open({ url: redis.url });
    await room.append(said("1"));
    await room.append(said("2"));
    const prefix = `chat:{room ${rooms}}:`;
    const keys = ["turns", "facts", "meta", "said:"].map((key) => prefix + key);
    const { server, epoch } = room.journal;
    // As the kernel may send it, long after its connection was given up for another one.
    const late = [server, "1", "1000", epoch, "0", "-", JSON.stringify(said("1")), "", "", ""];
    await redis.command("EVAL", scripts.append, `${keys.length}`, ...keys, ...late);
    await room.append(said("3"));
    expect(room.texts).toEqual(["1", "2", "3"]);
  });

  test("a Redis with a foreign key of ours is told once, until it is gone", async () => {
    rooms++;
    await using redis = await RedisServer.start();
    await using room = await open({ url: redis.url, heartbeatMs: 50 });
    await redis.command("SET", `chat:{room ${rooms}}:turns`, "x");
    await room.append(said("1", "ada", "1"));
    await room.append(said("1", "ada", "1"));
    await redis.command("DEL", `chat:{room ${rooms}}:turns`);
    await room.insist(() => said("1", "ada", "1"));
    expect(room.texts).toEqual(["1"]);
    expect(room.troubles).toHaveLength(2);
  });

  test("a Redis with another past than before ends the room", async () => {
    rooms++;
    await using redis = await RedisServer.start();
    await using one = await open({ url: redis.url, heartbeatMs: 3_600_000 });
    const [meta, turns] = [`chat:{room ${rooms}}:meta`, `chat:{room ${rooms}}:turns`];
    const state = async () => (await redis.command("HMGET", meta, "seq", "tail")) as [string, string];
    await one.append(said("1"));
    await one.append(said("2"));
    const [seq, tail] = await state();
    await one.append(said("3"));
    // A replica that had not got the last event takes over, and a server that starts now writes on.
    await redis.command("XDEL", turns, "3-0");
    await redis.command("XSETID", turns, "2-0");
    await redis.command("HSET", meta, "seq", seq, "tail", tail);
    await using two = await open({ url: redis.url });
    await two.append(said("another 3"));
    await two.append(said("4"));
    expect((await one.hears("lost"))[1]).toContain("has lost what members have seen");
    expect(one.texts).toEqual(["1", "2", "3"]);
    expect(two.texts).toEqual(["another 3", "4"]);
  });

  test("a Redis that was emptied or set back is lost for every server", async () => {
    rooms++;
    await using redis = await RedisServer.start();
    const options = { url: redis.url, heartbeatMs: 100 };
    await using one = await open(options);
    await one.append(...many(5));
    await redis.command("FLUSHALL");
    expect((await one.hears("lost"))[1]).toContain("was emptied");

    // Somebody else has begun it anew and is further already: only the epoch tells.
    await using two = await open({ ...options, heartbeatMs: 3_600_000 });
    await two.append(said("x"));
    await redis.command("FLUSHALL");
    await using three = await open(options);
    await three.append(...many(10));
    two.journal.append([said("into another room")]);
    expect((await two.hears("lost"))[1]).toContain("was emptied");
    await three.journal.sync();
    expect(three.texts).not.toContain("into another room");

    await redis.command("HSET", `chat:{room ${rooms}}:meta`, "seq", "3");
    await three.hears("lost");
  });
});

redisServer.describe("a Redis that cannot be used", () => {
  const failure = async (url: string) => {
    const options = { url, room: "x", keepEvents: 1, onLost: () => {} };
    return RedisJournal.open(options).then(
      () => "it could be used",
      (error: Error) => error.message,
    );
  };

  test("a Redis that cannot be used is told in a sentence without password", async () => {
    await using redis = await RedisServer.start(["--requirepass", "geheim"]);
    const host = `localhost:${redis.port}`;
    const cannot = `Cannot keep the room in Redis at ${host}`;
    expect(await failure(`redis://${host}`)).toBe(`${cannot}, it needs a password: --redis names another`);
    expect(await failure(`redis://:falsch@${host}`)).toBe(
      `${cannot}, it has another password: --redis names another`,
    );
    expect(await failure(`redis://:geheim@${host}`)).toBe("it could be used");
    await redis.kill();
    expect(await failure(`redis://:geheim@${host}`)).toBe(
      `${cannot}, it cannot be reached: --redis names another`,
    );
    expect(await failure("nonsense")).toBe("--redis takes a URL such as redis://localhost:6379");
    expect(await failure("http://localhost:1")).toBe("--redis takes a URL such as redis://localhost:6379");
  });
});
