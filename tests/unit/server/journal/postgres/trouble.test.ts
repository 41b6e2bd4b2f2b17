// The journal in PostgreSQL by itself, against a real one: that it is what journal.ts promises, whatever becomes of
// PostgreSQL and of the connections to it.

import { expect, setDefaultTimeout, test } from "bun:test";
import { rowOf } from "../../../../../lib/server/journal/postgres/events.ts";
import { postgresql } from "../../../../support/parts.ts";
import { PostgresServer } from "../../../../support/postgres.ts";
import { patienceMs } from "../../../../support/transcript.ts";
import { fact, many, read, said, textsOf, upTo } from "../listened.ts";
import { newRoom, postgres, usePostgres } from "./opened.ts";

setDefaultTimeout(2 * patienceMs);

usePostgres();

postgresql.concurrent("a PostgreSQL of its own", () => {
  test("a killed PostgreSQL loses and doubles nothing, and is told once", async () => {
    const { open } = newRoom();
    await using postgres = await PostgresServer.start();
    await using one = await open({ url: postgres.url() });
    await using two = await open({ url: postgres.url() });
    for (let round = 0; round < 4; round++) {
      const speaking = [one, two].map(async (room, i) => {
        for (let n = 0; n < 50; n++) {
          const line = `${i}-${round}-${n}`;
          await room.insist(() => said(line, "ada", line));
        }
      });
      await one.reaches(one.journal.last + 20);
      await postgres.kill();
      await postgres.restart();
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

  test("entries for a frozen PostgreSQL wait or go back, and happen once", async () => {
    const { open } = newRoom();
    await using postgres = await PostgresServer.start();
    await using room = await open({ url: postgres.url() });
    await room.append(said("before"));
    postgres.freeze();
    const waits = room.append(said("waits"));
    await room.hears("troubled");
    await room.append(said("goes back"));
    expect(room.fates.at(-1)).toEqual(["refused"]);
    postgres.continue();
    await waits;
    await room.isWell();
    await room.insist(() => said("after"));
    expect(room.texts).toEqual(["before", "waits", "after"]);
    expect(room.troubles).toEqual(["PostgreSQL does not answer", undefined]);
  });

  test("a server that cannot read what is written says so, and goes on", async () => {
    const { open } = newRoom();
    await postgres.query("ALTER ROLE lesser CONNECTION LIMIT 1");
    // The connection that looks for the primary may not be gone yet when the one for writing comes.
    const opened = () => open({ url: postgres.url(undefined, "lesser"), heartbeatMs: 200 });
    const again = () => Bun.sleep(50).then(opened);
    await using one = await opened().catch(again).catch(again).catch(again);
    await using two = await open();
    await two.append(said("1"));
    const cannot = "New events cannot be read: PostgreSQL has too many connections";
    await one.told.until((items) => items.find(([, what]) => what === cannot), "a word of it");
    await postgres.query("ALTER ROLE lesser CONNECTION LIMIT -1");
    await one.reaches(1);
    expect(one.told.items.filter(([kind]) => kind === "noted" || kind === "troubled")).toEqual([
      ["noted", cannot],
      ["noted", "New events are read again"],
    ]);
  });

  test("a restart without loss begins an epoch, and positions stay right", async () => {
    const { open } = newRoom();
    await using postgres = await PostgresServer.start();
    await using room = await open({ url: postgres.url(), heartbeatMs: 50 });
    await room.append(...many(5));
    const { epoch } = room.journal;
    await postgres.kill();
    await postgres.restart();
    expect(await room.hears("epoch")).toEqual(["epoch", room.journal.epoch]);
    expect(room.journal.epoch).not.toBe(epoch);
    expect(room.journal.endOf(epoch)).toBe(5);
    await room.insist(() => said("6"));
    expect(room.journal.endOf(epoch)).toBe(5);
    expect(room.journal.endOf(room.journal.epoch)).toBe(Number.POSITIVE_INFINITY);
    expect(room.journal.endOf("of another journal")).toBeUndefined();
    expect(room.seqs).toEqual(upTo(6));
  });

  test("what a crash of one process lost is lost for a server that saw it", async () => {
    const { open } = newRoom();
    const behind = { synchronous_commit: "off", bgwriter_lru_maxpages: "0", restart_after_crash: "on" };
    await using postgres = await PostgresServer.start(behind);
    // Attaches again only when it is asked to write.
    await using one = await open({ url: postgres.url(), heartbeatMs: 3_600_000 });
    await one.append(said("kept"));
    await postgres.query("CHECKPOINT");
    const [writer] = await postgres.query<{ pid: number }>(
      "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'",
    );
    if (!writer) throw new Error("PostgreSQL has no process that writes its log");
    // While it stands still, committed rows stay in memory, and the crash loses them.
    process.kill(writer.pid, "SIGSTOP");
    await one.append(said("lost"), said("lost"));
    const { epoch } = one.journal;
    process.kill(writer.pid, "SIGKILL");
    await postgres.log.until((lines) => lines.filter((line) => /ready to accept/.test(line))[1], "recovery");
    await using two = await open({ url: postgres.url() });
    expect(two.journal.last).toBe(1);
    await two.append(...["a", "b", "c"].map((text) => said(text)));
    for (const { journal } of [two, one]) {
      await one.insist(() => said("on"));
      expect(journal.endOf(epoch)).toBe(1);
    }
    expect(one.told.items).toContainEqual(["began again"]);
  });
});

postgresql.describe("a PostgreSQL that others use, too", () => {
  test("a missing right refuses a batch with the reason, and does no half", async () => {
    const { open } = newRoom();
    await using room = await open({ heartbeatMs: 100, url: postgres.url(undefined, "lesser") });
    await room.append(said("before"));
    await postgres.query("REVOKE INSERT ON chat.facts FROM lesser");
    await room.append(said("without facts"), fact({ key: "1" }));
    const reason = "PostgreSQL does not let this user do that";
    // A sign of life, which needs no such right, may have come between.
    expect(room.told.items.filter(([what]) => what === "refused")).toMatchObject([
      ["refused", {}, reason],
      ["refused", {}, reason],
    ]);
    // What is there can be read meanwhile.
    expect(textsOf((await read(room.journal, 0, 1)).events)).toEqual(["before"]);
    // Signs of life get through, which is no reason to say that it is over.
    const { counts } = room;
    await room.until(() => room.counts > counts + 3);
    await room.append(fact({ key: "1" }));
    await postgres.query("GRANT INSERT ON chat.facts TO lesser");
    await room.insist(() => fact({ key: "1" }));
    expect(room.seqs).toEqual([1, 2]);
    expect(room.troubles).toEqual([reason, undefined]);
  });

  test("a batch that arrives late, or behind the farewell, does nothing", async () => {
    const { open, name } = newRoom();
    await using room = await open();
    await room.append(said("1"));
    await room.append(said("2"));
    const { server, epoch } = room.journal;
    // As the kernel may send it, long after its connection was given up for another one.
    const late = [name, server, 1, epoch, 0, JSON.stringify([rowOf(said("1"))])];
    await postgres.query("SELECT chat.append($1, $2, $3, $4, $5, $6)", late);
    await room.append(said("3"));
    expect(room.texts).toEqual(["1", "2", "3"]);
    await room[Symbol.asyncDispose]();
    // Nor is anything done once its server has said goodbye.
    await postgres.query("SELECT chat.append($1, $2, $3, $4, $5, $6)", late.with(2, 1_000));
    await using later = await open();
    expect(later.journal.last).toBe(3);
  });

  test("rows that a person wrote do not stop the room", async () => {
    const { open, name } = newRoom();
    await using room = await open({ heartbeatMs: 50 });
    await room.append(said("1", "ada", "1"));
    const insert = (seq: number, type: string, event: string) =>
      postgres.query(
        "INSERT INTO chat.events (room, seq, at, type, author, server, event) VALUES ($1, $2, now(), $3, '', '', $4::text::json)",
        [name, seq, type, event],
      );
    await insert(2, "said", "5");
    await insert(3, "sang", '{"song":"la"}');
    await room.append(said("1", "ada", "1"), said("4"));
    expect(room.fates.at(-1)).toEqual(["repeated", 1]);
    await insert(100, "said", '{"from":"eve","text":"far ahead"}');
    room.journal.append([said("5")]);
    await room.hears("began again");
    await room.insist(() => said("on"));
    if (room.seqs.length !== 5) for (const t of room.told.items) console.log(JSON.stringify(t));
    expect(room.seqs).toEqual([1, 2, 3, 4, 102]);
    expect(room.happened.map(({ type }) => type)).toEqual([
      "said",
      "moved",
      "sang" as "said",
      "said",
      "said",
    ]);
    const { events, gaps } = await read(room.journal, 0, 102);
    expect(events.map(({ seq }) => seq)).toEqual([1, 3, 4, 100, 101, 102]);
    expect(gaps).toEqual([{ from: 5, to: 99 }]);
  });

  const unreadable: [what: string, row: { type: string; event?: string; facts?: string; at?: string }][] = [
    ["an answer to one client", { type: "bye", event: '{"code":"lost","text":"go away"}' }],
    ["another answer", { type: "welcome", event: '{"name":"eve"}' }],
    ["the time infinity", { type: "said", event: '{"from":"eve","text":"x"}', at: "infinity" }],
    ["a time behind all of Date", { type: "said", event: '{"from":"eve","text":"x"}', at: "290000-01-01" }],
    ["a type that all objects have", { type: "constructor" }],
    ["another such type", { type: "__proto__" }],
    ["a number for a name", { type: "kicked", event: '{"by":"eve","name":5}' }],
    ["a list for a text", { type: "topic", event: '{"by":"eve","text":[]}' }],
    ["facts that are a list", { type: "sang", facts: "[1,2]" }],
    ["facts that are no texts", { type: "sang", facts: '{"seat x":5,"at x":{},"topic":[]}' }],
  ];
  test.each(unreadable)("a row with %s stops no server", async (_, { type, event = "{}", facts, at }) => {
    const { open, name } = newRoom();
    await using room = await open({ heartbeatMs: 50 });
    await postgres.query(
      `INSERT INTO chat.events (room, seq, at, type, author, server, event, facts)
        VALUES ($1, 1, $2::text::timestamptz, $3, '', '', $4::text::json, $5::text::json)`,
      [name, at ?? "now", type, event, facts ?? null],
    );
    await room.append(said("on"));
    expect(room.seqs).toEqual([1, 2]);
    expect(room.happened[0]?.type).not.toMatch(/bye|welcome|kicked|topic/);
    expect(Number.isFinite(room.happened[0]?.at)).toBe(true);
    expect((await read(room.journal, 0, 2)).events.at(-1)).toMatchObject({ text: "on" });
  });

  test("a server whose connections are ended is told of news at once", async () => {
    const { open } = newRoom();
    // No sign of life comes in between.
    await using one = await open({ heartbeatMs: 3_600_000 });
    await using two = await open({ heartbeatMs: 3_600_000 });
    await one.until(() => one.counts > 0);
    await two.until(() => two.counts > 0);
    const readers = "query ~ '^LISTEN|chat.rooms r LEFT' AND pid <> pg_backend_pid()";
    for (let n = 1; n <= 3; n++) {
      await postgres.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${readers}`);
      await one.append(said(`${n}`));
      await two.reaches(n);
    }
    expect(two.texts).toEqual(["1", "2", "3"]);
  });

  test("what the role has by default changes nothing", async () => {
    const { open } = newRoom();
    await postgres.query("CREATE ROLE odd LOGIN SUPERUSER");
    for (const setting of [
      "default_transaction_isolation = serializable",
      "default_transaction_read_only = on",
      "lock_timeout = '1ms'",
      "statement_timeout = '1ms'",
      "idle_session_timeout = '300ms'",
      "search_path = nowhere",
    ]) {
      await postgres.query(`ALTER ROLE odd SET ${setting}`);
    }
    const url = postgres.url(undefined, "odd");
    await using one = await open({ url });
    await using two = await open({ url });
    for (let n = 0; n < 20; n++) await Promise.all([one, two].map((room) => room.append(said(`${n}`))));
    await Bun.sleep(400);
    await one.append(said("after a rest"));
    await two.reaches(41);
    expect([...one.troubles, ...two.troubles]).toEqual([]);
  });

  test("a room that was emptied, or went back in time, begins again", async () => {
    const { open, name } = newRoom();
    const quick = { heartbeatMs: 100 };
    await using one = await open(quick);
    await one.append(...many(5));
    const { epoch } = one.journal;
    const room = name;
    const tables = ["rooms", "events", "epochs", "facts", "servers"];
    const deletes = tables.map((table) => `${table} AS (DELETE FROM chat.${table} WHERE room = $1)`);
    await postgres.query(`WITH ${deletes.join(", ")} SELECT`, [room]);
    await one.hears("began again");
    await one.isWell();
    await one.insist(() => said("after"));
    expect(one.journal.epoch).not.toBe(epoch);
    expect(one.texts.at(-1)).toBe("after");

    // A backup from before: what was seen behind it is lost, and numbers are given again.
    await using two = await open({ heartbeatMs: 3_600_000 });
    const kept = two.journal.last;
    await two.append(said("lost"));
    await one.reaches(kept + 1);
    const positions = [one, two].map(({ journal }) => [journal.epoch, journal.last] as const);
    await postgres.query("DELETE FROM chat.events WHERE room = $1 AND seq > $2", [room, kept]);
    await postgres.query("UPDATE chat.rooms SET last = $2, run = '' WHERE room = $1", [room, kept]);
    await using three = await open(quick);
    await three.append(said("another"), said("and on"));
    for (const [epoch, last] of positions) {
      for (const room of [one, two, three]) {
        await room.told.until(
          () => room.journal.endOf(epoch) === last - 1 || undefined,
          "the end of the epoch",
        );
      }
    }
    for (const room of [one, two]) expect(room.told.items).toContainEqual(["began again"]);
    await two.isWell();
    await two.insist(() => said("the end"));
    for (const room of [one, three]) await room.reaches(kept + 3);
    expect(one.texts.slice(-1)).toEqual(["the end"]);
    expect(three.texts).toEqual(["another", "and on", "the end"]);
  });
});
