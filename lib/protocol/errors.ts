// Errors for people to read.

/** A mistake that the person who started the program can put right; its message is one sentence that says how. */
export class UsageError extends Error {}

/** What an error says: its message, or whatever else was thrown as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The code that the system or the runtime gave an error, such as ECONNREFUSED; empty if it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
