// Clients of IRC in the soak: they talk, stall, leave the channel and come back on the same connection, and end in every
// way. Half of them ask for their own lines, whose ids say where in the room's order they are; to the others these must
// never come back.

import type { Random } from "../support/random.ts";
import { connect } from "./keeper.ts";
import { closedWithinMs, type Day } from "./member.ts";

export async function spendOnIrc(index: number, random: Random, day: Day): Promise<void> {
  const echoes = index % 2 === 0;
  const capabilities = echoes ? "echo-message message-tags server-time" : "server-time";
  for (let life = 1, lines = 0; !day.over; life++) {
    await day.sleep(random.below(5_000));
    const name = `i${index}n${life}`;
    const own = new RegExp(`(?:msgid=\\S+-(\\d+) )?:${name}!u@${name} PRIVMSG #room :(\\S+)`);
    const peer = await connect(day.port, (line) => {
      if (line.startsWith("PING ")) peer.send("PONG x\r\n");
      const [, seq, key] = own.exec(line) ?? [];
      if (key === undefined) return;
      if (echoes) day.book.acknowledge(key, seq === undefined ? undefined : Number(seq));
      else day.book.problem(`${name} was sent its own ${key}`);
    });
    peer.send(`CAP REQ :${capabilities}\r\nNICK ${name}\r\nUSER x 0 * :x\r\nCAP END\r\n`);
    for (let acts = random.between(1, 15); acts > 0 && !day.over; acts--) {
      const way = random.next();
      if (way < 0.8)
        peer.send(`PRIVMSG #room :i${index}-${++lines} ${"z".repeat(random.between(1, 300))}\r\n`);
      else if (way < 0.9) {
        day.count("left the channel");
        peer.send("PART #room\r\nJOIN #room\r\n");
      } else {
        day.count("stalls");
        peer.pause();
        await day.sleep(random.between(3_000, 20_000));
        peer.resume();
      }
      await day.sleep(random.between(200, 2_000));
    }
    const way = random.next();
    if (way < 0.3) peer.reset();
    else if (way < 0.6) peer.halfClose();
    else peer.send("QUIT :over\r\n");
    await Promise.race([peer.closed, Bun.sleep(closedWithinMs)]);
    peer.reset();
  }
}
