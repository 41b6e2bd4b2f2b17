import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { isFault } from "../../../../lib/protocol/events.ts";
import { looks, refusesLook, skeleton } from "../../../../lib/protocol/looks/looks.ts";
import { cleanName, nameKey } from "../../../../lib/protocol/names.ts";
import { anyName, casedLetters } from "../../../support/names.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

function isAlike(one: string, other: string): boolean {
  return looks(other).some((look) => looks(one).includes(look));
}

describe("skeleton()", () => {
  const alike: [what: string, one: string, other: string][] = [
    ["ace in Cyrillic", "\u0430\u0441\u0435", "ace"],
    ["BOB in Cyrillic", "\u0412\u041e\u0412", "BOB"],
    ["bob where only its upper case looks so", "\u0432\u043e\u0432", "bob"],
    ["ANNA in Greek", "\u0391\u039d\u039d\u0391", "Anna"],
    ["capital I, l and 1", "adaI", "ada1"],
    ["capital I for l inside", "aIice", "alice"],
    ["O and 0", "b0b", "BOB"],
    ["З and 3 in Cyrillic", "\u0417оя", "3оя"],
    ["a mark on a letter of another script", "\u0415\u0301va", "Éva"],
    ["a composed letter of another script", "z\u043e\u0451", "zoë"],
    ["a second dot on an i", "ali\u0307", "ali"],
    ["a second dot on an i with a dot below", "li\u0323\u0307", "lị"],
    ["full-width letters", "ａｃｅ", "ace"],
    ["ligatures", "ﬁona", "fiona"],
    ["small capitals", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz"],
    ["kana for Han", "山ロ", "山口"],
    ["kana for Han, with a voiced sound mark", "\u30ac", "\u529b\u3099"],
  ];
  test.each(alike)("skeleton() is the same for %s", (_, one, other) => {
    expect(skeleton(one)).toBe(skeleton(other));
  });

  test.each([
    ["ada", "ade"],
    ["eva", "éva"],
    ["vera", "nera"],
    ["bot_7", "bot-7"],
    ["bot_1", "bot_2"],
    ["Дмитрий", "Dmitri"],
    ["Σία", "Οία"],
    ["שרה", "sara"],
    ["Вова", "Bova"],
  ])("skeleton() differs for %s and %s", (one, other) => {
    expect(skeleton(one)).not.toBe(skeleton(other));
  });

  test("skeleton() is the same for every letter and its equals", () => {
    const apart = casedLetters.filter((letter) => {
      const others = [letter.toUpperCase(), letter.toLowerCase(), nameKey(letter)];
      return others.some((other) => skeleton(other) !== skeleton(letter));
    });
    expect(apart).toEqual([]);
  });

  test("skeleton() is the same for any name in any case whose key is the same", () => {
    fc.assert(
      fc.property(anyName, (name) => {
        for (const other of [name.toUpperCase(), name.toLowerCase(), name.normalize("NFD"), nameKey(name)]) {
          if (nameKey(other) === nameKey(name)) expect(skeleton(other)).toBe(skeleton(name));
        }
      }),
    );
  });
});

describe("looks()", () => {
  const alike: [what: string, one: string, other: string][] = [
    ["two letters for one", "rnallory", "mallory"],
    ["two letters for one in capitals", "RNALLORY", "Mallory"],
    ["two v for w", "vvendy", "wendy"],
    ["small letters of Greek", "\u03b9\u03bd\u03b3", "ivy"],
    ["a capital and small letters of Greek", "\u039d\u03b9\u03bd", "Niv"],
    ["capitals of Greek", "\u039d\u0399\u039d", "NIN"],
    ["a letter that is struck through", "\u0110an", "Dan"],
    ["an l that is struck through", "\u0141ukasz", "lukasz"],
    ["Ann in Armenian and Cherokee, letter by letter", "\u13aa\u0578\u0578", "Ann"],
    ["small letters of Cyrillic", "\u0440\u0430\u0443", "pay"],
    ["a digit", "\u0417oya", "3oya"],
    ["a letter of Latin that looks like another", "\u0251da", "ada"],
  ];
  test.each(alike)("looks() has a look in common for %s", (_, one, other) => {
    expect(isAlike(one, other)).toBe(true);
    expect(isAlike(other, one)).toBe(true);
  });

  test.each([
    ["vick", "nick"],
    ["ada", "ade"],
    ["eva", "\u00e9va"],
    ["bob", "bobo"],
    ["clara", "dara"],
    ["\u0412\u043e\u0432\u0430", "Bova"],
  ])("looks() has none in common for %s and %s", (one, other) => {
    expect(isAlike(one, other)).toBe(false);
  });

  test("looks() are in common for any name in any case", () => {
    fc.assert(
      fc.property(anyName, (name) => {
        for (const other of [name.toUpperCase(), name.toLowerCase(), nameKey(name)]) {
          if (nameKey(other) === nameKey(name)) expect(isAlike(other, name)).toBe(true);
        }
      }),
    );
  });

  test("a look is what it looks like itself, as facts of earlier versions need", () => {
    fc.assert(
      fc.property(anyName, (name) => {
        for (const look of looks(name)) expect(looks(look)).toContain(look);
      }),
    );
  });
});

describe("refusesLook()", () => {
  const disguised: [what: string, raw: string][] = [
    ["room with digits", "r00m"],
    ["system in Cyrillic", "\u0455\u0443\u0455\u0442\u0435\u043c"],
    ["SERVER in Lisu", "\ua4e2\ua4f0\ua4e3\ua4e6\ua4f0\ua4e3"],
    ["system with small capitals", "\ua731y\ua731tem"],
    ["server in small capitals", "sᴇʀᴠᴇʀ"],
  ];
  test.each(disguised)("refusesLook() reserves what looks like a reserved name: %s", (_, raw) => {
    expect(refusesLook(raw, true)).toMatchObject({ code: "name-reserved" });
  });

  test.each([
    ...[
      "ser\u0475er",
      "roorn",
      "Here",
      "hcre",
      "Y0U",
      "Sigterm",
      "S1GTERM",
      "welcorne",
      "N1ckServ",
      "chanserv",
    ],
    ...["Ch\u0430nServ", "BotServ", "nobody", "N0body", "everyone"],
  ])("refusesLook() reserves %p even for operators, or cleanName() does", (raw) => {
    const refused = isFault(cleanName(raw)) || refusesLook(raw, true) !== undefined;
    expect([raw, refused]).toEqual([raw, raw !== "hcre"]);
  });

  test.each(["admin", "Adrnin", "ADM1N", "root", "r00t", "R\u03bfot", "operator", "0perator"])(
    "refusesLook() reserves %p for operators",
    (name) => {
      expect(refusesLook(name, false)).toMatchObject({ code: "name-reserved" });
      expect(refusesLook(name, true)).toBeUndefined();
    },
  );

  test.each(["Ali", "Ail", "roomy", "s3rver", "theo", "Ann", "ltalo", "quinn", "administratora"])(
    "refusesLook() does not reserve %p",
    (name) => {
      expect(refusesLook(name, false)).toBeUndefined();
    },
  );
});
