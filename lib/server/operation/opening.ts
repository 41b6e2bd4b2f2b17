// What the log says first: which program was started, where it is, and how to join it. The program is known by its version,
// the Bun that runs it, and the revision of its source: a binary is told that when it is built; from a checkout, Git's own
// files say it.

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { version } from "../../../package.json";
import { addressOf, type Place } from "../../protocol/addresses.ts";
import type { Fields } from "./log.ts";
import { type Options, unknownSettings } from "./options.ts";

export type Opening = {
  options: Options;
  /** Where it listens. */
  place: Place;
  /** How it is joined, the line for this machine last. */
  ways: string[];
  certificate: { fingerprint: string } | undefined;
  historyPlace: string;
  /** Where the metrics are shown. */
  page: { port: number } | undefined;
};

/** The lines, each with its fields; the last but the metrics' is what can be typed now. */
export function openingLines({
  options,
  place,
  certificate,
  historyPlace,
  page,
  ways,
}: Opening): [line: string, fields?: Fields][] {
  const build = aboutBuild();
  const today = new Date().toDateString();
  const lines: [line: string, fields?: Fields][] = [
    [`The chat room is open on ${addressOf(place)}`, { port: place.port }],
    [`It is chatroom ${version} on Bun ${build.bun}, started on ${today}`, build],
    [`Its history is in ${historyPlace}`],
    ...unknownSettings().map((problem): [string] => [problem]),
  ];
  if (certificate) lines.push([`It speaks TLS, with the certificate sha256:${certificate.fingerprint}`]);
  for (const [index, way] of ways.entries())
    lines.push([index < ways.length - 1 ? way : `${way}; Ctrl-C ends it`]);
  const { metrics } = options;
  if (page && metrics)
    lines.push([`Its metrics are on http://${addressOf({ ...metrics, port: page.port })}/metrics`]);
  return lines;
}

// ---- Which program this is ----

/** Replaced by the revision when a binary is built (tests/release/build.ts). */
declare const chatRevision: string | undefined;

export function aboutBuild(): { version: string; bun: string; revision: string } {
  return {
    version,
    bun: Bun.version,
    revision: typeof chatRevision === "string" ? chatRevision : revision(),
  };
}

/** The commit that is checked out in this folder. */
export function revision(folder = join(import.meta.dir, "../../..")): string {
  const read = (...path: string[]) => readFileSync(join(...path), "utf8").trim();
  try {
    const git = gitFolder(folder);
    const head = read(git, "HEAD");
    const [, ref] = /^ref: (.*)$/.exec(head) ?? [];
    if (ref === undefined) return head;
    // A second working copy has its HEAD alone; the branches are in the first one's folder.
    const common = attempt(() => resolve(git, read(git, "commondir"))) ?? git;
    const packed = () =>
      read(common, "packed-refs")
        .split("\n")
        .find((line) => line.endsWith(` ${ref}`));
    return attempt(() => read(common, ref)) ?? packed()?.split(" ")[0] ?? "unknown";
  } catch {
    return "unknown";
  }
}

function gitFolder(folder: string): string {
  const git = join(folder, ".git");
  const [, elsewhere] = /^gitdir: (.*)$/m.exec(attempt(() => readFileSync(git, "utf8")) ?? "") ?? [];
  return elsewhere === undefined ? git : resolve(folder, elsewhere);
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
