// What a session is held to, and what it counts and reports.

import type { Rate } from "../limits/token-bucket.ts";
import type { EntranceOptions } from "./entrance.ts";

/** The limits of a session, which the server's settings give and may change. */
export type SessionLimits = Omit<EntranceOptions, "operators" | "report"> & {
  /** For the lines of one member. */
  rate: Rate;
  /** For the names that one member takes. */
  renames: Rate;
  /** How long it sends nothing before it is greeted: a person waits for that, a program has spoken by then. */
  greetAfterMs: number;
  /** A program that is silent for so long counts as dead. */
  silentMs: number;
};

export type SessionOptions = EntranceOptions &
  SessionLimits & {
    /** The commands that join this room, to show in a browser. */
    waysIn: readonly string[];
    /** Called with the name and the address of each message that a sender without a seat posts. */
    posted?: (name: string, address: string) => void;
    metrics: Record<"readBytes" | "writtenBytes" | "pauses" | "refusals", { add: (amount: number) => void }>;
  };
