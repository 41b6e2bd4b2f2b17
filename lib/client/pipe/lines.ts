// The lines of piped input. They end where the room's lines end, at LF alone. A line that is too long or not UTF-8 comes
// as a fault in its place: no line is dropped without a word. In memory are one chunk and the line that has begun.

import type { Fault } from "../../protocol/events.ts";
import { LineReader } from "../../protocol/lines.ts";

/** Far more than any message has: a line that is too long is refused for its characters, the limit that people know. */
const lineBytes = 1024 * 1024;

/** Every line, or the fault in its place; the last one needs no LF. */
export async function* linesOf(input: AsyncIterable<Buffer>): AsyncGenerator<string | Fault> {
  const lines = new LineReader(lineBytes);
  for await (const chunk of input) {
    lines.push(chunk);
    yield* pull(lines);
  }
  lines.end();
  yield* pull(lines);
}

function* pull(lines: LineReader): Generator<string | Fault> {
  for (let line = lines.next(); line !== undefined; line = lines.next()) yield line;
}
