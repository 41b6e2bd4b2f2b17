// Connections to PostgreSQL that are made again by themselves, to the one of several hosts that takes writes. They care for two
// things that Bun's client does not:
//
//   A frozen database neither answers nor rejects. So a connection is given up if no answer comes for a while. After that, as
//   after a drop, a statement may have been carried out or not: only statements that may be repeated are run here.
//
//   After a failover the former primary may come back and take writes, too. Each promotion begins a new timeline, so the host
//   on the highest timeline is used, and never one on a lower timeline than was seen before.

import { SQL } from "bun";
import { resultOf, UsageError } from "../../../protocol/errors.ts";

/** A failed statement. `message` goes on after the word "PostgreSQL". */
export class PostgresError extends Error {
  /** Whether PostgreSQL answered that it did not carry out the statement. */
  readonly isAnswer: boolean;
  /** Whether the connection broke or could not be made: the statement may have been carried out. */
  readonly isBreak: boolean;

  constructor(reason: string, kind?: "answer" | "break") {
    super(reason);
    this.isAnswer = kind === "answer";
    this.isBreak = kind === "break";
  }
}

/** How long a connection may wait for any answer before it counts as frozen, in ms. */
const answerMs = 3_000;
/** Less than `answerMs`, so that a failed connection is reported with its own reason. */
const connectSeconds = 2;
/** If a timer fires later than this, the whole process was stopped, and could read no answer. */
const lateMs = 1_000;

const firstRetryMs = 50;
const longestRetryMs = 1_000;

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

/** The hosts of one database, of which at most one takes writes. */
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

type ConnectionOptions = {
  /** How many statements may run at once. */
  max?: number;
  /** More settings of PostgreSQL. */
  settings?: Record<string, string>;
  /** Called with each new connection, before any statement runs on it. */
  opened?: (client: SQL) => Promise<void>;
  answered?: () => void;
  /** Called when the connection was lost, or could not be made. */
  dropped?: () => void;
};

export class PostgresConnection {
  connects = 0;
  readonly #hosts: PostgresHosts;
  readonly #options: ConnectionOptions;
  #client: Promise<SQL> | undefined;
  #isOpening = false;
  #closed = false;
  /** How many statements wait for an answer, and when the latest answer came. */
  #waiting = 0;
  #silentSince = 0;

  constructor(hosts: PostgresHosts, options: ConnectionOptions = {}) {
    this.#hosts = hosts;
    this.#options = options;
  }

  /** Resolves once the connection is made. Throws a PostgresError. */
  async open(): Promise<void> {
    await this.#use(() => Promise.resolve());
  }

  /** Runs a statement. Throws a PostgresError. */
  run<Row>(statement: string, values: unknown[] = []): Promise<Row[]> {
    return this.#use((client) => this.#watched(client.unsafe<Row[]>(statement, values)));
  }

  async #use<T>(task: (client: SQL) => Promise<T>): Promise<T> {
    if (this.#closed) throw new PostgresError("is not asked any more");
    this.#client ??= this.#open();
    const opening = this.#client;
    try {
      return await task(await opening);
    } catch (error) {
      const problem = problemOf(error);
      if (!problem.isAnswer) this.#drop(opening);
      throw problem;
    }
  }

  close(): void {
    this.#closed = true;
    this.drop();
  }

  /** Makes a new connection, unless one is being made now. */
  renew(): void {
    if (this.#isOpening) return;
    this.drop();
    this.open().catch(() => {});
  }

  /** Rejects the statements that are under way. The next statement makes a new connection. */
  drop(): void {
    if (this.#client) this.#drop(this.#client);
  }

  #open(): Promise<SQL> {
    const { max = 1, settings = {}, opened } = this.#options;
    this.#isOpening = true;
    const opening: Promise<SQL> = this.#hosts
      .connect(max, settings, () => this.#drop(opening))
      .then(async (client) => {
        try {
          if (opened) await this.#watched(opened(client));
        } catch (error) {
          void client.close({ timeout: 0 });
          throw error;
        }
        this.connects++;
        this.#isOpening = false;
        return client;
      });
    opening.catch(() => {
      this.#isOpening = false;
      this.#drop(opening);
    });
    return opening;
  }

  #drop(opening: Promise<SQL>): void {
    if (this.#client !== opening) return;
    this.#client = undefined;
    this.#hosts.forget();
    opening.then((client) => client.close({ timeout: 0 })).catch(() => {});
    if (!this.#closed) this.#options.dropped?.();
  }

  /** Resolves and rejects as `answer`, and rejects if the connection is frozen: if no statement gets an answer. */
  async #watched<T>(answer: Promise<T>): Promise<T> {
    if (this.#waiting++ === 0) this.#silentSince = performance.now();
    const frozen = Promise.withResolvers<never>();
    let timer: Timer | undefined;
    const watch = (leftMs: number) => {
      const dueAt = performance.now() + leftMs;
      timer = setTimeout(() => {
        const now = performance.now();
        const isLate = now - dueAt > lateMs;
        const left = isLate ? answerMs : this.#silentSince + answerMs - now;
        if (left > 0) watch(left);
        else frozen.reject(new PostgresError("does not answer"));
      }, leftMs);
    };
    watch(answerMs);
    try {
      const result = await Promise.race([answer, frozen.promise]);
      this.#options.answered?.();
      return result;
    } finally {
      clearTimeout(timer);
      this.#waiting--;
      this.#silentSince = performance.now();
    }
  }
}

/** Asks once more if the connection broke: the next one may work. Throws a PostgresError. */
export async function askTwice<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof PostgresError) || !error.isBreak) throw error;
    return ask();
  }
}

/** Asks until PostgreSQL answers or `isOver`. Calls `failed` for each attempt without an answer. Throws a PostgresError. */
export async function insist<T>(
  ask: () => Promise<T>,
  isOver: () => boolean,
  failed: (error: PostgresError) => void = () => {},
): Promise<T> {
  for (let waitMs = firstRetryMs; ; waitMs = Math.min(waitMs * 2, longestRetryMs)) {
    try {
      return await ask();
    } catch (error) {
      if (isOver() || !(error instanceof PostgresError) || error.isAnswer) throw error;
      failed(error);
      // A refused connection fails immediately: without a wait this loop would spin.
      await Bun.sleep(waitMs);
    }
  }
}

/** Resolves and rejects as `answer`, and rejects if it takes longer than `ms`. */
function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new PostgresError("does not answer")), ms);
  return Promise.race([answer, late.promise]).finally(() => clearTimeout(timer));
}

/** SQLSTATEs by which PostgreSQL refuses a statement, in words for the person who runs the server. */
const answers: Record<string, string> = {
  "42501": "does not let this user do that",
  "53100": "has a full disk",
  "53200": "is out of memory",
  "25006": "is a standby, which takes no writes",
};

/** SQLSTATEs of connections, of a PostgreSQL that ends or starts, and of missing tables: the statement is tried again. */
const rebuffs: Record<string, string> = {
  "28P01": "does not accept the password of this user",
  "28000": "does not let this user in",
  "3D000": "has no such database",
  "53300": "has too many connections",
  "57P01": "is shutting down",
  "57P02": "is starting again after a crash",
  "57P03": "is starting or ending",
  "3F000": "has lost its tables",
  "42P01": "has lost its tables",
  "42883": "has lost its tables",
  "0A000": "has other tables now",
};

function problemOf(error: unknown): PostgresError {
  if (error instanceof PostgresError) return error;
  if (!(error instanceof Error && "code" in error)) throw error as Error;
  const { code, message } = error as SQL.PostgresError;
  const { errno = "" } = error as SQL.PostgresError;
  const [answer, rebuff] = [answers[errno], rebuffs[errno]];
  if (answer !== undefined) return new PostgresError(answer, "answer");
  if (rebuff !== undefined) return new PostgresError(rebuff);
  if (/^[0-9A-Z]{5}$/.test(errno)) return new PostgresError(`says ${message}`, "answer");
  if (/^ERR_INVALID_ARG/.test(code)) return new PostgresError(`cannot be asked with such a URL: ${message}`);
  if (code === "ERR_POSTGRES_TLS_NOT_AVAILABLE") return new PostgresError("does not speak TLS");
  if (/CERT|VERIFY_LEAF/.test(code)) {
    return new PostgresError(
      "has a certificate that is not to be trusted (NODE_EXTRA_CA_CERTS names whom to trust)",
    );
  }
  if (/TIMEOUT/.test(code)) return new PostgresError("does not answer");
  return new PostgresError("cannot be reached", "break");
}
