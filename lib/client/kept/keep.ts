// The texts that a client keeps from one run to the next, for each name at each server. A Keep holds them: files on a
// terminal, the storage of the browser for a page. Parsing never throws: parts of a text that make no sense are left out.

import { check, type Raw } from "../../protocol/commands.ts";
import { isFault } from "../../protocol/events.ts";
import { holdsPassword } from "../../protocol/typed.ts";
import type { Unsettled } from "../core/outbox.ts";

/** `positions`: a Progress; `lines`: the lines typed; `drafts`: the text of the row. */
export type Kind = "positions" | "lines" | "drafts";

export interface Keep {
  get(kind: Kind): string | undefined;
  /** Keeps a text; undefined deletes it. Never throws: a text that cannot be kept is lost. */
  set(kind: Kind, value: string | undefined): void;
}

/** How far a client has come: the last event that was shown, and when the client was in the room last, in ms since 1970. */
export type LastSeen = { epoch: string; seq: number; at: number };

/** How far a client has come, and the messages that are not known to be in the room, oldest first. */
export type Progress = { left: LastSeen | undefined; unsent: Unsettled[] };

/** How many unsent messages are kept; the newest are. */
const maxUnsent = 200;
/** How many characters of the lines that were typed are kept; the newest are. */
const maxLines = 64 * 1024;

/** The progress in a kept text; without a text, or in one that makes no sense, an empty one. */
export function parseProgress(text: string | undefined): Progress {
  const { left, unsent } = parseObject(text);
  const messages = Array.isArray(unsent) ? unsent.slice(-maxUnsent) : [];
  return {
    left: isLastSeen(left) ? { epoch: left.epoch, seq: left.seq, at: left.at } : undefined,
    unsent: messages.flatMap((message) => asUnsettled(message) ?? []),
  };
}

/** The text to keep of a progress: only its newest messages, and none with a password. */
export function progressText({ left, unsent }: Progress): string {
  const kept = unsent.filter(({ text }) => !holdsPassword(text)).slice(-maxUnsent);
  return JSON.stringify({ left, unsent: kept });
}

/** The lines in a kept text, oldest first. */
export function parseLines(text: string | undefined): string[] {
  return stringsIn(parseObject(text).lines);
}

/** The strings in a list; none in anything else. */
export function stringsIn(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((item) => typeof item === "string") : [];
}

/** The text to keep of lines, which are oldest first: the newest of them, none with a password. */
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
  // A Date goes no further than 8.64e15 ms.
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
