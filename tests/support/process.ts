// The CPU time, memory and files of processes, as Linux shows them in /proc; undefined on other systems.

import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The CPU time that all threads of these processes have used, in user mode and in the kernel. */
export function cpuSecondsOf(pids: number[]): number | undefined {
  return sum(
    pids.map((pid) => {
      const stat = read(pid, "stat");
      // The name, in parentheses, may hold anything; utime and stime are the 12th and 13th field behind it.
      const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
      const ticksPerSecond = 100;
      return fields && (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    }),
  );
}

export function rssBytesOf(pids: number[]): number | undefined {
  return sum(pids.map((pid) => bytesIn(pid, /^VmRSS:\s*(\d+)/m)));
}

/** The most memory that each process ever had, in all. */
export function peakBytesOf(pids: number[]): number | undefined {
  return sum(pids.map((pid) => bytesIn(pid, /^VmHWM:\s*(\d+)/m)));
}

function bytesIn(pid: number, row: RegExp): number | undefined {
  const kilobytes = row.exec(read(pid, "status") ?? "")?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** The memory in megabytes, with one decimal. */
export function rssMegabytes(pid: number): number | undefined {
  const bytes = rssBytesOf([pid]);
  return bytes === undefined ? undefined : Math.round((bytes / 2 ** 20) * 10) / 10;
}

/** How many files and sockets a process has open, without those that have no name, such as SQLite's temporary file. */
export function openFiles(pid: number): number | undefined {
  const path = `/proc/${pid}/fd`;
  if (!existsSync(path)) return undefined;
  return readdirSync(path).filter((fd) => !linkOf(`${path}/${fd}`).endsWith(" (deleted)")).length;
}

function sum(values: (number | undefined)[]): number | undefined {
  return values.reduce((all, each) => (all === undefined || each === undefined ? undefined : all + each), 0);
}

function read(pid: number, file: string): string | undefined {
  const path = `/proc/${pid}/${file}`;
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed since it was listed.
    return " (deleted)";
  }
}
