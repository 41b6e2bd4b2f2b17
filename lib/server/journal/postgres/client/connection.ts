// Connections to PostgreSQL that are made again by themselves, to the host that takes writes (hosts.ts). A frozen database neither
// answers nor rejects. So a connection is given up if no answer comes for a while. After that, as after a drop, a statement may
// have been carried out or not: only statements that may be repeated are run here.

import type { SQL } from "bun";
import { PostgresError, problemOf } from "./errors.ts";
import { answerMs, type PostgresHosts } from "./hosts.ts";

/** If a timer fires this many ms too late, the whole process was stopped, and could read no answer. */
const lateMs = 1_000;

/** The wait of `insist` after the first failed attempt, and the longest one, in ms. */
const firstRetryMs = 50;
const longestRetryMs = 1_000;

type ConnectionOptions = {
  /** How many statements may run at once. */
  max?: number;
  /** More settings of PostgreSQL. */
  settings?: Record<string, string>;
  /** Called with each new connection, before any statement runs on it. */
  opened?: (client: SQL) => Promise<void>;
  /** Called when PostgreSQL has answered a statement. */
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
