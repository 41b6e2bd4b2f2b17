// A journal and all that its listener was told, for the tests of every kind of journal; and entries to put into it.

import { expect } from "bun:test";
import type { Recorded } from "../../../../lib/protocol/events.ts";
import type { Facts } from "../../../../lib/server/journal/facts.ts";
import type { Entry, Journal } from "../../../../lib/server/journal/journal.ts";
import { entriesIn, lastBefore, maySee, type Past } from "../../../../lib/server/journal/pages.ts";
import { Transcript } from "../../../support/transcript.ts";

/** What a listener is told, in order; `lost` and `noted` are for journals that can say so. */
export type Told =
  | ["happened", Recorded]
  | ["repeated" | "contradicted" | "refused", Entry, detail?: number | string]
  | ["troubled", string | undefined]
  | ["epoch", string]
  | ["began again"]
  | ["lost" | "noted", string];

/** An event with a number that tells which entry it is, since it may come back as another object. */
export type Marked = Recorded & { mark?: number };
let marks = 0;

export class Listened<J extends Journal = Journal> implements AsyncDisposable {
  readonly journal: J;
  readonly told: Transcript<Told>;
  /** How often the servers may have changed. */
  counts = 0;
  onCount = () => {};
  readonly #looking = new Set<() => void>();
  /** The marks of what was appended here and has come to nothing yet. */
  readonly #pending = new Set<number | undefined>();

  constructor(journal: J, told = new Transcript<Told>()) {
    this.journal = journal;
    this.told = told;
    journal.listen({
      happened: (entries) => {
        for (const entry of entries) told.push(["happened", this.#settle(entry)]);
      },
      repeated: (entry, seq) => {
        this.#settle(entry);
        told.push(["repeated", entry, seq]);
      },
      contradicted: (entry) => {
        this.#settle(entry);
        told.push(["contradicted", entry]);
      },
      refused: (entries, reason) => {
        for (const entry of entries) {
          this.#settle(entry);
          told.push(["refused", entry, reason]);
        }
      },
      troubled: (reason) => told.push(["troubled", reason]),
      epochBegan: () => told.push(["epoch", journal.epoch]),
      beganAgain: () => told.push(["began again"]),
      serversChanged: () => {
        this.counts++;
        this.onCount();
        for (const look of this.#looking) look();
      },
    });
  }

  #settle({ event }: Entry): Recorded {
    const { mark, ...unmarked }: Marked = event;
    this.#pending.delete(mark);
    return unmarked;
  }

  /** Appends, and waits until each of the entries has come to something. */
  async append(...entries: Entry[]): Promise<void> {
    const own = entries.map(({ event }) => {
      const marked: Marked = event;
      marked.mark = ++marks;
      return marks;
    });
    for (const mark of own) this.#pending.add(mark);
    this.journal.append(entries);
    await this.told.until(
      () => own.every((mark) => !this.#pending.has(mark)) || undefined,
      `what becomes of ${entries.length} entries`,
    );
  }

  /** Appends it again until the journal takes it. */
  async insist(entry: () => Entry): Promise<void> {
    for (;;) {
      const told = this.told.items.length;
      await this.append(entry());
      if (!this.told.items.slice(told).some(([what]) => what === "refused")) return;
      // As a client does. Whether entries are taken again may be known only by trying.
      await Bun.sleep(20);
    }
  }

  /** Resolves while the journal has no trouble. */
  async isWell(): Promise<void> {
    await this.told.until(() => this.troubles.at(-1) === undefined || undefined, "the end of the trouble");
  }

  get happened(): Recorded[] {
    return this.told.items.flatMap((told) => (told[0] === "happened" ? [told[1]] : []));
  }

  get seqs(): number[] {
    return seqsOf(this.happened);
  }

  get texts(): string[] {
    return textsOf(this.happened);
  }

  get troubles(): (string | undefined)[] {
    return this.told.items.flatMap((told) => (told[0] === "troubled" ? [told[1]] : []));
  }

  /** What became of the entries, in short. */
  get fates(): unknown[] {
    return this.told.items.flatMap((told) => {
      if (told[0] === "happened") return [["happened", told[1].seq]];
      if (told[0] === "repeated") return [["repeated", told[2]]];
      return told[0] === "contradicted" || told[0] === "refused" ? [[told[0]]] : [];
    });
  }

  async hears(what: Told[0]): Promise<Told> {
    return this.told.until((items) => items.find(([kind]) => kind === what), what);
  }

  /** Resolves once the condition holds when the servers may have changed. */
  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => {
      void (async () => ((await condition()) ? resolve() : undefined))().catch(reject);
    };
    this.#looking.add(look);
    look();
    await promise;
    this.#looking.delete(look);
  }

  /** Resolves once it has been told of this event. */
  async reaches(seq: number): Promise<void> {
    await this.told.until(() => this.journal.last >= seq || undefined, `event ${seq}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.journal.close();
  }
}

export function said(text: string, author = "ada's seat", id?: string): Entry {
  return { event: { type: "said", seq: 0, at: 0, from: "ada", text, id }, author };
}

export function whisper(text: string, author: string, reader: string): Entry {
  return { event: { type: "told", seq: 0, at: 0, from: "ada", to: "bob", text }, author, reader };
}

export function fact(facts: Facts, expects?: Facts): Entry {
  return { ...said("a fact"), facts, ...(expects && { expects }) };
}

export const many = (count: number, text = "") =>
  Array.from({ length: count }, (_, i) => said(`${text}${i + 1}`));
export const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
export const seqsOf = (events: Recorded[]) => events.map(({ seq }) => seq);
export const textsOf = (events: Recorded[]) =>
  events.flatMap((event) => ("text" in event ? [event.text ?? ""] : []));

/** The last events up to a position that the reader may see. */
export async function recent(
  journal: Journal,
  upTo: number,
  limit: number,
  viewer: string,
): Promise<Recorded[]> {
  return (await lookBack(journal, upTo + 1, limit, viewer)).events;
}

export function lookBack(journal: Journal, before: number, limit: number, viewer: string): Promise<Past> {
  return lastBefore((position, count) => journal.entriesBefore(position, count), before, limit, viewer);
}

/** A page of what the viewer may see of (after, upTo]. */
export async function pageAfter(
  journal: Pick<Journal, "entriesAfter">,
  after: number,
  upTo: number,
  viewer: string,
) {
  const { gap, entries, last } = await entriesIn(journal, after, upTo);
  return { gap, events: entries.filter((entry) => maySee(viewer, entry)).map(({ event }) => event), last };
}

/** Everything that the reader may see of (after, upTo], page by page. */
export async function read(journal: Journal, after: number, upTo: number, viewer = "anyone") {
  const events: Recorded[] = [];
  const gaps: unknown[] = [];
  for (let at = after; at < upTo; ) {
    const page = await pageAfter(journal, at, upTo, viewer);
    expect(page.last).toBeGreaterThan(at);
    if (page.gap) gaps.push(page.gap);
    events.push(...page.events);
    at = page.last;
  }
  return { events, gaps };
}
