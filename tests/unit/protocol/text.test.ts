import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { isFault, limits } from "../../../lib/protocol/events.ts";
import { cleanText, visible } from "../../../lib/protocol/text.ts";
import { testMs } from "../../support/transcript.ts";

setDefaultTimeout(testMs);

/** Written out by number, so that it cannot share a mistake with the pattern it checks. */
const hostile =
  /[\0-\x09\x0b-\x1f\x7f-\x9f\xad\u{61c}\u{115f}\u{1160}\u{180e}\u{200b}\u{200e}\u{200f}\u{2028}-\u{202e}\u{2060}-\u{2064}\u{2066}-\u{206f}\u{2800}\u{3164}\u{d800}-\u{dfff}\u{feff}\u{ffa0}\u{fff9}-\u{fffb}\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/u;

/** Any UTF-16 there is, lone surrogates included, and often what is worth attacking with. */
const anyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      "\x1b",
      "\r",
      "\n",
      "\t",
      "\x9b",
      "\u202e",
      "\u200d",
      "\u0301",
      "a",
      " ",
      "\ud83d",
      "\ude00",
    ),
    fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
});

/** Every code point that has a meaning by now, and its neighbours. */
const characters = [
  ...Array.from({ length: 0x40000 }, (_, code) => String.fromCodePoint(code)),
  ...Array.from({ length: 0x1000 }, (_, code) => String.fromCodePoint(0xe0000 + code)),
];

const codesOf = (texts: string[]) => texts.map((text) => text.codePointAt(0)?.toString(16));

describe("visible()", () => {
  const shown: [what: string, text: string, expected: string][] = [
    ["C0 controls as their pictures", "\0\x07\b\x0b\x0c\r\x1f", "␀␇␈␋␌␍␟"],
    ["DEL as its picture", "a\x7fb", "a␡b"],
    ["C1 controls as �", "\x80\x85\x9b31m\x9f", "���31m�"],
    ["a colour sequence as text", "\x1b[31mred\x1b[0m", "␛[31mred␛[0m"],
    ["an OSC without an end as text", "\x1b]0;title", "␛]0;title"],
    ["an OSC with either end as text", "\x1b]52;c;aGk=\x07\x1b]8;;x\x1b\\", "␛]52;c;aGk=␇␛]8;;x␛\\"],
    ["a lone ESC at the end as its picture", "bye\x1b", "bye␛"],
    ["bidi controls as �", "\u202eabc\u202c\u2066\u2069", "�abc���"],
    ["no marks of a direction", "a\u200e \u200fש\u061c!", "a ש!"],
    ["no soft hyphen, byte order mark or word joiner", "\ufeffco\u00adop\u2060er", "cooper"],
    ["other format characters as �", "\u200b\u180e\ufff9", "���"],
    ["tag characters as �", "\u{e0001}\u{e0041}\u{e007f}", "���"],
    ["tags of a flag that is none as �", "🏴\u{e0078}\u{e0079}\u{e007f}", "🏴���"],
    ["a flag cut short as �", "🏴\u{e0067}\u{e0062}\u{e0073}", "🏴���"],
    ["what a dropped character stood between, apart", "\ud83d\u2060\ude00 🏴\u00ad\u{e0067}", "�� 🏴�"],
    [
      "four combining marks of a pile with dropped ones between",
      `z\u0301\u00ad${"\u0301\u2060".repeat(5)}`,
      "z\u0301\u0301\u0301\u0301",
    ],
    ["line and paragraph separators as �", "a\u2028b\u2029c", "a�b�c"],
    ["letters and symbols that draw nothing as �", "\u115f\u1160\u3164\uffa0\u2800", "�����"],
    ["lone surrogates as �", "\ud83d \ude00", "� �"],
    ["each of two joined lone surrogates' halves apart", "\ud83d\u200b\ude00", "���"],
    ["a tab as two spaces", "\ta\t\tb", "  a    b"],
    [
      "four combining marks of a pile",
      `z${"\u0300\u0301\u0302\u0303\u0304\u0305"}!`,
      "z\u0300\u0301\u0302\u0303!",
    ],
    ["four marks above each of two letters", `${"\u0301".repeat(9)}b${"\u0301".repeat(9)}`, "́́́́b́́́́"],
  ];
  test.each(shown)("visible() shows %s", (_, text, expected) => {
    expect(visible(text)).toBe(expected);
  });

  const kept: [what: string, text: string][] = [
    ["plain ASCII", "Hi there, ~ 100%!"],
    ["LF", "one\n\ntwo\n"],
    ["an emoji family with its joiners", "👨‍👩‍👧‍👦 🏳️‍🌈 👍🏽 ❤️"],
    ["the flags of England, Scotland and Wales", "🏴󠁧󠁢󠁥󠁮󠁧󠁿🏴󠁧󠁢󠁳󠁣󠁴󠁿 🏴󠁧󠁢󠁷󠁬󠁳󠁿 🇩🇪"],
    ["ZWNJ in Persian", "می\u200cخواهم"],
    ["ZWJ in Sinhala", "ශ්\u200dරී"],
    ["right-to-left letters", "שלום مرحبا"],
    ["four combining marks", "z\u0300\u0301\u0302\u0303"],
    ["a no-break space and a literal U+FFFD", "a\u00a0b\ufffd"],
  ];
  test.each(kept)("visible() keeps %s as it is", (_, text) => {
    expect(visible(text)).toBe(text);
  });

  test("visible() cuts a pile of marks, joiners between them or not", () => {
    const pile = visible(`z${"\u0301\u200c\u0301\u200d".repeat(20)}`);
    expect(pile.match(/\p{M}/gu)?.length).toBe(4);
  });

  test("visible() takes a long row of joiners, and looks at each once", () => {
    // From each of them to the end of the row, it would take minutes, and the test has less.
    const row = "\u200c".repeat(400_000);
    expect(visible(row)).toBe(row);
  });

  test("visible() leaves no hostile character as it is", () => {
    expect(codesOf(characters.filter((character) => hostile.test(visible(character))))).toEqual([]);
  });

  test("visible() leaves letters, marks, numbers, symbols and spaces alone", () => {
    const harmless = characters.filter((character) => /[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]/u.test(character));
    const changed = harmless.filter((character) => visible(character) !== character);
    expect(codesOf(changed)).toEqual(["115f", "1160", "2800", "3164", "ffa0"]);
  });

  test("visible() leaves nothing hostile, and nothing to do twice", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const once = visible(text);
        expect(once).not.toMatch(hostile);
        expect(once).not.toMatch(/\p{M}{5}/u);
        expect(once.isWellFormed()).toBe(true);
        expect(visible(once)).toBe(once);
      }),
    );
  });
});

describe("cleanText()", () => {
  const max = limits.textLength;
  const lines = limits.textLines;
  const cases: [what: string, raw: string, expected: string][] = [
    ["a text as it is", "hi", "hi"],
    ["leading blanks", "  hi", "  hi"],
    ["no trailing blanks", "hi \t\n\n ", "hi"],
    ["no trailing blanks behind other letters than ASCII", "né \u00a0\u3000", "né"],
    ["CRLF as LF", "one\r\ntwo\r\n", "one\ntwo"],
    ["a CR alone as a picture", "one\rtwo", "one␍two"],
    ["what a terminal obeys as pictures", "\x1b[2J", "␛[2J"],
    ["the longest text", "a".repeat(max), "a".repeat(max)],
    ["the longest text with blanks behind it", `${"a".repeat(max)}  \n`, "a".repeat(max)],
    ["the longest text of astral code points", "😀".repeat(max), "😀".repeat(max)],
    ["as many lines as there may be", "a\n".repeat(lines), "a\n".repeat(lines).trimEnd()],
  ];
  test.each(cases)("cleanText() gives back %s", (_, raw, expected) => {
    expect(cleanText(raw)).toBe(expected);
  });

  const refused: [what: string, raw: string, code: string][] = [
    ["an empty text", "", "empty"],
    ["a text of which nothing is left", "\ufeff\u200e\u00ad \u2060", "empty"],
    ["blanks alone", " \t\r\n\n ", "empty"],
    ["blanks of other scripts alone", "\u3000\u00a0", "empty"],
    ["one character too many", "a".repeat(max + 1), "too-long"],
    ["one astral code point too many", "😀".repeat(max + 1), "too-long"],
    ["a text that its tabs make too long", `${"\t".repeat(max / 2)}a`, "too-long"],
    ["one line too many", `${"a\n".repeat(lines)}a`, "too-long"],
    ["one line too many, of CRLF and empty ones", `a${"\r\n".repeat(lines)}a`, "too-long"],
  ];
  test.each(refused)("cleanText() refuses %s", (_, raw, code) => {
    expect(cleanText(raw)).toMatchObject({ type: "error", code });
  });

  test("cleanText() gives back its own result unchanged", () => {
    fc.assert(
      fc.property(anyText, (raw) => {
        const text = cleanText(raw);
        if (!isFault(text)) expect(cleanText(text)).toBe(text);
      }),
    );
  });
});
