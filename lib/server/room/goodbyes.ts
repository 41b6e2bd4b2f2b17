// The goodbyes to members who lose their seat or their connection.

import type { Bye, Recorded } from "../../protocol/events.ts";
import type { Occupant } from "../seats/seats.ts";
import { retryAfterMs } from "./recorder.ts";

export const cutOff: Bye = {
  type: "bye",
  code: "lost",
  text: "This server has lost the others: joining again elsewhere",
  retryAfterMs,
};
export const beganAgain: Bye = {
  type: "bye",
  code: "lost",
  text: "The room has lost what was said last: joining again",
  retryAfterMs: 0,
};
export const takenOver: Bye = { type: "bye", code: "taken-over", text: "You joined from another place" };
export const bannedKey: Bye = { type: "bye", code: "banned", text: "You are banned from this room" };

export const noTls: Bye = {
  type: "bye",
  code: "no-tls",
  text: "This room does not speak TLS: connect without it",
};
/** For a peer that causes many answers and does not read them. */
export const slowReader: Bye = {
  type: "bye",
  code: "slow-reader",
  text: "You are not reading: connection closed",
  retryAfterMs,
};

export function silentFor(ms: number): Bye {
  return {
    type: "bye",
    code: "silent",
    text: `Nothing was heard of you for ${ms / 1000} s`,
    retryAfterMs: 0,
  };
}

/** The goodbye to a member who lost its seat by this event. */
export function goodbyeOf(event: Recorded | undefined, { leaving }: Occupant): Bye {
  if (event?.type !== "kicked" && event?.type !== "banned") {
    // A member who did not ask to leave: the other servers took this one for dead, and gave up its seats.
    return leaving
      ? { type: "bye", code: "left", text: "Goodbye" }
      : { type: "bye", code: "lost", text: "The room gave up your seat: joining again", retryAfterMs: 0 };
  }
  const reason = event.text === undefined ? "" : `: ${event.text}`;
  return { type: "bye", code: event.type, text: `You were ${event.type} by ${event.by}${reason}` };
}
