// What a connection's session does for a dialect that has a state, beyond carrying out the commands of the table.

import type { Fault, Member, Recorded } from "../protocol/events.ts";

/** The room as IRC shows it: a channel. */
export interface Channel {
  /** With its #. */
  readonly name: string;
  /** The journal's epoch now: EPOCH-SEQ is the id of an event. */
  readonly epoch: string;
  /** When this server started. */
  readonly begun: Date;
}

/** Which past events are meant: those between two positions, at most `limit` of them, from one end. */
export type PastRequest = {
  /** Behind this one; absent: from the beginning. */
  after?: PastPosition | undefined;
  /** Before this one; absent: up to now. Where it is earlier than `after`, the request is turned round, with `isLast`. */
  before?: PastPosition | undefined;
  /** Those at the later end; else those at the earlier one. */
  isLast: boolean;
  limit: number;
  /** Whether such an event counts; the others are passed over. */
  isWanted: (event: Recorded) => boolean;
};

/** An event by its number, in a run of the journal; or a time, in ms since 1970 UTC. */
export type PastPosition = { epoch: string; seq: number } | { at: number };

export interface Host {
  readonly channel: Channel;
  /** The name of its seat; "" without one. */
  readonly name: string;
  readonly operator: boolean;
  readonly topic: string | undefined;
  /** Whether the room has a password. */
  readonly hasPassword: boolean;
  /** Whether that is the room's password: a colon in it is not where a key begins. It is judged when it is joined with. */
  isPassword(text: string): boolean;
  readonly members: readonly Member[];
  find(name: string): Member | undefined;
  /** Sends lines to this connection alone. */
  utter(lines: string): void;
  /** Gives up the seat, with these last words, and keeps the connection. */
  part(text: string | undefined): void;
  /** Calls `then` once all has happened that was asked for so far. */
  later(then: () => void): void;
  /** Hands over past events that its member may see, oldest first, or why they cannot be read. Later lines wait for that. */
  past(requests: PastRequest[], found: (events: Recorded[] | Fault) => void): void;
  /** Calls `answered` with whether that is the room's password; true if it has none. Later lines wait for that. */
  prove(password: string, answered: (right: boolean) => void): void;
}
