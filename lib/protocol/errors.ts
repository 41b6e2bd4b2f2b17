// Errors for people to read: one sentence that says what is wrong and what to do, never a stack trace. The programs print
// a UsageError and end with exit code 2, any other error with 1. Anything can be thrown, so the functions take anything.

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
