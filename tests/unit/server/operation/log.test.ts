import { afterEach, beforeEach, describe, expect, jest, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import type { Recorded } from "../../../../lib/protocol/events.ts";
import { Log, type LogOutput } from "../../../../lib/server/operation/log.ts";
import { withoutSettings } from "../../../support/server.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

/** 12:34:56 where the tests run. */
const start = new Date(2026, 0, 2, 12, 34, 56);

/** A log and the lines it printed. */
function logTo(format: "text" | "json", now?: () => Date): { log: Log; lines: string[]; output: LogOutput } {
  const lines: string[] = [];
  const output: LogOutput = { print: (line) => lines.push(line), onDropped: () => {} };
  return { log: new Log(format, output, now && { now }), lines, output };
}

/** Whatever could end a line for some program, command a terminal, or hide. */
const hostile = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const anyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom("\n", "\r", "\x1b", "\x9b", "\u0085", "\u2028", "\u202e", '"', "\\", "\ud83d", "é", "a"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
});

describe("write()", () => {
  test("the log prints the time and the message as text", () => {
    const { log, lines } = logTo("text", () => start);
    log.write("The chat room is open on localhost:53000.", { port: 53000 });
    expect(lines).toEqual(["12:34:56  The chat room is open on localhost:53000."]);
  });

  test("the log prints an object with the fields as json", () => {
    const { log, lines } = logTo("json", () => start);
    log.write("Open", { port: 53000, tags: ["a"], gone: undefined });
    expect(lines).toEqual([`{"at":"${start.toISOString()}","message":"Open","port":53000,"tags":["a"]}`]);
  });

  test("no field takes the place of the log's time or message", () => {
    const { log, lines } = logTo("json", () => start);
    log.write("Open", { message: "Closed", at: 0, port: 1 });
    expect(lines).toEqual([`{"at":"${start.toISOString()}","message":"Open","port":1}`]);
  });

  test("the log shows a stranger's line end and escape in one row", () => {
    const { log, lines } = logTo("text", () => start);
    log.write("ann\n12:34:57  forged\r\x1b[2J");
    expect(lines).toEqual(["12:34:56  ann 12:34:57  forged␍␛[2J"]);
  });

  test("the log prints one line of a message, and nothing a terminal obeys", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { log, lines } = logTo("text", () => start);
        log.write(text);
        expect(lines.length).toBe(1);
        expect(lines[0]?.replace(/[\u200c\u200d]/g, "")).not.toMatch(hostile);
      }),
    );
  });

  test("the log's json is printable ASCII with every message and field", () => {
    fc.assert(
      fc.property(anyText, anyText, (message, field) => {
        const { log, lines } = logTo("json", () => start);
        log.write(message, { [`x${field}`]: field });
        expect(lines.length).toBe(1);
        expect(lines[0]).toMatch(/^[\x20-\x7e]+$/);
        expect(JSON.parse(lines[0] ?? "")).toEqual({
          at: start.toISOString(),
          message,
          [`x${field}`]: field,
        });
      }),
    );
  });
});

describe("repeated()", () => {
  beforeEach(() => {
    jest.useFakeTimers();
    jest.setSystemTime(start);
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test("repeated() writes the first at once, and a minute later how many", () => {
    const { log, lines } = logTo("text");
    for (let i = 0; i <= 312; i++) log.repeated("10.0.0.1", "10.0.0.1 is over its limit");
    expect(lines).toEqual(["12:34:56  10.0.0.1 is over its limit"]);
    jest.advanceTimersByTime(59_999);
    expect(lines.length).toBe(1);
    jest.advanceTimersByTime(1);
    expect(lines.slice(1)).toEqual(["12:35:56  10.0.0.1 is over its limit (312 times more)"]);
  });

  test("repeated() is silent for a minute after each line, and counts on", () => {
    const { log, lines } = logTo("text");
    // Every second for three minutes, and then no more.
    for (let second = 0; second < 180; second++) {
      log.repeated("a", "Again");
      jest.advanceTimersByTime(1000);
    }
    jest.advanceTimersByTime(600_000);
    expect(lines).toEqual([
      "12:34:56  Again",
      "12:35:56  Again (59 times more)",
      "12:36:56  Again (60 times more)",
      "12:37:56  Again (60 times more)",
    ]);
  });

  test("repeated() writes at once again after a quiet minute", () => {
    const { log, lines } = logTo("text");
    log.repeated("a", "Again");
    jest.advanceTimersByTime(60_000);
    log.repeated("a", "Again");
    expect(lines).toEqual(["12:34:56  Again", "12:35:56  Again"]);
  });

  test("repeated() tells of one more with the latest message and fields", () => {
    const { log, lines } = logTo("json");
    log.repeated("a", "101 connections", { port: 1 });
    log.repeated("a", "102 connections", { port: 2 });
    jest.advanceTimersByTime(60_000);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { message: "101 connections", port: 1 },
      { message: "102 connections (1 time more)", port: 2, times: 1 },
    ]);
  });

  test("repeated() counts each key for itself", () => {
    const { log, lines } = logTo("text");
    for (const key of ["a", "b", "a"]) log.repeated(key, key);
    jest.advanceTimersByTime(60_000);
    expect(lines).toEqual(["12:34:56  a", "12:34:56  b", "12:35:56  a (1 time more)"]);
  });

  test("repeated() goes on when the clock is set back", () => {
    const { log, lines } = logTo("text");
    log.repeated("a", "Again");
    log.repeated("a", "Again");
    jest.setSystemTime(new Date(2026, 0, 2, 11, 0, 0));
    jest.advanceTimersByTime(60_000);
    log.repeated("a", "Again");
    expect(lines.length).toBe(2);
  });

  test("repeated() writes at most a thousand lines a minute", () => {
    const { log, lines } = logTo("text");
    for (let i = 0; i < 5000; i++) log.repeated(`stranger ${i}`, `Stranger ${i}`);
    expect(lines.length).toBe(1000);
    expect(lines.at(-1)).toBe("12:34:56  More is going on than is told here line by line");
    expect(jest.getTimerCount()).toBe(1000);
    jest.advanceTimersByTime(60_000);
    expect(lines.slice(1000)).toEqual([
      "12:35:56  More is going on than is told here line by line (4000 times more)",
    ]);
  });

  test("repeated() remembers nothing once it is quiet", () => {
    const { log, lines } = logTo("text");
    for (let i = 0; i < 5000; i++) log.repeated(`stranger ${i}`, `Stranger ${i}`);
    jest.advanceTimersByTime(120_000);
    expect(jest.getTimerCount()).toBe(0);
    log.repeated("stranger 4999", "Stranger 4999");
    expect(lines.at(-1)).toBe("12:36:56  Stranger 4999");
  });
});

test("the end of the server does not wait for the log", async () => {
  const script = `import { Log, type LogOutput } from "./lib/server/operation/log.ts"; new Log("text", { print() {} }).repeated("a", "Again");`;
  const server = Bun.spawn([process.execPath, "-e", script], {
    cwd: `${import.meta.dir}/../../../..`,
    timeout: 10_000,
    env: withoutSettings(),
  });
  expect(await server.exited).toBe(0);
});

test("the log tells in its own format how many lines its output dropped", () => {
  const { lines, output } = logTo("json", () => start);
  output.onDropped(12);
  output.onDropped(1);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { message: "12 log lines were dropped: they were not read in time", dropped: 12 },
    { message: "1 log line was dropped: it was not read in time", dropped: 1 },
  ]);
});

test("a quiet log has no line for a connection, nor for an event", () => {
  const lines: string[] = [];
  const output: LogOutput = { print: (line) => lines.push(line), onDropped: () => {} };
  const said: Recorded = { type: "said", seq: 1, at: 0, from: "ada", text: "hello" };
  for (const quiet of [true, false]) {
    const log = new Log("text", output, { quiet, now: () => start });
    log.note("127.0.0.1:1 connected", {});
    log.event(said);
    log.write("The server ends");
  }
  expect(lines.map((line) => line.slice(10))).toEqual([
    "The server ends",
    "127.0.0.1:1 connected",
    "ada: hello",
    "The server ends",
  ]);
});

test("a whisper is in no log", () => {
  const { log, lines } = logTo("json");
  log.event({ type: "told", seq: 1, at: 0, from: "ada", to: "bob", text: "psst" });
  expect(lines).toEqual([]);
});

test("a text log says when the day changes, before the first line of it", () => {
  let now = new Date(2026, 0, 31, 23, 59, 59);
  const { log, lines } = logTo("text", () => now);
  log.write("one");
  now = new Date(2026, 1, 1, 0, 0, 1);
  log.write("two");
  log.write("three");
  expect(lines).toEqual([
    "23:59:59  one",
    "00:00:01  Today is 2026-02-01",
    "00:00:01  two",
    "00:00:01  three",
  ]);
});

test("a join is logged with its address, as text and as a field", () => {
  const joined: Recorded = { type: "joined", seq: 1, at: 0, name: "ada" };
  const text = logTo("text", () => start);
  text.log.event(joined, "192.0.2.7");
  expect(text.lines).toEqual(["12:34:56  ada joined (192.0.2.7)"]);
  const json = logTo("json", () => start);
  json.log.event(joined, "192.0.2.7");
  expect(JSON.parse(json.lines[0] ?? "")).toMatchObject({
    message: "ada joined (192.0.2.7)",
    address: "192.0.2.7",
  });
});

describe("lines that come again", () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test("so many lines of a key have their own, and the rest one", () => {
    const { log, lines } = logTo("text");
    for (let i = 1; i <= 10; i++) log.repeated("key", `wrong ${i}`, {}, 3);
    jest.advanceTimersByTime(60_000);
    const messages = () => lines.map((line) => line.slice(10));
    expect(messages()).toEqual(["wrong 1", "wrong 2", "wrong 3", "wrong 10 (7 times more)"]);
    jest.advanceTimersByTime(60_000);
    log.repeated("key", "wrong again", {}, 3);
    expect(messages().at(-1)).toBe("wrong again");
  });

  test("connections that come again do not take the place of problems", () => {
    const { log, lines } = logTo("text");
    for (let i = 0; i < 2_000; i++) log.noteRepeated(`connected ${i}`, `${i} connected`, {});
    log.repeated("key", "wrong password");
    expect(lines.at(-1)).toEndWith("wrong password");
  });

  test("a quiet log has no line of connections, until it is loud", () => {
    const lines: string[] = [];
    const options = { quiet: true };
    const log = new Log("text", { print: (line) => lines.push(line), onDropped: () => {} }, options);
    log.noteRepeated("key", "connected", {});
    options.quiet = false;
    log.noteRepeated("key", "connected", {});
    expect(lines).toHaveLength(1);
  });
});
