// The page as it is answered: built once, in two encodings, with headers that let only its own script and style run.

import { expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { Page, type PageDocument } from "../../../../../lib/server/transports/web/page.ts";
import { testMs } from "../../../../support/transcript.ts";

setDefaultTimeout(testMs);

const hash = (text: string) => createHash("sha256").update(text).digest("base64");
const [script, style] = ["let page = 'ö';", "p { color: red }"];
const document: PageDocument = {
  html: `<!doctype html><style>${style}</style><script>${script}</script>`,
  scriptHash: hash(script),
  styleHash: hash(style),
};
const asked = (headers: Record<string, string> = {}) => new Headers(headers);

test("the page is built once, when it is first asked for", async () => {
  let built = 0;
  const page = new Page(async () => {
    built++;
    return document;
  }, expect.unreachable);
  expect(built).toBe(0);
  const answers = await Promise.all([page.answer(asked()), page.answer(asked()), page.answer(asked())]);
  for (const answer of answers) expect(await answer.text()).toBe(document.html);
  expect(built).toBe(1);
});

test("the page has the headers that a browser goes by", async () => {
  const { status, headers } = await new Page(async () => document, expect.unreachable).answer(asked());
  expect(status).toBe(200);
  expect(Object.fromEntries(headers)).toEqual({
    "content-type": "text/html; charset=utf-8",
    "content-security-policy":
      `default-src 'none'; script-src 'sha256-${hash(script)}'; style-src 'sha256-${hash(style)}'; ` +
      "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
      "require-trusted-types-for 'script'; trusted-types 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "cache-control": "no-cache",
    vary: "accept-encoding",
    etag: expect.stringMatching(/^W\/"[\w-]{43}"$/),
    connection: "close",
  });
});

test("the page in gzip is the same page", async () => {
  const page = new Page(async () => document, expect.unreachable);
  const answer = await page.answer(asked({ "accept-encoding": "br, gzip" }));
  expect(answer.headers.get("content-encoding")).toBe("gzip");
  expect(String(Buffer.from(Bun.gunzipSync(await answer.arrayBuffer())))).toBe(document.html);
});

test("a browser that has the page gets no second one", async () => {
  const page = new Page(async () => document, expect.unreachable);
  const etag = (await page.answer(asked())).headers.get("etag") ?? "";
  for (const known of [etag, etag.slice(2), `"other", ${etag}`, "*"]) {
    const answer = await page.answer(asked({ "if-none-match": known }));
    expect([answer.status, await answer.text(), answer.headers.get("etag")]).toEqual([304, "", etag]);
  }
  for (const unknown of ['W/"other"', "", etag.slice(0, -2)]) {
    expect((await page.answer(asked({ "if-none-match": unknown }))).status).toBe(200);
  }
});

test("a page that cannot be built says so, and its reason is told once", async () => {
  const problems: string[] = [];
  const page = new Page(
    async () => {
      throw new Error("main.ts is damaged");
    },
    (reason) => problems.push(reason),
  );
  for (let i = 0; i < 3; i++) {
    const answer = await page.answer(asked());
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain("main.ts");
  }
  expect(problems).toEqual(["main.ts is damaged"]);
});
