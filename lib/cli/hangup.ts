// SIGHUP must not end the server at any moment, and ends a program that handles it too late. So it is handled from here on,
// and this is among the first imports: one that comes before `onHangup` is kept for it.

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
