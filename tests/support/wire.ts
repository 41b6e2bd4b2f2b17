// What the tests on the wire have in common: a real server process, and clients that wait for conditions, never for
// time. A wait that is not met fails with all that was on the wire.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Socket } from "bun";
import type { Raw } from "../../lib/protocol/commands.ts";
import type { Event } from "../../lib/protocol/events.ts";
import { LineReader } from "../../lib/protocol/lines.ts";

export const root = join(import.meta.dir, "../..");

/** The environment without the settings of whoever runs the tests, and without CI, where a spinner does not turn. */
export function withoutSettings(): Record<string, string | undefined> {
  const ours = Object.entries(process.env).filter(
    ([name]) => !/^(CHAT_|NO_COLOR|FORCE_COLOR|CI$)/.test(name),
  );
  return { ...Object.fromEntries(ours), XDG_CONFIG_HOME: join(root, "tests", "no-such-folder") };
}

/** How long something may take to come: a verdict, not a measure. */
export const patienceMs = 20_000;
/** A test must not end before that, or nobody would know what was there instead. */
export const testMs = 2 * patienceMs;

/** Collects text and resolves those who wait for something in it. */
export class Transcript<T> {
  readonly items: T[] = [];
  readonly #waiting = new Set<() => void>();
  #looking: NodeJS.Immediate | undefined;

  push(item: T): void {
    this.items.push(item);
    // Once for all that comes in one go.
    this.#looking ??= setImmediate(() => {
      this.#looking = undefined;
      for (const look of [...this.#waiting]) look();
    });
  }

  /** What `find` makes of the items, once it makes anything. */
  async until<R>(find: (items: T[]) => R | undefined, what: string): Promise<R> {
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    const look = () => {
      const found = find(this.items);
      if (found !== undefined) resolve(found);
    };
    const timer = setTimeout(
      () =>
        reject(
          new Error(`Waited for ${what} in vain; there was:\n${this.items.slice(-40).map(show).join("\n")}`),
        ),
      patienceMs,
    );
    this.#waiting.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(look);
    });
  }
}

function show(item: unknown): string {
  return typeof item === "string" ? item : JSON.stringify(item);
}

export function temporaryFolder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "chatroom-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export class Server implements AsyncDisposable {
  readonly log = new Transcript<string>();
  readonly #process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  port = 0;

  private constructor(flags: string[], environment: Record<string, string>, before: string[]) {
    this.#process = Bun.spawn([...before, "bun", join(root, "ChatServer.ts"), ...flags], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { ...withoutSettings(), ...environment },
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) this.#follow(stream);
  }

  /**
   * In memory, on a free port and without a flood limit unless the flags say otherwise. `before` is what runs it: a
   * command that takes another one.
   */
  static async start(
    flags: string[] = [],
    environment: Record<string, string> = {},
    before: string[] = [],
  ): Promise<Server> {
    const given = (flag: string) => flags.includes(flag);
    const server = new Server(
      [
        ...(given("--port") ? [] : ["--port", "0"]),
        ...(given("--history") || given("--redis") ? [] : ["--history", "none"]),
        ...(given("--rate") ? [] : ["--rate", "0"]),
        ...flags,
      ],
      environment,
      before,
    );
    const opened = await server.line(/is open on .*:(\d+)/);
    server.port = Number(opened[1]);
    return server;
  }

  line(pattern: RegExp): Promise<RegExpExecArray> {
    const find = (lines: string[]) => lines.map((line) => pattern.exec(line)).find((match) => match !== null);
    return this.log.until((lines) => find(lines) ?? undefined, `${pattern} from the server`);
  }

  get pid(): number {
    return this.#process.pid;
  }

  get exited(): Promise<number> {
    return this.#process.exited;
  }

  kill(signal: NodeJS.Signals): Promise<number> {
    this.#process.kill(signal);
    return this.#process.exited;
  }

  async #follow(stream: ReadableStream<Uint8Array>): Promise<void> {
    const lines = new LineReader();
    for await (const chunk of stream) {
      lines.push(Buffer.from(chunk));
      for (let line = lines.next(); line !== undefined; line = lines.next()) this.log.push(String(line));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill("SIGKILL");
  }
}

type Where = { host?: string; tls?: Bun.TLSOptions | undefined };

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
        data: (_, chunk) => this.#received(chunk),
        drain: () => this.#flush(),
        end: (socket) => {
          socket.end();
          this.#closed.resolve();
        },
        close: () => this.#closed.resolve(),
        error: () => this.#closed.resolve(),
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

  protected abstract parse(line: string): T;

  #received(chunk: Buffer): void {
    this.#lines.push(chunk);
    for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next()) {
      this.received.push(this.parse(String(line)));
    }
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

  protected parse(line: string): Event {
    return JSON.parse(line.slice(line.indexOf("{")));
  }
}
