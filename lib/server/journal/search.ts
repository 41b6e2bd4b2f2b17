// The words of searches: a text is found by all words of a search, regardless of case and accents; the last word may be the
// beginning of one. Each kind of journal has an index of its own.

/** How many words a search uses at most, besides the last one. */
const searchedWords = 10;

/** The words of a search: each once, the last one last, and no more than can be found quickly. */
export function wordsOf(text: string): string[] {
  const words = text.split(/[\s"]+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  return [...new Set(words.slice(0, -1))].slice(0, searchedWords).concat(words.slice(-1));
}

/** Returns a test of whether a text has every word, for the results of an index that is not exact. */
export function matcher(text: string): (text: string) => boolean {
  const words = wordsOf(text).map((word, i, { length }) => ` ${folded(word)}${i === length - 1 ? "" : " "}`);
  return (text) => {
    const padded = ` ${folded(text)} `;
    return words.length > 0 && words.every((word) => padded.includes(word));
  };
}

/** The words of a text for an index of PostgreSQL (tsvector); long words in pieces. */
export function lexemesIn(text: string): string {
  return piecesOf(folded(text)).join(" ");
}

/** The query (tsquery) for an index of `lexemesIn`. It also finds texts that `matcher` rejects. Undefined without a word. */
export function lexemesOf(text: string): string | undefined {
  const pieces = wordsOf(text).flatMap((word) => piecesOf(folded(word)));
  return pieces.length === 0 ? undefined : `${pieces.join(" & ")}:*`;
}

function piecesOf(words: string): string[] {
  return words.match(/[^ ]{1,64}/gu) ?? [];
}

/** The words of a text in lower case and without accents, with one blank between them. */
export function folded(text: string): string {
  const plain = text.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();
  return plain.match(/[\p{L}\p{N}]+/gu)?.join(" ") ?? "";
}
