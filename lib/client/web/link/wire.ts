// A wire over a WebSocket. The server sends whole lines in binary messages; each line goes to it as a text message.

import type { Connect, Wire, WireHandlers } from "../../core/wire.ts";

/** How to connect to this address, ws: or wss:. */
export function webSocket(url: string): Connect {
  return (handlers) => new SocketWire(new WebSocket(url), handlers);
}

const utf8 = new TextDecoder();

class SocketWire implements Wire {
  readonly #socket: WebSocket;
  #isOpen = false;
  #isClosed = false;

  constructor(socket: WebSocket, handlers: WireHandlers) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.#isOpen = true;
      if (!this.#isClosed) handlers.opened();
    };
    socket.onmessage = ({ data }) => {
      if (!this.#isClosed && data instanceof ArrayBuffer) handlers.received(utf8.decode(data).split("\n"));
    };
    // A browser tells no reason; the `error` that comes before has none either.
    socket.onclose = () => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      handlers.closed(new Error(this.#isOpen ? "The connection was lost" : "The server does not answer"));
    };
  }

  /** What the network does not take at once waits in the browser. */
  send(line: string): void {
    this.#socket.send(`${line}\n`);
  }

  /** A WebSocket cannot be paused. The page never asks for that, since it draws as much as comes. */
  pause(): void {}

  resume(): void {}

  close(): void {
    this.#isClosed = true;
    this.#socket.close();
  }
}
