// On pipes a password cannot be asked for, so a refusal says how to give it.

import type { Fault } from "../../protocol/events.ts";

/** The reason for which the room did not let us in, with a way out. */
export function refusalText({ code, text }: Fault): string {
  return code === "wrong-password" ? `${text} Set CHAT_PASSWORD, or --password-file` : text;
}
