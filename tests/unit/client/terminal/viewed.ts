// A view of a chat that a test makes events happen in.

import picocolors from "picocolors";
import { Chat, type Joins } from "../../../../lib/client/core/chat.ts";
import { People } from "../../../../lib/client/core/people.ts";
import { View, type ViewOptions } from "../../../../lib/client/terminal/view.ts";
import { type Event, limits, type Message, type Recorded } from "../../../../lib/protocol/events.ts";

export const at = { seq: 1, at: 2 };

export type Options = Partial<ViewOptions> & { joins?: Joins };

/** A view of a chat in which we are called "me", and what makes an event happen in both. */
export function open({ joins = "all", ...options }: Options = {}) {
  const people = new People();
  const chat = new Chat(people, joins);
  const view = new View(chat, {
    colors: picocolors.createColors(false),
    time: "off",
    bell: "mention",
    columns: () => Infinity,
    ...options,
  });
  const happen = (event: Event) => {
    people.apply(event);
    chat.apply(event);
  };
  happen({ type: "welcome", name: "me", epoch: "e", seq: 0, members: [], limits });
  /** The lines of an event. */
  const show = (event: Event) => {
    happen(event);
    return view.render(event);
  };
  /** Whether an event rings. */
  const rings = (event: Event) => {
    happen(event);
    return view.rings(event);
  };
  return { chat, view, happen, show, rings };
}

export const said = (from: string, text: string, when = 2): Message => ({
  type: "said",
  seq: 1,
  at: when,
  from,
  text,
});
export const moved = (type: "joined" | "left", name: string, text?: string): Recorded => ({
  type,
  ...at,
  name,
  text,
});
