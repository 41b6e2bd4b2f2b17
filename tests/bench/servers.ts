// The servers that are compared, and how each is started. All do the same for the load: a client gives a name, and
// what it says goes to everyone in the room, itself included. Only ours also keeps what was said, in a file.

import type { Wire } from "./load.ts";
import { type Child, run, temporaryFile } from "./processes.ts";

export type ServerName = "ours" | "naive" | "websocket";

type Server = { wire: Wire; script: string; args: (port: number) => string[] };

export const servers: Record<ServerName, Server> = {
  ours: {
    wire: "json",
    script: "../../ChatServer.ts",
    args(port) {
      const history = temporaryFile(`${port}.sqlite`);
      const place = ["--host", "127.0.0.1", "--port", `${port}`, "--history", history];
      return [...place, "--stay", "--quiet", "--rate", "0"];
    },
  },
  naive: { wire: "line", script: "naive.ts", args: (port) => [`${port}`] },
  websocket: { wire: "websocket", script: "websocket.ts", args: (port) => [`${port}`] },
};

const startMs = 10_000;

/** Starts a server and waits until it takes connections. Throws an Error with one sentence if it does not. */
export async function start(name: ServerName, maxSeconds: number): Promise<{ child: Child; port: number }> {
  const { script, args } = servers[name];
  const port = freePort();
  const child = run("server", script, args(port), maxSeconds);
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
  return { child, port };
}

/** Why a process ended, from what it wrote to stderr: a sentence of its own, or the error in a stack trace. */
export function reasonIn(errors: string): string {
  const lines = errors.trim().split("\n");
  const thrown = lines.findLast((line) => line.startsWith("error: "))?.slice("error: ".length);
  return thrown || lines.at(-1) || "it was killed, or took too long";
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
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
