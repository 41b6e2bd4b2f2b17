// Pages of the journal as readers write them: read and encoded once for all who want them in one encoding, and kept for a
// moment. When many catch up at once they missed the same events, though not from the same one on; so a page ends at a
// multiple of `pageEvents`, and readers that begin anywhere share all pages but their first.
//
//   bytes       │ said │ said │ said │ joined │      what all may see
//   whispers           ▲ told      ▲ told            kept apart, each with the offset where it belongs
//
// A viewer gets the bytes whole, or in pieces with its own whispers between them. A whisper is never in the bytes.

import type { Encoding } from "../../dialects/dialect.ts";
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
  readonly #whispers: { entry: Entry; offset: number }[] = [];

  constructor(encoding: Encoding, { gap, entries, last }: Stretch) {
    this.last = last;
    this.#encoding = encoding;
    let text = gap ? encoding.encode({ type: "gap", ...gap }) : "";
    for (const entry of entries) {
      if (entry.reader === undefined) text += encoding.encode(entry.event);
      else this.#whispers.push({ entry, offset: text.length });
    }
    this.#bytes = Buffer.from(text);
    // So far in characters: now in bytes.
    let [characters, bytes] = [0, 0];
    for (const whisper of this.#whispers) {
      bytes += Buffer.byteLength(text.slice(characters, whisper.offset));
      characters = whisper.offset;
      whisper.offset = bytes;
    }
  }

  /** What the seat `viewer` may see of it, in order. */
  piecesFor(viewer: string): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let from = 0;
    for (const { entry, offset } of this.#whispers) {
      if (!maySee(viewer, entry)) continue;
      pieces.push(this.#bytes.subarray(from, offset), Buffer.from(this.#encoding.encode(entry.event)));
      from = offset;
    }
    return [...pieces, this.#bytes.subarray(from)];
  }
}

export class SharedPages {
  readonly #encoding: Encoding;
  readonly #journal: Pick<Journal, "entriesAfter">;
  /** By what was asked for; the one that was wanted last at the end. A page may still be read. */
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
