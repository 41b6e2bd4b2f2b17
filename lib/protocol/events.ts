// The events that a server sends, and the limits that both sides keep. Commands are in commands.ts; a dialect decides how both
// look on the wire.
//
//   Recorded   numbered and kept by the journal; all members who may see it are sent the same
//   Answer     for one client alone; it has no number and is not kept

/** An event of the journal. `seq` rises by one; `at` is in ms since 1970 UTC. Both are 0 until the journal sets them. */
export type Recorded = { seq: number; at: number } & (
  | { type: "said" | "acted"; from: string; text: string; id?: string | undefined; notice?: true | undefined }
  /**
   * A whisper. `notice`, here and in "said": a program sent it, and no program should answer it. `away`: the addressee owns
   * the name and was not in the room.
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
  /** `owned`, here and in "renamed": the name belongs to the member's key now. */
  | { type: "joined" | "left"; name: string; text?: string | undefined; owned?: true | undefined }
  | { type: "renamed"; from: string; to: string; owned?: true | undefined }
  /**
   * An act of moderation by the operator `by`. `name` is absent for the ban of an address, which members are not told, and `*`
   * for a mute of all but operators. `until`: when a ban or a mute ends by itself, in ms since 1970 UTC.
   */
  | {
      type: Act;
      name?: string | undefined;
      by: string;
      text?: string | undefined;
      until?: number | undefined;
    }
  | { type: "opped"; name: string }
  /** The member is no operator any more. `by`: itself, another operator, or the server, if the password was changed. */
  | { type: "deopped"; name: string; by: string }
  /** Without a text the topic was removed. */
  | { type: "topic"; text?: string | undefined; by: string }
  /**
   * `by` took back the messages with these numbers: at most 50, newest first. The history has lost their texts. `name` said
   * them, the newest at `saidAt` (ms since 1970 UTC).
   */
  | { type: "deleted"; seqs: number[]; name: string; by: string; saidAt: number }
  /** A member's connection is with another server now. No member is shown this. */
  | { type: "moved"; name: string }
  /** Stands in the journal in place of a message that was taken back. No member is shown this. */
  | { type: "erased" }
);

/** An event that a member said. A history of 50 events has 50 of these; other events between them are not counted. */
export type Message = Extract<Recorded, { type: "said" | "acted" | "told" }>;

/**
 * The acts of moderation. A member who was kicked or banned has left the room by that; a name that was freed has no owner any
 * more.
 */
export type Act = "kicked" | "banned" | "unbanned" | "muted" | "unmuted" | "freed";

/** A member of the room. `away`: its connection is lost and its seat is kept. `owned`: the name belongs to its key. */
export type Member = {
  name: string;
  away?: true | undefined;
  owned?: true | undefined;
  operator?: true | undefined;
};

/** The details of a member, or of one who has left, for operators. Times are in ms since 1970 UTC. */
export type Trace = Member & {
  /** Its earlier names, the latest first. */
  names: string[];
  /** The address of its latest connection. */
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
  /** A client that sends this token in a later join gets the seat again. Absent in dialects that cannot keep it. */
  token?: string | undefined;
  /** Names a stretch of the journal without a number given twice: a `seq` is valid in its epoch alone. */
  epoch: string;
  /** `members` is the list as of this event; all later events follow one by one. */
  seq: number;
  members: Member[];
  topic?: string | undefined;
  /** The position in the join belongs to this journal: all events after it follow, or a `gap` where some are lost. */
  resumed?: true | undefined;
  limits: Limits;
};

/**
 * A ban of a name, or of an address or a network, by the operator `by`. It began `at` and ends by itself at `until`, both in
 * ms since 1970 UTC.
 */
export type Ban = {
  name: string;
  by: string;
  at: number;
  text?: string | undefined;
  until?: number | undefined;
};

/**
 * Why a line or a command was refused: `code` for programs, `text` for people, one sentence without its full stop. `id`: the
 * id of the command. `retryAfterMs`: the same command may succeed after that time.
 */
export type Fault = {
  type: "error";
  code: FaultCode;
  text: string;
  id?: string | undefined;
  retryAfterMs?: number | undefined;
};

/** The last event of a connection. `retryAfterMs`: the client may reconnect by itself after that time; else it should not. */
export type Bye = { type: "bye"; code: ByeCode; text: string; retryAfterMs?: number | undefined };

/** An event for one client alone: it has no number and is kept nowhere. */
export type Answer =
  | Welcome
  | Fault
  | Bye
  | { type: "members"; seq: number; members: Member[]; id?: string | undefined }
  /** Oldest first. `before`: the server stopped looking back there; a request with this `before` goes on. */
  | { type: "history"; events: Recorded[]; before?: number | undefined; id?: string | undefined }
  /** Whispers that came while their addressee was away, oldest first. They are older than the `history` that follows. */
  | { type: "waiting"; events: Recorded[] }
  /** The events with these words, oldest first. `more`: older ones have the words, or may. `before`: as in `history`. */
  | {
      type: "results";
      text: string;
      events: Recorded[];
      more?: true | undefined;
      before?: number | undefined;
      id?: string | undefined;
    }
  | { type: "bans"; bans: Ban[] }
  /** `whois`: the member with this name or one that looks like it. `whowas`: the members who had it before, latest first. */
  | { type: "whois" | "whowas"; name: string; traces: Trace[]; id?: string | undefined }
  | { type: "subject"; text?: string | undefined }
  | { type: "pong"; id?: string | undefined }
  | { type: "seen"; id: string; seq: number }
  /** These events are no longer kept; the next event comes after `to`. `from` is 0 where the first lost one is unknown. */
  | { type: "gap"; from: number; to: number }
  /** A new epoch begins; all events that the client has seen so far belong to it, too. */
  | { type: "epoch"; epoch: string }
  /** A remark to an operator about its order, which was carried out. */
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

/** The default address of servers and clients. */
export const defaultPort = 53000;
export const defaultHost = "localhost";

/** The limits that both sides keep; `welcome` tells them to programs. */
export const limits = {
  /** Bytes in a line of a client, its LF not counted. */
  lineBytes: 16_384,
  /** Code points in a name. ssh-chat has 16, Ergo 32. */
  nameLength: 32,
  /** Code points in a message: 4 bytes for each still fit in a line. */
  textLength: 4_000,
  /** Lines in a message. */
  textLines: 20,
  /** Characters in the id that a sender gives a message. */
  idLength: 64,
  /** Messages that one `history` may ask for. */
  historyEvents: 500,
  /** Code points in the text of a `search`. */
  searchLength: 200,
  /** Events that one `search` may ask for. */
  searchEvents: 100,
  /** Code points in the topic, and in the reason of a kick or a ban. */
  topicLength: 300,
} as const;

/** The limits in a `welcome`, with those that a server sets for itself. */
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
