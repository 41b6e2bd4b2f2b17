// What the client does with each incoming event before the terminal has it: JSON → event → coloured, wrapped lines.
// Lines a second through that alone, with nothing else running.

import picocolors from "picocolors";
import { Chat } from "../../lib/client/core/chat.ts";
import { People } from "../../lib/client/core/people.ts";
import { View } from "../../lib/client/terminal/view.ts";
import { type Event, limits } from "../../lib/protocol/events.ts";

const events = 200_000;

/** Lines a second through the view, the best of three runs. */
export function linesPerSecond(): number {
  const lines = Array.from({ length: events }, (_, i) =>
    JSON.stringify({
      type: "said",
      seq: i,
      at: Date.now() + i,
      from: `member${i % 50}`,
      text: `line ${i} of what is said in a busy room, as long as people write${i % 10 === 0 ? " ".repeat(2) + "and longer ".repeat(8) : ""}`,
      id: `id-${i}`,
    }),
  );
  const runs = Array.from({ length: 3 }, () => {
    const people = new People();
    people.apply({ type: "welcome", name: "ada", epoch: "e", seq: 0, members: [], limits });
    const chat = new Chat(people, "active");
    const view = new View(chat, {
      colors: picocolors.createColors(true),
      time: "short",
      bell: "mention",
      columns: () => 80,
    });
    const start = performance.now();
    let shown = 0;
    for (const line of lines) {
      const event: Event = JSON.parse(line);
      people.apply(event);
      chat.apply(event);
      shown += view.render(event).length;
    }
    return (shown * 1000) / (performance.now() - start);
  });
  return Math.max(...runs);
}
