// What processes have used, as /proc shows it; undefined where there is none.

import { readFileSync } from "node:fs";

/** The time all their threads have used, in user mode and in the kernel. */
export function cpuSecondsOf(pids: number[]): number | undefined {
  return sum(
    pids.map((pid) => {
      const stat = readProc(pid, "stat");
      // The name, in parentheses, may hold anything; utime and stime are the 12th and 13th field behind it.
      const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
      const ticksPerSecond = 100;
      return fields && (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    }),
  );
}

export function rssBytesOf(pids: number[]): number | undefined {
  return sum(
    pids.map((pid) => {
      const kilobytes = /^VmRSS:\s*(\d+)/m.exec(readProc(pid, "status") ?? "")?.[1];
      return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
    }),
  );
}

function sum(values: (number | undefined)[]): number | undefined {
  return values.reduce((all, each) => (all === undefined || each === undefined ? undefined : all + each), 0);
}

function readProc(pid: number, file: string): string | undefined {
  if (process.platform !== "linux") return undefined;
  return readFileSync(`/proc/${pid}/${file}`, "utf8");
}
