import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { openInfo, tellsOfVanished } from "../../../../lib/server/transports/vanished.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

function info(retransmits: number, probes: number, lastAckMs: number): DataView {
  const view = new DataView(new ArrayBuffer(60));
  view.setUint8(2, retransmits);
  view.setUint8(3, probes);
  view.setUint32(56, lastAckMs, true);
  return view;
}

describe("a vanished peer", () => {
  test.each([
    ["was sent something again, and last heard 90 s ago", info(8, 0, 90_000)],
    ["was asked again, and last heard two minutes ago", info(0, 2, 120_000)],
  ])("a vanished peer %s", (_, vanished) => {
    expect(tellsOfVanished(vanished)).toBe(true);
  });

  test.each([
    ["is silent, and nothing waits for it", info(0, 0, 3_600_000)],
    ["reads nothing, and was asked a moment ago", info(0, 1, 119_000)],
    ["is slow to answer", info(5, 3, 89_999)],
  ])("a peer has not vanished that %s", (_, there) => {
    expect(tellsOfVanished(there)).toBe(false);
  });
});

test.skipIf(process.platform !== "linux")(
  "a socket's kernel tells when its peer was last heard",
  async () => {
    const opened = Promise.withResolvers<Bun.Socket>();
    using server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { open: (socket) => opened.resolve(socket), data() {} },
    });
    const client = await Bun.connect({ hostname: "127.0.0.1", port: server.port, socket: { data() {} } });
    const socket = await opened.promise;
    const fd = "fd" in socket && typeof socket.fd === "number" ? socket.fd : -1;
    const infoOf = openInfo();
    const told = infoOf?.(fd);
    // TCP_ESTABLISHED.
    expect(told?.getUint8(0)).toBe(1);
    expect(told?.getUint32(56, true)).toBeLessThan(testMs);
    expect(told && tellsOfVanished(told)).toBe(false);
    expect(infoOf?.(-1)).toBeUndefined();
    client.end();
  },
);
