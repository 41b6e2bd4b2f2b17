// The dialect of programs: one JSON object a line, `type` first. An event is written as it is, so a new field of an event is on
// the wire without a change here. Programs keep their token, so the seat of a lost connection is kept. Every field of a
// command is checked (lib/protocol/commands.ts).

import { type Command, check, type Raw } from "../protocol/commands.ts";
import { resultOf } from "../protocol/errors.ts";
import { type Event, type Fault, fault, isFault, type Member } from "../protocol/events.ts";
import type { Newcomer, RoomState, Stateless } from "./dialect.ts";

export const json: Stateless = {
  get shared() {
    return json;
  },
  historyEvents: 50,
  keepsSeat: true,

  parse(line: string): Command | Fault {
    const raw = rawOf(line);
    return isFault(raw) ? raw : check(raw);
  },

  encode(event: Event, json?: string): string {
    return `${json ?? JSON.stringify(event)}\n`;
  },

  encodeNewcomer(newcomer: Newcomer): string {
    return JSON.stringify(newcomer).slice(0, -1);
  },

  encodeRoom(room: RoomState): string {
    const members = `"members":[${room.members.map(encodedMember).join(",")}]`;
    const around = JSON.stringify({ ...room, members: [] }).slice(1);
    return `,${around.replace('"members":[]', () => members)}\n`;
  },
};

/** The command in a line, with its fields unchecked. */
export function rawOf(line: string): Raw | Fault {
  const value: unknown = resultOf(() => JSON.parse(line));
  if (value === undefined) {
    return fault("bad-json", "A line must be one JSON object: this one does not parse");
  }
  // A line of type "error" would be taken for a fault of this function.
  if (isRaw(value)) return isFault(value) ? check(value) : value;
  return fault("bad-command", 'A command is a JSON object with a string "type": {"type":"say","text":"hi"}');
}

/** Members as JSON: connections that enter one after the other are shown mostly the same members. */
const encodedMembers = new WeakMap<Member, string>();

function encodedMember(member: Member): string {
  const before = encodedMembers.get(member);
  if (before !== undefined) return before;
  const encoded = JSON.stringify(member);
  encodedMembers.set(member, encoded);
  return encoded;
}

function isRaw(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
