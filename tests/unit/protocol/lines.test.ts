import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { isFault, limits } from "../../../lib/protocol/events.ts";
import { LineReader } from "../../../lib/protocol/lines.ts";
import { testMs } from "../../support/transcript.ts";

setDefaultTimeout(testMs);

const maxBytes = 8;

/** What comes out: lines as they are, faults as their codes in brackets. */
function pull(reader: LineReader, atMost = Infinity): string[] {
  const out: string[] = [];
  while (out.length < atMost) {
    const line = reader.next();
    if (line === undefined) break;
    out.push(isFault(line) ? `<${line.code}>` : line);
  }
  return out;
}

/** Feeds the chunks, pulling all there is after each, then the end of input. */
function read(chunks: Buffer[]): string[] {
  const reader = new LineReader(maxBytes);
  const out: string[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    out.push(...pull(reader));
  }
  reader.end();
  return [...out, ...pull(reader)];
}

function cut(bytes: Buffer, places: number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

const latin1 = (text: string) => Buffer.from(text, "latin1");

const cases: [what: string, bytes: Buffer, expected: string[]][] = [
  ["nothing", Buffer.from(""), []],
  ["one line", Buffer.from("hi\n"), ["hi"]],
  ["several lines", Buffer.from("a\nb\nc\n"), ["a", "b", "c"]],
  ["empty lines", Buffer.from("\n\na\n\n"), ["", "", "a", ""]],
  ["CRLF", Buffer.from("a\r\n\r\nb\r\n"), ["a", "", "b"]],
  ["one CR of several, and none inside", Buffer.from("a\r\r\nb\rc\n"), ["a\r", "b\rc"]],
  ["a last line without LF", Buffer.from("a\nb"), ["a", "b"]],
  ["a last line that ends in CR", Buffer.from("a\r"), ["a"]],
  ["a line of exactly maxBytes", Buffer.from("12345678\nz\n"), ["12345678", "z"]],
  ["a last line of exactly maxBytes without LF", Buffer.from("12345678"), ["12345678"]],
  ["a line of maxBytes + 1", Buffer.from("123456789\nz\n"), ["<too-long>", "z"]],
  ["a line that its CR makes too long", Buffer.from("12345678\r\nz\n"), ["<too-long>", "z"]],
  ["a line much too long", Buffer.from(`a\n${"x".repeat(100)}\nz\n`), ["a", "<too-long>", "z"]],
  [
    "two lines too long, one after the other",
    Buffer.from("123456789\n123456789\nz"),
    ["<too-long>", "<too-long>", "z"],
  ],
  ["a line too long without LF", Buffer.from("z\n123456789"), ["z", "<too-long>"]],
  ["an empty line behind one too long", Buffer.from("123456789\n\nz\n"), ["<too-long>", "", "z"]],
  ["multibyte characters", Buffer.from("é\n€\n😀😀\nß"), ["é", "€", "😀😀", "ß"]],
  ["multibyte characters counted in bytes", Buffer.from("😀😀😀\n😀😀\n"), ["<too-long>", "😀😀"]],
  ["a byte that is not UTF-8", latin1("\xff\nz\n"), ["<not-utf8>", "z"]],
  ["a character without its last byte", latin1("a\xf0\x9f\x98\nz\n"), ["<not-utf8>", "z"]],
  ["a character without its first byte", latin1("\x9f\x98\x80\nz\n"), ["<not-utf8>", "z"]],
  ["an overlong encoding", latin1("\xc0\xaf\nz\n"), ["<not-utf8>", "z"]],
  ["an encoded surrogate", latin1("\xed\xa0\x80\nz\n"), ["<not-utf8>", "z"]],
  ["a last line that is not UTF-8", latin1("z\n\xc3"), ["z", "<not-utf8>"]],
  ["U+FFFD itself", Buffer.from("a\ufffd\nz\n"), ["a\ufffd", "z"]],
  [
    "U+FFFD beside a byte that is not UTF-8",
    Buffer.concat([Buffer.from("\ufffd"), latin1("\xff\nz\n")]),
    ["<not-utf8>", "z"],
  ],
  [
    "a BOM in front of a line, and not one in it",
    Buffer.from("\ufeffa\n\ufeff\na\ufeff\n"),
    ["a", "", "a\ufeff"],
  ],
  ["NUL and other controls", Buffer.from("\0\x1b\x7f\n"), ["\0\x1b\x7f"]],
];

describe("LineReader", () => {
  test.each(cases)("LineReader reads %s whole", (_, bytes, expected) => {
    expect(read([bytes])).toEqual(expected);
  });

  test.each(cases)("LineReader reads %s byte by byte", (_, bytes, expected) => {
    expect(read([...bytes].map((byte) => Buffer.of(byte)))).toEqual(expected);
  });

  const piece = fc.constantFrom(...cases.map(([, bytes]) => bytes), latin1("\n"), latin1("\r"), latin1("x"));
  const stream = fc.array(piece, { maxLength: 8 }).map((pieces) => Buffer.concat(pieces));
  const places = fc.array(fc.nat({ max: 500 }));

  test("LineReader reads the same wherever the bytes are cut", () => {
    fc.assert(
      fc.property(stream, places, (bytes, places) => {
        expect(read(cut(bytes, places))).toEqual(read([bytes]));
      }),
    );
  });

  test("LineReader reads the same whenever lines are pulled", () => {
    fc.assert(
      fc.property(stream, places, fc.array(fc.nat({ max: 3 })), (bytes, places, pulls) => {
        const reader = new LineReader(maxBytes);
        const out: string[] = [];
        cut(bytes, places).forEach((chunk, i) => {
          reader.push(chunk);
          out.push(...pull(reader, pulls[i] ?? 0));
        });
        reader.end();
        expect([...out, ...pull(reader)]).toEqual(read([bytes]));
      }),
    );
  });

  test("LineReader makes no line of an end behind an LF, lines waiting or not", () => {
    const reader = new LineReader(maxBytes);
    reader.push(Buffer.from("a\nb\n"));
    reader.end();
    expect(pull(reader)).toEqual(["a", "b"]);
  });

  test("LineReader gives the lines between the faults as they were sent", () => {
    const sent = fc.array(
      fc.string({ unit: "grapheme", maxLength: 2 }).filter((line) => !/[\r\n]/.test(line)),
    );
    fc.assert(
      fc.property(sent, places, (lines, places) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
        const expected = lines.map((line) => (Buffer.byteLength(line) <= maxBytes ? line : "<too-long>"));
        expect(read(cut(bytes, places))).toEqual(expected);
      }),
    );
  });

  test("LineReader reports a line without end once, and holds none of it", () => {
    const reader = new LineReader(maxBytes);
    const reports: string[] = [];
    for (let i = 0; i < 1000; i++) {
      reader.push(Buffer.from("xxxx"));
      reports.push(...pull(reader));
      if (i > 1) expect(reader.pending).toBe(false);
    }
    expect(reports).toEqual(["<too-long>"]);
    reader.push(Buffer.from("the end of it\nz\n"));
    expect(pull(reader)).toEqual(["z"]);
  });

  test("LineReader names the limit in the fault", () => {
    const reader = new LineReader(3);
    reader.push(Buffer.from("1234\n"));
    expect(reader.next()).toEqual({
      type: "error",
      code: "too-long",
      text: "A line has at most 3 bytes: this one was dropped",
    });
  });

  test("LineReader takes the longest text by default, and no more", () => {
    const reader = new LineReader();
    const longest = JSON.stringify({
      type: "say",
      text: "😀".repeat(limits.textLength),
      id: "x".repeat(limits.idLength),
    });
    const tooLong = "x".repeat(limits.lineBytes + 1);
    reader.push(Buffer.from(`${longest}\n${tooLong}\n`));
    expect(pull(reader)).toEqual([longest, "<too-long>"]);
  });

  test("LineReader counts the whole lines that wait", () => {
    const reader = new LineReader(maxBytes);
    const now = () => ({ waiting: reader.waiting, pending: reader.pending });
    expect(now()).toEqual({ waiting: 0, pending: false });
    reader.push(Buffer.from("a\n\nb"));
    expect(now()).toEqual({ waiting: 2, pending: true });
    expect(reader.next()).toBe("a");
    expect(now()).toEqual({ waiting: 1, pending: true });
    expect(reader.next()).toBe("");
    expect(now()).toEqual({ waiting: 0, pending: true });
    expect(reader.next()).toBeUndefined();
    reader.push(Buffer.from("c\nd\n"));
    expect(now()).toEqual({ waiting: 2, pending: true });
    expect(pull(reader)).toEqual(["bc", "d"]);
    expect(now()).toEqual({ waiting: 0, pending: false });
  });

  test("LineReader shows a whole or too long line before it is taken", () => {
    const reader = new LineReader(maxBytes);
    const shown = () => {
      const line = reader.peek();
      return line && Buffer.from(line).toString("latin1");
    };
    expect(shown()).toBeUndefined();
    reader.push(latin1("12345678"));
    expect(shown()).toBeUndefined();
    reader.push(latin1("9"));
    expect(shown()).toBe("123456789");
    reader.push(latin1("\n\xff\r\n\nb"));
    expect(pull(reader, 1)).toEqual(["<too-long>"]);
    expect(shown()).toBe("\xff\r");
    expect(pull(reader, 1)).toEqual(["<not-utf8>"]);
    expect(shown()).toBe("");
    expect(pull(reader, 1)).toEqual([""]);
    expect(shown()).toBeUndefined();
    reader.end();
    expect(shown()).toBe("b");
  });

  test("LineReader makes no line of an end with nothing before it", () => {
    const reader = new LineReader(maxBytes);
    reader.push(Buffer.from("a\n"));
    expect(reader.next()).toBe("a");
    reader.end();
    expect(reader.next()).toBeUndefined();
  });
});
