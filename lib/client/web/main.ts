// The entry of the page's script.

import { WebFront } from "./front.ts";

new WebFront(location, allowedStorage()).start();

/** The browser's storage. A browser that allows none throws when the name is read. */
function allowedStorage(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}
