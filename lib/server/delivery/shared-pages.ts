// Pages of the journal as readers write them: read and encoded once for all who want them in one encoding, and kept for a
// moment. When many catch up at once they missed the same events, though not from the same one on; so a page ends at a
// multiple of `pageEvents`, and readers that begin anywhere share all pages but their first.
//
//   bytes       │ said │ said │ said │ joined │      what all may see
//   whispers           ▲ told      ▲ told            kept apart, each with the offset where it belongs
//
// A viewer gets the bytes whole, or in pieces with its own whispers between them. A whisper is never in the bytes. Where
// authors are told of their own events in words of their own, these stand in place of the bytes of the event.

import type { Encoding } from "../../dialects/dialect.ts";
import type { Recorded } from "../../protocol/events.ts";
import type { Entry, Journal } from "../journal/journal.ts";
import { entriesIn, maySee, pageEvents, type Stretch } from "../journal/pages.ts";

/** About 7 MB of short lines; of the longest ones 25 MB. */
const keptPages = 64;
/** A deleted event must not be shown for longer than this. */
const keptMs = 5_000;

export class SharedPage {
  /** The last event of the page, or of the gap that it tells of. */
  readonly last: number;
  readonly #encoding: Encoding;
  readonly #bytes: Uint8Array;
  /** The entries that are not the same for all viewers; `from` and `to` are offsets of what the bytes have of them. */
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
    // So far in characters: now in bytes.
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

  /** What the seat `viewer` may see of it, in order; of its own events in the words of `own`, where that has some. */
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
  /** By start and end of the request, the latest used page last. The journal may still be reading a page. */
  readonly #pages = new Map<string, Promise<SharedPage>>();

  constructor(encoding: Encoding, journal: Pick<Journal, "entriesAfter">) {
    this.#encoding = encoding;
    this.#journal = journal;
  }

  /** The page behind event `after`, which does not go beyond `upTo`. Rejects as the journal does. */
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

  /** Forgets all pages: a text in them was taken back. */
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
