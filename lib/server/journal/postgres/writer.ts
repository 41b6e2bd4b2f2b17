// Writes the entries of a server: one batch at a time, which is sent again until its outcome is known, and which PostgreSQL
// appends once. Entries that come meanwhile are in the next batch. While PostgreSQL cannot be written, entries are refused:
// they would pile up here, and clients keep their messages and send them again.

import { messageOf } from "../../../protocol/errors.ts";
import type { Entry, JournalListener } from "../journal.ts";
import { insist, type PostgresConnection } from "./client/connection.ts";
import { PostgresError } from "./client/errors.ts";
import { rowOf } from "./events.ts";
import { append, type Outcome } from "./schema.ts";

/** How many events a batch has at most. */
const batchEvents = 1_000;

/** How long reading the events of other servers may wait for the outcome of a batch, in ms: then one read has both. */
const togetherMs = 5;

/** How far this server has read, and how many times the room began again. */
type State = {
  readonly server: string;
  readonly epoch: string;
  readonly last: number;
  readonly restarts: number;
};

/** The reading side of the journal. */
type Reading = {
  /** These entries, which follow `last` directly, have happened. */
  happened: (entries: Entry[]) => void;
  /** Resolves once the listener has all events up to this one. */
  untilRead: (seq: number) => Promise<void>;
  /** Called if the room has another epoch than the state says: the batch is sent again after the error that it returns. */
  changed: () => PostgresError;
};

export class PostgresWriter {
  listener: JournalListener | undefined;
  /** Why PostgreSQL cannot be written now; undefined if it can. */
  trouble: string | undefined;
  /** Resolves once no batch is under way. */
  idle: Promise<void> = Promise.resolve();
  refusals = 0;
  conflicts = 0;
  readonly #connection: PostgresConnection;
  readonly #room: string;
  readonly #state: State;
  readonly #reading: Reading;
  #waiting: Entry[] = [];
  /** Whether PostgreSQL answers, but refused to append: only another attempt can show that it takes entries again. */
  #isRefusing = false;
  /** Whether the next entries are tried, though the latest were refused. */
  #mayTry = false;
  #committing = false;
  /** Resolves once the outcome of the batch under way is known. */
  #outcome: Promise<unknown> = Promise.resolve();
  /** The number of the latest batch. */
  #batch = 0;
  #closed = false;

  constructor(connection: PostgresConnection, room: string, state: State, reading: Reading) {
    this.#connection = connection;
    this.#room = room;
    this.#state = state;
    this.#reading = reading;
  }

  append(entries: Entry[]): void {
    // Only new entries are refused: the batch that is under way may have been appended.
    if (this.trouble !== undefined && !this.#mayTry) return this.#refuse(entries, this.trouble);
    this.#mayTry = false;
    this.#waiting.push(...entries);
    if (!this.#committing) this.idle = this.#commit();
  }

  /**
   * Resolves once the outcome of the batch under way is known, but within 5 ms. Events of other servers are read after that, so
   * that one read has both, and each member is written to once.
   */
  async outcome(): Promise<void> {
    if (this.#committing) await Promise.race([this.#outcome, Bun.sleep(togetherMs)]);
  }

  /** Writing failed with this error; or it works again (undefined). */
  troubled(error: unknown): void {
    if (this.#closed) return;
    const reason = error === undefined ? undefined : `PostgreSQL ${messageOf(error)}`;
    if ((reason === undefined) === (this.trouble === undefined)) return;
    this.trouble = reason;
    this.listener?.troubled(reason);
    if (reason !== undefined) this.#refuse(this.#waiting.splice(0), reason);
  }

  /** PostgreSQL has answered: all trouble is over, unless it refused to append; then the next entries try again. */
  answered(): void {
    if (this.#isRefusing) this.#mayTry = true;
    else this.troubled(undefined);
  }

  /** The room begins again: entries for the room as it was before do not happen. */
  beginAgain(): void {
    this.#refuse(this.#waiting.splice(0), lost);
  }

  close(): void {
    this.#closed = true;
  }

  #refuse(entries: Entry[], reason: string): void {
    if (entries.length === 0) return;
    this.refusals += entries.length;
    this.listener?.refused(entries, reason);
  }

  async #commit(): Promise<void> {
    this.#committing = true;
    while (this.#waiting.length > 0 && !this.#closed) {
      const entries = this.#waiting.splice(0, batchEvents);
      const batch = ++this.#batch;
      const restarts = this.#state.restarts;
      try {
        const answer = this.#insist(async () => {
          await this.#connection.open();
          // If the room has begun again, the batch must not be appended now: an empty one asks whether it was before.
          const rows = restarts === this.#state.restarts ? JSON.stringify(entries.map(rowOf)) : "[]";
          const outcome = await append(this.#connection, this.#room, this.#state, { number: batch, rows });
          if (outcome) return outcome;
          throw this.#reading.changed();
        });
        this.#outcome = answer.catch(() => {});
        await this.#tell(entries, await answer);
      } catch (error) {
        // PostgreSQL answered with an error, so it appended none of them.
        this.#isRefusing = error instanceof PostgresError && error.isAnswer;
        if (restarts === this.#state.restarts) this.troubled(error);
        this.#refuse(entries, `PostgreSQL ${messageOf(error)}`);
      }
    }
    this.#committing = false;
  }

  /** Tells the listener the outcome of each entry. The next batch waits for that, and so gathers more entries. */
  async #tell(entries: Entry[], { fates, last, at }: Outcome): Promise<void> {
    this.#isRefusing = false;
    this.troubled(undefined);
    const fateOf = fates.split(",").slice(1);
    if (fateOf.length === 0) return this.#refuse(entries, lost);
    const taken = entries.filter((_, i) => fateOf[i] === "t");
    const first = last - taken.length + 1;
    // If no events of other servers are between them and `last`, they need not be read back.
    if (first === this.#state.last + 1) {
      for (const [i, { event, at: elsewhere }] of taken.entries()) {
        event.seq = first + i;
        event.at = elsewhere ?? at;
      }
      this.#reading.happened(taken.map(({ expects: _, at: __, ...entry }) => entry));
    }
    // The listener is told of the other entries once the room is as it was when PostgreSQL decided about them.
    await this.#reading.untilRead(last);
    for (const [i, entry] of entries.entries()) {
      const fate = fateOf[i];
      if (fate === "t") continue;
      if (fate !== "c") this.listener?.repeated(entry, Number(fate));
      else {
        this.conflicts++;
        this.listener?.contradicted(entry);
      }
    }
  }

  /** Asks until PostgreSQL answers. Throws a PostgresError if the answer is an error. */
  #insist<T>(ask: () => Promise<T>): Promise<T> {
    // A connection that breaks once is no trouble yet: the next one may work.
    let told = false;
    const failed = (error: PostgresError) => {
      if (told || !error.isBreak) this.troubled(error);
      told = true;
    };
    return insist(ask, () => this.#closed, failed);
  }
}

const lost = "PostgreSQL has lost what was said last";
