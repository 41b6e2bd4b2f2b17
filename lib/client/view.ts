// Event → what a person reads. Lines only: where they go is the prompt's business, or a pipe's. Everything that came
// from somebody else is made visible here once more, whatever the server did.

import type picocolors from "picocolors";
import type { Event, Member } from "../protocol.ts";
import { visible, visibleRow } from "../text.ts";

export type Colors = ReturnType<typeof picocolors.createColors>;

/** Colours that stay readable on light and on dark. */
const palette = ["cyan", "green", "magenta", "red", "blue", "yellow"] as const;

export class View {
  readonly #colors: Colors;

  constructor(colors: Colors) {
    this.#colors = colors;
  }

  /** The lines for one event; none if there is nothing to read in it. */
  render(event: Event): string[] {
    const { dim, yellow } = this.#colors;
    switch (event.type) {
      case "said":
        return this.#block(`${this.#name(event.from)}: `, event.text);
      case "acted":
        return this.#block(`* ${this.#name(event.from)} `, event.text);
      case "told":
        return this.#block(`[${this.#name(event.from)} to ${this.#name(event.to)}] `, event.text);
      case "joined":
      case "left": {
        const text = event.text === undefined ? "" : ` (${visibleRow(event.text)})`;
        return [dim(`${visibleRow(event.name)} ${event.type}${text}`)];
      }
      case "renamed":
        return [dim(`${visibleRow(event.from)} is now ${visibleRow(event.to)}`)];
      case "welcome":
        return [
          dim(`You are connected as ${visibleRow(event.name)}. ${this.#here(event.members)} /help for help.`),
        ];
      case "members":
        return [dim(this.#here(event.members))];
      case "history":
        return event.events.flatMap((past) => this.render(past));
      case "gap":
        return [yellow("Some lines are missing here: they are no longer kept")];
      case "error":
      case "bye":
        return this.problem(event.text);
      case "help":
        return visible(event.text).split("\n");
      case "pong":
      case "seen":
        return [];
    }
    // An event of a newer server.
    return [];
  }

  /** A line of our own. */
  notice(text: string): string[] {
    return [this.#colors.dim(visibleRow(text))];
  }

  problem(text: string): string[] {
    return [this.#colors.yellow(`! ${visibleRow(text)}`)];
  }

  /** Only the first line starts at the margin, so that no message can pass for another. */
  #block(head: string, text: string): string[] {
    const [first = "", ...more] = visible(text).split("\n");
    return [head + first, ...more.map((line) => `    ${line}`)];
  }

  #here(members: Member[]): string {
    const names = members.map(({ name, away }) => visibleRow(name) + (away ? " (away)" : ""));
    return names.length === 0 ? "Nobody else is here." : `Here: ${names.join(", ")}.`;
  }

  #name(name: string): string {
    const hash = Bun.hash.crc32(name.toLowerCase());
    const color = palette[hash % palette.length] ?? "cyan";
    return this.#colors[color](visibleRow(name));
  }
}
