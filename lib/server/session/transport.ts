// The two sides of a connection: a Transport carries its bytes, and a Connection handles them. Each knows the other by these
// interfaces alone. A new transport implements Transport, and calls the methods of Connection; `closed` is the last call, once.

import type { Dialect } from "../../dialects/dialect.ts";
import type { Bye } from "../../protocol/events.ts";
import type { Sink } from "../delivery/reader.ts";

/** Carries the bytes. A TCP socket of Bun implements it as it is. */
export interface Transport extends Sink {
  /** The dialect of a transport that carries only one; absent: the first line of a connection decides. */
  readonly dialect?: Dialect;
  /** Delivers no further bytes, so that the peer has to wait, until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends this side; bytes that the peer still sends are delivered. */
  shutdown(): void;
  /** Closes. All written bytes still arrive, if the peer has ended its side. */
  end(): void;
  /** Closes now; written bytes may be lost. */
  terminate(): void;
}

/** A transport with a file descriptor, which takes bytes unencrypted. It is -1 once closed. */
export type WithDescriptor = { readonly fd: number };

/** Whether it has a file descriptor: Bun's sockets have one that is not in their types. */
export function hasDescriptor(socket: object): socket is WithDescriptor {
  return "fd" in socket && typeof socket.fd === "number";
}

/** The sink of a transport: `written` counts the bytes that it took. `plain`: set if the descriptor takes the same bytes. */
export function sinkOf(
  transport: Pick<Transport, "write">,
  plain: WithDescriptor | undefined,
  written: { add: (amount: number) => void },
): Sink {
  return {
    write(bytes, offset, length) {
      const taken = transport.write(bytes, offset, length);
      if (taken > 0) written.add(taken);
      return taken;
    },
    get descriptor() {
      return plain?.fd;
    },
  };
}

/** Handles the bytes that a transport receives, and the changes of its state. */
export interface Connection {
  receive(chunk: Buffer): void;
  /** The transport takes bytes again. */
  drained(): void;
  /** The peer has ended its side, but may still read. */
  inputEnded(): void;
  closed(): void;
  /** Sends the goodbye, if the peer could read one by now, and closes. */
  dismiss(bye: Bye): void;
  /** Whether it reads from the journal now; false if absent. */
  readonly isBehind?: boolean;
  /** Whether it waits for the rate limit now; false if absent. */
  readonly isPaused?: boolean;
}
