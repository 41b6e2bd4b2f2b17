// TCP proxies that break connections: one cuts them after so many more bytes, in either direction; the other stands before a
// database, and loses the answer to a command that was carried out. If the target is down, the client's connection is closed.

import type { Socket } from "bun";

const nothing = Buffer.alloc(0);

/** The two ends of a connection through a proxy. */
class Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** The bytes that an end has not taken yet. */
  readonly unwritten = new Map<Socket, Buffer>();
  allowedBytes = Infinity;
  losesAnswer: (() => void) | undefined;

  constructor(client: Socket, server: Socket) {
    this.client = client;
    this.server = server;
  }

  /** The other end of `from`. */
  beyond(from: Socket): Socket {
    return from === this.client ? this.server : this.client;
  }

  write(to: Socket, bytes: Buffer): void {
    const all = Buffer.concat([this.unwritten.get(to) ?? nothing, bytes]);
    this.unwritten.set(to, all.subarray(Math.max(to.write(all), 0)));
  }
}

abstract class TcpProxy implements AsyncDisposable {
  /** Refuses connections, as if the target were down. */
  protected refuses = false;
  readonly #targetPort: number;
  readonly #pairs = new Map<Socket, Pair>();
  readonly #listener: Bun.TCPSocketListener;

  static async start<T extends TcpProxy>(
    this: new (
      targetPort: number,
    ) => T,
    targetPort: number,
  ): Promise<T> {
    return new this(targetPort);
  }

  constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#listener = Bun.listen({
      hostname: "localhost",
      port: 0,
      socket: { ...this.#handlers, open: (client) => void this.#connect(client) },
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  /** All connections through the proxy. */
  protected get pairs(): Set<Pair> {
    return new Set(this.#pairs.values());
  }

  protected abstract pass(pair: Pair, from: Socket, chunk: Buffer): void;

  protected cut({ client, server }: Pair): void {
    for (const end of [client, server]) {
      this.#pairs.delete(end);
      end.terminate();
    }
  }

  get #handlers() {
    return {
      data: (socket: Socket, chunk: Buffer) => {
        const pair = this.#pairs.get(socket);
        if (pair) this.pass(pair, socket, chunk);
      },
      drain: (socket: Socket) => this.#pairs.get(socket)?.write(socket, nothing),
      close: (socket: Socket) => {
        const pair = this.#pairs.get(socket);
        if (pair) this.cut(pair);
      },
      error: () => {},
    };
  }

  async #connect(client: Socket): Promise<void> {
    if (this.refuses) return void client.terminate();
    client.pause();
    try {
      const socket = this.#handlers;
      const server = await Bun.connect({ hostname: "localhost", port: this.#targetPort, socket });
      const pair = new Pair(client, server);
      if (client.readyState <= 0) return void server.terminate();
      this.#pairs.set(client, pair).set(server, pair);
      client.resume();
    } catch {
      client.terminate();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.stop(true);
    for (const pair of this.pairs) this.cut(pair);
  }
}

export class CuttingProxy extends TcpProxy {
  cuts = 0;

  /** Cuts each connection there is after so many more bytes, both ways together. */
  cutAll(allowedBytes: () => number): void {
    for (const pair of this.pairs) pair.allowedBytes = allowedBytes();
  }

  cutNoMore(): void {
    for (const pair of this.pairs) pair.allowedBytes = Infinity;
  }

  protected override pass(pair: Pair, from: Socket, chunk: Buffer): void {
    const allowed = chunk.subarray(0, Math.min(chunk.length, pair.allowedBytes));
    pair.allowedBytes -= allowed.length;
    pair.write(pair.beyond(from), allowed);
    if (allowed.length === chunk.length) return;
    this.cuts++;
    this.cut(pair);
  }
}

/** A proxy before a database. It can also be away, so that one server has no database while the others have it. */
export class FlakyProxy extends TcpProxy {
  /** How many answers were lost. */
  dropped = 0;
  #wanted: { command: string; dropped: () => void } | undefined;

  /** The next command with this text in it is carried out, and its connection is cut instead of an answer: resolves then. */
  dropNextAnswerTo(command: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wanted = { command, dropped: resolve };
    return promise;
  }

  goAway(): void {
    this.refuses = true;
    for (const pair of this.pairs) this.cut(pair);
  }

  comeBack(): void {
    this.refuses = false;
  }

  protected override pass(pair: Pair, from: Socket, chunk: Buffer): void {
    if (from === pair.client) {
      if (this.#wanted && chunk.includes(this.#wanted.command)) {
        pair.losesAnswer = this.#wanted.dropped;
        this.#wanted = undefined;
      }
      pair.write(pair.server, chunk);
    } else if (pair.losesAnswer) {
      this.dropped++;
      pair.losesAnswer();
      this.cut(pair);
    } else {
      pair.write(pair.client, chunk);
    }
  }
}
