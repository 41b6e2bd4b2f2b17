// A dialect is how one connection speaks: line → Command on the way in, Event → lines on the way out. An encoding is the
// part of it that is shared: it is pure and does not know the readers of an event, so that each event is encoded once for
// all of them. Where a dialect has no state, one object is both, for all connections.
// Nothing here throws: what is wrong with a line comes back as a Fault.

import type { Command } from "../protocol/commands.ts";
import type { Answer, Bye, Event, Fault, Recorded, Welcome } from "../protocol/events.ts";

type Own = "type" | "name" | "token" | "resumed";
export type Newcomer = Pick<Welcome, Own>;
export type RoomState = Omit<Welcome, Own>;

/** A name that a client asked for, the secrets it gave with it, and the missing one, which the server asks for. */
export type Claimed = {
  name: string;
  password?: string | undefined;
  key?: string | undefined;
  missing: "password" | "key";
};

/** How events are written that all its readers see. Live logs and shared pages are one for each encoding. */
export interface Encoding {
  /** The event as whole lines, LF included. `json`: the event as JSON.stringify writes it, where that is known. */
  encode(event: Event, json?: string): string;
  /** Whether the `own` of its dialects may differ, so that pages have to tell whose each event is. */
  readonly hasOwnWords?: boolean;
}

export interface Dialect {
  /** What all may see is written in this encoding. */
  readonly shared: Encoding;
  /** How many past events a newcomer sees if it does not ask for a number. */
  readonly historyEvents: number;
  /** Whether a newcomer is shown only what it missed since it left the last time: the rest is on its screen. */
  readonly showsMissed?: boolean;
  /** Whether its clients keep a token, so that a lost connection's seat is worth keeping. */
  readonly keepsSeat: boolean;
  /**
   * The command in a line, or the line's fault; undefined if the dialect has dealt with it. Before the connection has
   * `joined`, a line of plain text is a name, perhaps with its key; while a name is `claimed`, it is the missing secret.
   */
  parse(line: string, joined: boolean, claimed?: Claimed): Command | Fault | undefined;
  /** An event for this connection alone, as whole lines, LF included. */
  encode(event: Event): string;
  /**
   * What this connection is told of an event that its member caused, in place of the words for all; undefined: those. The
   * same event may be asked for again.
   */
  own?(event: Recorded): string | undefined;
  /**
   * What a connection is told last of its seat, where it goes on without one; undefined if it ends with the seat.
   */
  outlived?(bye: Bye): string | undefined;
  /** Whether the connection ends with this answer. */
  ends?(answer: Answer): boolean;
  /** Sent when half of the silence is over that it may keep, so that it answers. Absent: it speaks by itself. */
  readonly nudge?: string;
  /** What the line that was parsed last costs, in lines; 1 if absent. */
  readonly lineCost?: number;
  /** The beginning of an encoded welcome: the newcomer's own name, and token where it has one. */
  encodeNewcomer(newcomer: Newcomer): string;
  /** The same for all who enter at once, and long in a big room, so that it is encoded once for all of them. */
  encodeRoom(room: RoomState): string;
}

/** A dialect without a state: one object speaks for all connections, and is the encoding that they share. */
export interface Stateless extends Dialect {
  parse(line: string, joined: boolean, claimed?: Claimed): Command | Fault;
  encode(event: Event, json?: string): string;
}
