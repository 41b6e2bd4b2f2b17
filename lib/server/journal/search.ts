// What a search looks for: words, regardless of case and accents, the last as a beginning. Each kind of journal has an
// index of its own.

/** A search looks for this many of its words at most, and for the last one. */
const searchedWords = 10;

/** The words to look for: each once, the last at the end, and no more than are found quickly. */
export function wordsOf(text: string): string[] {
  const words = text.split(/[\s"]+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  return [...new Set(words.slice(0, -1))].slice(0, searchedWords).concat(words.slice(-1));
}

/** For an index that says only which texts may match: tells whether a text has every word, the last as a beginning. */
export function matcher(text: string): (text: string) => boolean {
  const words = wordsOf(text).map((word, i, { length }) => ` ${folded(word)}${i === length - 1 ? "" : " "}`);
  return (text) => {
    const padded = ` ${folded(text)} `;
    return words.length > 0 && words.every((word) => padded.includes(word));
  };
}

/** The words of a text as an index of PostgreSQL takes them (tsvector); long ones in pieces. */
export function lexemesIn(text: string): string {
  return piecesOf(folded(text)).join(" ");
}

/** The query (tsquery) for such an index. It finds some texts too many: `matcher` decides. Undefined without a word. */
export function lexemesOf(text: string): string | undefined {
  const pieces = wordsOf(text).flatMap((word) => piecesOf(folded(word)));
  return pieces.length === 0 ? undefined : `${pieces.join(" & ")}:*`;
}

function piecesOf(words: string): string[] {
  return words.match(/[^ ]{1,64}/gu) ?? [];
}

/** The words of a text in lower case and without accents, with a blank between them. */
export function folded(text: string): string {
  const plain = text.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();
  return plain.match(/[\p{L}\p{N}]+/gu)?.join(" ") ?? "";
}
