// Builds the page: one HTML text with its style and its script inside, so that a browser asks once. The hashes are what a
// content security policy allows: no other script and no other style runs. Runs in Bun, at the server.

import { createHash } from "node:crypto";
import { join } from "node:path";

export type PageDocument = {
  html: string;
  /** The same in gzip, as small as it gets. */
  gzip: Uint8Array;
  /** The SHA-256 of its one script and of its one style, in base64, as a policy has them. */
  scriptHash: string;
  styleHash: string;
};

const here = import.meta.dir;

/** Builds it anew at each call, which takes some tenths of a second. Rejects if its sources are damaged. */
export async function buildDocument(): Promise<PageDocument> {
  const [script, style, markup] = await Promise.all([
    built("main.ts"),
    built("style.css"),
    Bun.file(join(here, "index.html")).text(),
  ]);
  // As functions: "$&" in a script is no pattern.
  const html = markup
    .replace(/\n\s*/g, "\n")
    .replace("/*style*/", () => style)
    .replace("/*script*/", () => script);
  const gzip = Bun.gzipSync(html, { library: "libdeflate", level: 12 });
  return { html, gzip, scriptHash: hashOf(script), styleHash: hashOf(style) };
}

async function built(entry: string): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [join(here, entry)],
    target: "browser",
    format: "esm",
    minify: true,
  });
  const text = (await Promise.all(outputs.map((output) => output.text()))).join("").trim();
  // What would end the element that it stands in.
  if (/<\/(?:script|style)|<!--/i.test(text))
    throw new Error(`${entry} has the end of its own element in it`);
  return text;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}
