// A journal that cannot use its PostgreSQL says why, in one sentence, when it is opened.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { SQL } from "bun";
import { PostgresJournal } from "../../../../../lib/server/journal/postgres/journal.ts";
import { postgresql } from "../../../../support/parts.ts";
import { PostgresServer } from "../../../../support/postgres.ts";
import { freePort } from "../../../../support/server.ts";
import { patienceMs } from "../../../../support/transcript.ts";
import { Listened, said } from "../listened.ts";

setDefaultTimeout(2 * patienceMs);

let postgres: PostgresServer;

beforeAll(async () => {
  if (!postgresql.found) return;
  postgres = await PostgresServer.start();
  await postgres.query("CREATE ROLE lesser LOGIN");
});
afterAll(async () => {
  await postgres?.[Symbol.asyncDispose]();
});

postgresql.describe("a PostgreSQL that cannot be used", () => {
  const failure = async (url: string, keepEvents = 1) => {
    try {
      const journal = await PostgresJournal.open({ url, room: "x", keepEvents });
      await journal.close();
      return "it could be used";
    } catch (error) {
      return error instanceof Error ? error.message : "";
    }
  };

  test("what is wrong is told in one sentence, without the password", async () => {
    const host = `localhost:${postgres.port}`;
    const cannot = (database: string) =>
      `Cannot keep the history in PostgreSQL at ${host}, database "${database}"`;
    expect(await failure(postgres.url())).toBe("it could be used");
    expect(await failure(postgres.url().replace(/postgres$/, "nowhere"))).toBe(
      `${cannot("nowhere")}: it has no such database`,
    );
    expect(await failure(postgres.url(undefined, "stranger:geheim"))).toBe(
      `${cannot("postgres")}: it does not let this user in`,
    );
    expect(await failure(`${postgres.url()}?sslmode=require`)).toBe(
      `${cannot("postgres")}: it does not speak TLS`,
    );
    await postgres.query("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    expect(await failure(postgres.url().replace(/postgres$/, "latin"))).toBe(
      `${cannot("latin")}: it has this database in LATIN1: take one in UTF8`,
    );
    expect(await failure(`${postgres.url()}?foo=bar`)).toContain(": it says unrecognized configuration");
    expect(await failure(`${postgres.url()}?sslmode=silly`)).toContain(
      ": it cannot be asked with such a URL:",
    );
    for (const [user, database] of [
      ["chat:geheim%zz", "x"],
      ["chat", "x%"],
    ]) {
      expect(await failure(`postgres://${user}@localhost:1/${database}`)).toBe(
        '--history takes a URL: a "%" in its user, password or database is written %25',
      );
    }
    const port = freePort();
    expect(await failure(postgres.url(port))).toBe(
      `Cannot keep the history in PostgreSQL at localhost:${port}, database "postgres": it cannot be reached`,
    );
    for (const url of [
      "nonsense",
      "http://localhost:1/x",
      "postgres://localhost",
      "postgres:///x",
      "postgres://a,,b/x",
    ]) {
      expect(await failure(url)).toStartWith("--history takes a database as postgres://HOST/DATABASE");
    }
  });

  test("missing rights and a newer version are told in one sentence", async () => {
    await postgres.query("CREATE DATABASE other");
    const url = postgres.url(undefined, "lesser").replace(/postgres$/, "other");
    expect(await failure(url)).toEndWith("it does not let this user do that");
    expect(await failure(postgres.url().replace(/postgres$/, "other"))).toBe("it could be used");
    const client = new SQL(postgres.url().replace(/postgres$/, "other"), { max: 1 });
    await client`GRANT USAGE ON SCHEMA chat TO lesser`;
    await client`GRANT SELECT ON ALL TABLES IN SCHEMA chat TO lesser`;
    expect(await failure(url)).toMatch(/it does not let this user read and write all of chat\.\w+, chat/);
    const other = postgres.url().replace(/postgres$/, "other");
    await using running = new Listened(
      await PostgresJournal.open({ url: other, room: "runs", keepEvents: 9 }),
    );
    await client`DELETE FROM chat.format`;
    expect(await failure(postgres.url().replace(/postgres$/, "other"))).toEndWith(
      "it holds tables without a version: chat.format is empty",
    );
    await client`INSERT INTO chat.format VALUES (99)`;
    expect(await failure(url)).toEndWith(
      "it holds the tables of a newer version (99, this one knows 2): update this server",
    );
    await client`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = 'other' AND pid <> pg_backend_pid()`;
    await running.insist(() => said("a server that runs goes on"));
    expect(running.texts).toEqual(["a server that runs goes on"]);
    await client.close({ timeout: 0 });
  });

  test("another --keep than that of the other servers is told", async () => {
    const opened = (keepEvents: number) =>
      PostgresJournal.open({ url: postgres.url(), room: "kept", keepEvents });
    const one = await opened(100);
    expect(
      await opened(1).then(
        () => "",
        ({ message }: Error) => message,
      ),
    ).toEndWith("it is used by other servers of this room with --keep 100: give this one the same");
    await one.close();
    const alone = await opened(1);
    expect(alone.first).toBe(1);
    await alone.close();
  });
});
