// The clients of tests: one for each dialect, which keeps every line that comes and waits for those a test expects, and a
// peer for long runs, which hands over each line and keeps none.

import type { Socket } from "bun";
import { greeting } from "../../lib/dialects/plain.ts";
import type { Raw } from "../../lib/protocol/commands.ts";
import { codeOf } from "../../lib/protocol/errors.ts";
import { type Event, isFault } from "../../lib/protocol/events.ts";
import { LineReader } from "../../lib/protocol/lines.ts";
import { Transcript } from "./transcript.ts";

export type Where = { host?: string; tls?: Bun.TLSOptions | undefined };

/** A connection that sends what it is told and keeps the lines that come. */
abstract class Connection<T> implements Disposable {
  readonly received = new Transcript<T>();
  readonly closed: Promise<void>;
  readonly #lines = new LineReader(Infinity);
  readonly #closed = Promise.withResolvers<void>();
  #unwritten: Buffer = Buffer.alloc(0);
  socket: Socket | undefined;

  constructor() {
    this.closed = this.#closed.promise;
  }

  async open(port: number, { host = "localhost", tls }: Where = {}): Promise<this> {
    this.socket = await Bun.connect({
      hostname: host,
      port,
      ...(tls && { tls }),
      allowHalfOpen: true,
      socket: {
        data: (_, chunk) => this.take(chunk),
        drain: () => this.#flush(),
        end: (socket) => {
          socket.end();
          this.ended();
        },
        close: () => this.ended(),
        error: (_, error) => {
          this.ended();
          // Bun hands over what a handler throws, too.
          if (codeOf(error) === "") throw error;
        },
      },
    });
    return this;
  }

  sendBytes(bytes: string | Uint8Array): void {
    this.#unwritten = Buffer.concat([this.#unwritten, Buffer.from(bytes)]);
    this.#flush();
  }

  /** No more will be sent, but what comes is still read. */
  halfClose(): void {
    this.socket?.shutdown();
  }

  [Symbol.dispose](): void {
    this.socket?.terminate();
  }

  /** Undefined for a line that is not for this client. */
  protected abstract parse(line: string): T | undefined;

  protected take(chunk: Uint8Array): void {
    this.#lines.push(chunk);
    for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next()) {
      const item = this.parse(String(line));
      if (item !== undefined) this.received.push(item);
    }
  }

  protected ended(): void {
    this.#closed.resolve();
  }

  #flush(): void {
    const taken = this.socket?.write(this.#unwritten) ?? 0;
    this.#unwritten = this.#unwritten.subarray(Math.max(taken, 0));
  }
}

export class PlainClient extends Connection<string> {
  static async join(port: number, name: string): Promise<PlainClient> {
    const client = await new PlainClient().open(port);
    client.say(name);
    await client.line(`${name} joined`);
    return client;
  }

  say(line: string): void {
    this.sendBytes(`${line}\n`);
  }

  /** Waits for a line that contains this. */
  line(part: string): Promise<string> {
    return this.received.until((lines) => lines.find((line) => line.includes(part)), `"${part}"`);
  }

  protected parse(line: string): string {
    return line;
  }
}

/** A client of IRC, as lines. */
export class IrcClient extends PlainClient {
  static override async join(
    port: number,
    name: string,
    capabilities = "server-time",
    tls?: Bun.TLSOptions,
  ): Promise<IrcClient> {
    const client = await new IrcClient().open(port, { tls });
    for (const line of [`CAP REQ :${capabilities}`, `NICK ${name}`, `USER ${name} 0 * :${name}`, "CAP END"]) {
      client.say(line);
    }
    await client.line(` 366 ${name} `);
    return client;
  }
}

/** The events of one type; `said` and `acted` are one shape. */
type Of<T extends Event["type"]> = Event extends infer E
  ? E extends { type: infer U }
    ? T extends U
      ? E
      : never
    : never
  : never;

export class JsonClient extends Connection<Event> {
  #pings = 0;

  static async join(
    port: number,
    name: string,
    more: Record<string, unknown> = {},
    tls?: Bun.TLSOptions,
  ): Promise<JsonClient> {
    const client = await new JsonClient().open(port, { tls });
    client.send({ type: "join", name, ...more });
    await client.event("welcome");
    return client;
  }

  send(command: Raw): void {
    this.sendBytes(`${JSON.stringify(command)}\n`);
  }

  /** Waits for the first event of a type, with these fields. */
  event<T extends Event["type"]>(type: T, fields: object = {}): Promise<Of<T>> {
    const wanted = (event: Event): event is Of<T> => event.type === type && Bun.deepMatch(fields, event);
    return this.received.until((events) => events.find(wanted), `${type} ${JSON.stringify(fields)}`);
  }

  /** Everything that was sent has been carried out, and its outcome has arrived. */
  async roundTrip(): Promise<void> {
    const id = `ping-${++this.#pings}`;
    this.send({ type: "ping", id });
    await this.event("pong", { id });
    // What was recorded in the ping's own turn comes right behind it.
    const again = `ping-${++this.#pings}`;
    this.send({ type: "ping", id: again });
    await this.event("pong", { id: again });
  }

  /** The recorded events so far, one a line on the wire, `history` not counted. */
  get events() {
    return this.received.items.filter((event) => "at" in event);
  }

  get texts(): string[] {
    return this.events.flatMap((event) => ("text" in event && event.text !== undefined ? [event.text] : []));
  }

  /** On a busy machine the server may have greeted it as a person, before it has said anything. */
  protected parse(line: string): Event | undefined {
    return line === greeting.trimEnd() ? undefined : JSON.parse(line);
  }
}

const nothing = Buffer.alloc(0);

/** It can be rude, too: stop reading, leave in the middle, reset. */
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
  static async open(port: number, heard?: (line: string) => void, tls?: Bun.TLSOptions): Promise<Peer> {
    const peer = new Peer(heard);
    peer.#socket = await Bun.connect({
      hostname: "localhost",
      port,
      ...(tls && { tls }),
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
