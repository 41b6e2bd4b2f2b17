import { expect, setDefaultTimeout, test } from "bun:test";
import { Writable } from "node:stream";
import { PipeOutput } from "../../../../lib/client/pipe/output.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

/** A stream whose reader takes what is written one chunk at a time, when the test says so. */
function open() {
  const taken: string[] = [];
  const log: string[] = [];
  let take: (() => void) | undefined;
  const stream = new Writable({
    highWaterMark: 10,
    write(chunk, _, done) {
      take = () => {
        taken.push(String(chunk));
        done();
      };
    },
  });
  const output = new PipeOutput(stream, {
    full: () => log.push("full"),
    drained: () => log.push("drained"),
    broken: ({ message }) => log.push(message),
  });
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const read = async () => {
    take?.();
    await turn();
  };
  return { output, stream, taken, log, turn, read };
}

test("lines of one turn are one write", async () => {
  const { output, taken, turn, read } = open();
  output.write(["a"]);
  output.write([]);
  output.write(["b", "c"]);
  await turn();
  await read();
  expect(taken).toEqual(["a\nb\nc\n"]);
});

test("a full stream tells when it is full and when it has drained", async () => {
  const { output, taken, log, turn, read } = open();
  output.write(["a long line"]);
  await turn();
  expect([log, output.isFull]).toEqual([["full"], true]);
  output.write(["one more"]);
  await turn();
  let isReady = false;
  const ready = output.ready().then(() => {
    isReady = true;
  });
  await read();
  expect([log, isReady]).toEqual([["full"], false]);
  await read();
  await ready;
  expect([log, output.isFull, taken]).toEqual([["full", "drained"], false, ["a long line\n", "one more\n"]]);
  await output.ready();
});

test("the end waits for what was written, at once if there is nothing", async () => {
  const { output, taken, read } = open();
  await output.taken();
  output.write(["last"]);
  const end = output.taken();
  await read();
  await end;
  expect(taken).toEqual(["last\n"]);
});

test("a broken stream is told once, and holds up no one", async () => {
  const { output, stream, log, turn } = open();
  output.write(["a long line"]);
  await turn();
  const waiting = Promise.all([output.ready(), output.taken()]);
  stream.emit("error", new Error("no space"));
  stream.emit("error", new Error("again"));
  await waiting;
  output.write(["into nothing"]);
  await output.taken();
  await output.ready();
  expect(log).toEqual(["full", "drained", "no space"]);
});

test("discarding ends the wait for a stalled stream", async () => {
  const { output, log, turn } = open();
  output.write(["a long line"]);
  await turn();
  const waiting = output.taken();
  output.discard();
  await waiting;
  expect(log).toEqual(["full", "drained"]);
});
