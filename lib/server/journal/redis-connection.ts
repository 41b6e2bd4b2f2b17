// One connection to Redis that comes back by itself. Bun's client leaves two things to its user: a server that is
// frozen rejects nothing, so each call has a time-out; and after one, or a drop, nobody knows whether the command was
// carried out. So what is called here has to be something that may be called again.
//
// Nothing waits for the client to connect, the first command does: connect() alone would not tell a wrong password
// from a server that is not there.

import { createHash } from "node:crypto";
import { RedisClient } from "bun";

/** A call failed. `message` goes on after "Redis". */
export class RedisError extends Error {
  /** Redis has looked at the command and not done it. */
  readonly isAnswer: boolean;
  /** The connection broke, or there was none. */
  readonly isBreak: boolean;

  constructor(reason: string, kind?: "answer" | "break") {
    super(reason);
    this.isAnswer = kind === "answer";
    this.isBreak = kind === "break";
  }
}

/** After so long without an answer Redis counts as frozen. */
const answerMs = 3_000;

export class RedisConnection {
  readonly #url: string;
  #client: RedisClient | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** Throws a RedisError. `waitMs`: how long the command itself may block. */
  async call<T>(command: string, args: (string | number)[], waitMs = 0): Promise<T> {
    this.#client ??= this.#connect();
    const client = this.#client;
    const frozen = Promise.withResolvers<never>();
    const timer = setTimeout(() => frozen.reject(new RedisError("does not answer")), answerMs + waitMs);
    try {
      return await Promise.race([client.send(command, args.map(String)), frozen.promise]);
    } catch (error) {
      const problem = problemOf(error);
      if (!problem.isAnswer) this.#drop(client);
      throw problem;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Runs a script, sending its text only to a Redis that does not know it yet. Throws a RedisError. */
  async run<T>(script: string, keys: string[], args: (string | number)[]): Promise<T> {
    const rest = [keys.length, ...keys, ...args];
    try {
      return await this.call<T>("EVALSHA", [nameOf(script), ...rest]);
    } catch (error) {
      if (!(error instanceof RedisError) || !error.message.includes("NOSCRIPT")) throw error;
      return await this.call<T>("EVAL", [script, ...rest]);
    }
  }

  close(): void {
    if (this.#client) this.#drop(this.#client);
  }

  #connect(): RedisClient {
    const client = new RedisClient(this.#url, { autoReconnect: false, connectionTimeout: answerMs });
    // While nothing was under way: there is nothing to tell, and the next call must not find it.
    client.onclose = () => this.#forget(client);
    return client;
  }

  /** What is under way on it is rejected; the next call makes another one. */
  #drop(client: RedisClient): void {
    this.#forget(client);
    client.close();
  }

  #forget(client: RedisClient): void {
    if (this.#client === client) this.#client = undefined;
  }
}

/** How Redis calls a script: its SHA-1. */
function nameOf(script: string): string {
  const known = names.get(script) ?? createHash("sha1").update(script).digest("hex");
  names.set(script, known);
  return known;
}

const names = new Map<string, string>();

/** What a user can act on, by the word that Redis begins its errors with. */
const answers: Record<string, string> = {
  OOM: "is out of memory",
  MISCONF: "cannot write to its disk",
  READONLY: "is a replica, which takes no writes",
  NOREPLICAS: "has too few replicas",
};

/** The same for what it says before it looks at a command: the one before may have been carried out. */
const rebuffs: Record<string, string> = {
  LOADING: "is still loading its data",
  MASTERDOWN: "has lost its master",
  BUSY: "is busy with a script",
  NOAUTH: "needs a password",
  WRONGPASS: "has another password",
  NOPERM: "does not let this user do that",
};

function problemOf(error: unknown): RedisError {
  if (error instanceof RedisError) return error;
  const { message, code } = error as Error & { code?: string };
  const [, word = ""] = /^(?:ERR )?([A-Z]+)\b/.exec(message) ?? [];
  const [answer, rebuff] = [answers[word], rebuffs[word]];
  if (answer !== undefined) return new RedisError(answer, "answer");
  if (rebuff !== undefined) return new RedisError(rebuff);
  if (code === "ERR_REDIS_SERVER_ERROR") return new RedisError(`says ${message}`, "answer");
  if (/CERT|VERIFY_LEAF/.test(code ?? "")) {
    return new RedisError(
      "has a certificate that is not to be trusted (NODE_EXTRA_CA_CERTS names whom to trust)",
    );
  }
  return new RedisError("cannot be reached", "break");
}
