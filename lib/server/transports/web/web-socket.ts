// A WebSocket as the transport of a connection. Each write is one binary message of whole JSON lines, as many as 16 KiB
// hold, or one line that is longer. Of a message Bun keeps what the network does not take; no other one is begun until
// that is gone. So a peer that does not read costs that much memory, and the reader goes on from its cursor. Bun calls
// `close` from within its own `close`, so `shutdown` waits for the next turn: a connection is not closed while it asks for it.

import type { ServerWebSocket } from "bun";
import { json } from "../../../dialects/json.ts";
import type { Place } from "../../../protocol/addresses.ts";
import type { Admitted } from "../../limits/door.ts";
import type { Transport } from "../../session/transport.ts";

/** What a WebSocket carries from its request on. */
export type Upgraded = { from: Place; transport?: WebSocketTransport };
export type Socket = ServerWebSocket<Upgraded>;
/** What the transport needs of it. */
export type Carried = Pick<
  Socket,
  "sendBinary" | "getBufferedAmount" | "pause" | "resume" | "close" | "terminate"
>;

/** How much is begun at once, in bytes: with the head of its frame, what Bun sends without a buffer of its own. */
const messageBytes = 16 * 1024 - 16;
/** In so many messages a line may come, so that messages cost no less than lines. */
const maxPieces = 64;
const LF = 10;
/** The connection ends as it should: RFC 6455, 7.4.1. */
const normalClosure = 1000;

export class WebSocketTransport implements Transport {
  readonly dialect = json;
  /** As a TCP socket has it: undefined until the door has decided. */
  data: Admitted | undefined;
  readonly #socket: Carried;
  readonly #receive: (chunk: Buffer) => void;
  /** The beginning of a line whose end was not written yet. */
  #begun: Uint8Array[] = [];
  /** Whether Bun still has of the last message. */
  #isFull = false;
  #isEnding = false;
  #isPaused = false;
  /** What came although it was paused: Bun had read it from the network before. */
  #kept: Bun.ArrayBufferSink | undefined;
  /** Messages since the last one with the end of a line. */
  #pieces = 0;

  /** `receive` is handed the bytes of lines. */
  constructor(socket: Carried, receive: (chunk: Buffer) => void) {
    this.#socket = socket;
    this.#receive = receive;
  }

  // ---- Called for the socket ----

  /** A text message has whole lines, so its end ends one; binary ones are bytes as they come. */
  received(message: string | Buffer): void {
    const bytes =
      typeof message === "string" ? Buffer.from(message.endsWith("\n") ? message : `${message}\n`) : message;
    this.#pieces = bytes.includes(LF) ? 0 : this.#pieces + 1;
    if (this.#pieces > maxPieces) return this.terminate();
    if (!this.#isPaused) return this.#receive(bytes);
    this.#kept ??= new Bun.ArrayBufferSink();
    this.#kept.write(bytes);
  }

  /** Whether it takes bytes again. */
  drained(): boolean {
    this.#isFull = this.#socket.getBufferedAmount() > 0;
    if (!this.#isFull && this.#isEnding) this.#close();
    return !this.#isFull;
  }

  // ---- Transport ----

  write(bytes: Uint8Array, offset: number, length: number): number {
    const end = offset + length;
    let at = offset;
    while (at < end && !this.#isFull) {
      const next = messageEnd(bytes, at, end);
      if (!this.#send(partOf(bytes, at, next))) return -1;
      at = next;
    }
    return at - offset;
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    const kept = this.#kept?.end();
    this.#kept = undefined;
    if (kept) this.#receive(Buffer.from(new Uint8Array(kept)));
    if (!this.#isPaused) this.#socket.resume();
  }

  shutdown(): void {
    this.#isEnding = true;
    if (!this.#isFull) setImmediate(() => this.#close());
  }

  end(): void {
    this.shutdown();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  /** False if the socket is closed, or its peer asks for answers and reads none, and is closed now. */
  #send(part: Uint8Array): boolean {
    if (part.at(-1) !== LF) {
      this.#begun.push(part);
      return true;
    }
    const sent = this.#socket.sendBinary(this.#begun.length === 0 ? part : this.#wholeLine(part));
    this.#isFull = sent === -1;
    if (sent === 0) this.terminate();
    return sent !== 0;
  }

  #wholeLine(lastPart: Uint8Array): Uint8Array {
    const line = Buffer.concat([...this.#begun, lastPart]);
    this.#begun = [];
    return line;
  }

  #close(): void {
    this.#socket.close(normalClosure);
  }
}

/** Where the message that begins at `at` ends: behind whole lines, or at `end` if there is none. */
function messageEnd(bytes: Uint8Array, at: number, end: number): number {
  if (end - at <= messageBytes && bytes[end - 1] === LF) return end;
  const last = bytes.subarray(at, Math.min(end, at + messageBytes)).lastIndexOf(LF);
  if (last !== -1) return at + last + 1;
  const first = bytes.subarray(at, end).indexOf(LF);
  return first === -1 ? end : at + first + 1;
}

let lastPart: Uint8Array = new Uint8Array();

/** The bytes from `at` to `end`. Many readers are sent the same part one after the other, so the last one is kept. */
function partOf(bytes: Uint8Array, at: number, end: number): Uint8Array {
  const isLast =
    lastPart.buffer === bytes.buffer &&
    lastPart.byteOffset === bytes.byteOffset + at &&
    lastPart.length === end - at;
  if (!isLast) lastPart = bytes.subarray(at, end);
  return lastPart;
}
