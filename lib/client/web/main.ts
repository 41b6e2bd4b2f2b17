// The entry of the page's script.

import { WebFront } from "./front.ts";

new WebFront(location, allowedStorage()).start();

/** A browser that allows no storage throws already where it is named. */
function allowedStorage(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}
