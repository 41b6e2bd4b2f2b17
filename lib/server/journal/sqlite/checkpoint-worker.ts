// The thread that writes the write-ahead log into the file (checkpoints.ts). It is sent the path of the file, and answers
// when it has done what can be done without holding up those who write or read.

import { Database } from "bun:sqlite";

declare const self: Worker;

self.onmessage = ({ data: path }: MessageEvent<string>) => {
  try {
    const db = new Database(path, { readwrite: true });
    try {
      db.run("PRAGMA synchronous = NORMAL");
      db.run("PRAGMA wal_checkpoint(PASSIVE)");
    } finally {
      db.close();
    }
  } catch {
    // The disk may be full: the room's own connection meets the same, and tells it.
  }
  postMessage("done");
};
