// A dialect is how a connection speaks: line → Command on the way in, Event → lines on the way out. It is pure and
// never learns who will read an event, so that each event is encoded once for all who speak it.

import type { Command } from "../protocol/commands.ts";
import type { Event, Fault } from "../protocol/events.ts";

export interface Dialect {
  readonly name: string;
  /** How many past events a newcomer sees if it does not ask for a number. */
  readonly historyEvents: number;
  /** Whether its clients keep a token, so that a lost connection's seat is worth keeping. */
  readonly keepsSeat: boolean;
  /**
   * What a line asks for. Whether it is a name is a matter of `joined`, whether it is a password of the name that
   * was `claimed` and needs one; everything else is in the line.
   */
  parse(line: string, joined: boolean, claimed?: string): Command | Fault;
  /** Whole lines, LF included. */
  encode(event: Event): string;
}
