// What members and who runs the server see of a PostgreSQL that is frozen, slow, killed, full, emptied, or not there.

import { expect, setDefaultTimeout, test } from "bun:test";
import { Certificates } from "../support/certificates.ts";
import { JsonClient, PlainClient } from "../support/clients.ts";
import { House, Member, textOf, troubles } from "../support/house.ts";
import { openssl, postgresql } from "../support/parts.ts";
import { forAllTests, PostgresServer } from "../support/postgres.ts";
import { FlakyProxy } from "../support/proxy.ts";
import { root, Server, withoutSettings } from "../support/server.ts";
import { patienceMs } from "../support/transcript.ts";

setDefaultTimeout(3 * patienceMs);

let postgres: PostgresServer;
forAllTests((started) => {
  postgres = started;
});

/** A server that does not get so far: its exit code, and what it says. */
async function failure(url: string, environment: Record<string, string> = {}): Promise<[number, string]> {
  const server = Bun.spawn(["bun", "ChatServer.ts", "--port", "0"], {
    cwd: root,
    env: { ...withoutSettings(), CHAT_HISTORY: url, ...environment },
    stderr: "pipe",
  });
  const text = await new Response(server.stderr).text();
  return [await server.exited, text.trim()];
}

postgresql.concurrent("PostgreSQL", () => {
  test("a frozen PostgreSQL is told once, and lines arrive once behind it", async () => {
    await using postgres = await PostgresServer.start();
    await using house = await House.open(postgres, 2);
    using ada = await Member.join([house.port(0)], "ada");
    using bob = await JsonClient.join(house.port(1), "bob");
    await bob.roundTrip();
    postgres.freeze();
    ada.say("under way");
    bob.send({ type: "say", text: "under way", id: "1" });
    await Promise.all(
      house.servers.map((server) => server.line(/cannot be written: PostgreSQL does not answer/)),
    );
    bob.send({ type: "say", text: "too late", id: "2" });
    expect(await bob.event("error", { id: "2" })).toMatchObject({ code: "unavailable", retryAfterMs: 1000 });
    ada.say("waits");
    postgres.continue();
    await bob.event("said", { id: "1" });
    await bob.event("said", { text: "waits" });
    await ada.heardSaid(3);
    expect(ada.said).toHaveLength(3);
    bob.send({ type: "say", text: "under way", id: "1" });
    await bob.event("seen", { id: "1" });
    await Promise.all(house.servers.map((server) => server.line(/is written again/)));
    for (const server of house.servers) {
      expect(troubles(server)).toEqual([
        "The history cannot be written: PostgreSQL does not answer",
        "The history is written again",
      ]);
    }
  });

  test("a slow PostgreSQL makes lines slow, and is no trouble", async () => {
    await using house = await House.open(postgres, 2);
    using ada = await Member.join([house.port(0)], "ada");
    using bob = await JsonClient.join(house.port(1), "bob");
    await house.hold(700);
    const since = performance.now();
    for (let n = 0; n < 10; n++) ada.say(`${n}`);
    await bob.event("said", { text: "9" });
    expect(performance.now() - since).toBeGreaterThan(400);
    expect(bob.texts.join("")).toBe("0123456789");
    expect(house.servers.flatMap(troubles)).toEqual([]);
  });

  test("a killed or refusing PostgreSQL loses nothing, and is told once", async () => {
    await using postgres = await PostgresServer.start();
    await using house = await House.open(postgres, 2);
    using ada = await Member.join([house.port(0)], "ada");
    using bob = await JsonClient.join(house.port(1), "bob");
    await postgres.kill();
    await Promise.all(house.servers.map((server) => server.line(/PostgreSQL cannot be reached/)));
    ada.say("1");
    await postgres.restart();
    await bob.event("said", { text: "1" });
    await Promise.all(house.servers.map((server) => server.line(/is written again/)));

    await postgres.query("ALTER TABLE chat.events ADD CONSTRAINT full_up CHECK (seq < 0) NOT VALID");
    ada.say("2");
    bob.send({ type: "say", text: "no id" });
    expect(await bob.event("error")).toMatchObject({
      code: "unavailable",
      text: expect.stringContaining("full_up"),
    });
    // Reading goes on.
    bob.send({ type: "search", text: "1" });
    expect((await bob.event("results")).events).toHaveLength(1);
    await postgres.query("ALTER TABLE chat.events DROP CONSTRAINT full_up");
    await bob.event("said", { text: "2" });
    expect(bob.texts).toEqual(["1", "2"]);
    expect(ada.gaps).toEqual([]);
  });

  test("a room whose tables are dropped begins again with its members", async () => {
    await using postgres = await PostgresServer.start();
    await using house = await House.open(postgres, 2);
    using ada = await Member.join(house.ports, "ada");
    using bob = await Member.join(house.ports.toReversed(), "bob");
    ada.say("before");
    for (const member of [ada, bob]) await member.heardSaid(1);
    await postgres.query("DROP SCHEMA chat CASCADE");
    await Promise.all(
      house.servers.map((server) => server.line(/has lost what members have seen already: the room goes on/)),
    );
    for (const name of ["ada", "bob"]) {
      await ada.heard.until(
        (events) => events.find((event) => event.type === "joined" && event.name === name && event.seq < 5),
        `${name} to join again`,
      );
    }
    ada.say("after");
    for (const member of [ada, bob]) {
      await member.heardSaid(2);
      expect(member.said.map(textOf)).toEqual(["before", "after"]);
      expect(member.gaps).not.toEqual([]);
      expect(member.problems).toEqual([]);
    }
    expect([ada.link.name, bob.link.name]).toEqual(["ada", "bob"]);
  });

  test("a server ends as it should while PostgreSQL is away", async () => {
    await using proxy = await FlakyProxy.start(postgres.port);
    await using house = await House.open(postgres, 1, { url: postgres.url(proxy.port) });
    proxy.goAway();
    await house.at(0).line(/cannot be reached/);
    using ada = await new JsonClient().open(house.port(0));
    ada.send({ type: "join", name: "ada", token: "of another server", after: 5 });
    ada.send({ type: "ping" });
    using bob = await new JsonClient().open(house.port(0));
    bob.send({ type: "ping" });
    await bob.event("pong");
    expect(await house.at(0).kill("SIGTERM")).toBe(0);
    expect(house.at(0).log.items.join("\n")).not.toContain("Error");
  });

  test("events of a newer version are shown to programs, not to people", async () => {
    await using house = await House.open(postgres, 2);
    using ada = await JsonClient.join(house.port(0), "ada");
    using nc = await PlainClient.join(house.port(1), "nc");
    await ada.event("joined", { name: "nc" });
    const insert = `INSERT INTO chat.events (room, seq, at, type, author, server, event)
      SELECT $1, last + 1, now(), $2, '', 'newer', $3::text::json FROM chat.rooms WHERE room = $1`;
    await postgres.query(insert, [house.room, "waved", '{"from":"eve"}']);
    ada.send({ type: "say", text: "one" });
    await ada.event("said", { text: "one" });
    await postgres.query(insert, [house.room, "said", '"hello world"']);
    ada.send({ type: "say", text: "two" });
    await nc.line("ada: two");
    expect(await ada.event("waved" as "said", {})).toMatchObject({ from: "eve" });
    expect(nc.received.items.slice(-2)).toEqual(["ada: one", "ada: two"]);
    expect(nc.received.items.join("\n")).not.toContain("undefined");
  });

  test("a password of PostgreSQL is used, and never shown", async () => {
    await postgres.addUser("locked", "geheim");
    const url = (password: string) => postgres.url(undefined, `locked:${password}`);
    {
      await using server = await Server.start(["--room", "locked"], { CHAT_HISTORY: url("geheim") });
      using ada = await JsonClient.join(server.port, "ada");
      await ada.event("joined");
      await server.line(
        new RegExp(
          `Its history is in PostgreSQL at localhost:${postgres.port}, database "postgres", room "locked"`,
        ),
      );
      expect(server.log.items.join("\n")).not.toContain("geheim");
    }
    const cannot = `Cannot keep the history in PostgreSQL at localhost:${postgres.port}, database "postgres"`;
    const refused = [1, `${cannot}: it does not accept the password of this user`];
    expect(await failure(url("falsch"))).toEqual(refused as [number, string]);
    expect(await failure(postgres.url(undefined, "locked"))).toEqual(refused as [number, string]);
    // No URL is a file, which would be shown.
    for (const wrong of [
      "postgres://nowhere",
      "redis://:geheim@localhost/0",
      "mysql://chat:geheim@localhost/chat",
      "postgre://chat:geheim@localhost/chat",
      "postgres:/chat:geheim@localhost/chat",
      " file:///geheim",
    ]) {
      expect(await failure(wrong)).toEqual([
        2,
        "--history takes a database as postgres://HOST/DATABASE, or HOST,HOST for several",
      ]);
    }
    expect(await failure(` ${url("falsch").replace("postgres:", "POSTGRES:")}\n`)).toEqual(
      refused as [number, string],
    );
  });

  openssl.test("PostgreSQL by TLS is trusted if NODE_EXTRA_CA_CERTS says so", async () => {
    using certificates = new Certificates().selfSigned("ca");
    certificates.signed("postgres", "ca", "DNS:localhost");
    const ssl = { ssl: "on", ssl_cert_file: "cert.pem", ssl_key_file: "key.pem" };
    const files = { "cert.pem": certificates.cert("postgres"), "key.pem": certificates.key("postgres") };
    await using postgres = await PostgresServer.start(ssl, [], files);
    const url = `${postgres.url()}?sslmode=verify-full`;
    await using server = await Server.start([], {
      CHAT_HISTORY: url,
      NODE_EXTRA_CA_CERTS: certificates.cert("ca"),
    });
    using ada = await JsonClient.join(server.port, "ada");
    ada.send({ type: "say", text: "over TLS" });
    await ada.event("said");
    const [row] = await postgres.query<{ all: boolean }>(
      "SELECT bool_and(ssl) AS all FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'chatroom'",
    );
    expect(row?.all).toBe(true);
    const [code, text] = await failure(url);
    expect(code).toBe(1);
    expect(text).toContain("has a certificate that is not to be trusted");
  });
});
