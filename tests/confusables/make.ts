// Makes lib/protocol/looks/confusables.ts from Unicode's confusables.txt, which is at
// https://www.unicode.org/Public/security/latest/confusables.txt and in the sources of ICU:
//
//   bun tests/confusables/make.ts FILE
//
// Left out are the characters that no name of the room can have: those that NFKC or NFD takes apart, the invisible
// ones, and those that are neither letter, mark nor digit.

import { join } from "node:path";
import { root } from "../support/server.ts";

const inNames = /^[\p{L}\p{M}\p{N}_-]$/u;
const invisible = /\p{Default_Ignorable_Code_Point}/u;

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error("Give the path of confusables.txt");
const source = await Bun.file(path).text();
const [, version] = /^# Version: (\S+)/m.exec(source) ?? [];
if (version === undefined) throw new Error(`${path} names no version of Unicode`);

/** What looks like each text, as code points. */
const alike = new Map<string, number[]>();
for (const [, hex = "", hexes = ""] of source.matchAll(/^([0-9A-F]+) ;\t([0-9A-F ]+) ;/gm)) {
  const letter = String.fromCodePoint(Number.parseInt(hex, 16));
  const look = String.fromCodePoint(...hexes.split(" ").map((part) => Number.parseInt(part, 16)));
  if (!inNames.test(letter) || invisible.test(letter) || letter.normalize("NFKD") !== letter) continue;
  const key = look.normalize("NFD");
  alike.set(key, [...(alike.get(key) ?? []), Number.parseInt(hex, 16)]);
}

/** In base 36: the first code point, then the distance to each that follows. */
function distances(points: number[], sorted: boolean): string {
  const inOrder = sorted ? points.toSorted((a, b) => a - b) : points;
  return inOrder.map((point, at) => (point - (inOrder[at - 1] ?? 0)).toString(36)).join(" ");
}

const entries = [...alike].map(([look, letters]) => {
  const points = [...look].map((character) => character.codePointAt(0) ?? 0);
  return `${distances(points, false)}:${distances(letters, true)}`;
});
// A row begins with a whole entry and is as long as a line of the house may be.
const rows = entries.join(";").match(/.{1,105}(?:;|$)|.{1,105}(?: |$)/g) ?? [];

await Bun.write(
  join(root, "lib/protocol/looks/confusables.ts"),
  `// Made by tests/confusables/make.ts from confusables.txt of Unicode ${version}, UTS #39: do not edit.
//
// The letters, marks and digits that look like another letter or like several. An entry is LOOK:LETTERS, both as code points
// in base 36, each but the first as the distance to the one before.

export const confusables =
${rows.map((row) => `  "${row}"`).join(" +\n")};
`,
);
