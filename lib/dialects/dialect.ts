// A dialect is how a connection speaks: line → Command on the way in, Event → lines on the way out. It is pure and
// does not know the readers of an event, so that each event is encoded once for all of them.
// Nothing here throws: what is wrong with a line comes back as a Fault.

import type { Command } from "../protocol/commands.ts";
import type { Event, Fault } from "../protocol/events.ts";

export interface Dialect {
  /** How many past events a newcomer sees if it does not ask for a number. */
  readonly historyEvents: number;
  /** Whether its clients keep a token, so that a lost connection's seat is worth keeping. */
  readonly keepsSeat: boolean;
  /**
   * The command in a line, or what is wrong with it. Before the connection has `joined`, a line of plain text is a name;
   * while a name is `claimed` and waits for the room's password, it is that password.
   */
  parse(line: string, joined: boolean, claimed?: string): Command | Fault;
  /** The event as whole lines, LF included. */
  encode(event: Event): string;
}
