// Names for property tests: ordinary ones, and those that look like another name.

import fc from "fast-check";
import { cleanName } from "../../lib/protocol/names.ts";

/** Every letter with two cases that may stand in a name. */
export const casedLetters = Array.from({ length: 0x20000 }, (_, code) => String.fromCodePoint(code))
  .filter((character) => /\p{Changes_When_Casemapped}/u.test(character))
  .map(cleanName)
  .filter((name) => typeof name === "string");

/** Any code points, and often those worth cheating with. */
export const anyName = fc.string({
  unit: fc.oneof(
    fc.constantFrom(..."aAIil1oO0vвВеЕѕНνΝıİſßéﬁＢ_-山ロ", "\u0301", "\u0307", "\u200d"),
    fc.constantFrom(...casedLetters),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
  maxLength: 40,
});
