// A message in rows. Another member's words must never begin at the margin, where they would look like the next
// member's line, so no row may be left for the terminal to wrap:
//
//   bob: the first row stands behind its head,
//        the others under it, whatever the words are
//
// Any blank is one to break at, and a word wider than its row is broken. Terminals disagree on widths, by up to five
// columns for one letter and its marks, so each character counts as what the widest of them takes: a row may end early,
// never late. (Ambiguous characters, Cyrillic among them, count as narrow, as they are in terminals by default.)
//
// Only a link goes on at the margin, so that terminals find it whole; `isLink` says why it cannot pass for a member's line.

const ascii = /^[\x20-\x7e]*$/;
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Marks that every terminal draws upon the character before; on some terminals other marks take a column. */
const upon = /^(?:[\u0300-\u036f\ufe0e]|\u200c|\u200d)$/;
/** Characters that some terminals draw in two columns: emoji, and those that fonts or a later Unicode may define. */
const wide = /^[\p{Extended_Pictographic}\p{Emoji_Presentation}\p{Co}\p{Cn}\u3248-\u324f]$/u;

/** With this many columns beside its head, a text stands there even if the head is wider than half of the terminal. */
const enoughRoom = 36;

/**
 * The text in rows of at most `columns`, the first behind `head`, which may have colours; the text may not.
 * `style` adds colours to the part of the text in each row.
 */
export function wrap(
  head: string,
  text: string,
  columns: number,
  style: (row: string) => string = (row) => row,
): string[] {
  const plainHead = Bun.stripANSI(head);
  const headWidth = widthOf(plainHead);
  if (!text.includes("\n") && fits(text, columns - headWidth)) return [head + style(text)];
  const indent = headWidth <= Math.max(columns / 2, columns - enoughRoom) ? Math.max(headWidth, 2) : 4;
  const under = " ".repeat(indent);
  const room = Math.max(columns - indent, 2);
  const rows = text.split("\n").flatMap((line) => rowsOf(line, room));
  const [first = "", ...more] = rows;
  const below = (all: string[]) => all.map((row) => under + style(row));
  if (headWidth <= indent || fits(first, columns - headWidth)) return [head + style(first), ...below(more)];
  // A head too wide for its text to stand beside it has rows of its own.
  if (fits(plainHead.trimEnd(), columns)) return [head.trimEnd(), ...below(rows)];
  const [top = "", ...rest] = rowsOf(plainHead.trimEnd(), room);
  return [top, ...rest.map((row) => under + row), ...below(rows)];
}

/** The rows of a line, broken at its blanks. Blanks at its start stay, since it may be code. */
function rowsOf(line: string, columns: number): string[] {
  if (fits(line, columns)) return [line];
  const rows: string[] = [];
  let row = "";
  let width = 0;
  for (const [, { length: gap } = "", word = ""] of line.matchAll(/(\s*)(\S+)/g)) {
    const wordWidth = widthOf(word);
    if (width + gap + wordWidth <= columns) {
      row += " ".repeat(gap) + word;
      width += gap + wordWidth;
      continue;
    }
    if (row !== "") rows.push(row);
    const parts = wordWidth <= columns || isLink(word, columns) ? [word] : pieces(word, columns);
    rows.push(...parts.slice(0, -1));
    row = parts.at(-1) ?? "";
    width = widthOf(row);
  }
  return [...rows, row];
}

/**
 * Whether a word too wide for its row stays whole, so that terminals can link it. The part of it that the terminal puts at
 * the margin has no blank and, since its last colon has to be in the first row, no colon; each line of a member, and each
 * notice, has one of the two. It has to be ASCII, where nothing only looks like a blank or a colon, and widths are certain.
 */
function isLink(word: string, columns: number): boolean {
  return /^[<("']?[a-z][a-z0-9+.-]*:\/\/[!-~]+$/i.test(word) && word.lastIndexOf(":") < columns;
}

/** The rows of a word, broken where a row is full: between graphemes, unless one is wider than a row. */
function pieces(word: string, columns: number): string[] {
  const rows: string[] = [];
  let row = "";
  let width = 0;
  for (const { segment } of graphemes.segment(word)) {
    for (const part of fits(segment, columns) ? [segment] : segment) {
      const partWidth = widthOf(part);
      if (row !== "" && width + partWidth > columns) {
        rows.push(row);
        row = "";
        width = 0;
      }
      row += part;
      width += partWidth;
    }
  }
  return [...rows, row];
}

function fits(text: string, columns: number): boolean {
  // No UTF-16 unit is wider than two columns, and most lines are short.
  return text.length * 2 <= columns || widthOf(text) <= columns;
}

/** How many columns the text takes at most, on any terminal. */
export function widthOf(text: string): number {
  if (ascii.test(text)) return text.length;
  let width = 0;
  for (const character of text) {
    if (ascii.test(character)) width++;
    else if (wide.test(character)) width += 2;
    else if (!upon.test(character)) width += Math.max(Bun.stringWidth(character), 1);
  }
  return width;
}
