// A dialect is how one connection speaks: it turns lines into commands, and events into lines. Its encoding is the shared
// part: a pure function of the event, so that each event is encoded once for all connections with that encoding. In a dialect
// without a state one object is both, for all connections. Dialects do not throw: a wrong line becomes a Fault.

import type { Command } from "../protocol/commands.ts";
import type { Answer, Bye, Event, Fault, Recorded, Welcome } from "../protocol/events.ts";

type Own = "type" | "name" | "token" | "resumed";
export type Newcomer = Pick<Welcome, Own>;
export type RoomState = Omit<Welcome, Own>;

/** A join that lacks a secret: the name, the secrets that the client gave, and the one that the server asks for. */
export type Claimed = {
  name: string;
  password?: string | undefined;
  key?: string | undefined;
  missing: "password" | "key";
};

/** Encodes the events that all members may see. There is one live log, and one set of shared pages, for each encoding. */
export interface Encoding {
  /** The event as whole lines, LF included. `json`: the event as JSON.stringify writes it, if the caller has that. */
  encode(event: Event, json?: string): string;
  /** Whether dialects with this encoding have the method `own`, so that pages must keep the place of each event. */
  readonly hasOwnWords?: boolean;
}

export interface Dialect {
  /** The encoding of events that all members may see. */
  readonly shared: Encoding;
  /** How many past messages a newcomer is shown if it asks for no number. */
  readonly historyEvents: number;
  /** Whether a newcomer is shown only the messages since it left: its client still shows the older ones. */
  readonly showsMissed?: boolean;
  /** Whether its clients keep a token, by which they get their seat again: only then is a lost connection's seat kept. */
  readonly keepsSeat: boolean;
  /**
   * The command in a line, or its fault; undefined if the dialect has answered the line itself. In plain text a line is a name
   * (perhaps with its key) until the connection has `joined`, and the missing secret while there is a `claimed`.
   */
  parse(line: string, joined: boolean, claimed?: Claimed): Command | Fault | undefined;
  /** An event for this connection alone, as whole lines, LF included. */
  encode(event: Event): string;
  /**
   * The lines with which this connection is told of an event that its own member caused; undefined: those for all members. It
   * may be called again with the same event.
   */
  own?(event: Recorded): string | undefined;
  /** The last lines about a seat, for a connection that goes on without it; undefined if the connection ends with the seat. */
  outlived?(bye: Bye): string | undefined;
  /** Whether the connection ends after this answer. */
  ends?(answer: Answer): boolean;
  /** Lines that make a silent client answer, sent after half of the time that it may be silent. Absent: it pings by itself. */
  readonly nudge?: string;
  /** How many lines the latest parsed line counts as in the rate limit; 1 if absent. */
  readonly lineCost?: number;
  /** The first part of an encoded welcome: the newcomer's own name and token. */
  encodeNewcomer(newcomer: Newcomer): string;
  /** The second part, which is long in a big room. It is encoded once for all connections that enter at the same event. */
  encodeRoom(room: RoomState): string;
}

/** A dialect without a state: one object for all connections, which is also their encoding. */
export interface Stateless extends Dialect {
  parse(line: string, joined: boolean, claimed?: Claimed): Command | Fault;
  encode(event: Event, json?: string): string;
}
