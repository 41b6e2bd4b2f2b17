// SIGHUP ends a program that has no handler for it yet, and must never end the server. So this is among the first imports,
// and handles it from then on: a SIGHUP that comes before `onHangup` is called is kept for its handler.

let handle: () => void = () => {
  isPending = true;
};
let isPending = false;

process.on("SIGHUP", () => handle());

/** Calls the handler at each SIGHUP, at once if there was one already. */
export function onHangup(handler: () => void): void {
  handle = handler;
  if (isPending) handler();
}
