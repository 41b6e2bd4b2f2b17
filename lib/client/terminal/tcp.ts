// A wire over TCP, with or without TLS. With TLS it counts as open once the server's certificate is trusted, so nothing
// is sent to a server that is not. Lines that the socket does not take at once wait here, in order.

import type { Socket } from "bun";
import { addressOf, type Place } from "../../protocol/addresses.ts";
import { codeOf, messageOf } from "../../protocol/errors.ts";
import { LineReader } from "../../protocol/lines.ts";
import { type Connect, Refusal, type Wire, type WireHandlers } from "../core/wire.ts";
import type { Trust } from "./trust.ts";

/** A server to connect to. */
export type Server = Place & {
  /** Decides whether the server's certificate is trusted; without it, plain text is spoken. */
  trust?: Trust | undefined;
};

/** The longest line that is read: a `history` of long messages needs about as much. */
const lineBytes = 4 * 1024 * 1024;
/** Garbage is collected each time that so many bytes came. With four times as many, a burst took 7 MB more. */
const collectBytes = 512 * 1024;
/** The first byte with which a TLS server answers plain text: that of an alert. */
const tlsAlert = 0x15;

/** How to connect to this server. */
export function tcp(server: Server): Connect {
  return (handlers) => new TcpWire(server, handlers);
}

class TcpWire implements Wire {
  readonly #server: Server;
  readonly #handlers: WireHandlers;
  readonly #lines = new LineReader(lineBytes);
  #socket: Socket | undefined;
  #unwritten: Buffer[] = [];
  #opened = false;
  #received = false;
  #paused = false;
  /** Bytes that came since the last garbage collection. */
  #uncollected = 0;
  #closed = false;

  constructor(server: Server, handlers: WireHandlers) {
    this.#server = server;
    this.#handlers = handlers;
    const { host, port, trust } = server;
    Bun.connect({
      hostname: host,
      port,
      ...(trust && { tls: trust.tls }),
      socket: {
        open: (socket) => {
          this.#socket = socket;
          if (this.#closed) socket.terminate();
          else if (!trust) this.#open(socket);
        },
        // A server may ask for another handshake later: then its certificate is checked again.
        handshake: (socket, _, problem) => {
          try {
            trust?.check(socket, problem);
            this.#open(socket);
          } catch (error) {
            // Nothing was sent that could be cut off, so the connection ends in order instead of with a reset.
            this.#socket = undefined;
            this.#end(error);
            socket.end();
          }
        },
        data: (_, chunk) => this.#take(chunk),
        drain: () => this.#flush(),
        close: () => this.#end(new Error(this.#opened ? "The connection was lost" : "it hangs up")),
        error: (_, error) => this.#end(error),
      },
    }).catch((error) => this.#end(error));
  }

  send(line: string): void {
    this.#unwritten.push(Buffer.from(`${line}\n`));
    if (this.#unwritten.length === 1) this.#flush();
  }

  pause(): void {
    this.#paused = true;
    this.#socket?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#socket?.resume();
  }

  close(): void {
    this.#closed = true;
    this.#unwritten = [];
    this.#socket?.terminate();
  }

  #open(socket: Socket): void {
    if (this.#closed || this.#opened) return;
    this.#opened = true;
    if (this.#paused) socket.pause();
    this.#handlers.opened();
  }

  #take(chunk: Buffer): void {
    if (this.#closed) return;
    if (!this.#received && !this.#server.trust && chunk[0] === tlsAlert) {
      return this.#end(new Refusal(`${addressOf(this.#server)} speaks TLS: use --tls`));
    }
    this.#received = true;
    this.#lines.push(chunk);
    const lines: string[] = [];
    for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next()) {
      if (typeof line === "string") lines.push(line);
    }
    this.#handlers.received(lines);
    this.#collectGarbage(chunk.length);
  }

  /** Collects the garbage of a burst while it comes. Bun waits for much more garbage, and keeps the memory. */
  #collectGarbage(received: number): void {
    this.#uncollected += received;
    if (this.#uncollected < collectBytes) return;
    this.#uncollected = 0;
    Bun.gc(true);
  }

  #end(why: unknown): void {
    if (this.#closed) return;
    this.close();
    this.#handlers.closed(why instanceof Refusal ? why : new Error(reasonOf(why)));
  }

  #flush(): void {
    for (;;) {
      const bytes = this.#unwritten[0];
      if (!bytes || !this.#opened || !this.#socket) return;
      const taken = this.#socket.write(bytes);
      if (taken < bytes.length) {
        this.#unwritten[0] = bytes.subarray(Math.max(taken, 0));
        return;
      }
      this.#unwritten.shift();
    }
  }
}

/** Why there is no connection, in a few words. */
function reasonOf(error: unknown): string {
  const reasons: Record<string, string> = {
    ECONNREFUSED: "nobody listens there",
    ENOTFOUND: "there is no such host",
    EAI_AGAIN: "its name cannot be looked up now",
    ETIMEDOUT: "it does not answer",
    ENETUNREACH: "the network cannot be reached",
    EHOSTUNREACH: "the host cannot be reached",
    EPROTO: "it and this client agree on no TLS",
    ECONNRESET: "it hangs up",
  };
  return reasons[codeOf(error)] ?? messageOf(error);
}
