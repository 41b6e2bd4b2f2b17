// A room with its page: a server process, and beside it the page and its WebSockets, each joined by bytes to a connection
// of the chat port.

import type { Socket } from "bun";
import { buildDocument } from "../../lib/client/web/document.ts";
import { Server } from "./server.ts";

const built = buildDocument();
type Joined = { socket?: Socket; early: (string | Buffer)[] };

export async function webRoom(flags: string[] = [], environment: Record<string, string> = {}) {
  const room = { server: await Server.start(["--stay", ...flags], environment) };
  const { port } = room.server;
  const { html, scriptHash, styleHash } = await built;
  const policy = `default-src 'none'; script-src 'sha256-${scriptHash}'; style-src 'sha256-${styleHash}'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'`;
  const headers = { "content-type": "text/html; charset=utf-8", "content-security-policy": policy };
  const web = Bun.serve<Joined>({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request, server) {
      if (new URL(request.url).pathname !== "/chat") return new Response(html, { headers });
      return server.upgrade(request, { data: { early: [] } }) ? undefined : new Response("", { status: 400 });
    },
    websocket: {
      open(page) {
        let rest = Buffer.alloc(0);
        const close = () => page.close(1000);
        const data = (_: Socket, chunk: Buffer) => {
          rest = Buffer.concat([rest, chunk]);
          const end = rest.lastIndexOf(10) + 1;
          if (end > 0) page.sendBinary(rest.subarray(0, end));
          rest = rest.subarray(end);
        };
        const open = (socket: Socket) => {
          page.data.socket = socket;
          for (const message of page.data.early.splice(0)) socket.write(message);
        };
        Bun.connect({ hostname: "localhost", port, socket: { open, data, close, error: close } }).catch(
          close,
        );
      },
      message(page, message) {
        if (page.data.socket) page.data.socket.write(message);
        else page.data.early.push(message);
      },
      close(page) {
        page.data.socket?.end();
      },
    },
  });
  return {
    url: `http://127.0.0.1:${web.port}/`,
    port,
    /** Ends the server without a word, and starts it again on the same port. */
    crash: () => room.server.kill("SIGKILL"),
    async restart() {
      room.server = await Server.start(["--stay", "--port", `${port}`, ...flags], environment);
    },
    async [Symbol.asyncDispose]() {
      web.stop(true);
      await room.server[Symbol.asyncDispose]();
    },
  };
}
