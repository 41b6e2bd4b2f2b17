// A real server process, the environment it runs in, and temporary folders.

import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { $ } from "bun";
import { follow, Transcript } from "./transcript.ts";

export const root = join(import.meta.dir, "../..");

/** The command that starts a program of this repository, for a line of a shell. */
export function inShell(program: string): string {
  return `bun ${$.escape(join(root, program))}`;
}

/** The config folder of the clients that tests start. It has a key for all of them, which stays for the next run. */
const settings = join(tmpdir(), `chatroom-tests-${process.getuid?.() ?? 0}`);

/** The environment without a person's own settings, and without CI, where a spinner does not turn. */
export function withoutSettings(): Record<string, string | undefined> {
  const ours = Object.entries(process.env).filter(
    ([name]) => !/^(CHAT_|NO_COLOR|FORCE_COLOR|CI$|TMUX$|STY$|XTERM_VERSION$)/.test(name),
  );
  return { ...Object.fromEntries(ours), XDG_CONFIG_HOME: settings };
}

export function temporaryFolder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "chatroom-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/**
 * The ports of tests: below those that systems give to outgoing connections and to listeners on port 0, one of which could
 * take a port before its server starts, or while that is started again.
 */
const ports = { first: 10_000, count: 20_000 };
let portsTaken = randomInt(ports.count);

/** A port that nothing listens on now, and another one each time. */
export function freePort(): number {
  for (;;) {
    const port = ports.first + (portsTaken++ % ports.count);
    try {
      Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }).stop(true);
      return port;
    } catch {
      // Another program listens there.
    }
  }
}

export class Server implements AsyncDisposable {
  readonly log = new Transcript<string>();
  readonly #process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  port = 0;

  private constructor(flags: string[], environment: Record<string, string>, before: string[]) {
    this.#process = Bun.spawn([...before, "bun", join(root, "ChatServer.ts"), ...flags], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { ...withoutSettings(), ...environment },
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) void follow(stream, this.log);
  }

  /**
   * Starts a server: in memory, on a free port and without a rate limit, unless the flags say otherwise. `before`: a command
   * that runs another one, which starts it.
   */
  static async start(
    flags: string[] = [],
    environment: Record<string, string> = {},
    before: string[] = [],
  ): Promise<Server> {
    const given = (flag: string) => flags.includes(flag);
    const server = new Server(
      [
        ...(given("--port") ? [] : ["--port", `${freePort()}`]),
        ...(given("--history") || environment.CHAT_HISTORY !== undefined ? [] : ["--history", "none"]),
        ...(given("--rate") ? [] : ["--rate", "0"]),
        ...(given("--web") || environment.CHAT_WEB !== undefined ? [] : ["--web", "0"]),
        ...flags,
      ],
      environment,
      before,
    );
    try {
      const opened = await server.line(/is open on .*:(\d+)/);
      server.port = Number(opened[1]);
      return server;
    } catch (error) {
      await server.kill("SIGKILL");
      throw error;
    }
  }

  line(pattern: RegExp): Promise<RegExpExecArray> {
    const find = (lines: string[]) => lines.map((line) => pattern.exec(line)).find((match) => match !== null);
    return this.log.until((lines) => find(lines) ?? undefined, `${pattern} from the server`);
  }

  get pid(): number {
    return this.#process.pid;
  }

  get exited(): Promise<number> {
    return this.#process.exited;
  }

  kill(signal: NodeJS.Signals): Promise<number> {
    this.#process.kill(signal);
    return this.#process.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill("SIGKILL");
  }
}
