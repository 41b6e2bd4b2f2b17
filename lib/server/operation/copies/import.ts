// Imports events from JSON lines, which --export or a person has written: {"at": …, "from": "ada", "text": "hi"}. Each event is
// checked like the input of a stranger, gets a new number, and keeps its time. It changes no seat, ban or topic.
//
// No line is imported twice. A line of this history is recognised by its `epoch` and `seq`, any other by its author and an id:
// its own, or one that is made of its former position, or of its content.

import { createInterface } from "node:readline";
import { messageOf, resultOf } from "../../../protocol/errors.ts";
import { isFault, limits, type Recorded } from "../../../protocol/events.ts";
import { cleanText, visibleRow } from "../../../protocol/text.ts";
import type { Entry, Journal } from "../../journal/journal.ts";
import { validEvent } from "../../journal/valid.ts";

/** How many lines one transaction imports. */
const batchLines = 500;
/** The author of lines without one. */
const unknownAuthor = "import";
/** The longest id of a seat that a line may name, in characters. */
const seatLength = 64;
/** Characters of a line's unknown event type that the error shows. */
const shownLength = 40;

type Counts = { taken: number; known: number; skipped: number };

/** The types of events that name other events by numbers, which are not the same here. */
const skippedTypes = ["deleted", "erased", "moved"] as const;
/** The types that can be imported, with the keys that their events may have. All are texts except `until`, a time. */
const keysOf: Record<Exclude<Recorded["type"], (typeof skippedTypes)[number]>, string[]> = {
  said: ["from", "text", "id"],
  acted: ["from", "text", "id"],
  told: ["from", "to", "text", "id"],
  joined: ["name", "id"],
  left: ["name", "text", "id"],
  renamed: ["from", "to", "id"],
  kicked: ["name", "by", "text", "id"],
  banned: ["name", "by", "text", "until", "id"],
  unbanned: ["name", "by", "text", "id"],
  muted: ["name", "by", "text", "until", "id"],
  unmuted: ["name", "by", "text", "id"],
  opped: ["name", "id"],
  deopped: ["name", "by", "id"],
  freed: ["name", "by", "id"],
  topic: ["by", "text", "id"],
};

/** The only types that can be imported while a server has the room open: members would take events of other types for news. */
const messages = ["said", "acted", "told"];

/**
 * Imports the lines. `isInUse`: whether a server has the room open now. Rejects with an Error that says which line is wrong,
 * and how many were imported before it.
 */
export async function importLines(
  journal: Journal,
  input: NodeJS.ReadableStream,
  isInUse: () => boolean,
): Promise<Counts> {
  const writer = new BatchWriter(journal);
  const { counts } = writer;
  const parser = new LineParser(journal, isInUse);
  let number = 0;
  try {
    // After this the other servers of the room are known.
    await journal.sync();
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      number++;
      // `trim` also removes a byte order mark, with which a file of Windows may begin.
      if (line.trim() === "") continue;
      const entry = parser.entryOf(line.trim());
      if (entry === "known") counts.known++;
      else if (entry === "skipped") counts.skipped++;
      else await writer.add(entry);
    }
    await writer.flush();
    return counts;
  } catch (error) {
    await writer.flush().catch(() => {});
    if (number === 0) throw error;
    const progress = `${counts.taken} events are taken in so far; none is taken twice if you import it again`;
    throw new Error(`line ${number} ${messageOf(error)} (${progress})`);
  }
}

/** Appends entries to a journal, a batch at a time, and counts their outcomes. */
class BatchWriter {
  readonly counts: Counts = { taken: 0, known: 0, skipped: 0 };
  readonly #journal: Journal;
  #batch: Entry[] = [];
  #problem: string | undefined;

  constructor(journal: Journal) {
    this.#journal = journal;
    journal.listen({
      happened: (entries) => {
        const own = entries.filter(({ server = journal.server }) => server === journal.server);
        this.counts.taken += own.length;
      },
      repeated: () => {
        this.counts.known++;
      },
      contradicted: () => {},
      refused: (_, reason) => {
        this.#problem = reason;
      },
      troubled: () => {},
      serversChanged: () => {},
      epochBegan: () => {},
      beganAgain: () => {},
    });
  }

  async add(entry: Entry): Promise<void> {
    this.#batch.push(entry);
    if (this.#batch.length >= batchLines) await this.flush();
  }

  /** Appends the entries that wait. Rejects with an Error that goes on after "line 7" if the journal cannot store them. */
  async flush(): Promise<void> {
    this.#journal.append(this.#batch.splice(0));
    await this.#journal.sync();
    if (this.#problem !== undefined) throw new Error(`it cannot be written, ${this.#problem}`);
  }
}

/** Reads lines, and recognises those that the history has already. */
class LineParser {
  readonly #journal: Journal;
  readonly #isInUse: () => boolean;
  /** The time of the latest line without an id, and how often each line with that time came. */
  #moment = { at: Number.NaN, times: new Map<string, number>() };

  constructor(journal: Journal, isInUse: () => boolean) {
    this.#journal = journal;
    this.#isInUse = isInUse;
  }

  /** The entry of a line. Throws an Error that goes on after "line 7". */
  entryOf(line: string): Entry | "known" | "skipped" {
    const fields = objectIn(line);
    const { type = "said", seq, epoch, author = unknownAuthor, reader } = fields;
    if (skippedTypes.some((skipped) => skipped === type)) return "skipped";
    if (!isSeat(author)) throw new Error('needs the id of a seat as "author", or none');
    if (this.#isHere(epoch, seq)) return "known";
    const at = timeOf(fields.at);
    const event = eventOf(String(type), fields, at);
    // The id of an event of this history that was imported elsewhere, and now comes back.
    const [, ownEpoch, ownSeq] = /^(.+)-(\d+)$/.exec(String(event.id)) ?? [];
    if (this.#isHere(ownEpoch, Number(ownSeq))) return "known";
    if (!messages.includes(String(type)) && this.#isInUse()) {
      throw new Error("is no message, and members would take it for news: end the room's servers first");
    }
    event.id ??= this.#idFor(epoch, seq, at, event);
    const valid = validEvent(event);
    if (!valid) throw new Error(`lacks something that an event "${type}" needs`);
    const isWhisper = valid.type === "told";
    if (isWhisper !== isSeat(reader)) {
      throw new Error(
        isWhisper ? 'is a whisper and needs its "author" and "reader"' : 'has a "reader": only whispers have',
      );
    }
    return { event: valid, author, at, ...(isSeat(reader) && { reader }) };
  }

  /** Whether the position is one of this history, which then has, or had, the event. */
  #isHere(epoch: unknown, seq: unknown): boolean {
    if (typeof epoch !== "string" || typeof seq !== "number") return false;
    return seq >= 1 && seq <= Math.min(this.#journal.endOf(epoch) ?? 0, this.#journal.last);
  }

  #idFor(epoch: unknown, seq: unknown, at: number, event: Record<string, unknown>): string {
    if (typeof epoch === "string" && /^[\w-]{1,40}$/.test(epoch) && typeof seq === "number")
      return `${epoch}-${seq}`;
    const hash = new Bun.CryptoHasher("sha256").update(JSON.stringify(event)).digest("base64url");
    if (at !== this.#moment.at) this.#moment = { at, times: new Map() };
    const times = (this.#moment.times.get(hash) ?? 0) + 1;
    this.#moment.times.set(hash, times);
    return `${hash}-${times}`;
  }
}

/** Whether the value may be the id of a seat. */
function isSeat(id: unknown): id is string {
  return typeof id === "string" && id !== "" && id.length <= seatLength;
}

function objectIn(line: string): Record<string, unknown> {
  const value: unknown = resultOf(() => JSON.parse(line));
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new Error("is no JSON object");
}

/** Reads a time: ms since 1970 UTC, or a text of ISO 8601. */
function timeOf(at: unknown): number {
  const time = typeof at === "string" ? Date.parse(at) : at;
  if (typeof time === "number" && Number.isSafeInteger(time) && Math.abs(time) <= 8.64e15) return time;
  throw new Error('needs its times, such as "at", in ms since 1970 UTC or as 2026-01-31T12:00:00Z');
}

/** The event with the keys of its type, and with cleaned texts. */
function eventOf(type: string, fields: Record<string, unknown>, at: number): Record<string, unknown> {
  const keys = Object.entries(keysOf).find(([known]) => known === type)?.[1];
  if (!keys)
    throw new Error(`is of no type that can be taken in: "${visibleRow(type).slice(0, shownLength)}"`);
  const event: Record<string, unknown> = { type, seq: 0, at };
  for (const key of keys) {
    const value = fields[key];
    if (value === undefined || value === null) continue;
    if (key === "until") {
      event.until = timeOf(value);
      continue;
    }
    if (typeof value !== "string") throw new Error(`needs a text as "${key}"`);
    event[key] = cleaned(key, type, value);
  }
  return event;
}

function cleaned(key: string, type: string, value: string): string {
  if (key === "text") {
    const isMessage = type === "said" || type === "acted" || type === "told" || type === "left";
    const text = isMessage ? cleanText(value) : visibleRow(value);
    if (isFault(text)) throw new Error(`has no text that could be said: ${text.text}`);
    return text;
  }
  const isId = key === "id";
  const isSound = isId
    ? /^[\x21-\x7e]{1,64}$/.test(value)
    : visibleRow(value) === value && value.trim() !== "";
  if (!isSound || [...value].length > (isId ? limits.idLength : limits.nameLength)) {
    throw new Error(`has no ${isId ? "id" : "name"} as "${key}"`);
  }
  return value;
}
