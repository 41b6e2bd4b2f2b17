// Connections to the fake room that show a key.

import type { Event } from "../../../../lib/protocol/events.ts";
import type { Origin } from "../../../../lib/server/limits/origin.ts";
import type { SessionOptions } from "../../../../lib/server/session/session.ts";
import { room } from "./fake-room.ts";
import { FakeSocket, turn, unlimited } from "./fake-socket.ts";

export const [key, other] = ["the key of ada".replaceAll(" ", "-"), "the-key-of-eve"];

/** A connection that has asked to join, and what came of it so far. */
export async function join(
  fields: Record<string, unknown>,
  more: Partial<SessionOptions> = {},
  origin?: Origin,
) {
  const socket = new FakeSocket(room, { rate: unlimited, ...more }, origin);
  socket.send({ type: "join", ...fields });
  await turn();
  return socket;
}

/** Leaves, so that the seat is given up at once. */
export async function leave(socket: FakeSocket): Promise<void> {
  socket.send({ type: "quit" });
  await turn();
}

export function welcomeOf({ events }: FakeSocket): Event & { type: "welcome" } {
  const welcome = events.find(({ type }) => type === "welcome");
  if (welcome?.type !== "welcome") throw new Error("It is not in the room");
  return welcome;
}

/** The whispers that it has read, live or in a history. */
export function whispers({ events }: FakeSocket): string[] {
  return events
    .flatMap((event) => (event.type === "history" ? event.events : [event]))
    .flatMap((event) => (event.type === "told" ? [event.text] : []));
}
