// The two sides of a connection: the transport that carries its bytes, and the connection that handles them. Each knows
// the other by these interfaces alone, so a new transport implements Transport and hands what it receives to a Connection.
// `closed` is the last call, and comes once.

import type { Dialect } from "../../dialects/dialect.ts";
import type { Bye } from "../../protocol/events.ts";
import type { Sink } from "../delivery/reader.ts";

/** Carries the bytes. A TCP socket of Bun implements it as it is. */
export interface Transport extends Sink {
  /** The dialect, where the transport carries one alone; else a connection's first line shows it. */
  readonly dialect?: Dialect;
  /** Stops delivering what the peer sends, so that it has to wait, and goes on. */
  pause(): void;
  resume(): void;
  /** Tells the peer that nothing more comes; what it still sends is delivered. */
  shutdown(): void;
  /** Closes; what was written still arrives, if the peer has stopped sending. */
  end(): void;
  /** Closes now, whatever is under way. */
  terminate(): void;
}

/** A transport whose file descriptor takes the bytes as they are, unencrypted: plain TCP. It is -1 once closed. */
export type WithDescriptor = { readonly fd: number };

/** Bun's sockets have a file descriptor, which its types do not tell. */
export function hasDescriptor(socket: object): socket is WithDescriptor {
  return "fd" in socket && typeof socket.fd === "number";
}

/** The transport as readers write to it: `written` counts the bytes that it took. */
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

/** Handles what a transport receives, and every change of its state. */
export interface Connection {
  receive(chunk: Buffer): void;
  /** The transport takes bytes again. */
  drained(): void;
  /** The peer will send no more, but may still read. */
  inputEnded(): void;
  /** The transport is gone. */
  closed(): void;
  /** Sends the goodbye, where the peer could read one, and closes. */
  dismiss(bye: Bye): void;
  /** Whether it reads from the journal now; false if absent. */
  readonly isBehind?: boolean;
  /** Whether it waits for the rate limit now; false if absent. */
  readonly isPaused?: boolean;
}
