// TCP, with TLS or without: hands the events of Bun's sockets to the reception.

import type { SocketHandler } from "bun";
import type { Reception, SocketData } from "./reception.ts";

/** The handlers for Bun.listen. If one throws, `failed` is called with the error in words, and the connection is closed. */
export function socketHandlers(
  reception: Reception,
  failed: (problem: string) => void,
): SocketHandler<SocketData> {
  return {
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
  };
}
