// ada's client in a room that the test plays, with gus and mallory there, and what the client hands out.

import { afterEach, beforeEach, jest } from "bun:test";
import { allHelp, Client } from "../../../../lib/client/core/client.ts";
import { asTyped } from "../../../../lib/client/core/outbox.ts";
import { Past } from "../../../../lib/client/core/past/past.ts";
import type { Event } from "../../../../lib/protocol/events.ts";
import { type Happening, PlayedRoom } from "../../../support/played-room.ts";

export let room: PlayedRoom;
export let client: Client;
export let shown: Event[];
export let problems: string[];
export let notices: string[];
export let refused: string[];
export let refusedIds: unknown[];

/** Each test of the file has a room and a client of its own, and a clock that it moves. */
export function inPlayedRoom(): void {
  beforeEach(() => {
    jest.useFakeTimers();
    room = new PlayedRoom();
    room.seq = 20;
    room.members = ["ada", "gus", "mallory"];
    [shown, problems, notices, refused, refusedIds] = [[], [], [], [], []];
    client = new Client(
      { servers: [room.connect], joins: "all", past: Past },
      {
        event: (event) => shown.push(event),
        problem: ({ text }) => problems.push(text),
        help: () => shown.push(allHelp()),
        set: () => {},
        notice: (text) => notices.push(text),
        refused: (message, { text, id }) => {
          refused.push(`${asTyped(message)}: ${text}`);
          refusedIds.push(id);
        },
        state: () => {},
        nameless: () => {},
        closed: () => {},
      },
    );
    client.link.join("ada");
    room.welcome("ada");
  });

  afterEach(() => {
    client.link.quit();
    jest.advanceTimersByTime(10_000);
    jest.useRealTimers();
  });
}

export const renamed = (from: string, to: string): Happening => ({ type: "renamed", from, to });
export const joined = (name: string): Happening => ({ type: "joined", name });
export const left = (name: string): Happening => ({ type: "left", name });
export const whisper = (from: string, to = "ada"): Happening => ({ type: "told", from, to, text: "psst" });

/** The wire is cut, something happens, and the wire is back. */
export function away(happenings: Happening[], more: () => void = () => {}): void {
  room.cut();
  more();
  room.happen(...happenings);
  jest.advanceTimersByTime(1_000);
  room.welcome("ada");
}
