// The names by which a browser may ask for this machine. A page elsewhere could lead a name of its own to this machine (DNS
// rebinding), and read what is here as if it were its own; so what answers browsers knows its names. An address cannot be
// led elsewhere, so every address will do.

import { hostname } from "node:os";
import { isAddress } from "../../protocol/addresses.ts";

/** Whether the Host of a request, with or without a port, is an address, names this machine, or is one of `others`. */
export function isOwnHost(asked: string, others: readonly string[] = []): boolean {
  const name = asked.trim().toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
  const own = hostname().toLowerCase();
  const bare = name.replace(/^\[(.*)\]$/, "$1");
  return isAddress(bare) || ["localhost", own, `${own}.local`, ...others].includes(name);
}
