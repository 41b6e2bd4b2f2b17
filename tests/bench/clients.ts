// Connections to a server under test, which must outlive the measuring: what closes one ends this process.

import type { Socket } from "bun";
import { messageOf } from "../../lib/protocol/errors.ts";

export type Client = {
  socket: Socket<Client> | undefined;
  unsent: Buffer;
  hear: (chunk: Buffer) => void;
  /** All that was written has been taken. */
  drained: () => void;
};

const nothing = Buffer.alloc(0);
/** Not all at once: a server's backlog has an end. */
const atOnce = 50;

/** So many clients, in turn on each of the ports. `hear` is told who heard what. */
export async function connectAll(
  count: number,
  ports: number[],
  hear: (index: number, chunk: Buffer) => void,
): Promise<Client[]> {
  const clients: Client[] = [];
  while (clients.length < count) {
    const batch = Array.from({ length: Math.min(atOnce, count - clients.length) }, (_, i) => {
      const index = clients.length + i;
      return connect(ports[index % ports.length] ?? 0, (chunk) => hear(index, chunk));
    });
    clients.push(...(await Promise.all(batch).catch(fail)));
  }
  return clients;
}

async function connect(port: number, hear: (chunk: Buffer) => void): Promise<Client> {
  const client: Client = { socket: undefined, unsent: nothing, hear, drained() {} };
  client.socket = await Bun.connect<Client>({
    hostname: "127.0.0.1",
    port,
    data: client,
    socket: {
      data: (_, chunk) => client.hear(chunk),
      drain() {
        write(client, nothing);
        if (client.unsent.length === 0) client.drained();
      },
      close: () => fail("the server closed a connection"),
      error: (_, error) => fail(error),
    },
  });
  return client;
}

export function write(client: Client, bytes: Buffer): void {
  const all = client.unsent.length === 0 ? bytes : Buffer.concat([client.unsent, bytes]);
  const taken = all.length === 0 ? 0 : (client.socket?.write(all) ?? 0);
  client.unsent = taken < all.length ? Buffer.from(all.subarray(Math.max(taken, 0))) : nothing;
}

/** Prints the result, and ends. */
export function finish(result: object): void {
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}

export function fail(reason: unknown): never {
  console.error(messageOf(reason));
  process.exit(1);
}
