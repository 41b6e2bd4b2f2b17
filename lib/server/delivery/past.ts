// The past for programs that page through it: some events after a position, before one, or between two, by number or by time.

import type { PastPosition, PastRequest } from "../../dialects/host.ts";
import type { Recorded } from "../../protocol/events.ts";
import type { Journal } from "../journal/journal.ts";
import { maySee, PageSize, pageEvents } from "../journal/pages.ts";

/** The part of a journal that is needed to page through it. */
type Source = Pick<Journal, "endOf" | "first" | "last" | "entriesAfter" | "entriesBefore">;

/** How many pages a request reads at most: most events may be of a kind that is not wanted. */
const readPages = 10;

/** A seat that asks for its past. `nameOf` returns the present name of the member of a seat; undefined if it has left. */
type Viewer = { id: string; nameOf: (seat: string) => string | undefined };

/** The events that the request means and the viewer may see, oldest first. Rejects as the journal does. */
export async function pastOf(journal: Source, request: PastRequest, viewer: Viewer): Promise<Recorded[]> {
  const stretch = await stretchOf(journal, request);
  const found = await findIn(journal, stretch, request, viewer);
  return stretch.isLast ? found.reverse() : found;
}

/** The numbers between which events are read: from the oldest on, or if `isLast`, from the newest back. */
type Stretch = { from: number; to: number; isLast: boolean };

/** The events of a stretch that the request means and the viewer may see, in the order in which they are read. */
async function findIn(
  journal: Source,
  { from, to, isLast }: Stretch,
  { limit, isWanted }: PastRequest,
  { id, nameOf }: Viewer,
): Promise<Recorded[]> {
  const found: Recorded[] = [];
  const read = new PageSize(readPages);
  let at = isLast ? to : from;
  // Most of a conversation is wanted; where it is not, each further read is twice as long.
  for (let count = 2 * limit; found.length < limit; count = Math.min(2 * count, pageEvents)) {
    const entries = await (isLast ? journal.entriesBefore(at, count) : journal.entriesAfter(at, count));
    if (entries.length === 0) return found;
    for (const entry of entries) {
      const { event, author, reader } = entry;
      const partner = author === id ? reader : author;
      at = event.seq;
      if (at <= from || at >= to) return found;
      if (maySee(id, entry) && isWanted(event, partner && nameOf(partner))) found.push(event);
      if (found.length === limit || read.isFullWith(event)) return found;
    }
  }
  return found;
}

/** The stretch of a request. If `before` is earlier than `after`, the two change places. */
async function stretchOf(journal: Source, { after, before, isLast }: PastRequest): Promise<Stretch> {
  const from = after === undefined ? 0 : await seqOf(journal, after, "after");
  const to = before === undefined ? journal.last + 1 : await seqOf(journal, before, "before");
  if (from <= to || after === undefined || before === undefined) return { from, to, isLast };
  const ends = { from: await seqOf(journal, before, "after"), to: await seqOf(journal, after, "before") };
  return { ...ends, isLast: !isLast };
}

/**
 * The number of a position. A position of an unknown epoch, or behind the end of its epoch, counts as 0, which is before all
 * events. For a time, `side` "after" returns the number of the last event that is not later, `side` "before" that of the first
 * event that is not earlier.
 */
async function seqOf(journal: Source, position: PastPosition, side: "after" | "before"): Promise<number> {
  if (!("at" in position)) {
    const end = journal.endOf(position.epoch);
    return end === undefined || position.seq > end ? 0 : position.seq;
  }
  const isBefore = (at: number) => (side === "after" ? at <= position.at : at < position.at);
  // A binary search: events up to `low` are before the time, those from `high` on are not.
  let [low, high] = [journal.first - 1, journal.last + 1];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const [entry] = await journal.entriesBefore(middle + 1, 1);
    if (!entry || entry.event.seq <= low) low = middle;
    else if (isBefore(entry.event.at)) low = middle;
    else high = entry.event.seq;
  }
  return side === "after" ? low : high;
}
