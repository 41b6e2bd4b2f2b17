// Job control: whether the terminal is this program's, and how it is given back to the shell until `fg`. A program in the
// background must not read from the terminal, since the system would stop it. /proc says this on Linux, ps elsewhere; where
// there is neither, as on Windows, there is no job control.

import { readFileSync } from "node:fs";

/**
 * Whether this program may read from the terminal: the system stops a job in the background that does. True where the
 * system does not say, since there is no shell then that could have put the program into the background.
 */
export function inForeground(
  readStat: () => string = () => readFileSync("/proc/self/stat", "utf8"),
  askPs: () => string = psOfThis,
): boolean {
  const [own, terminals] = processGroups(readStat, askPs);
  return own === terminals || !(Number(terminals) > 0);
}

/**
 * Stops the program, as Ctrl-Z asks for, together with what was started with it. Returns once it goes on, or at once
 * where no shell could let it go on.
 */
export function stopJob(): void {
  try {
    process.kill(0, "SIGTSTP");
  } catch {
    // Windows: it knows no such signal.
  }
}

/** Our process group, and the one that has the terminal; undefined where the system does not say. */
function processGroups(
  readStat: () => string,
  askPs: () => string,
): [own: string | undefined, terminals: string | undefined] {
  try {
    const stat = readStat();
    // In brackets is the program's name, which may hold some itself. Then: state, parent, group, session, terminal, …
    const [, , own, , , terminals] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return [own, terminals];
  } catch {
    // Not Linux.
  }
  try {
    const [own, terminals] = askPs().trim().split(/\s+/);
    return [own, terminals];
  } catch {
    return [undefined, undefined];
  }
}

function psOfThis(): string {
  return String(Bun.spawnSync(["ps", "-o", "pgid=", "-o", "tpgid=", "-p", `${process.pid}`]).stdout);
}
