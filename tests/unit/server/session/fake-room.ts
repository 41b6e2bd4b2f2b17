// A room for sessions with fake sockets, on a fake clock.

import { afterEach, beforeEach, jest } from "bun:test";
import type { Fault } from "../../../../lib/protocol/events.ts";
import { SqliteJournal } from "../../../../lib/server/journal/sqlite/journal.ts";
import { Door } from "../../../../lib/server/limits/door.ts";
import type { Origin } from "../../../../lib/server/limits/origin.ts";
import type { Members } from "../../../../lib/server/room/members.ts";
import { Room, type RoomOptions } from "../../../../lib/server/room/room.ts";
import type { SessionOptions } from "../../../../lib/server/session/options.ts";
import { FakeSocket, metrics, reports, turn, unlimited } from "./fake-socket.ts";

/** As if it was asked at the server's own terminal; returns what is wrong with it, if that is known at once. */
export function order(order: Parameters<Members["enforcement"]["order"]>[0]): Fault | undefined {
  let problem: Fault | undefined;
  const failed = (fault: Fault) => {
    problem = fault;
  };
  const by = { name: "server", author: "console", address: "", expects: undefined };
  room.members.enforcement.order(order, by, { happened: () => {}, failed });
  return problem;
}

/** A door that keeps out only those who are banned. */
export function openDoor(): Door {
  return new Door({
    maxConnections: 100,
    maxPerAddress: 100,
    addressRate: unlimited,
    addressComings: unlimited,
    joinWithinMs: 20_000,
    isBanned: (address) => room.members.moderation.isBanned(address),
  });
}

/** The room of the test that runs, and how often it was empty. */
export let room: Room;
export let emptied = 0;

/** Each test of the file has a room of its own, and a clock that it moves. */
export function inFakeRoom(more: Partial<RoomOptions> = {}): void {
  beforeEach(() => {
    jest.useFakeTimers();
    emptied = 0;
    reports.length = 0;
    room = new Room(SqliteJournal.open({ keepEvents: 1000 }), {
      seatMs: 30_000,
      onEvent: undefined,
      onEmpty: () => emptied++,
      onJournalTrouble: () => {},
      metrics,
      ...more,
    });
  });

  afterEach(() => {
    jest.useRealTimers();
  });
}

/** A member of the room, with its token. */
export async function joined(name: string, more: Partial<SessionOptions> = {}, origin?: Origin) {
  const socket = new FakeSocket(room, more, origin);
  socket.send({ type: "join", name });
  await turn();
  const [welcome] = socket.events;
  if (welcome?.type !== "welcome") throw new Error(`${name} is not in the room: ${socket.text}`);
  return Object.assign(socket, { token: welcome.token });
}
