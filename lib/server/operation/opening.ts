// The first lines of the log: which program was started, where it listens, and how to join it. The program is identified by its
// version, the Bun that runs it, and the revision of its source. A binary gets the revision when it is built; from a checkout
// it is read in Git's files.

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { version } from "../../../package.json";
import { addressOf, type Place } from "../../protocol/addresses.ts";
import { resultOf } from "../../protocol/errors.ts";
import { isLoopback } from "../limits/addresses.ts";
import { dayOf, type Fields } from "./log.ts";
import { type Options, unknownSettings } from "./options.ts";

export type Opening = {
  options: Options;
  /** Where the server listens. */
  place: Place;
  /** How to join it, the line for this machine last. */
  ways: readonly string[];
  /** The addresses on which it listens. */
  addresses: readonly string[];
  certificate: { fingerprint: string } | undefined;
  historyPlace: string;
  /** The page of the metrics, if there is one. */
  page: { port: number } | undefined;
};

export function openingLines(opening: Opening): [line: string, fields?: Fields][] {
  const { options, place, ways, addresses, certificate, historyPlace, page } = opening;
  const { log, metrics } = options;
  const build = aboutBuild();
  const lines: [line: string, fields?: Fields][] = [
    [`The chat room is open on ${addressOf(place)}`, { port: place.port, ...build }],
  ];
  const add = (line: string) => lines.push([line]);
  if (log === "text") add(`It is chatroom ${version} on Bun ${build.bun}, started on ${dayOf(new Date())}`);
  add(`Its history is in ${historyPlace}`);
  if (certificate) add(`It speaks TLS, with the certificate sha256:${certificate.fingerprint}`);
  for (const problem of unknownSettings()) add(problem);
  const isLocal = addresses.every(isLoopback);
  if (isLocal && log === "text") add("Others cannot join (this machine only; --host :: lets others in)");
  for (const way of ways.slice(0, -1)) add(way);
  add(`${ways.at(-1)}; Ctrl-C ends it`);
  if (page && metrics) add(`Its metrics are on http://${addressOf({ ...metrics, port: page.port })}/metrics`);
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

/** The commit that is checked out in this folder; "unknown" without one. */
export function revision(folder = join(import.meta.dir, "../../..")): string {
  const read = (...path: string[]) => readFileSync(join(...path), "utf8").trim();
  try {
    const git = gitFolder(folder);
    const head = read(git, "HEAD");
    const [, ref] = /^ref: (.*)$/.exec(head) ?? [];
    if (ref === undefined) return head;
    // A further working copy has only its HEAD; the branches are in the folder of the first.
    const common = resultOf(() => resolve(git, read(git, "commondir"))) ?? git;
    const packed = () =>
      read(common, "packed-refs")
        .split("\n")
        .find((line) => line.endsWith(` ${ref}`));
    return resultOf(() => read(common, ref)) ?? packed()?.split(" ")[0] ?? "unknown";
  } catch {
    return "unknown";
  }
}

function gitFolder(folder: string): string {
  const git = join(folder, ".git");
  const [, elsewhere] = /^gitdir: (.*)$/m.exec(resultOf(() => readFileSync(git, "utf8")) ?? "") ?? [];
  return elsewhere === undefined ? git : resolve(folder, elsewhere);
}
