// The names by which a browser may ask for this machine. A page elsewhere could point a name of its own at this machine (DNS
// rebinding) and read the answers as if they were its own; so only known names are answered. An address cannot be pointed
// elsewhere, so every address will do.

import { hostname } from "node:os";
import { isAddress } from "../../protocol/addresses.ts";

/** Whether the Host of a request, with or without a port, is an address, names this machine, or is one of `others`. */
export function isOwnHost(asked: string, others: readonly string[] = []): boolean {
  const name = asked.trim().toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
  const own = hostname().toLowerCase();
  const bare = name.replace(/^\[(.*)\]$/, "$1");
  return isAddress(bare) || ["localhost", own, `${own}.local`, ...others].includes(name);
}
