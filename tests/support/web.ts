// Clients for the page's port: one on a WebSocket, and a peer that makes its frames itself.

import type { Socket } from "bun";
import { JsonClient, type Where } from "./clients.ts";
import { freePort, Server } from "./server.ts";
import { Transcript } from "./transcript.ts";

/** A server with a page, and the port of the page. */
export async function startWithPage(
  flags: string[] = [],
  environment: Record<string, string> = {},
  before: string[] = [],
): Promise<{ server: Server; port: number }> {
  const port = freePort();
  return { server: await Server.start([...flags, "--web", `${port}`], environment, before), port };
}

type Asked = Where & { headers?: Record<string, string> };

/** A client that speaks over a WebSocket. Bun's has no Origin by itself, as programs have none. */
export class WebClient extends JsonClient {
  readonly messages: Uint8Array[] = [];
  /** The close code of the WebSocket. */
  code = 0;
  #web: WebSocket | undefined;

  override async open(port: number, { host = "localhost", tls, headers = {} }: Asked = {}): Promise<this> {
    const url = `${tls ? "wss" : "ws"}://${host}:${port}/chat`;
    const web = new WebSocket(url, { headers, ...(tls && { tls }) });
    const opened = Promise.withResolvers<void>();
    web.binaryType = "arraybuffer";
    web.onopen = () => opened.resolve();
    web.onmessage = ({ data }) => {
      const bytes = new Uint8Array(data);
      this.messages.push(bytes);
      this.take(bytes);
    };
    web.onclose = ({ code }) => {
      this.code = code;
      this.ended();
      opened.reject(new Error(`There is no WebSocket on ${url}: ${code}`));
    };
    this.#web = web;
    await opened.promise;
    return this;
  }

  static override async join(
    port: number,
    name: string,
    more: Record<string, unknown> = {},
  ): Promise<WebClient> {
    const client = await new WebClient().open(port);
    client.send({ type: "join", name, ...more });
    await client.event("welcome");
    return client;
  }

  /** Sends one message: of text, if it is a string. */
  override sendBytes(bytes: string | Uint8Array): void {
    this.#web?.send(bytes);
  }

  override [Symbol.dispose](): void {
    this.#web?.terminate();
  }
}

/** The opcodes of RFC 6455, 5.2. */
export const opcode = { more: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/** A frame as a client sends it, its mask four zeros: allowed, and the payload stays as it is. */
export function frame(payload: string | Uint8Array, code = opcode.text, isLast = true): Buffer {
  const bytes = Buffer.from(payload);
  const { length } = bytes;
  const size = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff];
  const mask = [0, 0, 0, 0];
  return Buffer.concat([Buffer.from([(isLast ? 0x80 : 0) | code, ...size, ...mask]), bytes]);
}

/** A request for a WebSocket. */
export const upgrade = [
  "GET /chat HTTP/1.1",
  "Host: localhost",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "\r\n",
].join("\r\n");

const nothing = Buffer.alloc(0);

/** A peer that writes its own bytes, and may stop reading. It keeps the payloads of the frames that come. */
export class FramePeer implements Disposable {
  readonly payloads = new Transcript<Buffer>();
  readonly closed: Promise<void>;
  readonly #closed = Promise.withResolvers<void>();
  #socket: Socket | undefined;
  #drained: (() => void) | undefined;
  #bytes: Buffer = nothing;
  #isOpen = false;

  private constructor() {
    this.closed = this.#closed.promise;
  }

  /** Connects, and sends these bytes. */
  static async open(port: number, bytes: string | Uint8Array = upgrade): Promise<FramePeer> {
    const peer = new FramePeer();
    peer.#socket = await Bun.connect({
      hostname: "localhost",
      port,
      socket: {
        data: (_, chunk) => peer.#received(chunk),
        drain: () => peer.#drained?.(),
        close: () => peer.#closed.resolve(),
        error: () => peer.#closed.resolve(),
      },
    });
    peer.#socket.write(bytes);
    return peer;
  }

  /** Returns how many bytes the system took. */
  write(bytes: string | Uint8Array): number {
    return this.#socket?.write(bytes) ?? -1;
  }

  /** Resolves once the system has taken them all. */
  async writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; ; ) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#drained = resolve;
      at += Math.max(this.write(bytes.subarray(at)), 0);
      if (at === bytes.length) return;
      await Promise.race([promise, this.closed]);
    }
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** The lines that came so far. */
  get lines(): string[] {
    return this.payloads.items.flatMap((payload) => String(payload).split("\n").slice(0, -1));
  }

  /** Waits for a line that contains this. */
  line(part: string): Promise<string> {
    return this.payloads.until(() => this.lines.find((line) => line.includes(part)), `"${part}"`);
  }

  [Symbol.dispose](): void {
    this.#socket?.terminate();
  }

  #received(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    if (!this.#isOpen) {
      const end = this.#bytes.indexOf("\r\n\r\n");
      if (end === -1) return;
      this.#isOpen = true;
      this.#bytes = this.#bytes.subarray(end + 4);
    }
    for (let at = 0; ; ) {
      const [length, start] = sizeAt(this.#bytes, at);
      if (this.#bytes.length < start + length) {
        this.#bytes = this.#bytes.subarray(at);
        return;
      }
      if (((this.#bytes[at] ?? 0) & 0xf) === opcode.binary) {
        this.payloads.push(this.#bytes.subarray(start, start + length));
      }
      at = start + length;
    }
  }
}

/** How long the payload of the frame is, and where it begins. A server's frames have no mask. */
function sizeAt(bytes: Buffer, at: number): [length: number, start: number] {
  const short = (bytes[at + 1] ?? 0) & 0x7f;
  if (bytes.length < at + 2) return [Infinity, at];
  if (short < 126) return [short, at + 2];
  if (short === 126) return bytes.length < at + 4 ? [Infinity, at] : [bytes.readUInt16BE(at + 2), at + 4];
  return bytes.length < at + 10 ? [Infinity, at] : [Number(bytes.readBigUInt64BE(at + 2)), at + 10];
}
