// Builds the page: one HTML text with its style and its script inside, so that a browser asks once. A content security policy
// with their hashes lets no other script and no other style run. This file runs in Bun, at the server.

import { createHash } from "node:crypto";
import { join } from "node:path";

export type PageDocument = {
  html: string;
  /** The SHA-256 of its one script and of its one style, in base64, as a policy has them. */
  scriptHash: string;
  styleHash: string;
};

const here = import.meta.dir;

/** Replaced by the page when a binary is built (tests/release/build.ts), which has no sources. */
declare const chatPage: PageDocument | undefined;

/** Builds the page anew at each call, which takes some tenths of a second. Rejects if its sources are damaged. */
export async function buildDocument(): Promise<PageDocument> {
  if (typeof chatPage === "object") return chatPage;
  const source = (name: string) => Bun.file(join(here, name)).text();
  const [script, styleSource, markup] = await Promise.all([
    builtScript(),
    source("style.css"),
    source("index.html"),
  ]);
  const style = smallStyle(styleSource);
  // Such a tag inside the script or the style would end their element.
  if (/<\/(?:script|style)|<!--/i.test(script + style))
    throw new Error("The page's script would end its element");
  // As functions, so that "$&" in a script has no meaning here.
  const html = markup
    .replace(/\n\s*/g, "")
    .replace("/*style*/", () => style)
    .replace("/*script*/", () => script);
  return { html, scriptHash: hashOf(script), styleHash: hashOf(style) };
}

async function builtScript(): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [join(here, "main.ts")],
    target: "browser",
    format: "esm",
    minify: true,
  });
  return (await Promise.all(outputs.map((output) => output.text()))).join("").trim();
}

/** The style without comments and blanks. Bun's own minifier adds rules for old browsers, and makes it a tenth larger. */
function smallStyle(style: string): string {
  const withoutComments = style.replace(/\/\*.*?\*\//gs, "").replace(/\s+/g, " ");
  return withoutComments
    .replace(/ ?([{};,>]) ?/g, "$1")
    .replace(/: /g, ":")
    .replaceAll(";}", "}")
    .trim();
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}
