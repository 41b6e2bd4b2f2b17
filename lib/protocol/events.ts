// The words of both sides: what can happen in a room (Event) and how much of anything is allowed (limits).
// Commands are the table in commands.ts; how either looks on the wire is a dialect's business.
//
//   Recorded   numbered by the journal, the same for everyone who may see it
//   Answer     meant for one client alone, never recorded

/**
 * An event of the journal. `seq` rises by one; `at` is milliseconds since 1970 UTC. Both are 0 until the journal sets
 * them.
 */
export type Recorded = { seq: number; at: number } & (
  | { type: "said" | "acted"; from: string; text: string; id?: string | undefined; notice?: true | undefined }
  /**
   * `notice`, here and in "said": a program said it, which no program should answer. `away`: its addressee, who owns that
   * name, was not here.
   */
  | {
      type: "told";
      from: string;
      to: string;
      text: string;
      id?: string | undefined;
      away?: true | undefined;
      notice?: true | undefined;
    }
  /** `owned`, here and in "renamed": the name that was taken is kept for its member's key. */
  | { type: "joined" | "left"; name: string; text?: string | undefined; owned?: true | undefined }
  | { type: "renamed"; from: string; to: string; owned?: true | undefined }
  /**
   * By an operator. `name` is absent where an address was meant, which members are not told, and `*` where all but operators
   * are muted. `until`: when a ban or a mute ends by itself, in ms since 1970 UTC.
   */
  | {
      type: Act;
      name?: string | undefined;
      by: string;
      text?: string | undefined;
      until?: number | undefined;
    }
  | { type: "opped"; name: string }
  /** No operator any more: by itself or another operator, or by the server, where its password does not hold any more. */
  | { type: "deopped"; name: string; by: string }
  /** Without a text: there is no topic any more. */
  | { type: "topic"; text?: string | undefined; by: string }
  /**
   * `by` took back the messages with these numbers, at most 50, newest first: their text is gone from
   * the history. They were said by `name`, the newest of them at `saidAt` (ms since 1970 UTC).
   */
  | { type: "deleted"; seqs: number[]; name: string; by: string; saidAt: number }
  /** A member's connection is with another server now. Shown to no member. */
  | { type: "moved"; name: string }
  /** What the journal has in the place of a message that was taken back. Shown to no member. */
  | { type: "erased" }
);

/** An event with what a member said: in a history, these alone are counted. */
export type Message = Extract<Recorded, { type: "said" | "acted" | "told" }>;

/**
 * What an operator does to a member, or to a name. One that was kicked or banned is not in the room any more; a name that
 * was freed is not kept for its owner any more.
 */
export type Act = "kicked" | "banned" | "unbanned" | "muted" | "unmuted" | "freed";

/** A member of the room; `away` while a lost connection's seat is kept, `owned` if the name is kept for its key. */
export type Member = {
  name: string;
  away?: true | undefined;
  owned?: true | undefined;
  operator?: true | undefined;
};

/** What operators are told of a member, or of one who has left. Times are in ms since 1970 UTC. */
export type Trace = Member & {
  /** The names it had before, the last one first. */
  names: string[];
  /** The address it came from last. */
  address?: string | undefined;
  /** When it joined. */
  since?: number | undefined;
  /** When it left. */
  until?: number | undefined;
  muted?: true | undefined;
};

/** The first event that a client gets once it has joined: its seat, and the room as of `seq`. */
export type Welcome = {
  type: "welcome";
  name: string;
  /** Gives this seat back to the client that shows it. Absent where a dialect cannot keep it. */
  token?: string | undefined;
  /** Names the journal: a `seq` means nothing outside its epoch. */
  epoch: string;
  /** The position `members` belongs to; events from here on come one by one. */
  seq: number;
  members: Member[];
  topic?: string | undefined;
  /** The position that was shown is part of this epoch's past: all that happened behind it comes, or a `gap`. */
  resumed?: true | undefined;
  limits: Limits;
};

/**
 * A name that may not join, or an address or network where that alone was banned; `by`: the operator. It was given `at` and
 * ends by itself at `until`, both in ms since 1970 UTC.
 */
export type Ban = {
  name: string;
  by: string;
  at: number;
  text?: string | undefined;
  until?: number | undefined;
};

/**
 * Why a line or a command was not taken: `code` for programs, `text` for people, one sentence without its full stop.
 * `id` is the message's. With `retryAfterMs` the same may be taken after that time.
 */
export type Fault = {
  type: "error";
  code: FaultCode;
  text: string;
  id?: string | undefined;
  retryAfterMs?: number | undefined;
};

/** The last word of the server. With `retryAfterMs` the client may come back; without, it should not by itself. */
export type Bye = { type: "bye"; code: ByeCode; text: string; retryAfterMs?: number | undefined };

/** An event for one client alone: it has no number and is kept nowhere. */
export type Answer =
  | Welcome
  | Fault
  | Bye
  | { type: "members"; seq: number; members: Member[]; id?: string | undefined }
  /** Oldest first. `before`: looking back ended there for now, older events are found by asking again before it. */
  | { type: "history"; events: Recorded[]; before?: number | undefined; id?: string | undefined }
  /** Whispers that waited for their addressee, oldest first: those that are older than the `history` behind it. */
  | { type: "waiting"; events: Recorded[] }
  /** What has these words, oldest first; `more`: older ones have them too, or may. `before` as in `history`. */
  | {
      type: "results";
      text: string;
      events: Recorded[];
      more?: true | undefined;
      before?: number | undefined;
      id?: string | undefined;
    }
  | { type: "bans"; bans: Ban[] }
  /** Details of the member with this name, or one that looks so; of those who had it before, the last one first. */
  | { type: "whois" | "whowas"; name: string; traces: Trace[]; id?: string | undefined }
  | { type: "subject"; text?: string | undefined }
  | { type: "pong"; id?: string | undefined }
  | { type: "seen"; id: string; seq: number }
  /** Positions that are not kept any more; the reader goes on behind `to`. `from` is 0 where its start is unknown. */
  | { type: "gap"; from: number; to: number }
  /** Positions are of this epoch from here on; all that was told so far is part of it. */
  | { type: "epoch"; epoch: string }
  /** What an operator has to know about the order that it gave. */
  | { type: "note"; text: string }
  | { type: "help"; text: string };

/** All that a server sends. */
export type Event = Recorded | Answer;

export type FaultCode =
  | "already-joined"
  | "bad-command"
  | "bad-field"
  | "bad-json"
  | "bad-name"
  | "banned"
  | "conflict"
  | "empty"
  | "muted"
  | "name-not-kept"
  | "name-owned"
  | "name-reserved"
  | "name-taken"
  | "no-such-member"
  | "no-such-ban"
  | "no-such-message"
  | "not-joined"
  | "not-operator"
  | "not-utf8"
  | "slow-down"
  | "too-long"
  | "unavailable"
  | "unknown-command"
  | "wrong-password";

export type ByeCode =
  | "banned"
  | "full"
  | "kicked"
  | "left"
  | "lost"
  | "no-tls"
  | "room-empty"
  | "shutdown"
  | "silent"
  | "slow-reader"
  | "taken-over"
  | "too-late";

/** Where a server listens, and a client connects, if no flag says otherwise. */
export const defaultPort = 53000;
export const defaultHost = "localhost";

/** What both sides keep to; `welcome` brings them to programs. */
export const limits = {
  /** A command's line on the wire, its LF not counted. */
  lineBytes: 16_384,
  /** Code points in a name. ssh-chat has 16, Ergo 32. */
  nameLength: 32,
  /** Code points in a message; at four bytes each they still fit in a line. */
  textLength: 4_000,
  /** Lines in a message. */
  textLines: 20,
  /** Characters in the id a sender gives to a message. */
  idLength: 64,
  /** Events that one `history` may ask for. */
  historyEvents: 500,
  /** Code points in what one `search` looks for. */
  searchLength: 200,
  /** Events that one `search` may ask for. */
  searchEvents: 100,
  /** Code points in the topic, and in the reason of a kick or a ban. */
  topicLength: 300,
} as const;

/** What a server tells of itself, too. */
export type Limits = typeof limits & {
  /** How long a lost connection's seat is kept. */
  seatMs?: number | undefined;
  /** Where a room has several servers: how long one may be silent before the others count it as lost. */
  leaseMs?: number | undefined;
};

/** A fault; `text` is one sentence without its full stop. */
export function fault(code: FaultCode, text: string): Fault {
  return { type: "error", code, text };
}

export function isMessage(event: Event): event is Message {
  return event.type === "said" || event.type === "acted" || event.type === "told";
}

export function isFault(value: unknown): value is Fault {
  return typeof value === "object" && value !== null && "type" in value && value.type === "error";
}
