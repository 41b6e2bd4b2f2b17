// A Redis of its own for a test: a real redis-server on a free port, which keeps every write on disk in a temporary
// folder, and can be killed, frozen and started again there.

import { RedisClient } from "bun";
import { LineReader } from "../../lib/protocol/lines.ts";
import { redisServer } from "./parts.ts";
import { freePort, temporaryFolder } from "./server.ts";
import { lastOf, Transcript } from "./transcript.ts";

/** What was written is on the disk before Redis says so, and nothing else is done in the background. */
const durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];

type Process = Bun.Subprocess<"ignore", "pipe", "inherit">;

export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly log = new Transcript<string>();
  readonly #folder = temporaryFolder();
  readonly #flags: string[];
  readonly #clientOptions: Bun.RedisOptions;
  #process: Process | undefined;

  private constructor(port: number, flags: string[], clientOptions: Bun.RedisOptions) {
    this.port = port;
    this.#flags = flags;
    this.#clientOptions = clientOptions;
  }

  /** With `--tls-port`, whatever its value, it speaks TLS alone; `clientOptions` are those that `command` needs then. */
  static async start(flags: string[] = [], clientOptions: Bun.RedisOptions = {}): Promise<RedisServer> {
    for (let attempts = 1; ; attempts++) {
      const server = new RedisServer(freePort(), flags, clientOptions);
      try {
        await server.restart();
        return server;
      } catch (error) {
        await server[Symbol.asyncDispose]();
        // Somebody else may have taken the port since it was looked for.
        if (attempts === 3) throw error;
      }
    }
  }

  get url(): string {
    return `${this.#flags.includes("--tls-port") ? "rediss" : "redis"}://localhost:${this.port}`;
  }

  /** Starts it again, after `kill`, with what is on the disk, and perhaps more flags. Resolves once it answers. */
  async restart(more: string[] = []): Promise<void> {
    const started = this.log.items.length;
    const flags = this.#flags.map((flag, i) => (this.#flags[i - 1] === "--tls-port" ? `${this.port}` : flag));
    const ports = flags.includes("--tls-port") ? ["--port", "0"] : ["--port", `${this.port}`];
    const local = ["--bind", "127.0.0.1", "-::1", "--dir", this.#folder.path];
    const child = Bun.spawn([redisServer.found, ...ports, ...local, ...durable, ...flags, ...more], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    this.#process = child;
    this.#follow(child);
    child.exited.then((code) => this.log.push(`it has ended with ${code}`));
    const outcome = await this.log.until(
      (lines) => lines.slice(started).find((line) => /Ready to accept connections|it has ended/.test(line)),
      "redis-server to be ready",
    );
    if (outcome.startsWith("it has ended")) throw new Error(lastOf(this.log.items.slice(started)));
  }

  /** kill -9: what it has acknowledged is on the disk. */
  async kill(): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#process?.exited;
  }

  /** Frozen: it takes connections and bytes, and answers nothing. */
  stop(): void {
    this.#process?.kill("SIGSTOP");
  }

  continue(): void {
    this.#process?.kill("SIGCONT");
  }

  async config(name: string, value: string): Promise<void> {
    await this.command("CONFIG", "SET", name, value);
  }

  /** Each on a connection of its own. */
  async command(command: string, ...args: string[]): Promise<unknown> {
    const client = new RedisClient(this.url, { autoReconnect: false, ...this.#clientOptions });
    try {
      return await client.send(command, args);
    } finally {
      client.close();
    }
  }

  async #follow(child: Process): Promise<void> {
    const lines = new LineReader();
    for await (const chunk of child.stdout) {
      lines.push(Buffer.from(chunk));
      for (let line = lines.next(); line !== undefined; line = lines.next()) this.log.push(String(line));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    this.#folder[Symbol.dispose]();
  }
}
