// Keeps open files free for the room. Bun tells of requests, not of connections: a peer that connects to the port of the page and
// sends nothing takes a file, and no limit counts it until it is closed for its silence. With no free file left the room could
// let in no member, and accepting would spin. So the port of the page is closed while few files are free.

import { filesInUse } from "../../limits/open-files.ts";

const lookMs = 1_000;
/** How many files have to be free beside those for the connections that the room would still take. */
const spared = 64;

type FileHandlers = {
  /** How many files the system allows. */
  limit: number;
  /** How many connections the room would still take. */
  connectionsLeft: () => number;
  /** Counts how many times the port was closed. */
  closures: { add: (amount: number) => void };
  say: (message: string) => void;
};

type Port = { readonly isOpen: boolean; stop(): void; reopen(say: (message: string) => void): void };

/** Looks each second from now on; not if there is no page, or if the system has no limit or does not show its files. */
export function watchFiles(web: Port, handlers: FileHandlers, count = filesInUse): void {
  const { limit, connectionsLeft, closures, say } = handlers;
  if (!web.isOpen || limit === Infinity || count() === undefined) return;
  let isClosed = false;
  const look = () => {
    // Counting needs a file itself: if it fails, none is free.
    const files = count() ?? limit;
    const isEnough = limit - files >= connectionsLeft() + spared;
    if (isEnough !== isClosed) return;
    if (isClosed) web.reopen(say);
    else web.stop();
    isClosed = !isClosed;
    if (isClosed) closures.add(1);
    const now = isClosed ? "closed until some are free" : "open again";
    say(`${files} of ${limit} files are open: the page's port is ${now}`);
  };
  setInterval(look, lookMs).unref();
}
