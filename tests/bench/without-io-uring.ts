// Our server as it runs where the system refuses io_uring: it writes to one socket after the other.
//
//   bun tests/bench/without-io-uring.ts --port 53000 …        the same flags as ChatServer.ts

import { plugin } from "bun";

plugin({
  name: "without io_uring",
  setup(build) {
    const contents = "export const IoUring = { open: () => undefined };";
    build.onLoad({ filter: /\/io-uring\.ts$/ }, () => ({ contents, loader: "ts" }));
  },
});

await import("../../ChatServer.ts");
