// The server for browsers: the page, and the WebSocket by which it talks to the room, on another port than the room's.
//
//   GET /              the page
//   GET /chat          a WebSocket, which is the transport of a connection like any other
//   GET /favicon.ico   no content: the page has its icon in it
//
// HTTP, TLS and frames are Bun's. A connection is counted, and refused or let in, once it is a WebSocket: before that the page
// could not read the reason. One that never becomes a WebSocket is closed when it is silent; free-files.ts limits their number.

import { messageOf } from "../../../protocol/errors.ts";
import { plainAddress } from "../../limits/addresses.ts";
import { Listeners } from "../listeners.ts";
import type { Reception } from "../reception.ts";
import type { Certificate } from "../tls.ts";
import { pageAt, waysToBrowse } from "../ways-in.ts";
import { headers, Page, type PageDocument, sentence } from "./page.ts";
import { placeOf, refusalOf } from "./request.ts";
import { type Socket, type Upgraded, WebSocketTransport } from "./web-socket.ts";

export const defaultWebPort = 53_080;
const chatPath = "/chat";

type WebOptions = {
  host: string;
  /** The port; undefined: the default port, if it is free; 0: there is no page. */
  web: number | undefined;
  "web-names": readonly string[];
};

export type WebHandlers = {
  /** Builds the page; called at the first request for it. */
  build: () => Promise<PageDocument>;
  certificate: () => Certificate | undefined;
  /** Whether an address is that of a proxy, whose requests tell where they come from. */
  isProxy: (address: string) => boolean;
  /** Takes in the WebSockets, as the sockets of TCP. */
  reception: Pick<Reception, "admit" | "receive" | "drained" | "closed">;
  /** Called with a sentence if something is wrong with the server. */
  failed: (problem: string) => void;
};

/** After how many seconds of silence a connection is closed. A browser with a WebSocket answers the pings that Bun sends. */
const idleSeconds = { request: 10, webSocket: 60 };
/** Bytes in the body of a request. The page sends none. */
const maxBodyBytes = 1_024;
/** Bytes in a message: four of the longest lines. A longer message ends its connection with code 1009. */
const maxMessageBytes = 64 * 1024;
/** Bytes that may wait in Bun: only its answers to pings, since the transport writes nothing while a message waits. */
const maxWaitingBytes = 64 * 1024;

export class Web {
  readonly #options: WebOptions;
  readonly #handlers: WebHandlers;
  readonly #page: Page;
  #isStopped = false;
  readonly #listeners: Listeners<{ port: number; stop(): void }> | undefined;
  /** Lines for people that tell where the page is; or why there is none, if the default port is taken. */
  readonly lines: readonly string[] = [];
  /** The way to the page, for browsers that ask the chat port for it. */
  readonly waysIn: readonly string[] = [];

  /** Throws an Error of one sentence if it cannot listen on the given port. */
  constructor(options: WebOptions, addresses: readonly string[], handlers: WebHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#page = new Page(handlers.build, (reason) => handlers.failed(`The page cannot be built: ${reason}`));
    const { host, web: port = defaultWebPort } = options;
    if (port === 0) return;
    const listen = (address: string, port: number) => this.#listen(address, port);
    try {
      this.#listeners = new Listeners({ host, port }, addresses, listen, { flag: "--web", patienceMs: 0 });
      const isTls = handlers.certificate() !== undefined;
      this.lines = waysToBrowse({ host, port }, isTls);
      this.waysIn = [`or open ${pageAt({ host, port }, isTls)} in a browser`];
    } catch (error) {
      if (options.web !== undefined) throw error;
      this.lines = [`There is no page for browsers: ${messageOf(error)}`];
    }
  }

  get isOpen(): boolean {
    return this.#listeners !== undefined;
  }

  /** Listens anew, with the certificate as it is now, as `Listeners.renew` does; after `stop`, only `reopen` listens again. */
  renew(say: (message: string) => void): void {
    if (!this.#isStopped) this.#listeners?.renew(say);
  }

  /** Takes connections again after `stop`. */
  reopen(say: (message: string) => void): void {
    this.#isStopped = false;
    this.renew(say);
  }

  /** Takes no more connections; open ones stay. */
  stop(): void {
    this.#isStopped = true;
    this.#listeners?.stop();
  }

  #listen(hostname: string, port: number): { port: number; stop(): void } {
    const certificate = this.#handlers.certificate();
    const server = Bun.serve<Upgraded>({
      hostname,
      port,
      // By default Bun would share the port with another server.
      reusePort: false,
      development: false,
      idleTimeout: idleSeconds.request,
      maxRequestBodySize: maxBodyBytes,
      ...(certificate && { tls: { cert: certificate.cert, key: certificate.key } }),
      fetch: (request, server) => this.#answer(request, server),
      error: (error) => {
        this.#handlers.failed(problemIn(error));
        return sentence(500, "This cannot be answered: the server's log says why");
      },
      websocket: {
        idleTimeout: idleSeconds.webSocket,
        maxPayloadLength: maxMessageBytes,
        backpressureLimit: maxWaitingBytes,
        open: (socket) => this.#guarded(socket, () => this.#opened(socket)),
        message: (socket, message) => {
          this.#guarded(socket, () => socket.data.transport?.received(message));
        },
        drain: (socket) => {
          const { transport } = socket.data;
          this.#guarded(socket, () => {
            if (transport?.drained()) this.#handlers.reception.drained(transport);
          });
        },
        close: (socket) => {
          const { transport } = socket.data;
          if (transport) this.#guarded(socket, () => this.#handlers.reception.closed(transport));
        },
      },
    });
    const taken = server.port ?? port;
    return { port: taken, stop: () => void server.stop() };
  }

  #answer(request: Request, server: Bun.Server<Upgraded>): Promise<Response> | Response | undefined {
    const { method } = request;
    const refusal = refusalOf(request.headers, this.#options["web-names"]);
    if (refusal) return sentence(refusal.status, refusal.text);
    if (method !== "GET" && method !== "HEAD") return sentence(405, "Only GET", { allow: "GET, HEAD" });
    switch (URL.parse(request.url)?.pathname) {
      case "/":
        return this.#page.answer(request.headers);
      case chatPath:
        return this.#upgrade(request, server);
      case "/favicon.ico":
        return new Response(null, { status: 204, headers });
      default:
        return sentence(404, "There is nothing here: the room is at /");
    }
  }

  #upgrade(request: Request, server: Bun.Server<Upgraded>): Response | undefined {
    const peer = server.requestIP(request);
    if (!peer) return sentence(400, "The connection is gone");
    const from = placeOf(
      request.headers,
      { host: plainAddress(peer.address), port: peer.port },
      this.#handlers.isProxy,
    );
    if (server.upgrade(request, { data: { from } })) return undefined;
    return sentence(426, "This is a WebSocket", { upgrade: "websocket" });
  }

  #opened(socket: Socket): void {
    const { reception } = this.#handlers;
    const transport = new WebSocketTransport(socket, (chunk) => reception.receive(transport, chunk));
    socket.data.transport = transport;
    reception.admit(transport, socket.data.from);
  }

  /** Runs a handler: if it threw, Bun would end the process. */
  #guarded(socket: Socket, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#handlers.failed(problemIn(error));
      socket.terminate();
    }
  }
}

function problemIn(error: unknown): string {
  return `A connection failed: ${error instanceof Error ? (error.stack ?? error.message) : error}`;
}
