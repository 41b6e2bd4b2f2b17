// The bar above the row: why there is no connection, and when the next try is. A screen reader hears the reason once; the
// seconds are for the eye.

import type { LinkState } from "../../core/link.ts";
import { byId, show, write } from "./dom.ts";

const tickMs = 1_000;

export class Status {
  readonly #bar = byId("state", HTMLElement);
  readonly #text = byId("state-text", HTMLElement);
  readonly #countdown = byId("countdown", HTMLElement);
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(tryNow: () => void) {
    byId("try-now", HTMLButtonElement).onclick = tryNow;
  }

  /** The connection was lost, or is there again. */
  connection(state: LinkState): void {
    clearInterval(this.#timer);
    if (state.type === "online") {
      show(this.#bar, false);
      return write(this.#text, "");
    }
    show(this.#bar, true);
    write(this.#text, `${state.reason}. What you say waits here.`);
    const triedAt = performance.now() + state.retryMs;
    const tick = () => {
      const seconds = Math.ceil((triedAt - performance.now()) / 1_000);
      write(this.#countdown, seconds > 0 ? `Trying again in ${seconds} s` : "Trying again …");
    };
    tick();
    this.#timer = setInterval(tick, tickMs);
  }
}
