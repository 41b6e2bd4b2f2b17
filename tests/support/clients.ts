// The clients of tests: one for each dialect, which keeps every line that comes and waits for those a test expects, and a
// peer for long runs, which hands on each line and keeps none.

import type { Socket } from "bun";
import { greeting } from "../../lib/dialects/plain.ts";
import type { Raw } from "../../lib/protocol/commands.ts";
import { codeOf } from "../../lib/protocol/errors.ts";
import { type Event, isFault } from "../../lib/protocol/events.ts";
import { LineReader } from "../../lib/protocol/lines.ts";
import { Transcript } from "./transcript.ts";

export type Where = { host?: string; tls?: Bun.TLSOptions | undefined };

const nothing = Buffer.alloc(0);

/** A TCP connection of a test, which reads lines. Bytes that the network does not take at once wait here. */
abstract class TcpClient implements Disposable {
  /** Resolves once nothing more comes. */
  readonly closed: Promise<void>;
  readonly #closed = Promise.withResolvers<void>();
  readonly #lines = new LineReader(Infinity);
  #unwritten: Buffer = nothing;
  #isEnding = false;
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
        drain: () => this.sendBytes(nothing),
        end: (socket) => {
          socket.end();
          this.ended();
        },
        close: () => this.ended(),
        error: (_, error) => {
          this.ended();
          // Bun also calls this with an error that a handler threw.
          if (codeOf(error) === "") throw error;
        },
      },
    });
    return this;
  }

  sendBytes(bytes: string | Uint8Array): void {
    const given = Buffer.from(bytes);
    const all = this.#unwritten.length > 0 ? Buffer.concat([this.#unwritten, given]) : given;
    const taken = all.length > 0 ? Math.max(this.socket?.write(all) ?? 0, 0) : 0;
    this.#unwritten = taken < all.length ? Buffer.from(all.subarray(taken)) : nothing;
    if (this.#isEnding && this.#unwritten.length === 0) this.socket?.shutdown();
  }

  /** Sends FIN behind all bytes that wait. Lines that come are still read. */
  halfClose(): void {
    this.#isEnding = true;
    this.sendBytes(nothing);
  }

  [Symbol.dispose](): void {
    this.socket?.terminate();
  }

  /** Called with each line that came, or `<code>` for one that is none. */
  protected abstract heard(line: string): void;

  protected take(chunk: Uint8Array): void {
    this.#lines.push(chunk);
    for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next()) {
      this.heard(isFault(line) ? `<${line.code}>` : line);
    }
  }

  protected ended(): void {
    this.#closed.resolve();
  }
}

/** A client of one dialect, which keeps all that comes. */
abstract class Client<T> extends TcpClient {
  readonly received = new Transcript<T>();

  /** Undefined for a line that is not for this client. */
  protected abstract parse(line: string): T | undefined;

  protected heard(line: string): void {
    const item = this.parse(line);
    if (item !== undefined) this.received.push(item);
  }
}

export class PlainClient extends Client<string> {
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

export class JsonClient extends Client<Event> {
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

  /** Resolves once everything that was sent is carried out, and its outcome has arrived. */
  async roundTrip(): Promise<void> {
    const id = `ping-${++this.#pings}`;
    this.send({ type: "ping", id });
    await this.event("pong", { id });
    // Events of the ping's own turn come behind its pong, so that takes a second one.
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

/** A peer that keeps no line, and can be rude: stop reading, leave in the middle, reset. */
export class Peer extends TcpClient {
  readonly #heard: ((line: string) => void) | undefined;

  private constructor(heard: ((line: string) => void) | undefined) {
    super();
    this.#heard = heard;
  }

  /** Without `heard`, bytes that come are read and forgotten. */
  static open(port: number, heard?: (line: string) => void, tls?: Bun.TLSOptions): Promise<Peer> {
    return new Peer(heard).open(port, { tls });
  }

  send(bytes: string | Uint8Array): void {
    this.sendBytes(bytes);
  }

  /** Reads nothing until `resume`, so that the server has to wait. */
  pause(): void {
    this.socket?.pause();
  }

  resume(): void {
    this.socket?.resume();
  }

  /** Leaves without waiting for anything: FIN, or a reset if something came and was not read. */
  close(): void {
    this.socket?.end();
  }

  /** RST. */
  reset(): void {
    this.socket?.terminate();
  }

  protected override take(chunk: Uint8Array): void {
    if (this.#heard) super.take(chunk);
  }

  protected heard(line: string): void {
    this.#heard?.(line);
  }
}
