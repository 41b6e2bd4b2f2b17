// Errors of PostgreSQL and of its connections, in words for the person who runs the server.

import type { SQL } from "bun";

/** A failed statement. `message` goes on after the word "PostgreSQL". */
export class PostgresError extends Error {
  /** Whether PostgreSQL answered that it did not carry out the statement. */
  readonly isAnswer: boolean;
  /** Whether the connection broke or could not be made: the statement may have been carried out. */
  readonly isBreak: boolean;

  constructor(reason: string, kind?: "answer" | "break") {
    super(reason);
    this.isAnswer = kind === "answer";
    this.isBreak = kind === "break";
  }
}

/** SQLSTATEs by which PostgreSQL refuses a statement, in words for the person who runs the server. */
const answers: Record<string, string> = {
  "42501": "does not let this user do that",
  "53100": "has a full disk",
  "53200": "is out of memory",
  "25006": "is a standby, which takes no writes",
};

/** SQLSTATEs of connections, of a PostgreSQL that ends or starts, and of missing tables: the statement is tried again. */
const rebuffs: Record<string, string> = {
  "28P01": "does not accept the password of this user",
  "28000": "does not let this user in",
  "3D000": "has no such database",
  "53300": "has too many connections",
  "57P01": "is shutting down",
  "57P02": "is starting again after a crash",
  "57P03": "is starting or ending",
  "3F000": "has lost its tables",
  "42P01": "has lost its tables",
  "42883": "has lost its tables",
  "0A000": "has other tables now",
};

/** The error as a PostgresError; throws an error that is none of PostgreSQL's. */
export function problemOf(error: unknown): PostgresError {
  if (error instanceof PostgresError) return error;
  if (!(error instanceof Error && "code" in error)) throw error as Error;
  const { code, message } = error as SQL.PostgresError;
  const { errno = "" } = error as SQL.PostgresError;
  const [answer, rebuff] = [answers[errno], rebuffs[errno]];
  if (answer !== undefined) return new PostgresError(answer, "answer");
  if (rebuff !== undefined) return new PostgresError(rebuff);
  if (/^[0-9A-Z]{5}$/.test(errno)) return new PostgresError(`says ${message}`, "answer");
  if (/^ERR_INVALID_ARG/.test(code)) return new PostgresError(`cannot be asked with such a URL: ${message}`);
  if (code === "ERR_POSTGRES_TLS_NOT_AVAILABLE") return new PostgresError("does not speak TLS");
  if (/CERT|VERIFY_LEAF/.test(code)) {
    return new PostgresError(
      "has a certificate that is not to be trusted (NODE_EXTRA_CA_CERTS names whom to trust)",
    );
  }
  if (/TIMEOUT/.test(code)) return new PostgresError("does not answer");
  return new PostgresError("cannot be reached", "break");
}
