// A connection that hands over each line and keeps nothing, for runs that last. It can be rude, too: stop reading,
// leave in the middle, reset.

import type { Socket } from "bun";
import { isFault } from "../../lib/protocol/events.ts";
import { LineReader } from "../../lib/protocol/lines.ts";

const nothing = Buffer.alloc(0);

export class Peer {
  /** Once nothing more comes. */
  readonly closed: Promise<void>;
  readonly #closed = Promise.withResolvers<void>();
  readonly #heard: ((line: string) => void) | undefined;
  readonly #lines = new LineReader(Infinity);
  #socket: Socket | undefined;
  #unwritten: Buffer = nothing;
  #shutdownNext = false;

  private constructor(heard: ((line: string) => void) | undefined) {
    this.closed = this.#closed.promise;
    this.#heard = heard;
  }

  /** Without `heard`, what comes is read and forgotten. */
  static async open(port: number, heard?: (line: string) => void): Promise<Peer> {
    const peer = new Peer(heard);
    peer.#socket = await Bun.connect({
      hostname: "localhost",
      port,
      allowHalfOpen: true,
      socket: {
        data: (_, chunk) => peer.#received(chunk),
        drain: () => peer.send(nothing),
        end: (socket) => {
          socket.end();
          peer.#closed.resolve();
        },
        close: () => peer.#closed.resolve(),
        error: () => peer.#closed.resolve(),
      },
    });
    return peer;
  }

  send(bytes: string | Uint8Array): void {
    const all = this.#unwritten.length > 0 ? Buffer.concat([this.#unwritten, Buffer.from(bytes)]) : bytes;
    const whole = typeof all === "string" ? Buffer.from(all) : all;
    const taken = whole.length > 0 ? Math.max(this.#socket?.write(whole) ?? 0, 0) : 0;
    this.#unwritten = taken < whole.length ? Buffer.from(whole.subarray(taken)) : nothing;
    if (this.#shutdownNext && this.#unwritten.length === 0) this.#socket?.shutdown();
  }

  /** Does not read any more, so that the server has to wait, and goes on. */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** Nothing more will be sent: FIN. What comes is still read. */
  halfClose(): void {
    this.#shutdownNext = true;
    this.send(nothing);
  }

  /** Leaves without waiting for anything: FIN, or a reset if something came and was not read. */
  close(): void {
    this.#socket?.end();
  }

  /** RST. */
  reset(): void {
    this.#socket?.terminate();
  }

  #received(chunk: Buffer): void {
    if (!this.#heard) return;
    this.#lines.push(chunk);
    for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next()) {
      this.#heard(isFault(line) ? `<${line.code}>` : line);
    }
  }
}
