// A wire carries the lines of a connection: a socket with or without TLS, a WebSocket, or a test. A front end hands in a
// Connect for each server of the room; nothing else in the core knows of a network. `opened` comes once and first, if at
// all; nothing comes after `closed`, or once `close` was called.

/** One connection, from the first attempt to open it to its end. */
export interface Wire {
  /** Sends a line; the LF is added. Bytes that the network does not take at once wait in the wire. */
  send(line: string): void;
  /** Reads nothing more until `resume`; sending goes on. */
  pause(): void;
  resume(): void;
  /** Ends it at once, also before it is open. No handler is called from then on. */
  close(): void;
}

export type WireHandlers = {
  /** Once, before anything is received: now lines can be sent. */
  opened: () => void;
  /** Bytes came. `lines`: those that are whole by now, without their LF; none if a long one is under way. */
  received: (lines: readonly string[]) => void;
  /** Once, and the last call: it could not be opened, or is lost. `why` is a Refusal if the server is not to be used. */
  closed: (why: unknown) => void;
};

/** Begins to connect. No handler is called before it has returned. */
export type Connect = (handlers: WireHandlers) => Wire;

/** The server is not to be trusted, or lets no client in now. The message is a sentence that says why. */
export class Refusal extends Error {
  /** Whether a person may still accept the server, and is to be asked before another server is tried. */
  readonly undecided: boolean = false;
}
