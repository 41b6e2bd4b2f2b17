// The fan-out by io_uring, to real sockets of this process. A system that has none has nothing to test.

import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Socket } from "bun";
import { hasDescriptor } from "../../../../lib/server/session/transport.ts";
import { IoUring } from "../../../../lib/server/transports/io-uring.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

let counted = 0;
const ring = IoUring.open({
  add(bytes) {
    counted += bytes;
  },
});

/** A connection of this process to itself: the end to send to, and what has arrived at the other. */
type Pair = {
  socket: Socket;
  peer: Socket;
  received: () => string;
  arrived: (bytes: number) => Promise<void>;
};

let accepted = Promise.withResolvers<Socket>();
const listener = Bun.listen({
  hostname: "127.0.0.1",
  port: 0,
  socket: { open: (socket) => accepted.resolve(socket), data() {} },
});
afterAll(() => listener.stop(true));

async function connect(): Promise<Pair> {
  accepted = Promise.withResolvers();
  const chunks: Buffer[] = [];
  let length = 0;
  let more = Promise.withResolvers<void>();
  const peer = await Bun.connect({
    hostname: "127.0.0.1",
    port: listener.port,
    socket: {
      data(_, chunk) {
        chunks.push(Buffer.from(chunk));
        length += chunk.length;
        more.resolve();
        more = Promise.withResolvers();
      },
    },
  });
  return {
    socket: await accepted.promise,
    peer,
    received: () => Buffer.concat(chunks).toString(),
    async arrived(bytes) {
      while (length < bytes) await more.promise;
    },
  };
}

function descriptorOf(socket: Socket): number {
  return hasDescriptor(socket) ? socket.fd : expect.unreachable();
}

test.skipIf(!ring)("each socket gets its parts of the bytes, in hundreds of calls", async () => {
  if (!ring) return;
  const pairs = [await connect(), await connect(), await connect()];
  const bytes = Buffer.from(Array.from({ length: 500 }, (_, i) => `line ${i}\n`).join(""));
  const expected = pairs.map(() => "");
  let total = 0;
  const before = counted;
  for (let call = 0; call < 300; call++) {
    const parts = Array.from({ length: (call % ring.size) + 1 }, (_, i) => {
      return { to: (call + i) % pairs.length, offset: (7 * call + i) % 4000, length: ((call + i) % 90) + 1 };
    });
    for (const { to, offset, length } of parts) {
      ring.add(descriptorOf(pairs[to]?.socket ?? expect.unreachable()), bytes, offset, length);
      expected[to] += bytes.toString("latin1", offset, offset + length);
      total += length;
    }
    expect(Array.from(ring.send()).slice(0, parts.length)).toEqual(parts.map(({ length }) => length));
  }
  await Promise.all(pairs.map(({ arrived }, i) => arrived(expected[i]?.length ?? 0)));
  expect(pairs.map(({ received }) => received())).toEqual(expected);
  expect(counted - before).toBe(total);
  for (const { peer } of pairs) peer.terminate();
});

test.skipIf(!ring)("a socket that is full takes nothing, and the others all", async () => {
  if (!ring) return;
  const [deaf, other] = [await connect(), await connect()];
  deaf.peer.pause();
  const bytes = Buffer.alloc(1024 * 1024, "x");
  const taken: number[] = [];
  do {
    ring.add(descriptorOf(deaf.socket), bytes, 0, bytes.length);
    ring.add(descriptorOf(other.socket), bytes, 0, 10);
    const [first = -1, second = -1] = Array.from(ring.send());
    expect(second).toBe(10);
    taken.push(first);
  } while (taken.at(-1) !== 0);
  const sum = taken.reduce((sum, bytes) => sum + bytes, 0);
  expect(sum).toBeGreaterThan(0);
  // Nothing is under way: what could not be sent is not sent later.
  deaf.peer.resume();
  await deaf.arrived(sum);
  ring.add(descriptorOf(deaf.socket), Buffer.from("end"), 0, 3);
  expect(ring.send()[0]).toBe(3);
  await deaf.arrived(sum + 3);
  expect(deaf.received()).toBe(`${"x".repeat(sum)}end`);
  for (const { peer } of [deaf, other]) peer.terminate();
});

test.skipIf(!ring)("a socket that is closed takes nothing, and the others all", async () => {
  if (!ring) return;
  const [gone, other] = [await connect(), await connect()];
  gone.socket.terminate();
  expect(descriptorOf(gone.socket)).toBe(-1);
  const bytes = Buffer.from("hello");
  for (const { socket } of [gone, other, gone]) ring.add(descriptorOf(socket), bytes, 0, bytes.length);
  expect(Array.from(ring.send()).slice(0, 3)).toEqual([0, 5, 0]);
  await other.arrived(5);
  other.peer.terminate();
});
