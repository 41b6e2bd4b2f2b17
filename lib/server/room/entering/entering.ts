// Entering: the first bytes that a connection is sent once it has a seat. A fresh one is welcomed and shown the last messages;
// one that comes back goes on where it stopped. Its reader starts after that. However many enter at once, each waits for its
// turn in the queue of newcomers, so that members do not wait for them.

import type { Dialect, Newcomer } from "../../../dialects/dialect.ts";
import type { CommandOf } from "../../../protocol/commands.ts";
import type { Recorded } from "../../../protocol/events.ts";
import { nameKey } from "../../../protocol/names.ts";
import type { Flows } from "../../delivery/flows.ts";
import type { Opening, Reader, ReadPage } from "../../delivery/reader.ts";
import type { SharedPages } from "../../delivery/shared-pages.ts";
import type { Journal } from "../../journal/journal.ts";
import { type Past, type Resumption, resumptionOf } from "../../journal/pages.ts";
import type { WorkQueue } from "../../limits/work-queue.ts";
import type { Archive } from "../archive/archive.ts";
import type { Members } from "../members.ts";
import type { Taken } from "./arrivals.ts";
import { encodeOwnPast, type Roster } from "./roster.ts";

/** The part of the room that a connection enters. */
interface EnteredRoom {
  readonly seq: number;
  readonly members: Members;
  readonly archive: Archive;
  readonly newcomers: WorkQueue;
}

/** The members and the past that a newcomer is shown: up to `count` messages before the roster. */
type Shown = { roster: Roster; resumption: Resumption | undefined; count: number };

export class Entering {
  readonly #journal: Journal;
  readonly #room: EnteredRoom;
  readonly #flows: Flows;

  constructor(journal: Journal, room: EnteredRoom, flows: Flows) {
    this.#journal = journal;
    this.#room = room;
    this.#flows = flows;
  }

  /** Welcomes a member when its turn among the newcomers comes, and starts its reader at the position that it asked for. */
  enter(taken: Taken, dialect: Dialect, request: CommandOf<"join">, reader: Reader): Promise<void> {
    const { log, pages } = this.#flows.of(dialect.shared, this.#room.seq);
    const readPage = this.#pagesFor(taken.seat.id, pages, dialect.own?.bind(dialect));
    const { token, history } = request;
    const resumption = this.#resumptionFor(taken, dialect, request);
    if (resumption && (token !== undefined || history === undefined)) {
      return reader.start(log, this.#resuming(taken, dialect, resumption), readPage);
    }
    const roster = taken.roster ?? this.#room.members.roster();
    const count = history ?? dialect.historyEvents;
    const opening = this.#welcoming(taken, dialect, { roster, resumption, count });
    // No whisper is to a new seat yet. In a dialect with an `own` its reader may be shown its `joined` in other words.
    const whispered = taken.isNew && !dialect.own ? roster.seq : undefined;
    return reader.start(log, opening, readPage, whispered);
  }

  /** The opening of a reader that goes on at a position: the welcome, and the gap if events are missing. */
  #resuming(taken: Taken, dialect: Dialect, resumption: Resumption): Opening {
    const newcomer = newcomerOf(taken, resumption);
    return (take) =>
      this.#room.newcomers.run(() => {
        const roster = taken.roster ?? this.#room.members.roster();
        // If only the oldest events are no longer kept, the first page has the gap.
        const missing = resumption.resumed ? [] : gapOf(resumption, dialect);
        take({ pieces: [...roster.welcome(dialect, newcomer), ...missing], last: resumption.position });
      });
  }

  /** The opening of a reader that goes on after a roster: the welcome, the gap if events are missing, and the past. */
  #welcoming(taken: Taken, dialect: Dialect, shown: Shown): Opening {
    const { roster, resumption } = shown;
    const newcomer = newcomerOf(taken, resumption);
    const past = this.#pastFor(taken, dialect, shown);
    return async (take) => {
      const messages = await past();
      const pieces = [...roster.welcome(dialect, newcomer), ...gapOf(resumption, dialect), ...messages];
      await this.#room.newcomers.run(() => take({ pieces, last: roster.seq }));
    };
  }

  /** Encodes the past for a member: of the `count` messages before the roster those that are new to it, and waiting whispers. */
  #pastFor(
    { seat, isNew, mail, shownElsewhere = Infinity }: Taken,
    dialect: Dialect,
    { roster, resumption, count }: Shown,
  ): () => Promise<Uint8Array[]> {
    const { archive } = this.#room;
    const resumedAt = resumption?.resumed ? resumption.position : undefined;
    const recall = async (): Promise<Past> => {
      const missed = dialect.showsMissed ? roster.seq - shownElsewhere : 0;
      const past = await archive.recall(seat.id, roster.seq, Math.max(count, missed));
      const left = dialect.showsMissed ? (seat.readBefore ?? leftAt(seat.name, past.events)) : 0;
      return { ...past, events: past.events.filter(({ seq }) => seq > (resumedAt ?? left)) };
    };
    const shown = count === 0 ? undefined : recall;
    // A new seat has no whispers, so all such newcomers are shown the same bytes.
    if (isNew && !resumption) return async () => (shown ? [await roster.history(dialect, count, shown)] : []);
    const waiting = (before = roster.seq + 1) =>
      mail === undefined ? [] : archive.whispersTo(seat.id, Math.max(mail, resumedAt ?? 0), before);
    return () => encodeOwnPast(dialect, shown, waiting);
  }

  /** Where a member goes on: at the position that its client sends, or where it had stopped; undefined: at the history. */
  #resumptionFor(
    { seat, isNew, roster }: Taken,
    dialect: Dialect,
    { epoch, after }: CommandOf<"join">,
  ): Resumption | undefined {
    if (after !== undefined) {
      return resumptionOf(this.#journal, epoch, after, roster?.seq ?? this.#room.seq);
    }
    if (isNew || !dialect.showsMissed || seat.read === undefined) return undefined;
    return { position: seat.read, resumed: true, gap: undefined };
  }

  /** Separate, so that the closure, which lives as long as the reader, captures only these parameters and not the welcome. */
  #pagesFor(seat: string, pages: SharedPages, own: Dialect["own"]): ReadPage {
    return async (wanted, take) => {
      // Within an object, so that the queue does not await the promise, which may take as long as a database.
      const { reading } = await this.#room.newcomers.run(() => {
        const range = wanted();
        return { reading: range && pages.after(range.after, range.upTo) };
      });
      const page = await reading;
      if (page)
        await this.#room.newcomers.run(() => take({ pieces: page.piecesFor(seat, own), last: page.last }));
    };
  }
}

/** Of these events, the one by which the last member with this name left; 0 if none is. */
function leftAt(name: string, events: readonly Recorded[]): number {
  const key = nameKey(name);
  const isGoing = (event: Recorded) =>
    (event.type === "left" || event.type === "kicked" || event.type === "banned") &&
    nameKey(event.name ?? "") === key;
  return events.findLast(isGoing)?.seq ?? 0;
}

function newcomerOf({ seat: { name }, token }: Taken, resumption: Resumption | undefined): Newcomer {
  return { type: "welcome", name, token, resumed: resumption?.resumed };
}

function gapOf(resumption: Resumption | undefined, dialect: Dialect): Uint8Array[] {
  return resumption?.gap ? [Buffer.from(dialect.encode({ type: "gap", ...resumption.gap }))] : [];
}
