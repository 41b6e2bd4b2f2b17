// A client of IRC on a fake socket: what it sends, and the lines that came since it was last asked.

import type { Origin } from "../../../../lib/server/limits/origin.ts";
import type { SessionOptions } from "../../../../lib/server/session/options.ts";
import { room } from "./fake-room.ts";
import { FakeSocket, turn, unlimited } from "./fake-socket.ts";

export class IrcClient {
  readonly socket: FakeSocket;
  #read = 0;

  constructor(more: Partial<SessionOptions> = {}, origin?: Origin) {
    this.socket = new FakeSocket(room, { rate: unlimited, ...more }, origin);
  }

  /** Sends lines, and returns what comes within a few turns. */
  async send(...lines: string[]): Promise<string[]> {
    if (lines.length > 0) this.socket.session.receive(Buffer.from(`${lines.join("\r\n")}\r\n`));
    await turn();
    await turn();
    return this.lines();
  }

  /** What came since this was called last; the time of now in place of each time, and X in place of each epoch. */
  lines(): string[] {
    const text = this.socket.text.slice(this.#read);
    this.#read = this.socket.text.length;
    const shown = text
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "NOW")
      .replaceAll(/msgid=[0-9a-f]+-/g, "msgid=X-")
      .replaceAll(/since \d{4}-\d\d-\d\d \d\d:\d\d UTC/g, "since NOW")
      .replaceAll(/(created) [^\r]+/g, "$1 NOW");
    return shown.split("\r\n").slice(0, -1);
  }
}

/** A client that is in the room, with these capabilities. */
export async function ircClient(
  name: string,
  capabilities = "",
  more: Partial<SessionOptions> = {},
): Promise<IrcClient> {
  const client = new IrcClient(more);
  const caps = capabilities === "" ? [] : [`CAP REQ :${capabilities}`, "CAP END"];
  const lines = await client.send(...caps, `NICK ${name}`, `USER ${name} 0 * :${name}`);
  if (!lines.some((line) => / 366 | JOIN /.test(line)))
    throw new Error(`${name} is not in the room: ${lines.join("\n")}`);
  return client;
}
