// The server for browsers: the page, and the WebSocket it talks over, on a port of its own.
//
//   GET /              the page
//   GET /chat          a WebSocket, which is the transport of a connection like any other
//   GET /favicon.ico   nothing: the page has its icon in it
//
// HTTP, TLS and frames are Bun's. A connection counts, and is refused or let in, once it has become a WebSocket: only so
// can the page hear why. What never gets so far is closed when it is silent (files.ts has the rest).

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
/** Where the WebSocket is. */
export const chatPath = "/chat";

export type WebOptions = {
  host: string;
  /** The port; undefined: the default one, if it is free. 0: nowhere. */
  web: number | undefined;
  "web-names": readonly string[];
};

export type WebHandlers = {
  /** Builds the page; called when it is first asked for. */
  build: () => Promise<PageDocument>;
  certificate: () => Certificate | undefined;
  /** Whether this address is that of a proxy, which is believed to tell where its requests come from. */
  isProxy: (address: string) => boolean;
  /** Takes in the WebSockets, as the sockets of TCP. */
  reception: Pick<Reception, "admit" | "receive" | "drained" | "closed">;
  /** Something is wrong with the server, in one sentence. */
  failed: (problem: string) => void;
};

/** A request or a connection that is silent for so long is closed, in seconds. Who reads a WebSocket answers its pings. */
const idleSeconds = { request: 10, webSocket: 60 };
/** No request has a body. */
const maxBodyBytes = 1_024;
/** Four of the longest lines; a longer message ends its connection with the code 1009. */
const maxMessageBytes = 64 * 1024;
/** No message is begun while so much waits: answers to pings, since the transport begins none while another one waits. */
const maxWaitingBytes = 64 * 1024;

export class Web {
  readonly #options: WebOptions;
  readonly #handlers: WebHandlers;
  readonly #page: Page;
  readonly #listeners: Listeners<{ port: number; stop(): void }> | undefined;
  /** Where the page is, in lines for people; or why it is nowhere, if it was to be at the default port. */
  readonly lines: readonly string[] = [];
  /** The way to the page for who asks the chat port for one. */
  readonly waysIn: readonly string[] = [];

  /** Throws an Error of one sentence if the port that was asked for cannot be had. */
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

  /** Listens anew, with the certificate as it is now, as `Listeners.renew` does. */
  renew(say: (message: string) => void): void {
    this.#listeners?.renew(say);
  }

  /** Takes no more connections; those that are there stay. */
  stop(): void {
    this.#listeners?.stop();
  }

  #listen(hostname: string, port: number): { port: number; stop(): void } {
    const certificate = this.#handlers.certificate();
    const server = Bun.serve<Upgraded>({
      hostname,
      port,
      // By itself Bun would share the port with another server.
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

  /** Bun would end the process. */
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
