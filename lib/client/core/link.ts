// The connection to the room: joins, stays alive, comes back. It knows (epoch, seq) of the last event it gave out, so
// whatever is missed while it is down comes first when it is up again, and nothing comes twice.
//
//   connecting ──welcome──▶ online ──dropped──▶ offline ──after a wait──▶ connecting …
//                             └── bye without retryAfterMs, or quit ──▶ closed, for good

import type { Socket } from "bun";
import type { Raw } from "../../protocol/commands.ts";
import type { Event, Fault, Welcome } from "../../protocol/events.ts";
import { LineReader } from "../../protocol/lines.ts";
import { Refusal, type Trust } from "../terminal/trust.ts";
import { Outbox, type Unsettled } from "./outbox.ts";

export type Server = {
  host: string;
  port: number;
  /** Whom to trust with TLS; without it, plain text is spoken. */
  trust?: Trust | undefined;
};

export type LinkOptions = {
  /** The servers of the room, at least one: the first that answers is taken, after a drop the next one. */
  servers: [Server, ...Server[]];
  /** How many past events to show at the first join; undefined leaves it to the server. */
  historyEvents?: number | undefined;
};

export type LinkState =
  /** Also told when our name changes. After a drop, `missed` says how much comes now that came in the meantime. */
  | { type: "online"; missed: number }
  /** Tried again in `retryMs`. */
  | { type: "offline"; reason: string; retryMs: number };

export type LinkHandlers = {
  /** Each event once, in order. */
  event: (event: Event) => void;
  state: (state: LinkState) => void;
  /** Our seat was given up and our name is not to be had: `join` takes another one, and nothing is lost. */
  nameless: (problem: Fault) => void;
  /** A message was not taken and never will be. */
  refused: (message: Unsettled, problem: Fault) => void;
  /** It is over: `reason` is undefined if we left. */
  closed: (reason: string | undefined) => void;
};

/** Connecting has no time-out of its own. */
const connectMs = 10_000;
const pingAfterMs = 30_000;
const goneAfterMs = 90_000;
/** How often silence is looked at; a look that comes much too late means that the machine slept. */
const lookEveryMs = 5_000;
/** How long the answer to a ping may take after the machine slept. */
const wokenMs = 5_000;
const firstWaitMs = 250;
const longestWaitMs = 15_000;
/** The longest answer: a `history` of long messages. */
const lineBytes = 4 * 1024 * 1024;
/** The first byte of a TLS server that hears plain text. */
const tlsAlert = 0x15;

export class Link {
  readonly outbox = new Outbox();
  name = "";
  /** The room's, if it needs one. */
  password: string | undefined;
  readonly #options: LinkOptions;
  readonly #handlers: LinkHandlers;
  /** Which of the servers it is. */
  #at = 0;
  #socket: Socket | undefined;
  #lines = new LineReader(lineBytes);
  #unwritten: Buffer[] = [];
  /** The seat and the position, once we have been in the room. */
  #token: string | undefined;
  #epoch: string | undefined;
  #seq = 0;
  /** The position up to which our name is what the last welcome said. */
  #welcomedAt = 0;
  /** How many servers in a row were none to talk to. */
  #refusals = 0;
  #joining: PromiseWithResolvers<Fault | undefined> | undefined;
  #online = false;
  #closed = false;
  #catchUp: string | undefined;
  #attempts = 0;
  #heardAt = 0;
  #goneAt = 0;
  #lookedAt = 0;
  #look: Timer | undefined;
  #retry: Timer | undefined;
  /** Runs while the room cannot take messages. */
  #held: Timer | undefined;
  /** Whether that was told; not again before something was taken. */
  #toldHeld = false;
  #quitting: Timer | undefined;

  constructor(options: LinkOptions, handlers: LinkHandlers) {
    this.#options = options;
    this.#handlers = handlers;
  }

  /**
   * Joins, with another name than before perhaps. Resolves with what is wrong with the name, if anything.
   * Rejects if there is no server, or it hangs up; with a Refusal if it is not one to talk to, or lets nobody in now.
   */
  async join(name: string): Promise<Fault | undefined> {
    this.name = name;
    for (let left = this.#options.servers.length; ; left--) {
      const joining = Promise.withResolvers<Fault | undefined>();
      this.#joining = joining;
      try {
        await this.#connect();
        return await joining.promise;
      } catch (error) {
        if (left === 1 || (error instanceof Refusal && error.unknown)) throw error;
        this.#at++;
      }
    }
  }

  /** The server it speaks to, or tries to. */
  get server(): Server {
    const { servers } = this.#options;
    return servers[this.#at % servers.length] ?? servers[0];
  }

  /** Sends a command that is worth nothing later. False if there is no connection to send it on. */
  send(command: Raw): boolean {
    if (this.#online) this.#write(command);
    return this.#online;
  }

  /** Sends a message now or as soon as there is a connection, again and again until it is known to be in the room. */
  say(message: Raw & { text: string }): void {
    const unsettled = this.outbox.add(message);
    if (this.#online && this.#catchUp === undefined && !this.#held) this.#write(unsettled);
  }

  /** Leaves the room. What is still under way is given up. */
  quit(text?: string): void {
    if (!this.#online) return this.#close(undefined);
    this.#write({ type: "quit", ...(text !== undefined && { text }) });
    // The server says goodbye; one that does not answer is not waited for.
    this.#quitting ??= setTimeout(() => this.#close(undefined), 2_000);
  }

  // ---- The socket ----

  /** Throws if there is no connection, and with TLS one to trust, within `connectMs`. */
  async #connect(): Promise<void> {
    this.#lines = new LineReader(lineBytes);
    this.#unwritten = [];
    const { host, port, trust } = this.server;
    const ready = Promise.withResolvers<void>();
    let late = false;
    let shaking: Socket | undefined;
    const open = (socket: Socket) => {
      if (socket === this.#socket) return;
      if (late || this.#closed) return socket.terminate();
      this.#opened(socket);
      ready.resolve();
    };
    Bun.connect({
      hostname: host,
      port,
      ...(trust && { tls: trust.tls }),
      socket: {
        open: (socket) => {
          if (trust && !late) shaking = socket;
          else open(socket);
        },
        // Again, if the server wants to: the certificate is looked at again.
        handshake: (socket, _, problem) => {
          try {
            trust?.check(socket, problem);
            open(socket);
          } catch (error) {
            ready.reject(error);
            socket.end();
          }
        },
        data: (socket, chunk) => {
          if (socket === this.#socket) this.#received(chunk);
        },
        drain: () => this.#flush(),
        close: (socket) => {
          if (socket === this.#socket) this.#dropped(new Error("The connection was lost"));
          else ready.reject(new Error("it hangs up"));
        },
        // What a server says and no handler can make sense of: better gone than wrong.
        error: (_, error) =>
          this.#close(`The server and this client do not understand each other: ${error.message}`),
      },
    }).catch(ready.reject);
    const timer = setTimeout(() => {
      late = true;
      ready.reject(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" }));
      shaking?.terminate();
    }, connectMs);
    await ready.promise.finally(() => clearTimeout(timer));
  }

  #opened(socket: Socket): void {
    this.#socket = socket;
    this.#heardAt = Date.now();
    // Who accepts and says nothing is no chat server.
    this.#goneAt = Date.now() + connectMs;
    this.#lookedAt = Date.now();
    this.#look = setInterval(() => this.#lookForSilence(), lookEveryMs);
    this.#sendJoin();
  }

  #sendJoin(): void {
    const resume = this.#token !== undefined;
    this.#write({
      type: "join",
      name: this.name,
      password: this.password,
      ...(resume
        ? { token: this.#token, epoch: this.#epoch, after: this.#seq }
        : { history: this.#options.historyEvents }),
    });
  }

  #write(command: Raw): void {
    this.#unwritten.push(Buffer.from(`${JSON.stringify(command)}\n`));
    if (this.#unwritten.length === 1) this.#flush();
  }

  #flush(): void {
    for (;;) {
      const bytes = this.#unwritten[0];
      if (!bytes || !this.#socket) return;
      const taken = this.#socket.write(bytes);
      if (taken < bytes.length) {
        this.#unwritten[0] = bytes.subarray(Math.max(taken, 0));
        return;
      }
      this.#unwritten.shift();
    }
  }

  #received(chunk: Buffer): void {
    this.#heardAt = Date.now();
    this.#goneAt = Infinity;
    if (!this.#online && !this.server.trust && chunk[0] === tlsAlert) {
      const { host, port } = this.server;
      return this.#dropped(new Refusal(`${host}:${port} speaks TLS: use --tls`));
    }
    this.#lines.push(chunk);
    for (;;) {
      const line = this.#lines.next();
      if (line === undefined || this.#closed) return;
      const event = typeof line === "string" ? parse(line) : undefined;
      if (event) this.#obey(event);
    }
  }

  // ---- Events ----

  #obey(event: Event): void {
    if ("at" in event) {
      if (event.seq <= this.#seq) return;
      this.#seq = event.seq;
      if ("id" in event && event.id !== undefined && this.outbox.settle(event.id)) this.#toldHeld = false;
      if (event.type === "renamed" && event.from === this.name && event.seq > this.#welcomedAt) {
        this.#named(event.to, 0);
      }
    }
    switch (event.type) {
      case "welcome":
        return this.#welcomed(event);
      case "pong":
        if (event.id === undefined) return;
        if (event.id === this.#catchUp) return this.#caughtUp();
        break;
      case "seen":
        this.outbox.settle(event.id);
        return;
      case "gap":
        this.#seq = event.to;
        break;
      case "error":
        return this.#faulted(event);
      case "bye":
        if (event.code === "left") return this.#close(undefined);
        if (event.retryAfterMs === undefined) return this.#close(event.text);
        return this.#dropped(new Error(event.text), event.retryAfterMs);
    }
    this.#handlers.event(event);
  }

  #welcomed(welcome: Welcome): void {
    const back = this.#token !== undefined;
    const missed = back && welcome.epoch === this.#epoch ? Math.max(welcome.seq - this.#seq, 0) : 0;
    this.#online = true;
    this.#refusals = 0;
    this.#welcomedAt = welcome.seq;
    this.#token = welcome.token;
    this.#epoch = welcome.epoch;
    if (!back) this.#seq = welcome.seq;
    this.#named(welcome.name, missed);
    this.#handlers.event(welcome);
    this.#joining?.resolve(undefined);
    this.#joining = undefined;
    if (back) {
      // What we said may be among what we missed: it is sent again only once that has come.
      this.#catchUp = `back-${welcome.seq}`;
      this.#write({ type: "ping", id: this.#catchUp });
    }
  }

  #named(name: string, missed: number): void {
    this.name = name;
    this.#handlers.state({ type: "online", missed });
  }

  #caughtUp(): void {
    this.#catchUp = undefined;
    // Good for more than a welcome: the next drop is a first one again.
    this.#attempts = 0;
    this.#sendOutbox();
  }

  #sendOutbox(): void {
    for (const message of this.outbox) this.#write(message);
  }

  #faulted(problem: Fault): void {
    if (!this.#online) {
      // The answer comes, it only takes a while: to ask again would take longer.
      if (problem.code === "slow-down") return this.#handlers.event(problem);
      if (!this.#joining && problem.retryAfterMs !== undefined) {
        return this.#dropped(new Error(problem.text), problem.retryAfterMs);
      }
      // The next try is a connection of its own, whenever it comes.
      this.#disconnect();
      const joining = this.#joining;
      this.#joining = undefined;
      return joining ? joining.resolve(problem) : this.#handlers.nameless(problem);
    }
    const message = [...this.outbox].find(({ id }) => id === problem.id);
    if (!message) return this.#handlers.event(problem);
    if (problem.retryAfterMs !== undefined) {
      if (this.#held) return;
      // All of them wait, so that they keep their order.
      this.#held = setTimeout(() => {
        this.#held = undefined;
        if (this.#online && this.#catchUp === undefined) this.#sendOutbox();
      }, problem.retryAfterMs);
      if (!this.#toldHeld) this.#handlers.event(problem);
      this.#toldHeld = true;
      return;
    }
    this.outbox.settle(message.id);
    this.#handlers.refused(message, problem);
  }

  // ---- Silence, drops, the end ----

  #lookForSilence(): void {
    const now = Date.now();
    const slept = now - this.#lookedAt > 3 * lookEveryMs;
    this.#lookedAt = now;
    const silentMs = now - this.#heardAt;
    if (now > this.#goneAt || (!slept && silentMs > goneAfterMs)) {
      return this.#dropped(new Error("The server does not answer"));
    }
    if (slept || silentMs > pingAfterMs) this.#write({ type: "ping" });
    if (slept) this.#goneAt = now + wokenMs;
  }

  #dropped(why: unknown, retryAfterMs?: number): void {
    this.#disconnect();
    if (this.#closed) return;
    if (this.#quitting) return this.#close(undefined);
    if (this.#joining) {
      this.#joining.reject(retryAfterMs === undefined ? why : new Refusal(reasonOf(why)));
      this.#joining = undefined;
      return;
    }
    // Nothing is sent to a server that is not to be trusted; another one may be.
    if (why instanceof Refusal && ++this.#refusals >= this.#options.servers.length)
      return this.#close(why.message);
    // Another server may be there at once; only when all have been tried it takes longer.
    const { length } = this.#options.servers;
    this.#at++;
    const round = Math.floor(this.#attempts / length);
    const growing = round === 0 ? 0 : firstWaitMs * 2 ** (round - 1);
    const asked = length === 1 ? (retryAfterMs ?? 0) : 0;
    const retryMs = Math.max(Math.min(growing, longestWaitMs) * (0.5 + Math.random() / 2), asked);
    this.#attempts++;
    this.#handlers.state({ type: "offline", reason: reasonOf(why), retryMs });
    this.#retry = setTimeout(() => {
      this.#connect().catch((error) => this.#dropped(error));
    }, retryMs);
  }

  #disconnect(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#online = false;
    this.#catchUp = undefined;
    clearInterval(this.#look);
    socket?.terminate();
  }

  #close(reason: string | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#disconnect();
    clearTimeout(this.#retry);
    clearTimeout(this.#quitting);
    clearTimeout(this.#held);
    this.#handlers.closed(reason);
  }
}

/** An event, whatever was said before the first `{`; undefined for what is none. */
function parse(line: string): Event | undefined {
  try {
    const value = JSON.parse(line.slice(Math.max(line.indexOf("{"), 0)));
    return typeof value?.type === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Why there is no connection, in words. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reasons: Record<string, string> = {
    ECONNREFUSED: "nobody listens there",
    ENOTFOUND: "there is no such host",
    ETIMEDOUT: "it does not answer",
    ENETUNREACH: "the network cannot be reached",
    EHOSTUNREACH: "the host cannot be reached",
    EPROTO: "it and this client agree on no TLS",
    ECONNRESET: "it hangs up",
  };
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}
