// The open files of this process. Each connection is one, and the system limits their number: with none left, no connection
// can be accepted.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { resultOf } from "../../protocol/errors.ts";

/** How many files the system lets this process open (`ulimit -n`); Infinity where it sets no limit. */
export function openFiles(
  readLimits: () => string = () => readFileSync("/proc/self/limits", "utf8"),
  askShell: () => string = () => String(Bun.spawnSync(["sh", "-c", "ulimit -n"]).stdout),
): number {
  for (const ask of [() => /^Max open files\s+(\d+)/m.exec(readLimits())?.[1], askShell]) {
    try {
      const files = Number.parseInt(ask() ?? "", 10);
      if (files > 0) return files;
    } catch {
      // Not Linux, or no shell, as on Windows, which has no such limit.
    }
  }
  return Infinity;
}

/** Linux shows the open files of this process here, one name each. */
const shownAt = "/proc/self/fd";

/** How many files this process has open; undefined where the system does not show them. */
export function filesInUse(): number | undefined {
  // Linux has had the number as a size since 6.2.
  return resultOf(() => statSync(shownAt).size || readdirSync(shownAt).length);
}
