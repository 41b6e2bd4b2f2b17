// A TCP proxy that cuts connections wherever it is told to: after so many more bytes, in either direction.

import type { Socket } from "bun";

type Pair = { ends: Socket[]; waiting: Map<Socket, Buffer>; allowedBytes: number };

export class CuttingProxy implements AsyncDisposable {
  cuts = 0;
  readonly #pairs = new Map<Socket, Pair>();
  readonly #serverPort: number;
  #listener: Bun.TCPSocketListener | undefined;

  private constructor(serverPort: number) {
    this.#serverPort = serverPort;
  }

  static async start(serverPort: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(serverPort);
    const socket = {
      data: (socket: Socket, chunk: Buffer) => proxy.#pass(socket, chunk),
      drain: (socket: Socket) => proxy.#write(socket, Buffer.alloc(0)),
      close: (socket: Socket) => proxy.#cut(socket),
      error: () => {},
    };
    proxy.#listener = Bun.listen({
      hostname: "localhost",
      port: 0,
      socket: {
        ...socket,
        async open(client) {
          client.pause();
          const server = await Bun.connect({ hostname: "localhost", port: serverPort, socket });
          const pair: Pair = { ends: [client, server], waiting: new Map(), allowedBytes: Infinity };
          for (const end of pair.ends) proxy.#pairs.set(end, pair);
          client.resume();
        },
      },
    });
    return proxy;
  }

  get port(): number {
    return this.#listener?.port ?? this.#serverPort;
  }

  /** Each connection there is passes so many more bytes, both ways together, and dies. */
  cutAll(allowedBytes: () => number): void {
    for (const pair of new Set(this.#pairs.values())) pair.allowedBytes = allowedBytes();
  }

  cutNoMore(): void {
    for (const pair of this.#pairs.values()) pair.allowedBytes = Infinity;
  }

  #pass(from: Socket, chunk: Buffer): void {
    const pair = this.#pairs.get(from);
    const to = pair?.ends.find((end) => end !== from);
    if (!pair || !to) return;
    const allowed = chunk.subarray(0, Math.min(chunk.length, pair.allowedBytes));
    pair.allowedBytes -= allowed.length;
    this.#write(to, allowed);
    if (allowed.length === chunk.length) return;
    this.cuts++;
    this.#cut(from);
  }

  #write(to: Socket, bytes: Buffer): void {
    const waiting = this.#pairs.get(to)?.waiting;
    const all = Buffer.concat([waiting?.get(to) ?? Buffer.alloc(0), bytes]);
    const taken = to.write(all);
    waiting?.set(to, all.subarray(Math.max(taken, 0)));
  }

  #cut(end: Socket): void {
    const pair = this.#pairs.get(end);
    for (const socket of pair?.ends ?? [end]) {
      this.#pairs.delete(socket);
      socket.terminate();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener?.stop(true);
  }
}
