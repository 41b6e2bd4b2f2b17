// Metrics that are never shown, for tests of parts that count in them.

import { Metrics } from "../../lib/server/operation/metrics/metrics.ts";

export function idleMetrics(): Metrics {
  const none = () => 0;
  return new Metrics({ connections: none, members: none, readersBehind: none, paused: none });
}
