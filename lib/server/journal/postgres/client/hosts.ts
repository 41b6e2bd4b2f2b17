// The hosts of one database, of which at most one takes writes. After a failover the former primary may come back and take
// writes, too. Each promotion begins a new timeline, so the host on the highest timeline is used, and never one on a lower
// timeline than was seen before.

import { SQL } from "bun";
import { resultOf, UsageError } from "../../../../protocol/errors.ts";
import { PostgresError, problemOf } from "./errors.ts";

/** How long a connection may wait for any answer before it counts as frozen, in ms. */
export const answerMs = 3_000;
/** Less than `answerMs`, so that a failed connection is reported with its own reason. */
const connectSeconds = 2;

/** Settings of PostgreSQL for every connection; they replace the defaults of the user and the database. */
const settings = {
  application_name: "chatroom",
  jit: "off",
  statement_timeout: "30s",
  lock_timeout: "0",
  default_transaction_isolation: "read committed",
  default_transaction_read_only: "off",
};

type Host = { name: string; url: string };

export class PostgresHosts {
  /** The hosts and the database, for people: without the user and the password. */
  readonly place: string;
  readonly #hosts: Host[];
  readonly #database: string;
  #primary: Promise<Host> | undefined;
  #timeline = 0;

  /** Throws a UsageError if this is no URL of PostgreSQL. */
  constructor(url: string) {
    const [, scheme, user = "", hosts = "", rest = ""] =
      /^(postgres(?:ql)?:\/\/)([^/?#]*@)?([^/?#@,]+(?:,[^/?#@,]+)*)(\/[^#]*)?$/i.exec(url.trim()) ?? [];
    const [, database = ""] = /^\/([^/?]+)/.exec(rest) ?? [];
    this.#hosts = hosts.split(",").map((name) => ({ name, url: `${scheme}${user}${name}${rest}` }));
    if (database === "" || this.#hosts.some(({ url }) => URL.parse(url) === null)) {
      throw new UsageError(
        "--history takes a database as postgres://HOST/DATABASE, or HOST,HOST for several",
      );
    }
    const name = resultOf(() => decodeURIComponent(database));
    if (name === undefined || resultOf(() => decodeURIComponent(user)) === undefined) {
      throw new UsageError('--history takes a URL: a "%" in its user, password or database is written %25');
    }
    this.#database = name;
    this.place = `PostgreSQL at ${hosts}, database "${this.#database}"`;
  }

  get several(): boolean {
    return this.#hosts.length > 1;
  }

  /** A client of the host that takes writes. `closed` is called when a connection of it ends. Throws a PostgresError. */
  async connect(max: number, more: Record<string, string>, closed: () => void): Promise<SQL> {
    this.#primary ??= this.#find();
    const primary = this.#primary;
    primary.catch(() => this.forget(primary));
    return this.#client(await primary, max, more, closed);
  }

  /** Forgets which host takes writes, so that the next connection finds out again. */
  forget(primary = this.#primary): void {
    if (this.#primary === primary) this.#primary = undefined;
  }

  /** Whether another host takes writes now than the one found last. */
  async hasMoved(): Promise<boolean> {
    const before = await this.#primary?.catch(() => undefined);
    const now = await this.#find().catch(() => undefined);
    return before !== undefined && now !== undefined && now.name !== before.name;
  }

  async #find(): Promise<Host> {
    const looks = await Promise.allSettled(this.#hosts.map((host) => this.#timelineOf(host)));
    const timelines = looks.map((look) => (look.status === "fulfilled" ? look.value : 0));
    const highest = Math.max(...timelines);
    const host = this.#hosts[timelines.indexOf(highest)];
    if (host && highest > 0 && highest >= this.#timeline) {
      this.#timeline = highest;
      return host;
    }
    if (highest > 0) throw new PostgresError("was replaced by another host that is not there now");
    const problem = looks.find((look) => look.status === "rejected");
    throw problem ? problemOf(problem.reason) : new PostgresError("is a standby, which takes no writes");
  }

  /** The timeline on which the host writes; 0 for a standby. */
  async #timelineOf(host: Host): Promise<number> {
    const client = this.#client(host, 1);
    try {
      const [row] = await within(
        answerMs,
        client.unsafe<{ timeline: string | null }[]>(
          "SELECT CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) END AS timeline",
        ),
      );
      return Number.parseInt(row?.timeline ?? "0", 16);
    } finally {
      void client.close({ timeout: 0 });
    }
  }

  #client({ url }: Host, max: number, more: Record<string, string> = {}, onclose?: () => void): SQL {
    return new SQL({
      url,
      database: this.#database,
      max,
      connectionTimeout: connectSeconds,
      connection: { ...settings, ...more },
      ...(onclose && { onclose }),
    });
  }
}

/** Resolves and rejects as `answer`, and rejects if it takes longer than `ms`. */
function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new PostgresError("does not answer")), ms);
  return Promise.race([answer, late.promise]).finally(() => clearTimeout(timer));
}
