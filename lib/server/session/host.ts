// The services of a session for a dialect with a state: it shows the dialect the room and its past, and gives up the seat
// without the connection.

import type { Host } from "../../dialects/host.ts";
import { limits, type Recorded } from "../../protocol/events.ts";
import { unreadable } from "../room/entering/roster.ts";
import type { Room } from "../room/room.ts";
import type { Entrance } from "./entrance.ts";

/** Code units in the longest name: a longer text is no name, and is not looked up. */
const maxNameUnits = 2 * limits.nameLength;

/** The part of a session that its host needs. */
type Hosting = {
  seatId(): string;
  readonly entrance: Pick<Entrance, "hasPassword" | "isPassword" | "checkPassword">;
  send(lines: string): void;
  part(text: string | undefined): void;
  /** Holds the next line back until the function that this returns is called. */
  wait(): () => void;
  readonly isGone: () => boolean;
};

/** The host of a session. `member`: the member of the connection; its name is "" without a seat. */
export function hostFor(
  room: Room,
  member: { readonly name: string; readonly operator: boolean },
  session: Hosting,
): Host {
  const { entrance, part, isGone } = session;
  return {
    channel: room.channel,
    get name() {
      return member.name;
    },
    get operator() {
      return member.operator;
    },
    get topic() {
      return room.members.moderation.topic;
    },
    get mutesAll() {
      return room.members.moderation.mutesAll;
    },
    get hasPassword() {
      return entrance.hasPassword;
    },
    get members() {
      return room.members.roster().members;
    },
    isPassword: (text) => entrance.isPassword(text),
    find: (name) => (name.length > maxNameUnits ? undefined : room.members.memberCalled(name)),
    send: (lines) => {
      if (lines !== "") session.send(lines);
    },
    part,
    later: (then) => void room.afterTurn().then(then),
    past(requests, found) {
      const settled = session.wait();
      const seatId = session.seatId();
      const read = async () => {
        await room.afterTurn();
        const events: Recorded[] = [];
        for (const request of requests) events.push(...(await room.archive.past(seatId, request, isGone)));
        return events;
      };
      void read()
        .then(found, (error) => found(unreadable(error)))
        .finally(settled);
    },
    checkPassword: (password, answered) => entrance.checkPassword(password, answered),
  };
}
