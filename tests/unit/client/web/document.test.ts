// The page as one text: it is complete and small, and its policy's hashes are those of its own scripts and styles.

import { expect, setDefaultTimeout, test } from "bun:test";
import { buildDocument } from "../../../../lib/client/web/document.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

/** A page is read over slow networks, in one request: at most 30 kB. */
const gzipBytes = 30_000;

const hashOf = (text: string) => new Bun.CryptoHasher("sha256").update(text).digest("base64");

test("the page is one small text, with the hashes of its script and style", async () => {
  const { html, scriptHash, styleHash } = await buildDocument();
  const [scripts, styles] = [/<script[^>]*>(.*?)<\/script>/gs, /<style>(.*?)<\/style>/gs].map((element) =>
    [...html.matchAll(element)].map(([, text = ""]) => hashOf(text)),
  );
  expect({ scripts, styles }).toEqual({ scripts: [scriptHash], styles: [styleHash] });
  expect(Bun.gzipSync(html, { library: "libdeflate", level: 12 }).length).toBeLessThanOrEqual(gzipBytes);
});

test("the page asks for nothing else, and makes no markup of texts", async () => {
  const { html } = await buildDocument();
  expect(html).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/);
  expect(html).not.toMatch(/<(?:img|iframe|object|embed|audio|video)\b|\bsrc=|@import|\burl\(/);
  expect(html).not.toMatch(/\sstyle="|\son\w+="/);
});
