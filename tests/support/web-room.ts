// A room with its page, in a server process that can crash and come back on the same ports.

import { Server } from "./server.ts";
import { startWithPage } from "./web.ts";

export async function webRoom(flags: string[] = [], environment: Record<string, string> = {}) {
  const all = ["--stay", ...flags];
  const started = await startWithPage(all, environment);
  const { port } = started.server;
  const ports = ["--port", `${port}`, "--web", `${started.port}`];
  return {
    url: `http://localhost:${started.port}/`,
    /** The port for other clients. */
    port,
    /** Kills the server, as a crash would. */
    crash: () => started.server.kill("SIGKILL"),
    async restart() {
      started.server = await Server.start([...ports, ...all], environment);
    },
    async [Symbol.asyncDispose]() {
      await started.server[Symbol.asyncDispose]();
    },
  };
}
