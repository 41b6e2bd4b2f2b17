// The page of the metrics, and the page that tells whether the server is healthy. Both are for this machine alone (127.0.0.1),
// unless --metrics names another host. A page of another site, whose name leads to this machine (DNS rebinding), could make a
// browser here read them, so only requests for an address, or for a name of this machine, are answered.

import { addressOf, type Place } from "../../../protocol/addresses.ts";
import { codeOf, messageOf } from "../../../protocol/errors.ts";
import { listenReasons } from "../listeners.ts";
import { isOwnHost } from "./host-names.ts";

const contentType = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Serves the metrics on http://HOST:PORT/metrics of this place, and on /healthz whether the server is healthy: `trouble` returns
 * the reason why it is not. Port 0 is any free one. Throws an Error of one sentence if it cannot listen there.
 */
export function serveMetrics(
  place: Place,
  metrics: { render(): string },
  trouble: () => string | undefined,
): { port: number; stop: () => void } {
  const server = listen(place, (request) => {
    const asked = request.headers.get("host") ?? "";
    // Browsers always send a Host.
    if (asked !== "" && !isOwnHost(asked, [place.host.toLowerCase()])) {
      return new Response("This is not the host you asked for\n", { status: 403 });
    }
    // Without a Host, which HTTP/1.0 allows, `url` has no host either.
    const pathname = URL.parse(request.url, "http://localhost")?.pathname ?? "";
    if (!["/metrics", "/healthz"].includes(pathname)) return new Response("Not found\n", { status: 404 });
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response("Only GET\n", { status: 405, headers: { allow: "GET, HEAD" } });
    }
    if (pathname === "/metrics") {
      return new Response(metrics.render(), { headers: { "content-type": contentType } });
    }
    const reason = trouble();
    return new Response(`${reason ?? "ok"}\n`, { status: reason === undefined ? 200 : 503 });
  });
  return { port: server.port ?? place.port, stop: () => server.stop(true) };
}

function listen(place: Place, fetch: (request: Request) => Response): Bun.Server<undefined> {
  try {
    return Bun.serve({
      hostname: place.host,
      port: place.port,
      // By default Bun would share the port with another server.
      reusePort: false,
      development: false,
      fetch,
      error: () => new Response("Bad request\n", { status: 400 }),
    });
  } catch (error) {
    const reasons = listenReasons("--metrics", "--metrics");
    // Bun.serve has other codes for a name that is unknown, and for one that cannot be looked up now.
    const codes: Record<string, string> = { EINVAL: "ENOTFOUND", EAGAIN: "EAI_AGAIN" };
    const code = codeOf(error);
    const reason = reasons[codes[code] ?? code] ?? messageOf(error);
    throw new Error(`Cannot show the metrics on ${addressOf(place)}, ${reason}`);
  }
}
