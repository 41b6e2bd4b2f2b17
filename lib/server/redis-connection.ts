// One connection to Redis that comes back by itself. Bun's client leaves two things to its user: a server that is
// frozen rejects nothing, so each call has a time-out; and after one, or a drop, nobody knows whether the command was
// carried out. So what is called here has to be something that may be called again.

import { RedisClient } from "bun";

/** A call failed. `message` goes on after "Redis"; `isAnswer`: Redis said so, and has not done it. */
export class RedisError extends Error {
  readonly isAnswer: boolean;

  constructor(reason: string, isAnswer: boolean) {
    super(reason);
    this.isAnswer = isAnswer;
  }
}

/** After so long without an answer Redis counts as frozen. */
const answerMs = 3_000;

export class RedisConnection {
  readonly #url: string;
  #client: Promise<RedisClient> | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** Throws a RedisError. `waitMs`: how long the command itself may block. */
  async call<T>(command: string, args: (string | number)[], waitMs = 0): Promise<T> {
    this.#client ??= this.#connect();
    const client = this.#client;
    const frozen = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => frozen.reject(new RedisError("does not answer", false)),
      answerMs + waitMs,
    );
    try {
      const answer = client.then((connected) => connected.send(command, args.map(String)));
      return await Promise.race([answer, frozen.promise]);
    } catch (error) {
      const problem = problemOf(error);
      if (!problem.isAnswer) this.#drop(client);
      throw problem;
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    if (this.#client) this.#drop(this.#client);
  }

  async #connect(): Promise<RedisClient> {
    const client = new RedisClient(this.#url, {
      autoReconnect: false,
      enableOfflineQueue: false,
      connectionTimeout: answerMs,
    });
    await client.connect();
    return client;
  }

  /** What is under way on it is rejected; the next call makes another one. */
  #drop(client: Promise<RedisClient>): void {
    if (this.#client === client) this.#client = undefined;
    client.then(
      (connected) => connected.close(),
      () => {},
    );
  }
}

/** What a user can act on, by the word that Redis begins its errors with. */
const answers: Record<string, string> = {
  OOM: "is out of memory",
  MISCONF: "cannot write to its disk",
  READONLY: "is a replica, which takes no writes",
  LOADING: "is still loading its data",
  MASTERDOWN: "has lost its master",
  NOREPLICAS: "has too few replicas",
  BUSY: "is busy with a script",
  NOAUTH: "needs a password",
  WRONGPASS: "has another password",
  NOPERM: "does not let this user do that",
};

function problemOf(error: unknown): RedisError {
  if (error instanceof RedisError) return error;
  const { message, code } = error as Error & { code?: string };
  const [, word = ""] = /^(?:ERR )?([A-Z]+)\b/.exec(message) ?? [];
  const known = answers[word];
  if (known !== undefined) return new RedisError(known, true);
  const isAnswer = code === "ERR_REDIS_SERVER_ERROR";
  if (code === "ERR_REDIS_AUTHENTICATION_FAILED") return new RedisError("has another password", true);
  return new RedisError(isAnswer ? `says ${message}` : "cannot be reached", isAnswer);
}
