// What a server writes: one batch under way at a time, asked again until its outcome is known, since PostgreSQL appends
// it once. Entries that come meanwhile make the next batch. While PostgreSQL cannot be written, entries are refused: they
// can be said again by who keeps them, and here they would only pile up.

import { messageOf } from "../../../protocol/errors.ts";
import type { Entry, JournalListener } from "../journal.ts";
import { insist, type PostgresConnection, PostgresError } from "./connection.ts";
import { rowOf } from "./events.ts";
import { append, type Outcome } from "./schema.ts";

/** Events that go to PostgreSQL in one batch at most. */
const batchEvents = 1_000;

/** How long what others wrote waits for what is being written here. */
const togetherMs = 5;

/** What was read here, and how often it turned out to be lost. */
type State = {
  readonly server: string;
  readonly epoch: string;
  readonly last: number;
  readonly restarts: number;
};

type Reading = {
  /** What follows `last` directly has happened. */
  happened: (entries: Entry[]) => void;
  /** Resolves once all up to this event has happened. */
  hasRead: (seq: number) => Promise<void>;
};

export class PostgresWriter {
  listener: JournalListener | undefined;
  /** Why PostgreSQL cannot be written now. */
  trouble: string | undefined;
  /** Resolves once there is nothing more to write. */
  idle: Promise<void> = Promise.resolve();
  refusals = 0;
  conflicts = 0;
  readonly #connection: PostgresConnection;
  readonly #room: string;
  readonly #state: State;
  readonly #changed: () => PostgresError;
  readonly #reading: Reading;
  #waiting: Entry[] = [];
  /** PostgreSQL answers, and refused to append: that it takes entries again only an attempt can show. */
  #isRefusing = false;
  #mayTry = false;
  #committing = false;
  /** Resolves once the outcome of the batch under way is known. */
  #outcome: Promise<unknown> = Promise.resolve();
  #batch = 0;
  #closed = false;

  /** `changed` is called for the error to throw when the room's epoch is not the one of `state` any more. */
  constructor(
    connection: PostgresConnection,
    room: string,
    state: State,
    changed: () => PostgresError,
    reading: Reading,
  ) {
    this.#connection = connection;
    this.#room = room;
    this.#state = state;
    this.#changed = changed;
    this.#reading = reading;
  }

  append(entries: Entry[]): void {
    // The outcome of the batch under way may still be unknown.
    if (this.trouble !== undefined && !this.#mayTry) return this.#refuse(entries, this.trouble);
    this.#mayTry = false;
    this.#waiting.push(...entries);
    if (!this.#committing) this.idle = this.#commit();
  }

  /**
   * Resolves once the outcome of the batch under way is known, but soon in any case. What others wrote is not read before:
   * one read then takes both, and each member is written to once.
   */
  async outcome(): Promise<void> {
    if (this.#committing) await Promise.race([this.#outcome, Bun.sleep(togetherMs)]);
  }

  /** Something went wrong in writing; or it works (undefined). */
  troubled(error: unknown): void {
    if (this.#closed) return;
    const reason = error === undefined ? undefined : `PostgreSQL ${messageOf(error)}`;
    if ((reason === undefined) === (this.trouble === undefined)) return;
    this.trouble = reason;
    this.listener?.troubled(reason);
    if (reason !== undefined) this.#refuse(this.#waiting.splice(0), reason);
  }

  /** PostgreSQL was there a moment ago, which ends all trouble but that it refuses to append: that is tried again. */
  answered(): void {
    if (this.#isRefusing) this.#mayTry = true;
    else this.troubled(undefined);
  }

  /** The room begins again: what was asked in the old one does not happen. */
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
          // In a room that began again nothing of it happens now; it may have happened before.
          const rows = restarts === this.#state.restarts ? JSON.stringify(entries.map(rowOf)) : "[]";
          const outcome = await append(this.#connection, this.#room, batch, this.#state, rows);
          if (outcome) return outcome;
          throw this.#changed();
        });
        this.#outcome = answer.catch(() => {});
        await this.#told(entries, await answer);
      } catch (error) {
        // PostgreSQL said no, so it has none of them.
        this.#isRefusing = error instanceof PostgresError && error.isAnswer;
        if (restarts === this.#state.restarts) this.troubled(error);
        this.#refuse(entries, `PostgreSQL ${messageOf(error)}`);
      }
    }
    this.#committing = false;
  }

  /** What became of each entry. The next batch waits until this one has happened, and so takes more along. */
  async #told(entries: Entry[], { fates, last, at }: Outcome): Promise<void> {
    this.#isRefusing = false;
    this.troubled(undefined);
    const fateOf = fates.split(",").slice(1);
    if (fateOf.length === 0) return this.#refuse(entries, lost);
    const taken = entries.filter((_, i) => fateOf[i] === "t");
    const first = last - taken.length + 1;
    // If no other server was in between, there is no need to read them back.
    if (first === this.#state.last + 1) {
      for (const [i, { event }] of taken.entries()) {
        event.seq = first + i;
        event.at = at;
      }
      this.#reading.happened(taken.map(({ expects: _, ...entry }) => entry));
    }
    // What is told of the others has to find the room as it was then.
    await this.#reading.hasRead(last);
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

  /** Asks until PostgreSQL has an answer. Throws a PostgresError if that is an error. */
  #insist<T>(ask: () => Promise<T>): Promise<T> {
    // Any connection may break: it is trouble when another one is of no more use.
    let told = false;
    const failed = (error: PostgresError) => {
      if (told || !error.isBreak) this.troubled(error);
      told = true;
    };
    return insist(ask, () => this.#closed, failed);
  }
}

const lost = "PostgreSQL has lost what was said last";
