// Pages of the journal, encoded for readers that are behind. A page is read and encoded once for all readers of an encoding, and
// kept for a moment. Readers that catch up at the same time have missed the same events, though not from the same one on. So a
// page ends at a multiple of `pageEvents`, and readers share all pages except their first.
//
//   bytes       │ said │ said │ said │ joined │      events that all may see
//   whispers           ▲ told      ▲ told            kept apart, each with its offset in the bytes
//
// A reader writes the bytes whole, or in pieces with its own whispers between them. In dialects with an `own`, the words for the
// author of an event take the place of its bytes.

import type { Encoding } from "../../dialects/dialect.ts";
import type { Recorded } from "../../protocol/events.ts";
import type { Entry, Journal } from "../journal/journal.ts";
import { entriesIn, maySee, pageEvents, type Stretch } from "../journal/pages.ts";

/** How many pages are kept: about 7 MB of short lines, 25 MB of the longest ones. */
const keptPages = 64;
/** How long a page is kept, in ms: an event that the journal has deleted is shown for this time at most. */
const keptMs = 5_000;

class SharedPage {
  /** The last event of the page, or of its gap. */
  readonly last: number;
  readonly #encoding: Encoding;
  readonly #bytes: Uint8Array;
  /** The entries that differ between viewers, and the offsets of their bytes (`from` = `to` for whispers). */
  readonly #marks: { entry: Entry; from: number; to: number }[] = [];

  constructor(encoding: Encoding, { gap, entries, last }: Stretch) {
    this.last = last;
    this.#encoding = encoding;
    let text = gap ? encoding.encode({ type: "gap", ...gap }) : "";
    for (const entry of entries) {
      const from = text.length;
      if (entry.reader === undefined) text += encoding.encode(entry.event);
      if (entry.reader !== undefined || encoding.hasOwnWords)
        this.#marks.push({ entry, from, to: text.length });
    }
    this.#bytes = Buffer.from(text);
    // The offsets are in characters so far: now they become bytes.
    let [characters, bytes] = [0, 0];
    const inBytes = (offset: number) => {
      bytes += Buffer.byteLength(text.slice(characters, offset));
      characters = offset;
      return bytes;
    };
    for (const mark of this.#marks) {
      mark.from = inBytes(mark.from);
      mark.to = inBytes(mark.to);
    }
  }

  /** The bytes that the seat `viewer` may see, in order; its own events in the words of `own`, if that returns some. */
  piecesFor(viewer: string, own?: (event: Recorded) => string | undefined): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let at = 0;
    for (const { entry, from, to } of this.#marks) {
      const { event, author, reader } = entry;
      if (!maySee(viewer, entry)) continue;
      const ownWords = author === viewer ? own?.(event) : undefined;
      const words = ownWords ?? (reader === undefined ? undefined : this.#encoding.encode(event));
      if (words === undefined) continue;
      pieces.push(this.#bytes.subarray(at, from), Buffer.from(words));
      at = to;
    }
    return [...pieces, this.#bytes.subarray(at)];
  }
}

export class SharedPages {
  readonly #encoding: Encoding;
  readonly #journal: Pick<Journal, "entriesAfter">;
  /** By start and end of the request, the page used last at the end. The journal may still be reading a page. */
  readonly #pages = new Map<string, Promise<SharedPage>>();

  constructor(encoding: Encoding, journal: Pick<Journal, "entriesAfter">) {
    this.#encoding = encoding;
    this.#journal = journal;
  }

  /** The page after event `after`, up to `upTo` at most. Rejects as the journal does. */
  after(after: number, upTo: number): Promise<SharedPage> {
    const aligned = after - (after % pageEvents) + pageEvents;
    const end = Math.min(upTo, aligned);
    const key = `${after} ${end}`;
    const page = this.#pages.get(key) ?? this.#read(after, end, key);
    this.#pages.delete(key);
    this.#pages.set(key, page);
    const [oldest] = this.#pages.keys();
    if (this.#pages.size > keptPages && oldest !== undefined) this.#pages.delete(oldest);
    return page;
  }

  /** Drops all pages: a text in them was taken back. */
  clear(): void {
    this.#pages.clear();
  }

  #read(after: number, upTo: number, key: string): Promise<SharedPage> {
    const page = entriesIn(this.#journal, after, upTo).then(
      (stretch) => new SharedPage(this.#encoding, stretch),
    );
    const forget = () => {
      if (this.#pages.get(key) === page) this.#pages.delete(key);
    };
    page.then(() => setTimeout(forget, keptMs).unref(), forget);
    return page;
  }
}
