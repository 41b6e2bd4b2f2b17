import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { dialectOf, refusalOf } from "../../../lib/dialects/choose.ts";
import { json } from "../../../lib/dialects/json.ts";
import { plain } from "../../../lib/dialects/plain.ts";
import { testMs } from "../../support/transcript.ts";

setDefaultTimeout(testMs);

/** Dialects without a state ask their session for nothing. */
const noHost = () => {
  throw new Error("No host is needed");
};

test.each([
  ["ada", "plain", plain],
  ["/help", "plain", plain],
  ["GET", "plain", plain],
  ['{"type":"join"}', "json", json],
  ["  {", "json", json],
])("%j is the first line of the dialect %s", (line, _, dialect) => {
  expect(dialectOf(line, noHost)).toBe(dialect);
});

describe("refusalOf()", () => {
  const waysIn = ["nc room.example 53000"];
  const refusal = (line: string) => refusalOf(Buffer.from(line), waysIn);

  test("refusalOf() refuses HTTP with an HTTP answer", () => {
    expect(refusal("GET / HTTP/1.1\r")).toEqual({
      problem: "sent an HTTP request",
      answer: expect.stringContaining("HTTP/1.1 400 Bad Request\r\n"),
    });
  });

  test("refusalOf() takes a password of IRC that begins like a path", () => {
    expect(refusal("PASS /secret\r")).toBeUndefined();
    expect(refusal("PASS /secret HTTP/1.1\r")?.problem).toBe("sent an HTTP request");
  });

  test("refusalOf() refuses what is longer than a line may be", () => {
    expect(refusal("x".repeat(16_384))).toBeUndefined();
    expect(refusal("x".repeat(16_385))).toEqual({
      problem: "sent a first line that is too long",
      answer: "! A first line has at most 16384 bytes: connect again.\n",
    });
  });

  test.each(["", "ada", "two words", "/quit", '{"type":"join","name":"ada"}', "{", "Jos\xe9"])(
    "refusalOf() refuses no line like %j",
    (line) => {
      expect(refusalOf(Buffer.from(line, "latin1"), waysIn)).toBeUndefined();
    },
  );

  test("refusalOf() refuses nothing while there is no line", () => {
    expect(refusalOf(undefined, waysIn)).toBeUndefined();
  });
});
