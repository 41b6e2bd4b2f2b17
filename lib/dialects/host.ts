// The services of a session for a dialect with a state, such as IRC, beside carrying out commands.

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

/** A request for past events: at most `limit` events between two positions, counted from one end. */
export type PastRequest = {
  /** Only events after this position; absent: from the first event on. */
  after?: PastPosition | undefined;
  /** Only events before this position; absent: up to now. If it is earlier than `after`, the request is turned round. */
  before?: PastPosition | undefined;
  /** Whether the latest events are wanted, not the earliest. */
  isLast: boolean;
  limit: number;
  /**
   * Whether an event is wanted; others are skipped and not counted. `partner`: the present name of the member at the other end of
   * a whisper; undefined if that member has left.
   */
  isWanted: (event: Recorded, partner?: string) => boolean;
};

/** The number of an event in an epoch, or a time in ms since 1970 UTC. */
export type PastPosition = { epoch: string; seq: number } | { at: number };

export interface Host {
  readonly channel: Channel;
  /** The name of the member; "" without a seat. */
  readonly name: string;
  readonly operator: boolean;
  readonly topic: string | undefined;
  /** Whether only operators may speak. */
  readonly mutesAll: boolean;
  readonly hasPassword: boolean;
  /** Whether the text is the room's password, so that a colon in it begins no key. A join still checks the password. */
  isPassword(text: string): boolean;
  readonly members: readonly Member[];
  find(name: string): Member | undefined;
  /** Sends lines, with their ends, to this connection alone. */
  send(lines: string): void;
  /** Gives up the seat, with these last words; the connection stays. */
  part(text: string | undefined): void;
  /** Calls `then` once all earlier requests of the room have their outcome. */
  later(then: () => void): void;
  /** Calls `found` with past events that the member may see, oldest first, or with a fault. Later lines wait for that. */
  past(requests: PastRequest[], found: (events: Recorded[] | Fault) => void): void;
  /** Calls `answered` with whether the password is the room's; true if the room has none. Later lines wait for that. */
  checkPassword(password: string, answered: (right: boolean) => void): void;
}
