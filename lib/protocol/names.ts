// A name is a claim: a person who reads it must know whose it is. So no name mixes scripts, which would give ada a
// Cyrillic а, and a name has a key (what differs in case or width alone is one name) and a skeleton (so is what looks
// alike), both to be compared, never shown. The rules are those of UTS #39, Unicode Security Mechanisms: "Highly
// Restrictive" for the scripts, and for the looks what confusables.txt says about single letters and digits. Two
// names with one key have one skeleton, so a letter looks like what either of its cases looks like: в like b, for В.

import { type Fault, fault, isFault, limits } from "./events.ts";

const nameShape = /^[\p{L}\p{N}_-][\p{L}\p{M}\p{N}_-]*$/u;
const invisible = /\p{Default_Ignorable_Code_Point}/u;

// Letters by their category that read as punctuation, so that adaː would be taken for ada with a colon: the modifier
// letters that belong to no script, and five of Latin. This refuses the ʻ of Hawaiian and the ʼ of Ukrainian with them,
// which no eye tells from a quotation mark: such names go without. What kana and Bopomofo are written with stays: ー, and
// ˊ behind a syllable.
const likePunctuation =
  /[[\p{Lm}&&\p{sc=Common}]--[\p{scx=Katakana}ˇˉˊˋ]]|(?<!\p{sc=Bopomofo})[ˇˉˊˋ]|[ǃꞏꟷꞋꞌ]/v;

// The scripts that UAX #31 recommends, in groups that are written together. All others together count as one more group.
const writings = [
  "Latin Han Hiragana Katakana",
  "Latin Han Bopomofo",
  "Latin Han Hangul",
  ...`Arabic Armenian Bengali Cyrillic Devanagari Ethiopic Georgian Greek Gujarati Gurmukhi Hebrew Kannada Khmer Lao
    Malayalam Myanmar Oriya Sinhala Tamil Telugu Thaana Thai Tibetan`.split(/\s+/),
].map((scripts) => scripts.replace(/\w+/g, "\\p{scx=$&}").replaceAll(" ", ""));

// Digits, "_", "-" and the marks which several scripts share go with everything.
const oneWriting = new RegExp(
  [...writings, `[^${writings.join("")}]`]
    .map((letters) => `^[\\p{scx=Common}\\p{sc=Inherited}${letters}]*$`)
    .join("|"),
  "v",
);

/** Equal for names that differ in case or width alone: they are one name in the room. */
export function nameKey(name: string): string {
  // Upper case and back folds letters whose upper case is two: ß is SS. First to lower case, since ẞ is its own upper.
  return name.normalize("NFKC").toLowerCase().toUpperCase().toLowerCase().normalize("NFKC");
}

// What looks like the letter or digit in front, each in the case in which it does: in Latin, Greek, Cyrillic, Armenian,
// Georgian, Coptic, Cherokee, Canadian Aboriginal and Lisu, then in scripts that are rarely seen. Where the two cases
// look like different letters, the upper case counts, which is drawn the same, not only alike: Ν is n, although ν
// resembles v. I, l and 1 look alike, so i does too. Small capitals look like capitals in a name that stands alone. The
// last row is kana that look like other kana or Han.
const alikes: Record<string, string> = {
  2: "ꝚƧꙄϨᒿ",
  3: "ꞫȜƷꝪЗӠⳌ𖼻𑣊",
  4: "Ꮞ𑢯",
  5: "𑢻",
  6: "бⳒᏮ",
  7: "𐓒",
  8: "ȣ𐌚",
  9: "ꝮⳊ𑣌𑣖",
  a: "ɑΑАᎪᗅꓮ𖽀𐊠ᴀ",
  b: "ꞴƄΒВЬᏴᏏᗷᖯꓐ𐌁𐊡𐊂ʙ",
  c: "ᴄСⲤᏟꓚ𐐕𐌂𐊢𐔜",
  d: "ԁᎠᏧᗞᗪᑯꓓꓒᴅ",
  e: "ꬲΕЕҽᎬꓰⴹ𐊆𑢦𑢮ᴇ",
  f: "ꞘꬵẝϜքᖴꓝ𐊥𐊇𐔥𑣂ꜰ",
  g: "ɡᶃƍԌցᏀᏳꓖɢ",
  h: "ΗНһհⲎᎻᏂᕼꓧ𐋏ʜ",
  i: "l1ɪɩǀΙІꙇӀⳐⲒᏞꭵᒪꓡꓲⵏ𐐛𖼖𖼨ᛁ𐌉𐊊𐔦𑢣𑢲ʟ",
  j: "ꞲͿЈᎫᒍꓙᴊ",
  k: "ΚКⲔᏦꓗᛕ𐔘ᴋ",
  m: "ΜϺМⲘᎷᗰꓟᛖ𐌑𐊰ᴍ",
  n: "ΝոռⲚꓠ𐔓ɴ",
  o: "0ᴏᴑꬽΟОՕჿⲞꓳⵔ𐓂𐐄𐊫𐊒𐔖𑢵𑣈𑣗",
  p: "ΡРⲢᏢᑭꓑ𐊕ᴘᴩ",
  q: "ԛգզⵕꞯ",
  r: "ƦꭇꭈᴦгⲅᎡᏒꮁᖇꓣ𐒴𖼵",
  s: "ꜱƽЅՏᏕᏚꓢ𐐠𖼺𐊖𑣁",
  t: "ΤТⲦᎢꓔ𖼊𐌕𐊱𐊗𑢼ᴛ",
  u: "ꞟᴜꭎꭒʋՍᑌꓴ𐓎𖽂𑢸",
  v: "ᴠѴᏙᐯꓦⴸ𖼈𐔝𑢠",
  w: "ɯᴡԜѡաᎳᏔꓪ",
  x: "ꞳΧХⲬᕁᕽꓫⵝᚷ𐌗𐊴𐊐𐔧",
  y: "ɣᶌʏỿꭚΥУҮყⲨᎩᎽꓬ𖽃𐊲𑢤",
  z: "ᴢΖᏃꓜ𑢩",
  ...{ 一: "ー", 二: "ニ", 八: "ハ", 力: "カ", 卜: "ト", 口: "ロ", 夕: "タ", 工: "エ", へ: "ヘ" },
};
const looks = new Map(
  Object.entries(alikes).flatMap(([look, letters]) => [...letters].map((letter) => [nameKey(letter), look])),
);

/** Equal for names that look alike on a screen, whatever their case: they are one claim. */
export function skeleton(name: string): string {
  const letters = [...nameKey(name).normalize("NFD")];
  // The dot of i and j is there already.
  return letters
    .map((letter) => looks.get(letter) ?? letter)
    .join("")
    .replace(/(?<=[ij]\p{M}*)\u0307/gu, "");
}

/** Names, by their skeleton, that would pass for the server or speak for a group of members. */
const reserved = new Set(["server", "system", "room", "everyone", "you", "nobody"].map(skeleton));

/** Reserved by its key alone: the skeleton of "all" is Ali's, too. */
const reservedKey = "all";

/** A name as it may stand in the room (NFKC, so that full-width letters are the plain ones), or what is wrong with it. */
export function cleanName(raw: string): string | Fault {
  const name = raw.normalize("NFKC").trim();
  if (name === "") return fault("bad-name", "A name needs at least one character");
  if ([...name].length > limits.nameLength) {
    return fault("bad-name", `A name has at most ${limits.nameLength} characters: choose a shorter one`);
  }
  if (!nameShape.test(name) || invisible.test(name) || likePunctuation.test(name) || /\p{M}{4}/u.test(name)) {
    const near = nearName(name);
    const way = near === undefined ? "choose another one" : `${near} would do`;
    return fault("bad-name", `A name is made of letters, digits, "_" and "-": ${way}`);
  }
  if (!oneWriting.test(name)) {
    return fault("bad-name", "This name mixes scripts, such as Latin and Cyrillic: write all of it in one");
  }
  if (reserved.has(skeleton(name)) || nameKey(name) === reservedKey) {
    return fault("name-reserved", `"${name}" is reserved: choose another name`);
  }
  return name;
}

/** What is left of a name once its blanks are "_" and other signs are gone; undefined if that is no name either. */
function nearName(name: string): string | undefined {
  const letters = name.replaceAll(new RegExp(likePunctuation, "gv"), "");
  const near = letters.replaceAll(/\s+/g, "_").replaceAll(/[^\p{L}\p{M}\p{N}_-]/gu, "");
  return near === name || isFault(cleanName(near)) ? undefined : near;
}
