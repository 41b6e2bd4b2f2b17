// Bytes to a file descriptor that may be slow, without waiting: a pipe that is not read and a terminal that is stopped
// block every write of the main thread, signals included, so a thread of Bun's pool writes. One write at a time.

import { write } from "node:fs";

/** When a descriptor that does not block is tried again. */
const retryMs = 50;

/** fs.write, as far as it is used: `done` is told how many bytes were taken. */
export type Write = (
  fd: number,
  bytes: Uint8Array,
  done: (error: NodeJS.ErrnoException | null, bytesWritten: number) => void,
) => void;

/** What tells that the descriptor's other end is closed for good. */
const gone = new Set(["EPIPE", "EIO", "EBADF", "ENXIO", "ECONNRESET"]);

/** How a write ended: all of it was taken, it was lost, or it was and nothing will be taken any more. */
export type Outcome = "taken" | "lost" | "gone";

/** Writes all of the text, in as many parts as it takes. */
export function writeText(
  fd: number,
  text: string,
  done: (outcome: Outcome) => void,
  writeBytes: Write = write,
): void {
  const writeRest = (bytes: Uint8Array) =>
    writeBytes(fd, bytes, (error, taken) => {
      if (error?.code === "EAGAIN") setTimeout(() => writeRest(bytes), retryMs).unref();
      else if (error) done(gone.has(error.code ?? "") ? "gone" : "lost");
      else if (taken < bytes.length) writeRest(bytes.subarray(taken));
      else done("taken");
    });
  writeRest(Buffer.from(text));
}
