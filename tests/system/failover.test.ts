// PostgreSQL fails under a room on several servers, and a standby takes over: with a synchronous one nothing that was
// acknowledged is lost, with another one what was lost is told. Members speak all the while, with clients as they are.

import { expect, setDefaultTimeout, test } from "bun:test";
import { JsonClient } from "../support/clients.ts";
import { expectOneOrder, House, Member, textOf, troubles } from "../support/house.ts";
import { postgresql } from "../support/parts.ts";
import { PostgresServer } from "../support/postgres.ts";
import { FlakyProxy } from "../support/proxy.ts";
import { Random } from "../support/random.ts";
import type { Server } from "../support/server.ts";
import { patienceMs } from "../support/transcript.ts";

setDefaultTimeout(3 * patienceMs);

const urlOf = (...hosts: PostgresServer[]) =>
  `postgres://chat@${hosts.map(({ port }) => `localhost:${port}`).join(",")}/postgres`;

/** Resolves once a query of the database answers yes. */
async function untilSo(postgres: PostgresServer, query: string): Promise<void> {
  while ((await postgres.query<{ so: boolean }>(query))[0]?.so !== true) await Bun.sleep(20);
}

/** Says lines until it is told to stop, and no more than a few ahead of what is acknowledged. */
function speak(members: Member[]) {
  const lines: string[] = [];
  let over = false;
  const speaking = members.map(async (member, i) => {
    for (let n = 0; !over; n++) {
      await member.link.outbox.below(5);
      lines.push(`${i}-${n}`);
      member.say(`${i}-${n}`);
    }
  });
  const stop = async () => {
    over = true;
    await Promise.all(speaking);
    for (const member of members) await member.heardSaid(lines.length);
  };
  return { lines, stop };
}

postgresql.concurrent("a primary that dies, a server that is frozen", () => {
  test("a primary with a synchronous standby dies, and nothing is lost", async () => {
    await using primary = await PostgresServer.start();
    await using standby = await PostgresServer.standbyOf(primary, "standby");
    await primary.query("ALTER SYSTEM SET synchronous_standby_names = 'standby'");
    await primary.query("SELECT pg_reload_conf()");
    await untilSo(primary, "SELECT sync_state = 'sync' AS so FROM pg_stat_replication");
    await using house = await House.open(primary, 2, { url: urlOf(primary, standby) });
    const members = await Promise.all(
      Array.from({ length: 4 }, (_, i) =>
        Member.join(i % 2 ? house.ports.toReversed() : house.ports, `m${i}`),
      ),
    );
    const [witness] = members as [Member];
    const { lines, stop } = speak(members);
    await witness.heardSaid(100);
    await primary.kill();
    await standby.promote();
    await witness.heardSaid(witness.said.length + 100);

    // The former primary is back, and takes writes for all it knows; the connections have to be made again.
    await primary.restart();
    const count = async () => (await primary.query("SELECT max(seq) FROM chat.events"))[0]?.max;
    const before = await count();
    await standby.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'chatroom'",
    );
    await witness.heardSaid(witness.said.length + 100);
    // And it is the only one there.
    await standby.kill();
    const isInTrouble = (server: Server) =>
      troubles(server).at(-1)?.includes("cannot be written") || undefined;
    await Promise.all(house.servers.map((server) => server.log.until(() => isInTrouble(server), "trouble")));
    await standby.restart();
    await stop();
    expectOneOrder(members, lines);
    expect(await count()).toBe(before);
    for (const { link } of members) link.quit();
  });

  test("what a lagging standby lost is told to all who heard it", async () => {
    await using primary = await PostgresServer.start();
    await using proxy = await FlakyProxy.start(primary.port);
    await using standby = await PostgresServer.standbyOf(primary, "standby", proxy.port);
    await using house = await House.open(primary, 2, { url: urlOf(primary, standby) });
    using ada = await Member.join([house.port(0)], "ada");
    using bob = await Member.join([house.port(1)], "bob");
    const away = await JsonClient.join(house.port(0), "away");
    const early = await JsonClient.join(house.port(1), "early");
    for (let n = 1; n <= 5; n++) ada.say(`kept ${n}`);
    await bob.heardSaid(5);
    await early.event("said", { text: "kept 5" });
    early.socket?.terminate();
    const [{ lsn } = {}] = await primary.query<{ lsn: string }>("SELECT pg_current_wal_lsn() AS lsn");
    await untilSo(standby, `SELECT pg_last_wal_replay_lsn() >= '${lsn}' AS so`);

    proxy.goAway();
    for (let n = 1; n <= 5; n++) bob.say(`lost ${n}`);
    for (const member of [ada, bob]) await member.heardSaid(10);
    await away.event("said", { text: "lost 5" });
    away.socket?.terminate();
    await primary.kill();
    await standby.promote();
    for (let n = 1; n <= 10; n++) ada.say(`after ${n}`);
    for (const member of [ada, bob]) await member.heardSaid(20);
    for (const member of [ada, bob]) {
      expect(member.said.map(textOf).slice(10)).toEqual(
        Array.from({ length: 10 }, (_, i) => `after ${i + 1}`),
      );
      expect(member.gaps).toHaveLength(1);
      expect(member.problems).toEqual([]);
    }
    // Those who come back later, to whichever server: a position in what was lost has a gap, one before it has none.
    const back = async (client: JsonClient, name: string, port: number) => {
      const { token, epoch } = await client.event("welcome");
      const after = client.events.at(-1)?.seq ?? 0;
      using again = await JsonClient.join(port, name, { token, epoch, after });
      await again.event("said", { text: "after 10" });
      expect(again.texts.filter((text) => !text.startsWith("after"))).toEqual([]);
      return again.received.items.filter(({ type }) => type === "gap").length;
    };
    for (const port of house.ports) expect(await back(away, "away", port)).toBe(1);
    for (const port of house.ports) expect(await back(early, "early", port)).toBe(0);
  });

  test("a member of a frozen server is at another one within its lease", async () => {
    await using postgres = await PostgresServer.start();
    await using house = await House.open(postgres, 2);
    using ada = await Member.join(house.ports, "ada");
    using bob = await JsonClient.join(house.port(1), "bob");
    await bob.event("joined");
    process.kill(house.at(0).pid, "SIGSTOP");
    bob.send({ type: "tell", to: "ada", text: "heard?", id: "1" });
    await bob.event("told", { id: "1" });
    ada.say("here");
    await bob.event("said", { text: "here" });
    process.kill(house.at(0).pid, "SIGCONT");
    ada.say("still here");
    await bob.event("said", { text: "still here" });
    await ada.heardSaid(2);
    const heard = ada.heard.items.filter(({ type }) => type === "said" || type === "told");
    expect(heard.map(textOf)).toEqual(["heard?", "here", "still here"]);
    expect([...ada.gaps, ...ada.problems]).toEqual([]);
    expect(bob.events.filter(({ type }) => type === "left")).toEqual([]);
  });
});

postgresql.concurrent("chaos", () => {
  test("each line is said once in one order, whatever is killed and frozen", async () => {
    const random = new Random(20261122);
    await using postgres = await PostgresServer.start();
    await using house = await House.open(postgres, 3, { flags: ["--stay", "--quiet"] });
    const rotated = (i: number) => [...house.ports.slice(i % 3), ...house.ports.slice(0, i % 3)];
    const members = await Promise.all(Array.from({ length: 6 }, (_, i) => Member.join(rotated(i), `m${i}`)));
    const [witness] = members as [Member];
    const { lines, stop } = speak(members);
    /** Somewhere in the middle of what is being said. */
    const meanwhile = () => witness.heardSaid(witness.said.length + random.between(20, 200));
    for (let round = 0; round < 10; round++) {
      await meanwhile();
      const killed = random.below(3);
      // Another one may be frozen for as long as that takes.
      const frozen = random.chance(0.5) ? house.at((killed + 1) % 3).pid : undefined;
      if (frozen !== undefined) process.kill(frozen, "SIGSTOP");
      await house.replace(killed, async () => {
        if (round % 4 === 2) {
          await postgres.kill();
          await postgres.restart();
        }
        if (round % 4 === 0 && round > 0) {
          postgres.freeze();
          // The second time, long enough to be noticed.
          await Bun.sleep(round === 8 ? 3_500 : 300);
          postgres.continue();
        }
      });
      if (frozen !== undefined) process.kill(frozen, "SIGCONT");
    }
    await meanwhile();
    await stop();
    expectOneOrder(members, lines);
    for (const { link } of members) expect(link.outbox.size).toBe(0);
    expect(members.flatMap(({ heard }) => heard.items.filter(({ type }) => type === "left"))).toEqual([]);
    // The table says the same.
    const kept = await postgres.query<{ text: string }>(
      "SELECT event->>'text' AS text FROM chat.events WHERE room = $1 AND type = 'said' ORDER BY seq",
      [house.room],
    );
    expect(kept.map(({ text }) => text)).toEqual(witness.said.map(textOf));
    for (const { link } of members) link.quit();
  });
});
