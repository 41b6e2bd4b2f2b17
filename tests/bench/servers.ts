// The servers that are compared, and how each is started. All do the same for the load: a client gives a name, and
// what it says goes to everyone in the room, itself included. Only ours also keeps what was said, in a file or in PostgreSQL.

import type { Entry } from "../../lib/server/journal/journal.ts";
import { PostgresJournal } from "../../lib/server/journal/postgres/journal.ts";
import { SqliteJournal } from "../../lib/server/journal/sqlite/journal.ts";
import { flags } from "../../lib/server/operation/options.ts";
import { freePort } from "../support/server.ts";
import { type Child, runScript, startDatabase, temporaryFile } from "./processes.ts";
import type { Wire } from "./wires.ts";

/** One, or several that are one room. */
type Server = {
  wire: Wire;
  script: string;
  /** How many; one if absent. */
  count?: number;
  database?: true;
  /** How many events its history holds when it starts. */
  past?: number;
  args: (at: { port: number; database: string; metricsPort: number }) => string[];
};

const chat: Pick<Server, "wire" | "script"> = { wire: "json", script: "../../ChatServer.ts" };
const here = ["--host", "127.0.0.1", "--stay", "--quiet"];
const place = (port: number) => [...here, "--port", `${port}`, "--web", "0"];
const webPlace = (port: number) => [...here, "--port", "0", "--web", `${port}`];
const historyFile = (port: number) => temporaryFile(`${port}.sqlite`);
const inFile = (port: number) => ["--history", historyFile(port)];
const inDatabase = (url: string) => ["--history", url];
const unlimited = ["--rate", "0"];
/** As many as the server keeps, unless told otherwise. */
export const pastEvents = 100_000;

export const servers = {
  ours: { ...chat, args: ({ port }) => [...place(port), ...inFile(port), ...unlimited] },
  "without io_uring": {
    ...chat,
    script: "without-io-uring.ts",
    args: ({ port }) => [...place(port), ...inFile(port), ...unlimited],
  },
  "on WebSockets": {
    ...chat,
    wire: "json in frames",
    args: ({ port }) => [...webPlace(port), ...inFile(port), ...unlimited],
  },
  "in IRC": {
    ...chat,
    wire: "irc",
    args: ({ port }) => [...place(port), ...inFile(port), ...unlimited],
  },
  "with its flood limit": { ...chat, args: ({ port }) => [...place(port), ...inFile(port)] },
  "with a past": { ...chat, past: pastEvents, args: ({ port }) => [...place(port), ...inFile(port)] },
  "with a past, without limit": {
    ...chat,
    past: pastEvents,
    args: ({ port }) => [...place(port), ...inFile(port), ...unlimited],
  },
  "with metrics": {
    ...chat,
    args: ({ port, metricsPort }) => {
      return [...place(port), ...inFile(port), ...unlimited, "--metrics", `${metricsPort}`];
    },
  },
  "on PostgreSQL": {
    ...chat,
    database: true,
    args: ({ port, database }) => [...place(port), ...inDatabase(database), ...unlimited],
  },
  "two on PostgreSQL": {
    ...chat,
    count: 2,
    database: true,
    args: ({ port, database }) => [...place(port), ...inDatabase(database), ...unlimited],
  },
  "with a past on PostgreSQL": {
    ...chat,
    database: true,
    past: pastEvents,
    args: ({ port, database }) => [...place(port), ...inDatabase(database), ...unlimited],
  },
  naive: { wire: "line", script: "naive.ts", args: ({ port }) => [`${port}`] },
  websocket: { wire: "websocket", script: "websocket.ts", args: ({ port }) => [`${port}`] },
} satisfies Record<string, Server>;

export type ServerName = keyof typeof servers;

/** Servers that run: where they are, and which processes they are. The database is not one of them. */
export type Running = {
  wire: Wire;
  ports: number[];
  pids: number[];
  metricsPort: number;
  end: () => Promise<unknown>;
};

const startMs = 10_000;

/** Starts servers and waits until they take connections. Throws an Error with one sentence if they do not. */
export async function start(name: ServerName, maxSeconds: number): Promise<Running> {
  const { wire, script, count = 1, database, past, args }: Server = servers[name];
  const metricsPort = freePort();
  const children: Child[] = [];
  const postgres = database ? await startDatabase() : undefined;
  const ports: number[] = [];
  const pids: number[] = [];
  while (ports.length < count) {
    const port = freePort();
    if (past !== undefined && postgres) await storePast(postgres.url(), past);
    else if (past !== undefined) await writePast(historyFile(port), past);
    const child = runScript(
      "server",
      script,
      args({ port, database: postgres?.url() ?? "", metricsPort }),
      maxSeconds,
    );
    children.unshift(child);
    ports.push(port);
    pids.push(child.pid);
    await takesConnections(name, child, port);
  }
  return {
    wire,
    ports,
    pids,
    metricsPort,
    async end() {
      await Promise.all(children.map((child) => child.end()));
      await postgres?.[Symbol.asyncDispose]();
    },
  };
}

/** A history file, as people write it who are seldom two in one turn. */
async function writePast(path: string, events: number): Promise<void> {
  const journal = SqliteJournal.open({ path, keepEvents: events });
  for (let i = 0; i < events; i++) journal.append([pastEntry(i)]);
  await journal.close();
}

/** The same in a database, many in one turn, since each turn is written to the disk. */
async function storePast(url: string, events: number): Promise<void> {
  const room = flags.room.default;
  const journal = await PostgresJournal.open({ url, room, keepEvents: events, note: () => {} });
  const stored = Promise.withResolvers<void>();
  const nothing = () => {};
  journal.listen({
    happened: () => {
      if (journal.last >= events) stored.resolve();
    },
    refused: (_, reason) => stored.reject(new Error(reason)),
    repeated: nothing,
    contradicted: nothing,
    troubled: nothing,
    serversChanged: nothing,
    epochBegan: nothing,
    beganAgain: nothing,
  });
  for (let i = 0; i < events; i++) journal.append([pastEntry(i)]);
  await stored.promise;
  await journal.close();
}

function pastEntry(i: number): Entry {
  const text = `line ${i} of what was said before, in words of every length`;
  const from = `member${i % 50}`;
  return { event: { type: "said", seq: 0, at: 0, from, text }, author: from };
}

async function takesConnections(name: string, child: Child, port: number): Promise<void> {
  let over = false;
  void child.exited.then(() => {
    over = true;
  });
  const deadline = Date.now() + startMs;
  while (!(await answers(port))) {
    if (over) throw new Error(`The server "${name}" did not start: ${reasonIn(await child.errors)}`);
    if (Date.now() > deadline) throw new Error(`The server "${name}" did not start in ${startMs / 1000} s`);
    await Bun.sleep(20);
  }
}

/** Why a process ended, from what it wrote to stderr: a sentence of its own, or the error in a stack trace. */
export function reasonIn(errors: string): string {
  const lines = errors.trim().split("\n");
  const thrown = lines.findLast((line) => line.startsWith("error: "))?.slice("error: ".length);
  return thrown || lines.at(-1) || "it was killed, or took too long";
}

async function answers(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
    socket.terminate();
    return true;
  } catch {
    return false;
  }
}
