import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { addressKey, isLoopback, Networks } from "../../../../lib/server/limits/addresses.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

describe("isLoopback()", () => {
  test.each([
    "127.0.0.1",
    "127.255.255.254",
    "::1",
    "0:0:0:0:0:0:0:1",
    "::ffff:127.0.0.1",
    "::FFFF:127.1.2.3",
  ])("isLoopback() holds for %s", (address) => {
    expect(isLoopback(address)).toBe(true);
  });

  test.each([
    "128.0.0.1",
    "126.255.255.255",
    "192.0.2.127",
    "::",
    "::2",
    "1::1",
    "fe80::1%lo0",
    "::ffff:192.0.2.1",
    "",
  ])("isLoopback() does not hold for %j", (address) => {
    expect(isLoopback(address)).toBe(false);
  });
});

describe("addressKey()", () => {
  const keys: [address: string, key: string][] = [
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::", "2001:db8:1:2::/64"],
    ["2001:0DB8:0001:0002::9", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:db8::1:2:3:4:5", "2001:db8:0:1::/64"],
    ["1::", "1:0:0:0::/64"],
    ["::5:6:7:8", "0:0:0:0::/64"],
    ["::4:5:6:7:8", "0:0:0:4::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["fe80::1:2:3:4%25", "fe80:0:0:0::/64"],
    ["64:ff9b:1:2::192.0.2.1", "64:ff9b:1:2::/64"],
  ];
  test.each(keys)("addressKey() takes %s for %s", (address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  test.each(keys)("addressKey() takes the key of %s for itself", (_, key) => {
    expect(addressKey(key)).toBe(key);
  });

  test.each(["127.0.0.1", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"])(
    "addressKey() leaves %s this machine's own",
    (address) => {
      expect(isLoopback(addressKey(address))).toBe(true);
    },
  );

  test("addressKey() keeps this machine's own apart from all others", () => {
    expect(addressKey("0:0:0:0:0:0:0:1")).toBe(addressKey("::1"));
    expect(addressKey("::2")).not.toBe(addressKey("::1"));
  });
});

describe("Networks", () => {
  test("Networks has the addresses in any of its networks, in any notation", () => {
    const networks = new Networks(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "2001:db8:1::5"]);
    for (const inside of ["10.1.2.3", "::ffff:a01:203", "192.000.002.007", "2001:DB8:FFFF::1"]) {
      expect([inside, networks.has(inside)]).toEqual([inside, true]);
    }
    for (const outside of ["11.0.0.1", "192.0.2.8", "2001:db9::1", "::1", "", "ada"]) {
      expect([outside, networks.has(outside)]).toEqual([outside, false]);
    }
  });

  test("Networks has an address for as long as one of its networks does", () => {
    const networks = new Networks(["10.0.0.0/8", "10.0.0.0/8", "10.1.0.0/16"]);
    networks.delete("10.0.0.0/8");
    expect([networks.has("10.2.0.1"), networks.has("10.1.0.1")]).toEqual([true, true]);
    networks.delete("10.0.0.0/8");
    expect([networks.has("10.2.0.1"), networks.has("10.1.0.1")]).toEqual([false, true]);
    networks.delete("10.1.0.0/16");
    expect(networks.has("10.1.0.1")).toBe(false);
    expect(networks.size).toBe(0);
  });
});
