// A PostgreSQL of its own for a test: a cluster in a temporary folder, on a free port, that can be killed,
// frozen and started again there, and have a standby. PostgreSQL does not run as root: then it runs as a user made for
// it, or as nobody.

import { afterAll, beforeAll } from "bun:test";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SQL } from "bun";
import { postgresql } from "./parts.ts";
import { freePort, temporaryFolder } from "./server.ts";
import { follow, Transcript } from "./transcript.ts";

/** The user that PostgreSQL runs as, which must not be root. */
const user = ordinaryUser();

/** Settings that are fast rather than safe: tests kill processes only, and the system still has what those wrote. */
const settings = {
  fsync: "off",
  max_connections: "300",
  autovacuum: "off",
  wal_level: "replica",
  hot_standby: "on",
  wal_keep_size: "64MB",
  listen_addresses: "localhost",
};

type Process = Bun.Subprocess<"ignore", "pipe", "pipe">;

export class PostgresServer implements AsyncDisposable {
  readonly port = freePort();
  readonly log = new Transcript<string>();
  readonly #folder = temporaryFolder();
  readonly #before: string[];
  #process: Process | undefined;
  #frozen: number[] = [];

  /**
   * A new cluster, with these settings. `before`: a command that runs another one, which starts it. `files` are copied into
   * its folder, for it alone.
   */
  static start(
    more: Record<string, string> = {},
    before: string[] = [],
    files: Record<string, string> = {},
  ): Promise<PostgresServer> {
    return PostgresServer.#onFreePort(() => PostgresServer.#start(more, before, files));
  }

  /** Tries again, since another process may have taken the free port in between. */
  static async #onFreePort(start: () => Promise<PostgresServer>): Promise<PostgresServer> {
    for (let attempts = 1; ; attempts++) {
      try {
        return await start();
      } catch (error) {
        if (attempts === 3) throw error;
      }
    }
  }

  static async #start(
    more: Record<string, string>,
    before: string[],
    files: Record<string, string>,
  ): Promise<PostgresServer> {
    const server = new PostgresServer(before);
    await run(["cp", "-a", await newCluster(), server.#data]);
    for (const [name, path] of Object.entries(files)) {
      const file = join(server.#data, name);
      copyFileSync(path, file);
      chmodSync(file, 0o600);
      if (user.id !== undefined) chownSync(file, user.id, user.id);
    }
    server.#config({ ...settings, ...more });
    await server.restart();
    return server;
  }

  /** A standby of another server, under this name; through a proxy if `port` is that of one. */
  static standbyOf(primary: PostgresServer, name: string, port = primary.port): Promise<PostgresServer> {
    return PostgresServer.#onFreePort(() => PostgresServer.#copy(name, port));
  }

  static async #copy(name: string, port: number): Promise<PostgresServer> {
    const server = new PostgresServer();
    const source = `host=localhost port=${port} user=chat application_name=${name}`;
    await run([
      join(postgresql.found, "pg_basebackup"),
      "-D",
      server.#data,
      "-d",
      source,
      "-R",
      "-X",
      "stream",
      "-c",
      "fast",
      "--no-sync",
    ]);
    await server.restart();
    return server;
  }

  private constructor(before: string[] = []) {
    this.#before = before;
    if (user.id !== undefined) chownSync(this.#folder.path, user.id, user.id);
  }

  get #data(): string {
    return join(this.#folder.path, "data");
  }

  /** The address for a server's --history; through a proxy if `port` is that of one. */
  url(port = this.port, user = "chat"): string {
    return `postgres://${user}@localhost:${port}/postgres`;
  }

  #config(values: Record<string, string>): void {
    const lines = Object.entries(values).map(([name, value]) => `${name} = '${value}'\n`);
    appendFileSync(join(this.#data, "postgresql.conf"), lines.join(""));
  }

  /** Makes a user who has to show a password. */
  async addUser(name: string, password: string): Promise<void> {
    await this.query(`CREATE ROLE ${name} LOGIN SUPERUSER PASSWORD '${password}'`);
    const file = join(this.#data, "pg_hba.conf");
    writeFileSync(file, `host all ${name} all scram-sha-256\n${readFileSync(file, "utf8")}`);
    await this.query("SELECT pg_reload_conf()");
  }

  /** Starts it again with its data, after `kill`. Resolves once it answers. */
  async restart(): Promise<void> {
    const started = this.log.items.length;
    const flags = ["-D", this.#data, "-p", `${this.port}`, "-k", this.#folder.path];
    const child = Bun.spawn([...this.#before, ...user.become, join(postgresql.found, "postgres"), ...flags], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      cwd: this.#folder.path,
    });
    this.#process = child;
    void follow(child.stderr, this.log);
    void child.exited.then((code) => this.log.push(`it has ended with ${code}`));
    const outcome = await this.log.until(
      (lines) => lines.slice(started).find((line) => /ready to accept|it has ended/.test(line)),
      "PostgreSQL to be ready",
    );
    if (outcome.startsWith("it has ended")) throw new Error(this.log.items.slice(started).join("\n"));
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    this.continue();
    this.#process?.kill("SIGQUIT");
    await this.#process?.exited;
  }

  /** Freezes all of its processes: the system still takes connections and bytes, and nothing answers. */
  freeze(): void {
    const { pid } = this.#process ?? {};
    if (pid === undefined) return;
    process.kill(pid, "SIGSTOP");
    this.#frozen = [pid, ...childrenOf(pid)];
    for (const child of this.#frozen) process.kill(child, "SIGSTOP");
  }

  continue(): void {
    for (const pid of this.#frozen.reverse()) process.kill(pid, "SIGCONT");
    this.#frozen = [];
  }

  /** Lets this standby take over. */
  async promote(): Promise<void> {
    await this.query("SELECT pg_promote()");
  }

  /** Runs a statement on a connection of its own. */
  async query<Row = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new SQL(this.url(), { max: 1 });
    try {
      return await client.unsafe<Row[]>(text, values);
    } finally {
      await client.close({ timeout: 0 });
    }
  }

  /** Holds the locks of a statement for so long. Resolves once they are taken. */
  hold(text: string, values: unknown[], ms: number): Promise<void> {
    const held = Promise.withResolvers<void>();
    const client = new SQL(this.url(), { max: 1 });
    client
      .begin(async (client) => {
        await client.unsafe(text, values);
        held.resolve();
        await Bun.sleep(ms);
      })
      .catch(held.reject)
      .finally(() => client.close({ timeout: 0 }));
    return held.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    this.#folder[Symbol.dispose]();
  }
}

/** Starts a PostgreSQL before the tests of a file, where the machine has one, and ends it behind them. */
export function forAllTests(use: (started: PostgresServer) => void): void {
  let started: PostgresServer | undefined;
  beforeAll(async () => {
    if (!postgresql.found) return;
    started = await PostgresServer.start();
    use(started);
  });
  afterAll(async () => {
    await started?.[Symbol.asyncDispose]();
  });
}

let cluster: Promise<string> | undefined;

/** A cluster that no PostgreSQL has used. To make one takes five times as long as to copy it, so it stays for the next run. */
function newCluster(): Promise<string> {
  cluster ??= (async () => {
    const initdb = join(postgresql.found, "initdb");
    const version = (await run([initdb, "--version"])).replaceAll(/[^\w.]+/g, "-");
    const kept = join(tmpdir(), `chatroom-tests-${user.id ?? process.getuid?.()}-${version}`);
    if (existsSync(kept)) return kept;
    const made = `${kept}.${process.pid}`;
    const locale = ["--encoding", "UTF8", "--locale", "C"];
    await run([initdb, "-D", made, "-U", "chat", "--auth", "trust", "--no-sync", ...locale]);
    // Another run may have been faster.
    await run(["mv", "-T", made, kept]).catch(() => rmSync(made, { recursive: true }));
    return kept;
  })();
  return cluster;
}

/** Runs a program without root's rights, and returns its output. */
async function run(command: string[]): Promise<string> {
  const child = Bun.spawn([...user.become, ...command], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    cwd: "/",
  });
  const [printed, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  if ((await child.exited) !== 0) throw new Error(`${command[0]}: ${errors}`);
  return printed;
}

function ordinaryUser(): { id?: number; become: string[] } {
  if (process.getuid?.() !== 0) return { become: [] };
  const users = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  const [, , id] =
    users.find(([name]) => name === "postgres") ?? users.find(([name]) => name === "nobody") ?? [];
  return { id: Number(id), become: ["setpriv", `--reuid=${id}`, `--regid=${id}`, "--clear-groups", "--"] };
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}
