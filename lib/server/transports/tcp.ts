// TCP, with TLS or without, as Bun listens for it: hands all that its sockets tell to the reception.

import type { Reception, SocketData } from "./reception.ts";
import type { Certificate } from "./tls.ts";

/**
 * Listens on a port of an address. If a handler throws, `failed` is called with the error in words, and the connection is closed.
 * Throws Bun's error if it cannot listen.
 */
export function listenTcp(
  { hostname, port, certificate }: { hostname: string; port: number; certificate: Certificate | undefined },
  reception: Reception,
  failed: (problem: string) => void,
): Bun.TCPSocketListener<SocketData> {
  return Bun.listen<SocketData>({
    hostname,
    port,
    allowHalfOpen: true,
    ...(certificate && { tls: certificate }),
    socket: {
      open: (socket) => reception.opened(socket),
      handshake: (socket, ok, problem) => reception.handshaken(socket, ok, problem),
      data: (socket, chunk) => reception.receive(socket, chunk),
      drain: (socket) => reception.drained(socket),
      end: (socket) => reception.inputEnded(socket),
      close: (socket) => reception.closed(socket),
      error(socket, error) {
        failed(`A connection failed: ${error.stack ?? error.message}`);
        socket.terminate();
      },
    },
  });
}
