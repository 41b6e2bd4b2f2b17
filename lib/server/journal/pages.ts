// Pages of the history, for each kind of journal. A journal returns entries from a position on, in either direction, to any
// caller. Here it is decided which entries a seat may see, where events are missing, and how much a page may cost.
//
//   entriesIn    forwards: the events after a position, for all readers that catch up
//   lastBefore   backwards: the last few messages before a position, and the other events between them
//   search       backwards: the last few events before a position that match
//   whispersTo   forwards: the first few whispers to one seat

import { isMessage, type Recorded } from "../../protocol/events.ts";
import { type Entry, type Journal, serversOnly } from "./journal.ts";

/** The events `from` … `to` are no longer kept. `from` 0: the position that a client sent is not of this journal. */
type Gap = { from: number; to: number };

/** The position at which a reader goes on. `resumed`: it saw all events up to there. `gap`: the lost ones after them. */
export type Resumption = { position: number; resumed?: true; gap: Gap | undefined };

/** Entries in order, the gap before them, and the position up to which they are complete. */
export type Stretch = { gap: Gap | undefined; entries: Entry[]; last: number };

/** The last events before a position, oldest first. */
export type Past = {
  events: Recorded[];
  /** There are older events; if `before` is set, there may be. */
  more?: true;
  /** The look back stopped here, since it had cost enough; a request before this position goes on. */
  before?: number;
};

/** A page ends with the event that brings it to this many characters, since each slow reader holds a page in memory. */
export const pageLength = 128 * 1024;
/** A page has at most this many events, so that a page of short events takes no longer to read. */
export const pageEvents = 1_000;
/** How many pages a look back reads at most: many entries may be whispers of others, or comings and goings. */
const lookedPages = 10;

/**
 * Where a reader goes on that was shown all events up to `after`, a position in `epoch` (undefined: the present one); `last`: the
 * latest event. If the epoch is unknown, or `after` is behind its end, events that the reader was shown are lost, and others
 * came in their place.
 */
export function resumptionOf(
  journal: Pick<Journal, "epoch" | "endOf" | "first">,
  epoch: string | undefined,
  after: number,
  last: number,
): Resumption {
  const { first } = journal;
  const end = journal.endOf(epoch ?? journal.epoch);
  const position = end === undefined ? first - 1 : Math.min(after, end, last);
  if (end === undefined || position !== after) return { position, gap: { from: 0, to: position } };
  const isKept = first <= position + 1;
  return { position, resumed: true, gap: isKept ? undefined : { from: position + 1, to: first - 1 } };
}

/** A page of the entries after `after`, up to `upTo`, with the whispers to all seats. Rejects as the journal does. */
export async function entriesIn(
  journal: Pick<Journal, "entriesAfter">,
  after: number,
  upTo: number,
): Promise<Stretch> {
  const kept = await journal.entriesAfter(after, Math.min(upTo - after, pageEvents));
  const first = kept[0]?.event.seq;
  if (first === undefined) return { gap: undefined, entries: [], last: Math.max(upTo, after) };
  const gap = first > after + 1 ? { from: after + 1, to: first - 1 } : undefined;
  const entries: Entry[] = [];
  let last = first - 1;
  for (const entry of kept) {
    const { seq } = entry.event;
    // Where events are missing the page ends: the next page begins with the gap.
    if (seq > upTo || seq > last + 1) break;
    entries.push(entry);
    last = seq;
  }
  return { gap, entries, last };
}

/**
 * The last `limit` messages before a position that the seat `viewer` may see, and the other events between them, no more than
 * fit in a page. Of `joined` and `left` only the last `limit` are in it, since those of a busy room would fill the page.
 */
export function lastBefore(
  entriesBefore: Journal["entriesBefore"],
  position: number,
  limit: number,
  viewer: string,
): Promise<Past> {
  return lookBack(entriesBefore, position, { limit, viewer, isCounted: isMessage });
}

/** The last `limit` events before a position that have every word of the text and that the seat `viewer` may see. */
export function search(
  journal: Pick<Journal, "matchesBefore">,
  text: string,
  position: number,
  limit: number,
  viewer: string,
): Promise<Past> {
  const matchesBefore = async (position: number, count: number): Promise<Entry[]> => {
    for (let end = position; end > 0; ) {
      const { entries, before } = await journal.matchesBefore(text, end, count, viewer);
      if (entries.length > 0) return entries;
      end = before;
    }
    return [];
  };
  return lookBack(matchesBefore, position, { limit, viewer, isCounted: () => true });
}

/** The first whispers to a seat, of the events after one position and before another, no more than fit in a page. */
export async function whispersTo(
  entriesAfter: Journal["entriesAfter"],
  seat: string,
  after: number,
  before: number,
): Promise<Recorded[]> {
  const events: Recorded[] = [];
  const page = new PageSize();
  for (let position = after; ; ) {
    const entries = await entriesAfter(position, pageEvents);
    if (entries.length === 0) return events;
    for (const { event, reader } of entries) {
      if (event.seq >= before) return events;
      position = event.seq;
      if (reader !== seat) continue;
      events.push(event);
      if (page.isFullWith(event)) return events;
    }
  }
}

/** The last events before a position that the seat `viewer` may see: up to `limit` of those that count, and the others between. */
async function lookBack(
  entriesBefore: Journal["entriesBefore"],
  position: number,
  { limit, viewer, isCounted }: { limit: number; viewer: string; isCounted: (event: Recorded) => boolean },
): Promise<Past> {
  const events: Recorded[] = [];
  let counted = 0;
  let comings = 0;
  const page = new PageSize();
  const looked = new PageSize(lookedPages);
  let before = position;
  // One entry more than `limit` tells whether there are older ones. If entries are hidden from the viewer, each further read is
  // twice as long.
  for (let count = limit + 1; ; count = Math.min(2 * count, pageEvents)) {
    const entries = await entriesBefore(before, count);
    if (entries.length === 0) return { events: events.reverse() };
    for (const entry of entries) {
      const { event } = entry;
      const isSeen = maySee(viewer, entry);
      if (isSeen && counted >= limit) return { events: events.reverse(), more: true };
      const isComing = event.type === "joined" || event.type === "left";
      const isShown = isSeen && (!isComing || comings < limit);
      if (isShown) {
        events.push(event);
        if (isComing) comings += 1;
        if (isCounted(event)) counted += 1;
      }
      before = event.seq;
      const isEnough = looked.isFullWith(event) || (isShown && page.isFullWith(event));
      if (isEnough) return { events: events.reverse(), more: true, before };
    }
  }
}

/** All entries up to position `last`, page by page, oldest first. `after` reads the page behind a position. */
export async function* pagesUpTo(
  last: number,
  after: (position: number) => Entry[] | Promise<Entry[]>,
): AsyncIterable<Entry[]> {
  for (let position = 0; position < last; ) {
    const page = await after(position);
    if (page.length === 0) return;
    yield page.filter(({ event }) => event.seq <= last);
    position = page.at(-1)?.event.seq ?? position;
  }
}

/** The first entries: at most `count`, and no more than fill a page. */
export function firstOf(entries: Iterable<Entry>, count: number): Entry[] {
  const first: Entry[] = [];
  const size = new PageSize();
  if (count <= 0) return first;
  for (const entry of entries) {
    first.push(entry);
    if (first.length >= count || size.isFullWith(entry.event)) break;
  }
  return first;
}

/** Measures a page, or the events that were read for it: their number, and their length in characters. */
export class PageSize {
  #eventsLeft: number;
  #lengthLeft: number;

  constructor(pages = 1) {
    this.#eventsLeft = pages * pageEvents;
    this.#lengthLeft = pages * pageLength;
  }

  /** Adds an event. Returns true once the page is full. */
  isFullWith(event: Recorded): boolean {
    this.#eventsLeft -= 1;
    this.#lengthLeft -= lengthOf(event);
    return this.#eventsLeft <= 0 || this.#lengthLeft <= 0;
  }
}

/** About how many characters an event is on the wire. */
function lengthOf(event: Recorded): number {
  return 100 + ("text" in event ? (event.text?.length ?? 0) : 0);
}

/** Whether a seat may see an entry: whispers are for two seats, all other events for all. */
export function maySee(seat: string, { author, reader }: Entry): boolean {
  return reader === undefined || reader === seat || (author === seat && reader !== serversOnly);
}
