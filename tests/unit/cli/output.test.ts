// Lines that nothing waits for, on a descriptor that takes them late, in parts, or never.

import { expect, jest, setDefaultTimeout, test } from "bun:test";
import { Output } from "../../../lib/cli/output.ts";
import type { Write } from "../../../lib/cli/writer.ts";
import { testMs } from "../../support/transcript.ts";

setDefaultTimeout(testMs);

/** A descriptor that takes bytes when it is told to. */
function slowDescriptor() {
  let written = Buffer.alloc(0);
  let pending: { bytes: Uint8Array; done: Parameters<Write>[1] } | undefined;
  const write: Write = (bytes, done) => {
    expect(pending).toBeUndefined();
    pending = { bytes, done };
  };
  const take = (most = Infinity) => {
    const { bytes, done } = pending ?? { bytes: new Uint8Array(), done: () => {} };
    pending = undefined;
    const taken = Math.min(most, bytes.length);
    written = Buffer.concat([written, bytes.subarray(0, taken)]);
    done(null, taken);
  };
  const fail = (code: string) => {
    const done = pending?.done;
    pending = undefined;
    done?.(Object.assign(new Error(code), { code }), 0);
  };
  return { write, take, fail, text: () => written.toString(), isPending: () => pending !== undefined };
}

test("lines are written in order, one write at a time", () => {
  const descriptor = slowDescriptor();
  const output = new Output(descriptor.write, 100);
  for (const line of ["a", "b", "c"]) output.print(line);
  descriptor.take();
  expect(descriptor.text()).toBe("a\n");
  descriptor.take();
  expect(descriptor.text()).toBe("a\nb\nc\n");
  expect(descriptor.isPending()).toBe(false);
});

test("a write that takes a part goes on with the rest", () => {
  const descriptor = slowDescriptor();
  const output = new Output(descriptor.write, 100);
  output.print("zwölf");
  while (descriptor.isPending()) descriptor.take(1);
  expect(descriptor.text()).toBe("zwölf\n");
});

test("a line whose end was lost is ended by what comes later", () => {
  const descriptor = slowDescriptor();
  const output = new Output(descriptor.write, 100);
  output.onDropped = (count) => output.print(`${count} dropped`);
  output.print("first");
  descriptor.take(3);
  descriptor.fail("ENOSPC");
  output.print("second");
  descriptor.fail("ENOSPC");
  output.print("third");
  while (descriptor.isPending()) descriptor.take();
  expect(descriptor.text()).toBe("fir\nthird\n2 dropped\n");
});

test("a write that is lost between two lines leaves no empty one", () => {
  const descriptor = slowDescriptor();
  const output = new Output(descriptor.write, 100);
  output.print("zero");
  for (const line of ["one", "two"]) output.print(line);
  descriptor.take();
  descriptor.take("one\n".length);
  descriptor.fail("EDQUOT");
  output.print("three");
  while (descriptor.isPending()) descriptor.take();
  expect(descriptor.text()).toBe("zero\none\nthree\n");
});

test("lines above the capacity are dropped, and counted once it flows", () => {
  const descriptor = slowDescriptor();
  const output = new Output(descriptor.write, 12);
  output.onDropped = (count) => output.print(`${count} dropped`);
  output.print("first");
  for (let i = 0; i < 1000; i++) output.print(`l${i % 10}`);
  while (descriptor.isPending()) descriptor.take();
  expect(descriptor.text()).toBe("first\nl0\nl1\nl2\nl3\nl4\nl5\n994 dropped\n");
  output.print("last");
  descriptor.take();
  expect(descriptor.text()).toEndWith("994 dropped\nlast\n");
});

test.each(["EPIPE", "EIO", "EBADF", "ECONNRESET"])(
  "an output that fails with %s takes nothing more",
  (code) => {
    const descriptor = slowDescriptor();
    const output = new Output(descriptor.write, 10);
    output.print("a");
    output.print("b");
    descriptor.fail(code);
    output.print("c");
    expect(descriptor.isPending()).toBe(false);
  },
);

test("a descriptor that does not block is tried again", () => {
  jest.useFakeTimers();
  try {
    const descriptor = slowDescriptor();
    const output = new Output(descriptor.write, 10);
    output.print("a");
    descriptor.fail("EAGAIN");
    expect(descriptor.isPending()).toBe(false);
    jest.advanceTimersByTime(1000);
    descriptor.take();
    expect(descriptor.text()).toBe("a\n");
  } finally {
    jest.useRealTimers();
  }
});

test("flushing waits for the last line, but not for ever", async () => {
  const descriptor = slowDescriptor();
  const output = new Output(descriptor.write, 10);
  await output.flush(60_000);
  output.print("a");
  let flushed = false;
  const flushing = output.flush(60_000).then(() => {
    flushed = true;
  });
  await Promise.resolve();
  expect(flushed).toBe(false);
  descriptor.take();
  await flushing;
  output.print("b");
  await output.flush(1);
  expect(descriptor.text()).toBe("a\n");
});

test("lines lost on a full disk are counted, and told when there is room", () => {
  const descriptor = slowDescriptor();
  const output = new Output(descriptor.write, 100);
  output.onDropped = (count) => output.print(`${count} dropped`);
  for (const line of ["a", "b", "c"]) output.print(line);
  descriptor.fail("ENOSPC");
  expect(descriptor.isPending()).toBe(false);
  output.print("d");
  while (descriptor.isPending()) descriptor.take();
  expect(descriptor.text()).toBe("d\n3 dropped\n");
});
