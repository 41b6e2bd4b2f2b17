// The processes and files of a run. Servers and load get a CPU each where `taskset` can give them one, so that
// neither takes time from the other; a database has a third one if there is one, else it shares the load's. All that was
// started is remembered: `clear` ends it and removes the files, however the run ends.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PostgresServer } from "../support/postgres.ts";

export type Child = {
  pid: number;
  exited: Promise<number>;
  /** Once it has written something. */
  ready: Promise<void>;
  /** All that it wrote, once it has ended. */
  output: Promise<string>;
  errors: Promise<string>;
  /** Ends it now. */
  end: () => Promise<unknown>;
};

type Role = "server" | "load" | "database";

const cpus = usableCpus();
const taskset = Bun.which("taskset");
export const pinned = taskset !== null && cpus.length >= 2;

const children = new Set<Child>();
const databases = new Set<PostgresServer>();
let folder: string | undefined;
let over = false;

/** Runs a script, its path as seen from here, for at most so many seconds. */
export function runScript(role: Role, script: string, args: string[], maxSeconds: number): Child {
  return run(role, [process.execPath, join(import.meta.dir, script), ...args], maxSeconds);
}

function run(role: Role, command: string[], maxSeconds: number): Child {
  if (over) throw new Error("The run is over");
  const started = Bun.spawn([...pinTo(role), ...command], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: maxSeconds * 1000,
    killSignal: "SIGKILL",
  });
  const ready = Promise.withResolvers<void>();
  const child: Child = {
    pid: started.pid,
    ready: ready.promise,
    exited: started.exited.finally(() => children.delete(child)),
    output: read(started.stdout, ready.resolve),
    errors: started.stderr.text(),
    end() {
      started.kill("SIGKILL");
      return child.exited;
    },
  };
  children.add(child);
  return child;
}

/** What runs a command on the CPU of its role. */
function pinTo(role: Role): string[] {
  const cpu = { server: cpus[0], load: cpus[1], database: cpus[2] ?? cpus[1] }[role];
  return taskset !== null && pinned ? [taskset, "-c", `${cpu}`] : [];
}

/** A PostgreSQL as it comes: what it has acknowledged is on the disk. */
export async function startDatabase(): Promise<PostgresServer> {
  const database = await PostgresServer.start({ fsync: "on", autovacuum: "on" }, pinTo("database"));
  databases.add(database);
  return database;
}

async function read(stream: ReadableStream<Uint8Array>, begun: () => void): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of stream) {
    text += decoder.decode(bytes, { stream: true });
    begun();
  }
  return text;
}

/** A file for this run, not made yet. */
export function temporaryFile(name: string): string {
  folder ??= mkdtempSync(join(tmpdir(), "chatroom-bench-"));
  return join(folder, name);
}

/** Ends what runs and removes what was written. Nothing can be run any more. */
export async function clear(): Promise<void> {
  over = true;
  await Promise.all([...children].map((child) => child.end()));
  for (const database of databases) await database[Symbol.asyncDispose]();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}

/** The numbers of the CPUs this process may use, from a list such as 0-3,8; none where there is no /proc. */
function usableCpus(): number[] {
  if (process.platform !== "linux") return [];
  const status = readFileSync("/proc/self/status", "utf8");
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? "";
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
