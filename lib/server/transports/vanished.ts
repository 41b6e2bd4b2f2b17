// Closes the connections of vanished peers: a machine that lost its power or its network ends none. The kernel's keepalive finds
// such a peer only while no bytes wait for it; bytes that wait are sent again and again for a quarter of an hour. So this asks
// the kernel when each peer last answered. The kernel of a peer that reads nothing (Ctrl-S, `less`) still answers.
// TCP_USER_TIMEOUT cannot tell the two apart, so it is not used.
//
// On Linux only. Elsewhere, and where bun:ffi finds no libc, the kernel closes the connection after its own time.

import { dlopen, FFIType, ptr } from "bun:ffi";
import { hasDescriptor } from "../session/transport.ts";

/** A peer has vanished if it was sent bytes and has not answered for this long, in ms. */
const vanishedMs = 90_000;
const lookEveryMs = 10_000;

/** From netinet/tcp.h. */
const protocolTcp = 6;
const tcpInfo = 11;
/** Offsets in struct tcp_info of linux/tcp.h: unanswered retransmits and probes, and ms since the last answer. */
const at = { retransmits: 2, probes: 3, lastAckMs: 56 };
const infoBytes = 60;

/** Closes the connections of vanished peers from now on. `sockets` returns all open ones. */
export function endVanished(sockets: () => Iterable<{ terminate(): void }>): void {
  const infoOf = openInfo();
  if (!infoOf) return;
  const look = () => {
    for (const socket of sockets()) {
      const info = hasDescriptor(socket) ? infoOf(socket.fd) : undefined;
      if (info && tellsOfVanished(info)) socket.terminate();
    }
  };
  setInterval(look, lookEveryMs).unref();
}

/** Whether the peer has vanished, from a struct tcp_info. */
export function tellsOfVanished(info: DataView): boolean {
  // One probe without an answer is no sign: the kernel may have sent it just now, up to two minutes after the one before.
  const isUnanswered = info.getUint8(at.retransmits) > 0 || info.getUint8(at.probes) > 1;
  return isUnanswered && info.getUint32(at.lastAckMs, true) >= vanishedMs;
}

/** Returns a function that reads the struct tcp_info of a descriptor, always into the same buffer; undefined if there is none. */
export function openInfo(): ((fd: number) => DataView | undefined) | undefined {
  if (process.platform !== "linux") return undefined;
  const { i32, ptr: pointer } = FFIType;
  const functions = { getsockopt: { args: [i32, i32, i32, pointer, pointer], returns: i32 } } as const;
  try {
    const { getsockopt } = dlopen("libc.so.6", functions).symbols;
    const info = new Uint8Array(infoBytes);
    const length = new Uint32Array(1);
    return (fd) => {
      length[0] = infoBytes;
      const failed = getsockopt(fd, protocolTcp, tcpInfo, ptr(info), ptr(length));
      return failed === 0 && length[0] === infoBytes ? new DataView(info.buffer) : undefined;
    };
  } catch {
    return undefined;
  }
}
