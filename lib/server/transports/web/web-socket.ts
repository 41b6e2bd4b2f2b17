// A WebSocket as the transport of a connection. Each message is binary, with as many whole JSON lines as fit in 16 KiB, or with
// one longer line. Bun keeps the part of a message that the network does not take, and until that is sent no further message is
// written. So a peer that does not read costs one message in memory, and the reader goes on from its cursor. Bun calls `close`
// from within its own `close`, so `shutdown` waits for the next turn: a connection must not be closed while it calls `shutdown`.

import type { ServerWebSocket } from "bun";
import { json } from "../../../dialects/json.ts";
import type { Place } from "../../../protocol/addresses.ts";
import type { Admitted } from "../../limits/door.ts";
import type { Transport } from "../../session/transport.ts";

/** The data of a WebSocket. `from`: where its request came from. */
export type Upgraded = { from: Place; transport?: WebSocketTransport };
export type Socket = ServerWebSocket<Upgraded>;
/** The part of a WebSocket that the transport needs. */
export type Carried = Pick<
  Socket,
  "sendBinary" | "getBufferedAmount" | "pause" | "resume" | "close" | "terminate"
>;

/** Bytes in a message: with the head of its frame, Bun sends at most 16 KiB without copying it to another buffer. */
const messageBytes = 16 * 1024 - 16;
/** How many messages a line may have, so that a peer cannot send messages that no limit of lines counts. */
const maxPieces = 64;
const LF = 10;
/** The code of a normal end: RFC 6455, 7.4.1. */
const normalClosure = 1000;

export class WebSocketTransport implements Transport {
  readonly dialect = json;
  /** As that of a TCP socket: undefined until the door has decided. */
  data: Admitted | undefined;
  readonly #socket: Carried;
  readonly #receive: (chunk: Buffer) => void;
  /** The beginning of a line whose end is not written yet. */
  #begun: Uint8Array[] = [];
  /** Whether Bun still keeps a part of the latest message. */
  #isFull = false;
  #isEnding = false;
  #isPaused = false;
  /** Bytes that came during a pause: Bun had read them from the network before. */
  #kept: Bun.ArrayBufferSink | undefined;
  /** How many messages have come since the latest one with the end of a line. */
  #pieces = 0;

  /** `receive` is called with the bytes that come. */
  constructor(socket: Carried, receive: (chunk: Buffer) => void) {
    this.#socket = socket;
    this.#receive = receive;
  }

  // ---- Called for the socket ----

  /** Takes a message. A text message has whole lines, so its end is the end of a line; binary ones are cut anywhere. */
  received(message: string | Buffer): void {
    const bytes = typeof message === "string" ? Buffer.from(withEnd(message)) : message;
    this.#pieces = bytes.includes(LF) ? 0 : this.#pieces + 1;
    if (this.#pieces > maxPieces) return this.terminate();
    if (!this.#isPaused) return this.#receive(bytes);
    this.#kept ??= new Bun.ArrayBufferSink();
    this.#kept.write(bytes);
  }

  /** Bun has sent some bytes. Returns whether the transport takes bytes again. */
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

  /** Sends a part. Returns false if the socket is closed, or is closed now, since its peer reads no answers. */
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

/** A text message with an LF at its end. */
function withEnd(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}

/** The end of the message that begins at `at`: after whole lines, or at `end` if no line ends before it. */
function messageEnd(bytes: Uint8Array, at: number, end: number): number {
  if (end - at <= messageBytes && bytes[end - 1] === LF) return end;
  const last = bytes.subarray(at, Math.min(end, at + messageBytes)).lastIndexOf(LF);
  if (last !== -1) return at + last + 1;
  const first = bytes.subarray(at, end).indexOf(LF);
  return first === -1 ? end : at + first + 1;
}

let lastPart: Uint8Array = new Uint8Array();

/** The bytes from `at` to `end`. Many readers are sent the same part in a row, so the latest one is kept. */
function partOf(bytes: Uint8Array, at: number, end: number): Uint8Array {
  const isLast =
    lastPart.buffer === bytes.buffer &&
    lastPart.byteOffset === bytes.byteOffset + at &&
    lastPart.length === end - at;
  if (!isLast) lastPart = bytes.subarray(at, end);
  return lastPart;
}
