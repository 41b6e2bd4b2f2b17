// What is measured, and how it is shown. A scenario is a list of steps, each a server under a load, and the table
// its measurements make. Another scenario is another function like the two here, and a line in `chosen`.

import type { Load } from "./load.ts";
import type { ServerName } from "./servers.ts";
import { megabytes, ratio, table } from "./table.ts";

export type Step = { server: ServerName; load: Load };

export type Measurement = Step & {
  deliveriesPerSecond: number;
  lost: number;
  /** These two from /proc: absent where there is none. */
  cpuNanosecondsPerDelivery?: number;
  rssBytes?: number;
};

export type Scenario = {
  name: string;
  title: string;
  steps: Step[];
  /** The measurements are those of the steps, in their order. */
  show: (measurements: Measurement[]) => string[];
};

/** `clients`: only a room of so many. */
export function chosen(clients: number | undefined): Scenario[] {
  return clients === undefined ? [fanOut(100), fanOut(1000), stalled(200, 10)] : [fanOut(clients)];
}

/** Everybody reads: what does it cost to bring a message to many? */
function fanOut(clients: number): Scenario {
  const senders = Math.min(16, clients);
  const load: Load = { clients, senders, stalled: 0, window: 64, payloadBytes: 64 };
  const columns = ["CPU per delivery", "deliveries/s", "RSS"];
  return {
    name: `${clients} clients`,
    title: `${clients} clients, ${senders} of them talk, ${load.payloadBytes} bytes a message`,
    steps: (["ours", "naive", "websocket"] as const).map((server) => ({ server, load })),
    show(measurements) {
      const ours = measurements.find(({ server }) => server === "ours");
      const rows = measurements.map((each) => ({
        name: each.server,
        cells: [
          ratio(each.cpuNanosecondsPerDelivery, ours?.cpuNanosecondsPerDelivery),
          ratio(each.deliveriesPerSecond, ours?.deliveriesPerSecond),
          megabytes(each.rssBytes),
        ],
      }));
      return [...table(columns, rows), ...(ours ? [oneIs(ours)] : [])];
    },
  };
}

/** Some are in the room and never read: do the others notice, and where does what they do not read pile up? */
function stalled(clients: number, stalled: number): Scenario {
  const load: Load = { clients, senders: 16, stalled: 0, window: 64, payloadBytes: 1000 };
  const columns = ["CPU per delivery", "deliveries/s", "RSS", "RSS without them"];
  const compared = ["ours", "websocket"] as const;
  return {
    name: "stalled",
    title: `${clients} clients, ${load.payloadBytes} bytes a message, and ${stalled} more that never read`,
    steps: compared.flatMap((server) => [
      { server, load },
      { server, load: { ...load, stalled } },
    ]),
    show(measurements) {
      const rows = compared.map((name) => {
        const [without, withThem] = measurements.filter(({ server }) => server === name);
        const cells = [
          ratio(withThem?.cpuNanosecondsPerDelivery, without?.cpuNanosecondsPerDelivery),
          ratio(withThem?.deliveriesPerSecond, without?.deliveriesPerSecond),
          megabytes(withThem?.rssBytes),
          megabytes(without?.rssBytes),
        ];
        return { name, cells };
      });
      return [...table(columns, rows), "1.00 is each server without them"];
    },
  };
}

/** What a ratio of 1.00 stands for. */
function oneIs({ cpuNanosecondsPerDelivery: cpu, deliveriesPerSecond }: Measurement): string {
  const perSecond = `${Math.round(deliveriesPerSecond / 1000)} thousand deliveries/s`;
  return cpu === undefined
    ? `1.00 is ${perSecond}`
    : `1.00 is ${Math.round(cpu)} ns of CPU, and ${perSecond}`;
}
