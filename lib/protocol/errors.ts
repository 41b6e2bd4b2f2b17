// Errors that are caught, for people to read.

/** What an error says: its message, or whatever else was thrown as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
