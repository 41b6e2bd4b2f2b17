// A session's connection with neither a socket nor a network: what the session does to it is written down.

import { jest } from "bun:test";
import type { Event } from "../../../../lib/protocol/events.ts";
import { Origin } from "../../../../lib/server/limits/origin.ts";
import type { Room } from "../../../../lib/server/room/room.ts";
import { Operators } from "../../../../lib/server/session/operators.ts";
import type { SessionOptions } from "../../../../lib/server/session/options.ts";
import { Session } from "../../../../lib/server/session/session.ts";
import type { Transport } from "../../../../lib/server/session/transport.ts";
import { idleMetrics } from "../../../support/metrics.ts";

export const metrics = idleMetrics();
export const unlimited = { burst: 0, perSecond: 0 };
/** What the sessions have reported; to be emptied before each test. */
export const reports: string[] = [];

const options: SessionOptions = {
  rate: { burst: 3, perSecond: 10 },
  renames: unlimited,
  operators: new Operators(),
  greetAfterMs: 250,
  joinWithinMs: 20_000,
  silentMs: 90_000,
  waysIn: ["nc room.example 53000"],
  report: (problem, address) => reports.push(`${address} ${problem}`),
  metrics,
};

/** The turn in which something was asked, and the ones that its pages and promises take. */
export async function turn(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets so much time pass, with a turn every now and then. */
export async function pass(ms: number, stepMs = 50): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    jest.advanceTimersByTime(Math.min(stepMs, ms - passed));
    await turn();
  }
}

export class FakeSocket implements Transport {
  text = "";
  acts: string[] = [];
  takes = Infinity;
  readonly session: Session;

  /** From an address of its own, without a limit there, unless it is given one. */
  constructor(room: Room, more: Partial<SessionOptions> = {}, origin = new Origin("192.0.2.1", unlimited)) {
    this.session = new Session(room, this, origin, { ...options, ...more });
  }

  send(...lines: unknown[]): void {
    const text = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line)));
    this.session.receive(Buffer.from(`${text.join("\n")}\n`));
  }

  get events(): Event[] {
    return this.text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  /** The problems it was told of. */
  get codes(): string[] {
    return this.events.flatMap((event) => (event.type === "error" ? [event.code] : []));
  }

  get types(): string[] {
    return this.events.map(({ type }) => type);
  }

  write(bytes: Uint8Array, offset: number, length: number): number {
    const taken = Math.min(this.takes, length);
    this.text += Buffer.from(bytes.subarray(offset, offset + taken)).toString();
    return taken;
  }

  pause = () => this.acts.push("pause");
  resume = () => this.acts.push("resume");
  shutdown = () => this.acts.push("shutdown");
  end = () => this.acts.push("end");
  terminate = () => this.acts.push("terminate");
}

/** The messages that it heard, its own included. */
export function textsHeard({ events }: FakeSocket): string[] {
  return events.flatMap((event) => (event.type === "said" ? [event.text] : []));
}
