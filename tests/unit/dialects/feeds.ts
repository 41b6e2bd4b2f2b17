// How the tests of the dialects put text on the wire and take lines off it.

import { isFault } from "../../../lib/protocol/events.ts";
import { LineReader } from "../../../lib/protocol/lines.ts";

/** The ways text may come, and whether something waits behind its last line then. */
export const feeds: [how: string, feed: (text: string) => Buffer[], pending: boolean][] = [
  ["whole", (text) => [Buffer.from(text)], false],
  ["byte by byte", (text) => [...Buffer.from(text)].map((byte) => Buffer.of(byte)), false],
  ["with trailing data", (text) => [Buffer.from(`${text}{"type":"sa`)], true],
];

/** The lines in the chunks, faults as their codes in brackets. */
export function read(chunks: Buffer[]): { lines: string[]; pending: boolean } {
  const reader = new LineReader();
  const lines: string[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let line = reader.next(); line !== undefined; line = reader.next()) {
      lines.push(isFault(line) ? `<${line.code}>` : line);
    }
  }
  return { lines, pending: reader.pending };
}
