// Watches the open files. Bun tells of a request, not of a connection: a peer that connects to the page's port and asks for
// nothing takes a file, and no limit counts it until it is closed for its silence. Without a free file the room could let
// in no member, and to accept one would spin. So the page's port is closed while they are few, and opened again.

import { filesInUse } from "../../limits/open-files.ts";

const lookMs = 1_000;
/** Files that have to be free beside those of the connections that the room would still take. */
const spared = 64;

export type FileHandlers = {
  /** How many files the system allows. */
  limit: number;
  /** How many connections the room would still take. */
  connectionsLeft: () => number;
  /** Counts how often the port was closed. */
  closures: { add: (amount: number) => void };
  say: (message: string) => void;
};

/** What listens on the port, if there is one. */
type Port = { readonly isOpen: boolean; stop(): void; renew(say: (message: string) => void): void };

/** Looks each second from now on; never, where the system does not show its files. */
export function watchFiles(web: Port, handlers: FileHandlers, count = filesInUse): void {
  const { limit, connectionsLeft, closures, say } = handlers;
  if (!web.isOpen || limit === Infinity || count() === undefined) return;
  let isClosed = false;
  const look = () => {
    // It cannot be counted without a file.
    const files = count() ?? limit;
    const isEnough = limit - files >= connectionsLeft() + spared;
    if (isEnough !== isClosed) return;
    if (isClosed) web.renew(say);
    else web.stop();
    isClosed = !isClosed;
    if (isClosed) closures.add(1);
    const now = isClosed ? "closed until some are free" : "open again";
    say(`${files} of ${limit} files are open: the page's port is ${now}`);
  };
  setInterval(look, lookMs).unref();
}
