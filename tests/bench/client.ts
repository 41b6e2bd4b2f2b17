// The client on a pseudo-terminal of 80 × 24, with a server of three lines at its other end: its CPU from the start to
// the prompt, and what a burst of lines takes on top, with the most memory it had at any time.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { limits } from "../../lib/protocol/events.ts";
import { cpuSecondsOf } from "../support/process.ts";

const size = { cols: 80, rows: 24 };
const burstLines = 50_000;
/** So many lines come in one piece from the server. */
const linesAtOnce = 500;
const maxSeconds = 60;

export type ClientCosts = { startSeconds: number; burstSeconds: number; peakBytes: number };

/** Runs the client once, on Linux. */
export async function clientCosts(): Promise<ClientCosts> {
  const room = Promise.withResolvers<Bun.Socket<{ unsent: string[] }>>();
  using server = Bun.listen<{ unsent: string[] }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (socket) => {
        socket.data = { unsent: [] };
      },
      data: (socket, bytes) => {
        if (!bytes.includes('"join"')) return;
        socket.data.unsent.push(welcome());
        send(socket);
        room.resolve(socket);
      },
      drain: send,
    },
  });
  const shown = new Shown();
  const client = Bun.spawn(
    [process.execPath, join(import.meta.dir, "../../ChatClient.ts"), `ada@127.0.0.1:${server.port}`],
    {
      env: { ...process.env, XDG_STATE_HOME: "/dev/null", TERM: "xterm-256color" },
      terminal: { ...size, data: (_, bytes) => shown.take(bytes) },
      timeout: maxSeconds * 1000,
      killSignal: "SIGKILL",
    },
  );
  try {
    void client.exited.then((code) => shown.fail(new Error(`The client ended with ${code}`)));
    await shown.text("ada> ");
    const startSeconds = cpuSecondsOf([client.pid]) ?? 0;
    const socket = await room.promise;
    socket.data.unsent.push(...burst());
    send(socket);
    await shown.text(lastLine);
    return {
      startSeconds,
      burstSeconds: (cpuSecondsOf([client.pid]) ?? 0) - startSeconds,
      peakBytes: peak(client.pid),
    };
  } finally {
    client.kill("SIGKILL");
    await client.exited;
    client.terminal?.close();
  }
}

const lastLine = "the last line of all";

function welcome(): string {
  return line({ type: "welcome", name: "ada", token: "t", epoch: "e", seq: 0, members: [], limits });
}

/** Of every kind that people write, a tenth of it long, in pieces. */
function burst(): string[] {
  const lines = Array.from({ length: burstLines }, (_, i) => {
    const long = i % 10 === 0 ? ` ${"and longer ".repeat(8)}` : "";
    const text = i + 1 === burstLines ? lastLine : `line ${i} of what is said in a busy room${long}`;
    return line({
      type: "said",
      seq: i + 1,
      at: 1.7e12 + i * 20,
      from: `member${i % 50}`,
      text,
      id: `id-${i}`,
    });
  });
  return Array.from({ length: burstLines / linesAtOnce }, (_, i) =>
    lines.slice(i * linesAtOnce, (i + 1) * linesAtOnce).join(""),
  );
}

function line(event: object): string {
  return `${JSON.stringify(event)}\n`;
}

function send(socket: Bun.Socket<{ unsent: string[] }>): void {
  const { unsent } = socket.data;
  for (let text = unsent.shift(); text !== undefined; text = unsent.shift()) {
    const taken = socket.write(text);
    if (taken === text.length) continue;
    unsent.unshift(text.slice(Math.max(taken, 0)));
    return;
  }
}

/** What came out of the terminal: kept only as far as the text that is waited for may have begun. */
class Shown {
  readonly #decoder = new TextDecoder();
  #tail = "";
  #waiting: (PromiseWithResolvers<void> & { text: string }) | undefined;

  take(bytes: Uint8Array): void {
    this.#tail = (this.#tail + this.#decoder.decode(bytes, { stream: true })).slice(-100_000);
    if (this.#waiting && this.#tail.includes(this.#waiting.text)) this.#waiting.resolve();
  }

  fail(error: Error): void {
    this.#waiting?.reject(error);
  }

  text(text: string): Promise<void> {
    this.#waiting = { ...Promise.withResolvers<void>(), text };
    return this.#waiting.promise;
  }
}

/** The most memory that a process has had. */
function peak(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}
