import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isFault, limits } from "../lib/protocol.ts";
import { cleanName, cleanText, nameKey, visible } from "../lib/text.ts";

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
    ["bidi controls as �", "\u202eabc\u202c\u2066\u2069\u200e\u200f\u061c", "�abc������"],
    ["other format characters as �", "\u200b\u00ad\ufeff\u2060\u180e\ufff9", "������"],
    ["tag characters as �", "\u{e0001}\u{e0041}\u{e007f}", "���"],
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
  test.each(shown)("shows %s", (_, text, expected) => {
    expect(visible(text)).toBe(expected);
  });

  const kept: [what: string, text: string][] = [
    ["plain ASCII", "Hi there, ~ 100%!"],
    ["LF", "one\n\ntwo\n"],
    ["an emoji family with its joiners", "👨‍👩‍👧‍👦 🏳️‍🌈 👍🏽 ❤️"],
    ["ZWNJ in Persian", "می\u200cخواهم"],
    ["ZWJ in Sinhala", "ශ්\u200dරී"],
    ["right-to-left letters", "שלום مرحبا"],
    ["four combining marks", "z\u0300\u0301\u0302\u0303"],
    ["a no-break space and a literal U+FFFD", "a\u00a0b\ufffd"],
  ];
  test.each(kept)("keeps %s as it is", (_, text) => {
    expect(visible(text)).toBe(text);
  });

  test("leaves a pile of marks no higher when joiners stand between them", () => {
    const pile = visible(`z${"\u0301\u200c\u0301\u200d".repeat(20)}`);
    expect(pile.match(/\p{M}/gu)?.length).toBe(4);
  });

  test("takes a row of joiners in its stride", () => {
    // Looked at from each joiner, it would be half a minute.
    const startedAt = performance.now();
    visible("\u200c".repeat(100_000));
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  test("leaves no hostile character as it is", () => {
    expect(codesOf(characters.filter((character) => hostile.test(visible(character))))).toEqual([]);
  });

  test("leaves every letter, mark, number, symbol and space as it is, the blank fillers apart", () => {
    const harmless = characters.filter((character) => /[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]/u.test(character));
    const changed = harmless.filter((character) => visible(character) !== character);
    expect(codesOf(changed)).toEqual(["115f", "1160", "2800", "3164", "ffa0"]);
  });

  test("leaves nothing hostile in any text, and nothing to do a second time", () => {
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
  test.each(cases)("gives back %s", (_, raw, expected) => {
    expect(cleanText(raw)).toBe(expected);
  });

  const refused: [what: string, raw: string, code: string][] = [
    ["an empty text", "", "empty"],
    ["blanks alone", " \t\r\n\n ", "empty"],
    ["blanks of other scripts alone", "\u3000\u00a0", "empty"],
    ["one character too many", "a".repeat(max + 1), "too-long"],
    ["one astral code point too many", "😀".repeat(max + 1), "too-long"],
    ["a text that its tabs make too long", `${"\t".repeat(max / 2)}a`, "too-long"],
    ["one line too many", `${"a\n".repeat(lines)}a`, "too-long"],
    ["one line too many, of CRLF and empty ones", `a${"\r\n".repeat(lines)}a`, "too-long"],
  ];
  test.each(refused)("refuses %s", (_, raw, code) => {
    expect(cleanText(raw)).toMatchObject({ type: "error", code });
  });

  test("takes what it gave back for what it is", () => {
    fc.assert(
      fc.property(anyText, (raw) => {
        const text = cleanText(raw);
        if (!isFault(text)) expect(cleanText(text)).toBe(text);
      }),
    );
  });
});

describe("cleanName()", () => {
  const max = limits.nameLength;
  const names: [what: string, raw: string, expected: string][] = [
    ["a single letter", "x", "x"],
    ["digits, underscore and hyphen, also in front", "-_7up", "-_7up"],
    ["letters of any script", "José-李雷_Αθηνά", "José-李雷_Αθηνά"],
    ["marks a script needs", "नेहा", "नेहा"],
    ["three marks on one letter", "q\u0300\u0301\u0302", "q\u0300\u0301\u0302"],
    ["no blanks around it", "\u3000 ann\t\n", "ann"],
    ["full-width letters as plain ones", "Ｂｏｂ", "Bob"],
    ["ligatures as letters", "ﬁona", "fiona"],
    ["a composed letter for a letter and its mark", "e\u0301va", "\u00e9va"],
    ["the longest name", "a".repeat(max), "a".repeat(max)],
    ["the longest name of astral letters", "𠀀".repeat(max), "𠀀".repeat(max)],
    ["the longest name once it is composed", "e\u0301".repeat(max), "\u00e9".repeat(max)],
    ["the longest name once it is trimmed", ` ${"a".repeat(max)} `, "a".repeat(max)],
    ["a name that only begins like a reserved one", "server1", "server1"],
  ];
  test.each(names)("gives back %s", (_, raw, expected) => {
    expect(cleanName(raw)).toBe(expected);
  });

  const wrong: [what: string, raw: string][] = [
    ["no name", ""],
    ["blanks alone", " \u3000\t"],
    ["one letter too many", "a".repeat(max + 1)],
    ["one letter too many once it is normalised", `${"a".repeat(max - 1)}ﬁ`],
    ["a space inside", "ann lee"],
    ["a line end inside", "ann\nbob"],
    ["a line separator inside", "ann\u2028bob"],
    ["a colon", "ann:"],
    ["a comma", "ann,bob"],
    ["a slash in front", "/ann"],
    ["a dot", "ann.lee"],
    ["brackets", "[ann]"],
    ["an escape sequence", "\x1b[1mann"],
    ["an emoji", "ann😀"],
    ["a mark in front", "\u0301ann"],
    ["four marks on one letter", "q\u0300\u0301\u0302\u0303"],
    ["a joiner", "an\u200dn"],
    ["a soft hyphen", "an\u00adn"],
    ["a right-to-left override", "an\u202en"],
    ["an invisible mark", "ann\ufe0f"],
    ["a mark that joins and shows nothing", "an\u034fn"],
    ["a Hangul filler", "ann\u3164"],
    ["a half-width Hangul filler", "ann\uffa0"],
    ["an invisible letter alone", "\u115f"],
    ["a blank Braille pattern", "ann\u2800"],
    ["a lone surrogate", "ann\ud800"],
  ];
  test.each(wrong)("refuses %s", (_, raw) => {
    expect(cleanName(raw)).toMatchObject({ type: "error", code: "bad-name" });
  });

  test.each(["server", "SYSTEM", "Room", "ｅｖｅｒｙｏｎｅ", " all ", "yOU", "nobody"])(
    "reserves %p",
    (raw) => {
      expect(cleanName(raw)).toMatchObject({ type: "error", code: "name-reserved" });
    },
  );

  test("gives back names that are visible, one word, not too long, and the same a second time", () => {
    const unit = fc.oneof(
      fc.constantFrom("a", "é", "ﬁ", "\u0301", "\u200d", "-"),
      fc.string({ unit: "binary", maxLength: 1 }),
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 40 }), (raw) => {
        const name = cleanName(raw);
        if (isFault(name)) return;
        expect(visible(name)).toBe(name);
        expect(name).toMatch(/^[\p{L}\p{M}\p{N}_-]+$/u);
        expect([...name].length).toBeLessThanOrEqual(max);
        expect(cleanName(name)).toBe(name);
      }),
    );
  });
});

describe("nameKey()", () => {
  const same: [string, string][] = [
    ["bob", "BOB"],
    ["bob", "Ｂｏｂ"],
    ["éva", "E\u0301VA"],
    ["straße", "STRASSE"],
    ["σίσυφος", "ΣΊΣΥΦΟΣ"],
  ];
  test.each(same)("is the same for %s and %s", (one, other) => {
    expect(nameKey(one)).toBe(nameKey(other));
  });

  test.each([
    ["bob", "rob"],
    ["eva", "éva"],
    ["a-b", "a_b"],
  ])("differs for %s and %s", (one, other) => {
    expect(nameKey(one)).not.toBe(nameKey(other));
  });

  test("is the same for every letter that may stand in a name and its upper and lower case", () => {
    const letters = characters
      .filter((character) => /\p{Changes_When_Casemapped}/u.test(character))
      .map(cleanName)
      .filter((name) => typeof name === "string");
    expect(letters.length).toBeGreaterThan(2000);
    const apart = letters.filter((letter) => {
      const key = nameKey(letter);
      return [letter.toUpperCase(), letter.toLowerCase(), key].some((other) => nameKey(other) !== key);
    });
    expect(apart).toEqual([]);
  });
});
