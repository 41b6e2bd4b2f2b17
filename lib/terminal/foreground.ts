// Job control: whether this program is in the terminal's foreground, and how it gives the terminal back to the shell until
// `fg`. A program in the background must not read from the terminal, since the system would stop it. Linux tells in /proc,
// other systems by ps; a system without both, as Windows, has no job control.

import { readFileSync } from "node:fs";

/** Whether this program may read from the terminal. True if the system does not tell: then it has no job control. */
export function inForeground(
  readStat: () => string = () => readFileSync("/proc/self/stat", "utf8"),
  askPs: () => string = psOfThis,
): boolean {
  const [own, foreground] = processGroups(readStat, askPs);
  const isTold = Number(foreground) > 0;
  return !isTold || own === foreground;
}

/**
 * Stops the program and the others of its job, as Ctrl-Z asks for. Returns once the shell continues it, or at once if no
 * shell could.
 */
export function stopJob(): void {
  try {
    process.kill(0, "SIGTSTP");
  } catch {
    // Windows: it knows no such signal.
  }
}

/** Our process group, and the one in the terminal's foreground; undefined if the system does not tell. */
function processGroups(
  readStat: () => string,
  askPs: () => string,
): [own: string | undefined, foreground: string | undefined] {
  try {
    const stat = readStat();
    // Behind the program's name in brackets, which may hold brackets itself: state, parent, group, session, terminal, …
    const [, , own, , , foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return [own, foreground];
  } catch {
    // Not Linux.
  }
  try {
    const [own, foreground] = askPs().trim().split(/\s+/);
    return [own, foreground];
  } catch {
    return [undefined, undefined];
  }
}

function psOfThis(): string {
  return String(Bun.spawnSync(["ps", "-o", "pgid=", "-o", "tpgid=", "-p", `${process.pid}`]).stdout);
}
