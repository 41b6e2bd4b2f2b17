// What every transport promises, run by each of them: the tests are the sentences of transport.ts. A server's end is
// opened for each test, and a peer at the other end, which is a socket of Bun's.

import { expect, test } from "bun:test";
import type { Socket } from "bun";
import type { Transport } from "../../../../lib/server/session/transport.ts";
import { Transcript } from "../../../support/transcript.ts";

/** Tells what it hears, as a Connection does. */
export type Heard = { receive: (chunk: Uint8Array) => void } & Record<
  "drained" | "inputEnded" | "closed",
  () => void
>;

/** Accepts one connection on a free port: `begun` is given its transport, and what that hears goes where it says. */
export type Accept = (begun: (transport: Transport) => Heard) => { port: number; stop: () => void };

/** How a peer connects: with TLS or without. */
export type PeerOptions = { tls?: Bun.TLSOptions };

/** One end of the connection: what it has heard, in order, and the bytes that came. */
class End {
  readonly heard = new Transcript<"bytes" | "drained" | "ended" | "closed">();
  #chunks: Uint8Array[] = [];
  length = 0;

  received(chunk: Uint8Array): void {
    this.#chunks.push(Uint8Array.from(chunk));
    this.length += chunk.length;
    this.heard.push("bytes");
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  count(what: "bytes" | "drained" | "ended" | "closed"): number {
    return this.heard.items.filter((item) => item === what).length;
  }

  hears(what: "drained" | "ended" | "closed", times = 1): Promise<true> {
    return this.heard.until(() => this.count(what) >= times || undefined, what);
  }

  has(length: number): Promise<true> {
    return this.heard.until(() => this.length >= length || undefined, `${length} bytes`);
  }
}

/** Bytes that can be told apart by where they are. */
function pattern(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7) & 0xff));
}

/** More than all buffers on the way hold. */
const much = pattern(16 * 1024 * 1024);

export function transportContract(name: string, accept: Accept, options: PeerOptions = {}): void {
  async function open() {
    const [server, client] = [new End(), new End()];
    const begun = Promise.withResolvers<Transport>();
    const listener = accept((transport) => {
      begun.resolve(transport);
      return {
        receive: (chunk) => server.received(chunk),
        drained: () => server.heard.push("drained"),
        inputEnded: () => server.heard.push("ended"),
        closed: () => server.heard.push("closed"),
      };
    });
    const peer: Socket = await Bun.connect({
      hostname: "localhost",
      port: listener.port,
      allowHalfOpen: true,
      ...options,
      socket: {
        data: (_, chunk) => client.received(chunk),
        drain: () => client.heard.push("drained"),
        end: () => client.heard.push("ended"),
        close: () => client.heard.push("closed"),
        error: () => {},
      },
    });
    const transport = await begun.promise;
    const stop = () => {
      peer.terminate();
      transport.terminate();
      listener.stop();
    };
    return { transport, server, peer, client, [Symbol.dispose]: stop };
  }

  const write = (transport: Transport, text: string) =>
    transport.write(Buffer.from(text), 0, Buffer.byteLength(text));

  /** Writes all of it, going on at each drain from where the last write ended. */
  async function writeAll(to: Pick<Transport, "write">, end: End, bytes: Uint8Array): Promise<void> {
    let offset = 0;
    for (;;) {
      const drains = end.count("drained");
      offset += to.write(bytes, offset, bytes.length - offset);
      if (offset === bytes.length) return;
      await end.hears("drained", drains + 1);
    }
  }

  test(`${name} carries bytes both ways`, async () => {
    using both = await open();
    const { transport, server, peer, client } = both;
    peer.write("from the peer");
    await server.has(13);
    expect(String(server.bytes)).toBe("from the peer");
    expect(write(transport, "from the server")).toBe(15);
    await client.has(15);
    expect(String(client.bytes)).toBe("from the server");
  });

  test(`${name} writes the part that it is told to`, async () => {
    using both = await open();
    const { transport, client } = both;
    expect(transport.write(Buffer.from("0123456789"), 3, 4)).toBe(4);
    await client.has(4);
    expect(String(client.bytes)).toBe("3456");
  });

  test(`${name} takes a part, and tells when it takes more`, async () => {
    using both = await open();
    const { transport, server, peer, client } = both;
    peer.pause();
    const taken = transport.write(much, 0, much.length);
    expect(taken).toBeLessThan(much.length);
    let more = 0;
    // Whatever was on its way is in the buffers now, and these are full.
    for (let drains = server.count("drained"); ; drains = server.count("drained")) {
      const now = transport.write(much, taken + more, much.length - taken - more);
      more += Math.max(now, 0);
      if (now <= 0 && drains === server.count("drained")) break;
    }
    peer.resume();
    await server.hears("drained");
    await writeAll(transport, server, much.subarray(taken + more));
    await client.has(much.length);
    expect(client.bytes.equals(much)).toBe(true);
  });

  test(`${name} delivers nothing while it is paused, and everything then`, async () => {
    using both = await open();
    const { transport, server, peer, client } = both;
    transport.pause();
    // The peer has to wait: what is not taken stays with it.
    let taken = peer.write(much);
    expect(taken).toBeLessThan(much.length);
    // The other way is open meanwhile, and turns go by in which it would have come.
    for (let turn = 1; turn <= 10; turn++) {
      write(transport, "!");
      await client.has(turn);
    }
    expect(server.length).toBe(0);
    transport.resume();
    while (taken < much.length) {
      const drains = client.count("drained");
      taken += Math.max(peer.write(much.subarray(taken)), 0);
      if (taken < much.length) await client.hears("drained", drains + 1);
    }
    await server.has(much.length);
    expect(server.bytes.equals(much)).toBe(true);
  });

  test(`${name} tells that the peer sends no more, and still writes to it`, async () => {
    using both = await open();
    const { transport, server, peer, client } = both;
    peer.write("last words");
    peer.shutdown();
    await server.hears("ended");
    expect(String(server.bytes)).toBe("last words");
    expect(server.count("closed")).toBe(0);
    write(transport, "an answer");
    await client.has(9);
    expect(String(client.bytes)).toBe("an answer");
    expect(server.count("ended")).toBe(1);
  });

  test(`${name} that is shut down still delivers what the peer sends`, async () => {
    using both = await open();
    const { transport, server, peer, client } = both;
    write(transport, "goodbye");
    transport.shutdown();
    await client.hears("ended");
    expect(String(client.bytes)).toBe("goodbye");
    peer.write("goodbye, too");
    await server.has(12);
    expect(String(server.bytes)).toBe("goodbye, too");
  });

  test(`${name} that ends delivers what was written, if the peer sends no more`, async () => {
    using both = await open();
    const { transport, server, peer, client } = both;
    peer.shutdown();
    await server.hears("ended");
    await writeAll(transport, server, much);
    transport.end();
    await client.has(much.length);
    expect(client.bytes.equals(much)).toBe(true);
    peer.end();
    await server.hears("closed");
  });

  test(`${name} that is terminated is closed at once, with much under way`, async () => {
    using both = await open();
    const { transport, server, peer, client } = both;
    peer.pause();
    transport.write(much, 0, much.length);
    transport.terminate();
    await server.hears("closed");
    expect(write(transport, "too late")).toBeLessThanOrEqual(0);
    peer.resume();
    await client.hears("closed");
    expect(client.length).toBeLessThan(much.length);
    expect(server.count("closed")).toBe(1);
  });

  test(`${name} whose peer is gone is closed, once`, async () => {
    using both = await open();
    const { transport, server, peer } = both;
    peer.terminate();
    await server.hears("closed");
    transport.terminate();
    expect(write(transport, "too late")).toBeLessThanOrEqual(0);
    expect(server.count("closed")).toBe(1);
  });
}
