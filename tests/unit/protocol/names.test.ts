import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { check } from "../../../lib/protocol/commands.ts";
import { isFault, limits } from "../../../lib/protocol/events.ts";
import { cleanName, nameKey, nextName } from "../../../lib/protocol/names.ts";
import { visible } from "../../../lib/protocol/text.ts";
import { anyName, casedLetters } from "../../support/names.ts";
import { testMs } from "../../support/transcript.ts";

setDefaultTimeout(testMs);

describe("cleanName()", () => {
  const max = limits.nameLength;
  const names: [what: string, raw: string, expected: string][] = [
    ["a single letter", "x", "x"],
    ["digits, underscore and hyphen, also in front", "-_7up", "-_7up"],
    ["letters of other scripts", "Αθηνά_-7", "Αθηνά_-7"],
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
  test.each(names)("cleanName() gives back %s", (_, raw, expected) => {
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
    ["a letter that reads as a colon", "ada\u02d0"],
    ["a letter that becomes one that reads as a colon", "ada\u{10781}"],
    ["a letter that reads as an apostrophe", "bob\u02c8"],
    ["one in front", "\u02bcbob"],
    ["an okina", "Hawai\u02bbi"],
    ["a tone mark of Bopomofo behind Latin", "bob\u02ca"],
    ["a letter that reads as an exclamation mark", "bob\u01c3"],
    ["a letter that reads as a dash", "bob\ua7f7"],
  ];
  test.each(wrong)("cleanName() refuses %s", (_, raw) => {
    expect(cleanName(raw)).toMatchObject({ type: "error", code: "bad-name" });
  });

  test.each(["server", "SYSTEM", "Room", "Today", "everybody", "ｅｖｅｒｙｏｎｅ", " all ", "yOU", "nobody"])(
    "cleanName() reserves %p",
    (raw) => {
      expect(cleanName(raw)).toMatchObject({ type: "error", code: "name-reserved" });
    },
  );

  test.each(["Ali", "Ail", "Youssef", "roomy", "s3rver"])("cleanName() does not reserve %p", (raw) => {
    expect(cleanName(raw)).toBe(raw);
  });

  const ordinary = [
    ...[
      "José",
      "Zoë",
      "Łukasz",
      "Nguyễn",
      "Straße",
      "İpek",
      "Σίσυφος",
      "Ωμέγα",
      "Дмитрий",
      "Ќиро",
      "Їжак",
      "Աննա",
    ],
    ...[
      "ანა",
      "山田太郎",
      "たろう",
      "タロー",
      "山田タロウ",
      "田中haru",
      "김철수",
      "金철수",
      "李雷",
      "李ㄌㄟˊ",
      "علي",
      "۱۲۳",
      "שרה",
    ],
    ...[
      "देवी",
      "स्मृति",
      "সুমন",
      "கவிதா",
      "สมชาย",
      "မောင်",
      "ልዑል",
      "ᏣᎳᎩ",
      "ᠮᠣᠩᠭᠣᠯ",
      "x-1",
      "bot_7",
      "123",
      "_",
      "Ann-2_김",
    ],
  ];
  test.each(ordinary)("cleanName() gives back the honest name %s", (raw) => {
    expect(cleanName(raw)).toBe(raw);
  });

  const mixed: [what: string, raw: string][] = [
    ["a Cyrillic а in ada", "\u0430da"],
    ["a Cyrillic ѕ and е in server", "\u0455\u0435rver"],
    ["a Greek Β in Bob", "\u0392ob"],
    ["an Armenian օ in bob", "b\u0585b"],
    ["a Cherokee Ꭺ in Ada", "\u13aada"],
    ["a Lisu ꓮ in Ada", "\ua4eeda"],
    ["a Greek ο in Cyrillic", "в\u03bfва"],
    ["a Devanagari digit in Latin", "b\u0966b"],
    ["Latin and Hebrew", "sara_שרה"],
    ["Latin, Han and Greek", "José-李雷_Αθηνά"],
    ["Hangul and kana", "김たろう"],
    ["Bopomofo and kana", "ㄌたろう"],
    ["a full-width letter among Cyrillic ones", "ｄима"],
  ];
  test.each(mixed)("cleanName() refuses a mix of scripts: %s", (_, raw) => {
    expect(cleanName(raw)).toMatchObject({
      code: "bad-name",
      text: expect.stringContaining("mixes scripts"),
    });
  });

  test("cleanName() gives back one short visible word, that it would again", () => {
    fc.assert(
      fc.property(anyName, (raw) => {
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
  test.each(same)("nameKey() is the same for %s and %s", (one, other) => {
    expect(nameKey(one)).toBe(nameKey(other));
  });

  test.each([
    ["bob", "rob"],
    ["eva", "éva"],
    ["a-b", "a_b"],
  ])("nameKey() differs for %s and %s", (one, other) => {
    expect(nameKey(one)).not.toBe(nameKey(other));
  });

  test("nameKey() is the same for any letter of a name in both cases", () => {
    expect(casedLetters.length).toBeGreaterThan(2000);
    const apart = casedLetters.filter((letter) => {
      const key = nameKey(letter);
      return [letter.toUpperCase(), letter.toLowerCase(), key].some((other) => nameKey(other) !== key);
    });
    expect(apart).toEqual([]);
  });
});

test.each([
  ["Anna Maria", "Anna_Maria"],
  ["O'Brien", "OBrien"],
  ["Мар'яна", "Маряна"],
  ["Мар\u02bcяна", "Маряна"],
  ["ada!", "ada"],
  ["J. R.  R. Tolkien", "J_R_R_Tolkien"],
])("%j is refused with a name that would do", (name, near) => {
  const refused = cleanName(name);
  expect(isFault(refused) && refused.text).toEndWith(`: ${near} would do`);
  expect(cleanName(near)).toBe(near);
});

test.each(["!!", "ада lovelace", "(you)"])("%j is refused without another name", (name) => {
  const refused = cleanName(name);
  expect(isFault(refused) && refused.text).not.toContain("would do");
});

test.each([
  ["ada", "ada2"],
  ["ada2", "ada3"],
  ["ada9", "ada10"],
  ["7", "8"],
  ["ada0", "ada02"],
  ["\u5f20\u4e09", "\u5f20\u4e092"],
  ["x".repeat(limits.nameLength), `${"x".repeat(limits.nameLength - 1)}2`],
  [`${"x".repeat(limits.nameLength - 1)}9`, `${"x".repeat(limits.nameLength - 2)}10`],
  ["9".repeat(limits.nameLength), undefined],
])("nextName() of %j is another name that may be taken: %j", (name, next) => {
  const another = nextName(name);
  if (next !== undefined) expect(another).toBe(next);
  expect(another).not.toBe(name);
  expect(cleanName(another)).toBe(another);
});

test.each(["nobody", "server", "a b", "b@d", "adа", "x".repeat(limits.nameLength + 9)])(
  "where another member is meant, nobody is called %j",
  (name) => {
    const types = "kick ban unban mute unmute free whois whowas deop delete tell".split(" ");
    for (const type of types) {
      expect(check({ type, name, to: name, text: "hi" })).toMatchObject({
        text: `Nobody here is called "${name.slice(0, limits.nameLength)}"`,
      });
    }
  },
);
