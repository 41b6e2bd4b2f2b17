// The end of a program that cannot go on: one sentence on stderr, and an exit code.

import { messageOf, UsageError } from "../protocol/errors.ts";
import { visibleRow } from "../protocol/text.ts";

/** Prints the error's sentence and ends the program: with exit code 2 for a UsageError, 1 for any other. */
export function fail(error: unknown): never {
  process.stderr.write(`${visibleRow(messageOf(error))}\n`);
  process.exit(error instanceof UsageError ? 2 : 1);
}

/** The result of a step that the program cannot start without: if it throws, the program ends as `fail` says. */
export function attempt<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    return fail(error);
  }
}
