// A TCP proxy before Redis that loses an answer when it is told to: the command is carried out, and whoever asked for
// it sees the connection break. It can also be away altogether, for one server while Redis is there for the others.

import type { Socket } from "bun";

type Pair = { client: Socket; redis: Socket; losing?: () => void };

export class FlakyProxy implements AsyncDisposable {
  /** How many answers were lost. */
  dropped = 0;
  #wanted: { command: string; dropped: () => void } | undefined;
  #away = false;
  readonly #pairs = new Map<Socket, Pair>();
  #listener: Bun.TCPSocketListener | undefined;

  static async start(redisPort: number): Promise<FlakyProxy> {
    const proxy = new FlakyProxy();
    const socket = {
      data: (socket: Socket, chunk: Buffer) => proxy.#pass(socket, chunk),
      close: (socket: Socket) => proxy.#cut(socket),
      error: () => {},
    };
    proxy.#listener = Bun.listen({
      hostname: "localhost",
      port: 0,
      socket: {
        ...socket,
        async open(client) {
          if (proxy.#away) return client.terminate();
          client.pause();
          const redis = await Bun.connect({ hostname: "localhost", port: redisPort, socket });
          const pair = { client, redis };
          proxy.#pairs.set(client, pair).set(redis, pair);
          client.resume();
        },
      },
    });
    return proxy;
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  /** The next command of this name is carried out, and its connection is cut instead of an answer: resolves then. */
  dropNextAnswerTo(command: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wanted = { command, dropped: resolve };
    return promise;
  }

  goAway(): void {
    this.#away = true;
    for (const end of this.#pairs.keys()) this.#cut(end);
  }

  comeBack(): void {
    this.#away = false;
  }

  #pass(from: Socket, chunk: Buffer): void {
    const pair = this.#pairs.get(from);
    if (!pair) return;
    if (from === pair.client) {
      if (this.#wanted && chunk.includes(this.#wanted.command)) {
        pair.losing = this.#wanted.dropped;
        this.#wanted = undefined;
      }
      pair.redis.write(chunk);
    } else if (pair.losing) {
      this.dropped++;
      pair.losing();
      this.#cut(from);
    } else {
      pair.client.write(chunk);
    }
  }

  #cut(end: Socket): void {
    const pair = this.#pairs.get(end);
    for (const socket of pair ? [pair.client, pair.redis] : [end]) {
      this.#pairs.delete(socket);
      socket.terminate();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener?.stop(true);
  }
}
