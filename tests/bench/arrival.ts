// Many who come at once, while others talk: they connect, wait until the others are being measured, and join in one
// moment. They read all they are shown, as fast as they can. It prints a line once they have connected.
//
//   bun tests/bench/arrival.ts '{"port":53000,"members":1000}'

import { setPriority } from "node:os";
import { connectAll, write } from "./clients.ts";

export type Arrival = {
  members: number;
  /** The last event that they saw: they are shown what happened since. Absent: they are new. */
  after?: number;
};

/** The members of the load, another process, have joined and warmed up by then. */
const arriveAfterMs = 3_000;

// Those who measure share this CPU, and come first.
setPriority(19);
const { port, members, after }: Arrival & { port: number } = JSON.parse(Bun.argv[2] ?? "{}");
const clients = await connectAll(members, [port], () => {});
console.log("connected");
await Bun.sleep(arriveAfterMs);
for (const [i, client] of clients.entries()) {
  write(client, Buffer.from(`${JSON.stringify({ type: "join", name: `guest${i + 1}`, after })}\n`));
}
