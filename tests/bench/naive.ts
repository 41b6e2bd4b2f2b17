// The simplest chat server on Bun.listen: each line that comes is written to every client, one call each.
// It shows what batching is worth. It also forgets what a socket does not take at once, so a client that is slow
// loses messages: the benchmark counts them as lost.
//
//   bun tests/bench/naive.ts PORT

import type { Socket } from "bun";

type Client = { name: string; rest: string };

const members = new Set<Socket<Client>>();

Bun.listen<Client>({
  hostname: "127.0.0.1",
  port: Number(Bun.argv[2]),
  socket: {
    open(socket) {
      socket.data = { name: "", rest: "" };
    },
    data(socket, chunk) {
      const client = socket.data;
      const lines = (client.rest + chunk.toString()).split("\n");
      client.rest = lines.pop() ?? "";
      for (const line of lines) {
        if (client.name === "") {
          client.name = line;
          members.add(socket);
        } else {
          const message = `${client.name}: ${line}\n`;
          for (const member of members) member.write(message);
        }
      }
    },
    close(socket) {
      members.delete(socket);
    },
    error() {},
  },
});
