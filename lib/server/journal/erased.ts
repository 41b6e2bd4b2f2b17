// Messages that were taken back: the parts of them that stay in a journal.

import { type Entry, serversOnly } from "./journal.ts";

/** The entry that stays when this one is deleted: without its text. An entry that is no message stays as it is. */
export function erased(entry: Entry): Entry {
  const { event, author } = entry;
  if (!isSaid(entry)) return entry;
  if (event.type !== "left") {
    return { event: { type: "erased", seq: event.seq, at: event.at }, author, reader: serversOnly };
  }
  const { text: _, ...left } = event;
  const { json: __, ...kept } = entry;
  return { ...kept, event: left };
}

/** Whether an entry can be taken back: it is a message, or the last words of a member. */
export function isSaid({ event }: Entry): boolean {
  const { type } = event;
  return (
    type === "said" || type === "acted" || type === "told" || (type === "left" && event.text !== undefined)
  );
}
