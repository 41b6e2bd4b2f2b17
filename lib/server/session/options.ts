// The limits of a session, and where it counts and reports.

import type { Rate } from "../limits/token-bucket.ts";
import type { EntranceOptions } from "./entrance.ts";

/** The limits of a session, which the server's settings give and may change. */
export type SessionLimits = Omit<EntranceOptions, "operators" | "report"> & {
  /** For the lines of one member. */
  rate: Rate;
  /** For the renames of one member. */
  renames: Rate;
  /** How long a connection may send nothing before it is greeted, in ms: a person waits for a question, a program begins. */
  greetAfterMs: number;
  /** How long a program may be silent before it counts as dead, in ms. */
  silentMs: number;
};

export type SessionOptions = EntranceOptions &
  SessionLimits & {
    /** The commands that join this room, for the answer to a browser. */
    waysIn: readonly string[];
    /** Called with the name and the address of each message that a sender without a seat posts. */
    posted?: (name: string, address: string) => void;
    metrics: Record<"readBytes" | "writtenBytes" | "pauses" | "refusals", { add: (amount: number) => void }>;
  };
