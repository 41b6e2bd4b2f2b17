// What the client keeps from one run to the next for a name at a server, as texts in a Keep: files on a terminal, the
// storage of a page in a browser. Whatever stands in a text, reading it ends well: what makes no sense is left out.

import { check, holdsPassword, type Raw } from "../../protocol/commands.ts";
import { isFault } from "../../protocol/events.ts";
import type { Unsettled } from "../core/outbox.ts";

/** `positions`: a Progress; `lines`: the lines typed; `drafts`: the text of the row. */
export type Kind = "positions" | "lines" | "drafts";

export interface Keep {
  get(kind: Kind): string | undefined;
  /** Undefined: nothing is kept any more. Never throws: what cannot be kept is lost. */
  set(kind: Kind, value: string | undefined): void;
}

/** How far a client has come: the last event that was shown, and when the client was in the room last, in ms since 1970. */
export type LastSeen = { epoch: string; seq: number; at: number };

/** How far a client has come, and the messages that are not known to be in the room, oldest first. */
export type Progress = { left: LastSeen | undefined; unsent: Unsettled[] };

/** How many unsent messages are kept. */
const maxUnsent = 200;
/** How many characters of the lines that were typed are kept; the newest are. */
const maxLines = 64 * 1024;

export function parseProgress(text: string | undefined): Progress {
  const { left, unsent } = parseObject(text);
  const messages = Array.isArray(unsent) ? unsent.slice(-maxUnsent) : [];
  return {
    left: isLastSeen(left) ? { epoch: left.epoch, seq: left.seq, at: left.at } : undefined,
    unsent: messages.flatMap((message) => asUnsettled(message) ?? []),
  };
}

export function progressText({ left, unsent }: Progress): string {
  const kept = unsent.filter(({ text }) => !holdsPassword(text)).slice(-maxUnsent);
  return JSON.stringify({ left, unsent: kept });
}

export function parseLines(text: string | undefined): string[] {
  const { lines } = parseObject(text);
  return Array.isArray(lines) ? lines.filter((line) => typeof line === "string") : [];
}

/** The newest of the lines, oldest first; none with a password. */
export function linesText(lines: readonly string[]): string {
  let left = maxLines;
  const kept = lines.filter((line) => !holdsPassword(line));
  const first = kept.findLastIndex((line) => {
    left -= line.length;
    return left < 0;
  });
  return JSON.stringify({ lines: kept.slice(first + 1) });
}

function parseObject(text: string | undefined): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text ?? "{}");
    return isObject(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isLastSeen(value: unknown): value is LastSeen {
  if (!isObject(value) || typeof value.epoch !== "string") return false;
  const { seq, at } = value;
  // The last millisecond that a Date can have.
  return Number.isSafeInteger(seq) && Number(seq) >= 0 && typeof at === "number" && Math.abs(at) <= 8.64e15;
}

function asUnsettled(value: unknown): Unsettled | undefined {
  if (!isObject(value) || typeof value.type !== "string") return undefined;
  const raw: Raw = { ...value, type: value.type };
  const command = check(raw);
  if (isFault(command)) return undefined;
  const isMessage = command.type === "say" || command.type === "act" || command.type === "tell";
  return isMessage && command.id !== undefined ? { ...command, id: command.id } : undefined;
}
