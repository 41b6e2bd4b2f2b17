// The hits of a search so far, numbered from the newest: a person names a hit by its number, and the next search goes on
// where this one ended.

import type { Message } from "../../../protocol/events.ts";

export class Hits {
  /** The words of the last search; undefined before the first one. */
  words: string | undefined;
  /** Older hits are found before this position; undefined if there are none. */
  next: number | undefined;
  /** Positions, the newest hit's first. */
  #seqs: number[] = [];

  /** A new search begins. */
  begin(words: string): void {
    this.words = words;
    this.clear();
  }

  /** Forgets the hits, as they are no part of the history any more. */
  clear(): void {
    this.next = undefined;
    this.#seqs = [];
  }

  /** Adds hits that are older than those so far; they come oldest first. */
  add(messages: Message[]): void {
    this.#seqs.push(...messages.map(({ seq }) => seq).reverse());
  }

  get count(): number {
    return this.#seqs.length;
  }

  /** The number of a hit, from 1; undefined if it is none. */
  numberOf(seq: number): number | undefined {
    const index = this.#seqs.indexOf(seq);
    return index === -1 ? undefined : index + 1;
  }

  /** The position of a hit. */
  seqOf(number: number): number | undefined {
    return this.#seqs[number - 1];
  }
}

/** Matches each place in a text where a word of the search begins, in any case; undefined for a search without words. */
export function wordsSought(text: string): RegExp | undefined {
  // Letters and digits alone, so nothing in them acts as a pattern.
  const words = text.normalize("NFC").match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return words.length === 0 ? undefined : new RegExp(`(?<![\\p{L}\\p{N}])(?:${words.join("|")})`, "giu");
}
