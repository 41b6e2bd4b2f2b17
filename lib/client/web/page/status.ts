// The bars above the row: one says why there is no connection, and when the next try is; the other why a line was refused. A
// screen reader hears the reason once, and no seconds.

import { visibleRow } from "../../../protocol/text.ts";
import type { LinkState } from "../../core/link.ts";
import { byId, show, write } from "./dom.ts";

const tickMs = 1_000;
/** How long a problem is shown. */
const problemMs = 12_000;

export class Status {
  readonly #bar = byId("state", HTMLElement);
  readonly #text = byId("state-text", HTMLElement);
  readonly #countdown = byId("countdown", HTMLElement);
  readonly #problem = byId("problem", HTMLElement);
  #ticking: ReturnType<typeof setInterval> | undefined;
  #showing: ReturnType<typeof setTimeout> | undefined;

  constructor(tryNow: () => void) {
    byId("try-now", HTMLButtonElement).onclick = tryNow;
  }

  /** The connection was lost, or is there again. */
  connection(state: LinkState): void {
    clearInterval(this.#ticking);
    show(this.#bar, state.type === "offline");
    if (state.type === "online") return write(this.#text, "");
    write(this.#text, `${state.reason}. What you say waits here.`);
    const triedAt = performance.now() + state.retryMs;
    const tick = () => {
      const seconds = Math.ceil((triedAt - performance.now()) / 1_000);
      write(this.#countdown, seconds > 0 ? `Trying again in ${seconds} s` : "Trying again …");
    };
    tick();
    this.#ticking = setInterval(tick, tickMs);
  }

  /** Shows a problem for a while; "" takes it away. */
  problem(text: string): void {
    clearTimeout(this.#showing);
    write(this.#problem, visibleRow(text));
    if (text !== "") this.#showing = setTimeout(() => write(this.#problem, ""), problemMs);
  }
}
