// A process as Linux shows it in /proc. Elsewhere there is nothing to be seen: undefined.

import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

export function rssMegabytes(pid: number): number | undefined {
  const path = `/proc/${pid}/status`;
  if (!existsSync(path)) return undefined;
  const kilobytes = /^VmRSS:\s*(\d+)/m.exec(readFileSync(path, "utf8"))?.[1];
  return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 102.4) / 10;
}

/** How many files and sockets it has open; not those without a name, such as the one SQLite makes when it needs it. */
export function openFiles(pid: number): number | undefined {
  const path = `/proc/${pid}/fd`;
  if (!existsSync(path)) return undefined;
  return readdirSync(path).filter((fd) => !linkOf(`${path}/${fd}`).endsWith(" (deleted)")).length;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed since it was listed.
    return " (deleted)";
  }
}
