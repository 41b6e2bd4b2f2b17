// Errors for people to read: one sentence that says what is wrong and what to do, never a stack trace. A program that meets
// one prints it and ends: with exit code 2 after a UsageError, with 1 after any other. JavaScript can throw any value, so the
// functions take any value.

/** A mistake in flags or settings. Its message is one sentence that says how to put it right. */
export class UsageError extends Error {}

/** The message of an error; any other thrown value as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The result of `run`; undefined if it throws. */
export function resultOf<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

/** The code that the system or Bun gave an error, such as ECONNREFUSED; "" if it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** Why a file cannot be used, in words that follow a colon; of an error of another kind, its message. */
export function fileReasonOf(error: unknown): string {
  const reasons: Record<string, string> = {
    EACCES: "permission is denied",
    EISDIR: "it is a folder",
    ENOENT: "there is no such file",
    ENOSPC: "the disk is full",
    ENOTDIR: "there is no such folder",
    EROFS: "it cannot be written",
  };
  return reasons[codeOf(error)] ?? messageOf(error);
}
