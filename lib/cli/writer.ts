// Bytes to a descriptor that may be slow, without waiting: a pipe that is not read and a terminal that is stopped block
// every write of the main thread, signals included. So the pipe or terminal is opened once more in a way that says
// EAGAIN instead, and is tried again in a moment. (To change the descriptor itself would change it for all programs that
// share it, such as the shell.) A descriptor that cannot be opened again, as a socket, is written to by a thread of Bun's
// pool; a thread is no good for a terminal, which it would keep locked, so that nothing could set its mode.

import { constants, fstatSync, openSync, write, writeSync } from "node:fs";
import { isatty } from "node:tty";

/** When a descriptor that took nothing is tried again: soon, then less and less often. */
const firstRetryMs = 1;
const longestRetryMs = 64;

/** Writes as many bytes as the descriptor takes now; `done` is called with their number, at once or later. */
export type Write = (
  bytes: Uint8Array,
  done: (error: NodeJS.ErrnoException | null, bytesWritten: number) => void,
) => void;

const lf = 10;

/** The errors of a descriptor whose other end is closed for good. */
const gone = new Set(["EPIPE", "EIO", "EBADF", "ENXIO", "ECONNRESET"]);

/**
 * How a write ended: all of it was taken; the rest of it is lost, from the start of a line; the rest is lost from within a
 * line (`torn`); or the other end is closed for good.
 */
export type Outcome = "taken" | "lost" | "torn" | "gone";

/** Writes all of the text, in as many parts as it takes. `write` is one that `writeTo` made. */
export function writeText(write: Write, text: string, done: (outcome: Outcome) => void): void {
  const all = Buffer.from(text);
  const writeRest = (bytes: Uint8Array, retryMs = firstRetryMs) =>
    write(bytes, (error, taken) => {
      if (error?.code === "EAGAIN") {
        setTimeout(() => writeRest(bytes, Math.min(2 * retryMs, longestRetryMs)), retryMs).unref();
      } else if (error) done(failure(error, all, bytes.length));
      else if (taken < bytes.length) writeRest(bytes.subarray(taken));
      else done("taken");
    });
  writeRest(all);
}

/** How a write of these bytes failed, of which the last `left` were not taken. */
function failure({ code = "" }: NodeJS.ErrnoException, all: Buffer, left: number): Outcome {
  if (gone.has(code)) return "gone";
  const isWithinLine = left < all.length && all.at(-left - 1) !== lf;
  return isWithinLine ? "torn" : "lost";
}

/** How to write to this descriptor without waiting for it. */
export function writeTo(fd: number): Write {
  const own = isFile(fd) ? fd : openAgain(fd);
  if (own === undefined) return (bytes, done) => write(fd, bytes, done);
  return (bytes, done) => {
    let taken: number;
    try {
      taken = writeSync(own, bytes);
    } catch (error) {
      return done(error instanceof Error ? error : new Error(String(error)), 0);
    }
    done(null, taken);
  };
}

/** The same pipe or terminal, by a descriptor of ours that does not block. */
function openAgain(fd: number): number | undefined {
  for (const path of [`/proc/self/fd/${fd}`, ...(isatty(fd) ? ["/dev/tty"] : [])]) {
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    } catch {
      // Not Linux, or not ours to open, or a socket.
    }
  }
  return undefined;
}

/** A file never blocks, and opened again it would be written from its beginning. */
function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false;
  }
}
