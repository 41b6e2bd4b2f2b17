// The two sides of a connection: what carries its bytes, and what those bytes are for. Either knows the other by these
// alone, so a new transport is a Transport and hands what it hears to a Connection.

import type { Bye } from "../../protocol/events.ts";
import type { Sink } from "../delivery/reader.ts";

/** What carries the bytes: a TCP socket as it is, and one day a WebSocket. */
export interface Transport extends Sink {
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

/** Takes what a transport hears of its peer. */
export interface Connection {
  receive(chunk: Buffer): void;
  /** The transport takes bytes again. */
  drained(): void;
  /** The peer will send no more, but may still read. */
  inputEnded(): void;
  /** The transport is gone. */
  closed(): void;
  /** Says goodbye and closes. */
  dismiss(bye: Bye): void;
  /** Whether it reads from the journal now. */
  readonly isBehind: boolean;
  /** Whether it waits for the rate limit now. */
  readonly isPaused: boolean;
}
