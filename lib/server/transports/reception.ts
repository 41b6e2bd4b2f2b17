// Takes in the connections of all transports, and hands each the bytes and events of its transport. The first bytes from a
// proxy say where a connection comes from; with TLS the handshake comes first; then the door decides: a session, a refusal with
// its reason, or the end at once. The map of connections has the object that handles each carrier now, until that is closed.

import type { Socket } from "bun";
import { addressOf, type Place } from "../../protocol/addresses.ts";
import type { Bye } from "../../protocol/events.ts";
import { plainAddress } from "../limits/addresses.ts";
import type { Admission, Admitted, Door } from "../limits/door.ts";
import type { Origin } from "../limits/origin.ts";
import { type Connection, hasDescriptor, type Transport, type WithDescriptor } from "../session/transport.ts";
import { Proxied } from "./proxy.ts";
import { Handshake } from "./tls.ts";

/** After how much silence the kernel probes a peer, in ms: once a second, and after ten probes it closes the connection. */
const keepAliveMs = 60_000;

/** The `data` of a socket; undefined until the door has decided. */
export type SocketData = Admitted | undefined;
/** A TCP socket or a WebSocket. */
export type Carrier = Transport & { data: SocketData };

type ReceptionOptions = {
  door: Pick<Door, "enter" | "leave">;
  /** The addresses of proxies, whose connections begin with a header of the PROXY protocol. */
  proxies: { has(address: string): boolean };
  /** Whether TCP sockets speak TLS. */
  isTls: boolean;
  /** Makes the session of a connection that was let in. `plain`: the socket, if its descriptor takes the bytes unencrypted. */
  session: (carrier: Carrier, origin: Origin, plain: WithDescriptor | undefined) => Connection;
  /** Handles a connection that was refused. */
  refused: (carrier: Carrier, refusal: Bye) => Connection;
  /** Called after a connection has closed. */
  closed: () => void;
  /** Counts and logs connections, and the mistakes and attacks of strangers. */
  traffic: {
    came(host: string, address: string, admission: Admission): void;
    went(address: string, admission: Admission): void;
    report(problem: string, address: string): void;
  };
};

export class Reception {
  readonly #connections: Map<Carrier, Connection>;
  readonly #options: ReceptionOptions;

  constructor(connections: Map<Carrier, Connection>, options: ReceptionOptions) {
    this.#connections = connections;
    this.#options = options;
  }

  /** A TCP socket was opened. */
  opened(socket: Socket<SocketData>): void {
    const { proxies, traffic, isTls } = this.#options;
    const peer: Place = { host: plainAddress(socket.remoteAddress ?? ""), port: socket.remotePort };
    socket.setKeepAlive(true, keepAliveMs);
    if (!proxies.has(peer.host)) return this.admit(socket, peer, isTls ? socket : undefined);
    const proxied = new Proxied(socket, {
      failed: (problem) => traffic.report(problem, peer.host),
      begin: (from, rest) => {
        this.#connections.delete(socket);
        this.admit(socket, from ?? peer);
        if (rest.length > 0) this.#connections.get(socket)?.receive(rest);
      },
    });
    this.#connections.set(socket, proxied);
  }

  /** Lets in or refuses a connection from this place. `tlsSocket`: its socket, if a TLS handshake comes first. */
  admit(carrier: Carrier, from: Place, tlsSocket?: Socket<SocketData>): void {
    const { door, traffic, session, refused } = this.#options;
    const admission = door.enter(from.host);
    if (!admission) return carrier.terminate();
    const address = addressOf(from);
    carrier.data = { address, admission };
    traffic.came(from.host, address, admission);
    const { origin, refusal, withinMs } = admission;
    const plain = !tlsSocket && hasDescriptor(carrier) ? carrier : undefined;
    const begin = () => {
      this.#connections.set(carrier, origin ? session(carrier, origin, plain) : refused(carrier, refusal));
    };
    if (tlsSocket) this.#connections.set(carrier, new Handshake(tlsSocket, withinMs, begin));
    else begin();
  }

  // ---- Called by the transports ----

  /** The TLS handshake of a socket is done (`ok`), or it failed. */
  handshaken(socket: Socket<SocketData>, ok: boolean, problem: Error | null): void {
    const handshake = this.#connections.get(socket);
    if (handshake instanceof Handshake) handshake.ended(ok, problem);
  }

  receive(carrier: Carrier, chunk: Buffer): void {
    this.#connections.get(carrier)?.receive(chunk);
  }

  drained(carrier: Carrier): void {
    this.#connections.get(carrier)?.drained();
  }

  inputEnded(carrier: Carrier): void {
    this.#connections.get(carrier)?.inputEnded();
  }

  closed(carrier: Carrier): void {
    const { door, traffic, closed } = this.#options;
    this.#connections.get(carrier)?.closed();
    this.#connections.delete(carrier);
    if (carrier.data) {
      traffic.went(carrier.data.address, carrier.data.admission);
      door.leave(carrier.data.admission);
    }
    closed();
  }
}
