// Taking messages back: finds the messages that are meant, checks whether the member may take them back, and makes the entries
// that do so. Each entry is an event `deleted`; as the journal numbers it, it erases the texts of the messages that it names.
// Many messages are found and taken back a slice at a time, each slice in the room's queue of costly work.

import type { CommandOf } from "../../../protocol/commands.ts";
import { type Fault, fault, isFault } from "../../../protocol/events.ts";
import { nameKey } from "../../../protocol/names.ts";
import { isSaid } from "../../journal/erased.ts";
import { type Entry, type Journal, unnumbered } from "../../journal/journal.ts";
import { maySee, pageEvents } from "../../journal/pages.ts";
import type { WorkQueue } from "../../limits/work-queue.ts";
import type { Seat } from "../../seats/seats.ts";
import type { Operator } from "../orders.ts";
import type { Recorder } from "../recorder.ts";

/** The part of the room that the archive needs. */
export interface ArchiveRoom extends Recorder {
  readonly work: WorkQueue;
  readonly members: {
    find: (name: string) => Seat | undefined;
    nameOf: (seat: string) => string | undefined;
  };
  afterTurn(): Promise<void>;
}

/** The member who takes messages back, and whether it may take back those of others. */
export type Deleter = Omit<Operator, "address"> & { isOperator: boolean };

/** The messages to take back: the newest `count` that match, of the events up to `upTo`. */
type Wanted = { matches: (entry: Entry) => boolean; count: number; upTo: number };

/** How many `deleted` events this server has recorded: the number makes their authors differ. */
let deletions = 0;

/** How many messages one event takes back at most, since the journal erases them in one turn. */
const deletedAtOnce = 50;
/** How many events the first read has; each further read has twice as many. */
const firstLook = 50;

const notFound = fault("no-such-message", "There is no such message any more");
const othersMessage = fault("not-operator", "Only operators take back what others said");

/** Takes back the messages that the request means. Resolves with the fault if not all of them were taken back. */
export async function takeBack(
  journal: Pick<Journal, "entriesBefore">,
  room: ArchiveRoom,
  request: CommandOf<"delete">,
  by: Deleter,
): Promise<Fault | undefined> {
  const wanted = wantedBy(room, request, by);
  if (isFault(wanted)) return wanted;
  let taken = 0;
  let look = request.seq === undefined ? Math.max(firstLook, wanted.count) : 1;
  for (let before = wanted.upTo + 1; taken < wanted.count; look *= 2) {
    const count = Math.min(look, pageEvents);
    const entries = await journal.entriesBefore(before, count);
    const oldest = entries.at(-1);
    if (!oldest) break;
    before = oldest.event.seq;
    const found = entries
      .filter((entry) => isSaid(entry) && wanted.matches(entry))
      .slice(0, wanted.count - taken);
    const refused = refusesTaking(found, by);
    if (refused) return refused;
    const problem = await takeAll(room, found, by);
    if (problem) return problem;
    taken += found.length;
    if (request.seq !== undefined) break;
  }
  if (taken > 0) return undefined;
  if (request.seq !== undefined) return notFound;
  const nothing =
    request.name === undefined ? "You have said nothing yet" : `"${request.name}" has said nothing yet`;
  return { ...notFound, text: `${nothing} that can be taken back` };
}

/** The messages that a request means. A name means its present member; if it has none, all that was said under it. */
function wantedBy(
  { seq: last, members }: ArchiveRoom,
  { seq, name, count }: CommandOf<"delete">,
  by: Deleter,
): Wanted | Fault {
  const upTo = last;
  if (seq !== undefined) {
    return seq > upTo ? notFound : { matches: ({ event }) => event.seq === seq, count: 1, upTo: seq };
  }
  if (name === undefined) return { matches: ({ author }) => author === by.author, count: 1, upTo };
  const seat = members.find(name);
  if (seat?.id !== by.author && !by.isOperator) return othersMessage;
  const key = nameKey(name);
  const matches = (entry: Entry) => (seat ? entry.author === seat.id : nameKey(speakerOf(entry)) === key);
  return { matches, count: count ?? Infinity, upTo };
}

/** Why a member may not take these messages back. It is not told of messages that it may not see. */
function refusesTaking(found: Entry[], by: Deleter): Fault | undefined {
  if (by.isOperator || found.every(({ author }) => author === by.author)) return undefined;
  return found.every((entry) => maySee(by.author, entry)) ? othersMessage : notFound;
}

/** Takes these messages back. Resolves with the fault of the first event that fails. */
async function takeAll(room: ArchiveRoom, found: Entry[], by: Deleter): Promise<Fault | undefined> {
  for (const entry of entriesFor(found, by)) {
    const problem = await room.work.run(() => {
      const { promise, resolve } = Promise.withResolvers<Fault | undefined>();
      room.ask(entry, { happened: () => resolve(undefined), failed: resolve });
      return promise;
    });
    if (problem) return problem;
  }
  return undefined;
}

/** The entries that take these messages back: each for at most 50 messages that the same members see. */
function entriesFor(found: Entry[], by: Deleter): Entry[] {
  const viewers = ({ author, reader }: Entry) => (reader === undefined ? "" : `${author} ${reader}`);
  return [...Map.groupBy(found, viewers).values()]
    .flatMap((messages) => slices(messages, deletedAtOnce))
    .flatMap((slice) => entriesForSlice(slice, by));
}

/** The entries for messages that the same members see: one, or for whispers one for each of the two ends. */
function entriesForSlice(messages: Entry[], { name: by, author, expects }: Deleter): Entry[] {
  const [newest] = messages;
  if (!newest) return [];
  const seqs = messages.map(({ event }) => event.seq);
  const { at: saidAt } = newest.event;
  // An entry has one reader beside its author, and its author here is no seat.
  const readers = newest.reader === undefined ? [undefined] : [...new Set([newest.author, newest.reader])];
  return readers.map((reader) => ({
    event: unnumbered({ type: "deleted", seqs, name: speakerOf(newest), by, saidAt }),
    // An author waits for one outcome of a type at a time, and deletions may run at once: so their authors differ.
    author: `${author} ${++deletions}`,
    ...(reader !== undefined && { reader }),
    ...(expects && { expects }),
  }));
}

function speakerOf({ event }: Entry): string {
  if ("from" in event) return event.from;
  return ("name" in event && event.name) || "";
}

function slices<T>(list: T[], length: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / length) }, (_, i) =>
    list.slice(i * length, (i + 1) * length),
  );
}
