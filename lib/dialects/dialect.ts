// A dialect is how a connection speaks: line → Command on the way in, Event → lines on the way out. It is pure and
// does not know the readers of an event, so that each event is encoded once for all of them.
// Nothing here throws: what is wrong with a line comes back as a Fault.

import type { Command } from "../protocol/commands.ts";
import type { Event, Fault, Welcome } from "../protocol/events.ts";

type Own = "type" | "name" | "token" | "resumed";
export type Newcomer = Pick<Welcome, Own>;
export type RoomState = Omit<Welcome, Own>;

/** A name that was asked for, what was given with it, and the secret that is missing, which is asked for. */
export type Claimed = {
  name: string;
  password?: string | undefined;
  key?: string | undefined;
  missing: "password" | "key";
};

export interface Dialect {
  /** How many past events a newcomer sees if it does not ask for a number. */
  readonly historyEvents: number;
  /** Whether its clients keep a token, so that a lost connection's seat is worth keeping. */
  readonly keepsSeat: boolean;
  /**
   * The command in a line, or what is wrong with it. Before the connection has `joined`, a line of plain text is a name,
   * perhaps with its key; while a name is `claimed`, it is the secret that is missing.
   */
  parse(line: string, joined: boolean, claimed?: Claimed): Command | Fault;
  /** The event as whole lines, LF included. `json`: the event as JSON.stringify writes it, where that is known. */
  encode(event: Event, json?: string): string;
  /** The beginning of an encoded welcome: the newcomer's own name, and token where it has one. */
  encodeNewcomer(newcomer: Newcomer): string;
  /** The same for all who enter at once, and long in a big room, so that it is encoded once for all of them. */
  encodeRoom(room: RoomState): string;
}
