// The names under which browsers may ask this machine. Another site could point a name of its own at this machine (DNS
// rebinding), and its page could then read the answers. So only requests for known names are answered, and those for any
// address, since a site cannot make an address lead here.

import { hostname } from "node:os";
import { isAddress } from "../../../protocol/addresses.ts";

/** Whether the Host of a request, with or without a port, is an address, names this machine, or is one of `others`. */
export function isOwnHost(asked: string, others: readonly string[] = []): boolean {
  const name = asked.trim().toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
  const own = hostname().toLowerCase();
  const bare = name.replace(/^\[(.*)\]$/, "$1");
  return isAddress(bare) || ["localhost", own, `${own}.local`, ...others].includes(name);
}
