// The thread that copies the write-ahead log into the file (checkpoints.ts). It is sent the path of the file, copies all that
// it can without making writers or readers wait, and answers.

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
    // The disk may be full: the connection of the room will meet the same error, and report it.
  }
  postMessage("done");
};
