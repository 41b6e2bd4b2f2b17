// The terminal that is given back, with streams that the test plays.

import { afterEach, beforeEach, expect, jest, setDefaultTimeout, test } from "bun:test";
import { PassThrough } from "node:stream";
import { Tty } from "../../../lib/terminal/tty.ts";
import { testMs } from "../../support/transcript.ts";

setDefaultTimeout(testMs);

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** An open terminal, and its events. */
function opened() {
  const happened: string[] = [];
  const setRawMode = (isRaw: boolean) => happened.push(isRaw ? "raw" : "as found");
  const input = Object.assign(new PassThrough(), { setRawMode, isRaw: false, isTTY: true });
  const output = new PassThrough();
  const tty = new Tty(
    input as unknown as NodeJS.ReadStream,
    output as unknown as NodeJS.WriteStream,
    { gone: () => happened.push("gone"), left: () => happened.push("left") },
    (bytes, done) => done(null, bytes.length),
  );
  tty.open();
  return { tty, input, output, happened };
}

test("a terminal is given back once it has answered where the cursor is", async () => {
  const { tty, input, happened } = opened();
  tty.askColumn((column) => happened.push(`first ${column}`));
  tty.askColumn((column) => happened.push(`column ${column}`));
  const closed = tty.close().then(() => happened.push("closed"));
  input.emit("data", Buffer.from("\x1b[3;9R\x1b[3;"));
  expect(happened).toEqual(["raw"]);
  input.emit("data", Buffer.from("7R"));
  await closed;
  expect(happened).toEqual(["raw", "column 6", "as found", "closed"]);
});

test("a terminal that answers nothing, or is gone, is waited for no longer", async () => {
  const silent = opened();
  silent.tty.askColumn((column) => silent.happened.push(`column ${column}`));
  const closed = silent.tty.close();
  jest.advanceTimersByTime(500);
  await closed;
  expect(silent.happened).toEqual(["raw", "column undefined", "as found"]);

  const gone = opened();
  gone.tty.askColumn(() => {});
  const lost = gone.tty.close();
  gone.input.emit("end");
  await lost;
  expect(gone.happened).toEqual(["raw", "gone", "as found"]);
});

test("a window that is dragged is drawn anew once its size lasts", () => {
  const { tty, output, happened } = opened();
  tty.attach({ key: () => {}, resized: () => happened.push("drawn"), taken: () => {} });
  for (let sizes = 0; sizes < 5; sizes++) {
    output.emit("resize");
    jest.advanceTimersByTime(250);
    expect(tty.isBusy).toBe(true);
  }
  expect(happened).toEqual(["raw"]);
  jest.advanceTimersByTime(100);
  expect(happened).toEqual(["raw", "drawn"]);
  expect(tty.isBusy).toBe(false);
});
