// The page for browsers: one document with its style and its script. It is built at the first request, and then sent to all, plain
// or as gzip. Its headers forbid it to run any other script and to fetch anything.

import { createHash } from "node:crypto";
import { messageOf } from "../../../protocol/errors.ts";
import { accepts } from "./request.ts";

/** The page, and the SHA-256 of its script and its style in base64. */
export type PageDocument = { html: string; scriptHash: string; styleHash: string };

/** How long until a document that could not be built is tried again, in ms. */
const tryAgainMs = 10_000;

export const headers = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
  "cache-control": "no-cache",
  // No socket stays open without a request.
  connection: "close",
};

type Built = { plain: Buffer; gzip: Buffer; headers: Record<string, string>; etag: string };

export class Page {
  readonly #build: () => Promise<PageDocument>;
  readonly #failed: (reason: string) => void;
  #built: Promise<Built | undefined> | undefined;

  /** `failed` is called with the reason if the document cannot be built. */
  constructor(build: () => Promise<PageDocument>, failed: (reason: string) => void) {
    this.#build = build;
    this.#failed = failed;
  }

  /** The answer to a GET or a HEAD. */
  async answer(asked: Headers): Promise<Response> {
    this.#built ??= this.#make();
    const page = await this.#built;
    if (!page) return sentence(500, "The page cannot be built: the server's log says why");
    if (isKnown(asked.get("if-none-match"), page.etag)) {
      return new Response(null, { status: 304, headers: page.headers });
    }
    if (!accepts(asked, "gzip")) return new Response(page.plain, { headers: page.headers });
    return new Response(page.gzip, { headers: { ...page.headers, "content-encoding": "gzip" } });
  }

  async #make(): Promise<Built | undefined> {
    try {
      return encoded(await this.#build());
    } catch (error) {
      this.#failed(messageOf(error));
      setTimeout(() => {
        this.#built = undefined;
      }, tryAgainMs).unref();
      return undefined;
    }
  }
}

/** An answer of one sentence. */
export function sentence(status: number, text: string, more: Record<string, string> = {}): Response {
  const type = { "content-type": "text/plain; charset=utf-8" };
  return new Response(`${text}\n`, { status, headers: { ...headers, ...type, ...more } });
}

function encoded(document: PageDocument): Built {
  const plain = Buffer.from(document.html);
  const gzip = Buffer.from(Bun.gzipSync(plain, { library: "libdeflate", level: 12 }));
  // A weak tag, since it is the same for both encodings.
  const etag = `W/"${createHash("sha256").update(plain).digest("base64url")}"`;
  const content = { "content-type": "text/html; charset=utf-8", vary: "accept-encoding", etag };
  return {
    plain,
    gzip,
    etag,
    headers: { ...headers, ...content, "content-security-policy": policyFor(document) },
  };
}

/** The policy of the page: it may run its own script and style, and connect to this server. */
function policyFor({ scriptHash, styleHash }: PageDocument): string {
  return [
    "default-src 'none'",
    `script-src 'sha256-${scriptHash}'`,
    `style-src 'sha256-${styleHash}'`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

/** Whether a browser that sends these tags has the document already. A proxy may have removed the W/ of a weak tag. */
function isKnown(tags: string | null, etag: string): boolean {
  const bare = (tag: string) => tag.trim().replace(/^W\//, "");
  return (tags ?? "").split(",").some((tag) => tag.trim() === "*" || bare(tag) === bare(etag));
}
