// Settings that are read again: what changes at once, what waits for the next start, and that a wrong one changes nothing.

import { beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { parseFlags } from "../../../../lib/cli/flags.ts";
import { UsageError } from "../../../../lib/protocol/errors.ts";
import { openFiles } from "../../../../lib/server/limits/open-files.ts";
import { TokenBucket } from "../../../../lib/server/limits/token-bucket.ts";
import { doorLimits, sessionLimits } from "../../../../lib/server/operation/limits.ts";
import { flags } from "../../../../lib/server/operation/options.ts";
import { reload, type Settings } from "../../../../lib/server/operation/reload.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

/** As if the server was started with these flags, and with these passwords in its files. */
function settingsOf(
  args: string[],
  passwords: { password?: string; operatorPassword?: string } = {},
): Settings {
  const options = parseFlags(flags, { usage: "", summary: "" }, args, {});
  const { password, operatorPassword } = passwords;
  const session = { ...sessionLimits(options), password };
  return { options, session, door: doorLimits(options), operators: [operatorPassword, []] };
}

let settings: Settings;
beforeEach(() => {
  settings = settingsOf(["--rate", "5"]);
});

const read = (args: string[], passwords = {}) =>
  reload(settings, undefined, () => settingsOf(args, passwords));

test("what is as it was is said to be", () => {
  expect(read(["--rate", "5"])).toBe("nothing has changed");
});

test("limits change at once, also for those who are there", () => {
  const bucket = new TokenBucket(settings.session.rate);
  expect(bucket.costMs(10)).toBe(2_000);
  const { session, door, options } = settings;
  expect(
    read(["--rate", "10", "--max-connections", "7", "--max-per-address", "3", "--stay", "--quiet"]),
  ).toBe("changed: --stay, --rate, --max-connections, --max-per-address, --quiet");
  expect(bucket.costMs(10)).toBe(1_000);
  expect(door).toMatchObject({ maxConnections: 7, maxPerAddress: 3, addressRate: { perSecond: 50 } });
  expect(options).toMatchObject({ rate: 10, stay: true, quiet: true });
  expect(settings.session).toBe(session);
});

test("passwords change at once, and are not shown", () => {
  const said = read(["--rate", "5"], { password: "sesame", operatorPassword: "hunter2" });
  expect(said).toBe("changed: the room's password, the operators' passwords");
  expect(settings.session.password).toBe("sesame");
  expect(settings.operators).toEqual(["hunter2", []]);
  expect(read(["--rate", "5"])).toContain("changed: ");
  expect(settings.session.password).toBeUndefined();
});

test.each([
  ["--port", "7"],
  ["--host", "::"],
  ["--history", "other.sqlite"],
  ["--keep", "5"],
  ["--seat", "5"],
  ["--metrics", "9100"],
  ["--log", "json"],
])("%s %s waits for the next start, and is named each time", (flag, value) => {
  const before = structuredClone(settings.options);
  for (let time = 0; time < 2; time++) {
    expect(read(["--rate", "5", flag, value])).toBe(`nothing has changed; at the next start: ${flag}`);
  }
  expect(settings.options).toEqual(before);
});

test("a wrong setting changes nothing, and is named", () => {
  const before = structuredClone(settings);
  const said = reload(settings, undefined, () => {
    throw new UsageError('--rate takes a whole number, not "x" (from server.conf, line 3)');
  });
  expect(said).toBe(
    'nothing was changed, since the settings cannot be used: --rate takes a whole number, not "x" (from server.conf, line 3)',
  );
  expect(settings).toEqual(before);
});

const tls = ["--rate", "5", "--tls-cert", "a.pem", "--tls-key", "a.key"];

test("a certificate is used first; one that cannot be used changes nothing", () => {
  settings = settingsOf(tls);
  const fresh = () => settingsOf([...tls, "--stay"]);
  const broken = () => {
    throw new Error("There is no PEM certificate in a.pem");
  };
  for (const renewal of [{ reread: broken }, { reread: () => broken }]) {
    expect(reload(settings, renewal, fresh)).toEndWith(": There is no PEM certificate in a.pem");
    expect(settings.options.stay).toBe(false);
  }
  const paths: (string | undefined)[] = [];
  const renewed = (isOther: boolean) => ({
    reread: (options: Settings["options"]) => {
      paths.push(options["tls-cert"]);
      return () => isOther;
    },
  });
  expect(reload(settings, renewed(true), fresh)).toBe("changed: --stay, the certificate");
  expect(reload(settings, renewed(false), fresh)).toBe("nothing has changed");
  expect(paths).toEqual(["a.pem", "a.pem"]);
});

test("TLS begins and ends at a start", () => {
  const waiting = "nothing has changed; at the next start: --tls-cert, --tls-key";
  expect(read(tls)).toBe(waiting);
  expect(settings.options["tls-cert"]).toBeUndefined();
  settings = settingsOf(tls);
  expect(reload(settings, { reread: () => () => true }, () => settingsOf(["--rate", "5"]))).toBe(waiting);
});

const missing = () => {
  throw Object.assign(new Error("no such file"), { code: "ENOENT" });
};

test.each<[what: string, limits: () => string, shell: () => string, files: number]>([
  [
    "Linux",
    () => "Max open files            1024                 4096                 files \n",
    missing,
    1024,
  ],
  [
    "Linux without a limit",
    () => "Max open files            unlimited            unlimited",
    () => "unlimited\n",
    Infinity,
  ],
  ["macOS", missing, () => "256\n", 256],
  ["Windows, without a shell", missing, missing, Infinity],
])("open files are counted on %s", (_, limits, shell, files) => {
  expect(openFiles(limits, shell)).toBe(files);
});

test.each([
  ["9100", { host: "127.0.0.1", port: 9100 }],
  ["0", undefined],
  ["::1", new UsageError('--metrics takes PORT or HOST:PORT, a port from 0 to 65535, not "::1"')],
  ["0.0.0.0:9100", { host: "0.0.0.0", port: 9100 }],
  ["[::]:9100", { host: "::", port: 9100 }],
  ["room.example:65535", { host: "room.example", port: 65_535 }],
  [
    "room.example:65536",
    new UsageError('--metrics takes PORT or HOST:PORT, a port from 0 to 65535, not "room.example:65536"'),
  ],
  [
    "room.example",
    new UsageError('--metrics takes PORT or HOST:PORT, a port from 0 to 65535, not "room.example"'),
  ],
])("--metrics %s is a place, or is refused", (text, place) => {
  const parse = () => settingsOf(["--metrics", text]).options.metrics;
  if (place instanceof Error) expect(parse).toThrow(place);
  else expect(parse()).toEqual(place);
});
