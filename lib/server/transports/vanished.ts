// Peers that have vanished: a machine that lost its power or its network ends no connection. The kernel's keepalive finds
// them while nothing waits for them; lines that wait it sends again and again for a quarter of an hour. So it is asked
// when each peer was last heard. One that reads nothing, but is there (Ctrl-S, `less`), is heard all the same: its
// kernel answers for it. TCP_USER_TIMEOUT cannot tell the two apart, so it is not used.
//
// On Linux only; elsewhere, and where bun:ffi finds no libc, the kernel's own time is all there is.

import { dlopen, FFIType, ptr } from "bun:ffi";
import { hasDescriptor } from "../session/transport.ts";

/** A peer that has not answered for so long what it was sent in this time has vanished. */
const vanishedMs = 90_000;
const lookEveryMs = 10_000;

/** From netinet/tcp.h. */
const protocolTcp = 6;
const tcpInfo = 11;
/** Offsets in struct tcp_info of linux/tcp.h: unanswered retransmits and probes, and ms since the last answer. */
const at = { retransmits: 2, probes: 3, lastAckMs: 56 };
const infoBytes = 60;

/** Closes the connections of vanished peers from now on. `sockets`: all that are open, whenever it looks. */
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
  // A peer that is asked now has one question open, and it was asked two minutes after the last if it is full.
  const isUnanswered = info.getUint8(at.retransmits) > 0 || info.getUint8(at.probes) > 1;
  return isUnanswered && info.getUint32(at.lastAckMs, true) >= vanishedMs;
}

/** What returns the struct tcp_info of a file descriptor, in one buffer for all; undefined where there is none. */
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
