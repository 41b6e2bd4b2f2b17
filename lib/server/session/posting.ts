// Posts: messages of senders without a seat. A post needs the same secrets as a join, is said under its name, and is answered.

import type { CommandOf } from "../../protocol/commands.ts";
import { type Answer, fault, isFault } from "../../protocol/events.ts";
import type { Room } from "../room/room.ts";
import type { Entrance } from "./entrance.ts";

type Sender = {
  /** Its name if it has joined, else "". A member cannot post. */
  name: string;
  address: string;
  entrance: Entrance;
  /** Holds the next line back until the function that this returns is called. */
  wait: () => () => void;
  /** Called with the name and the address of each message. */
  posted: ((name: string, address: string) => void) | undefined;
};

/** Posts the message, once the request has the password, and the key if the name is owned. */
export function post(
  room: Room,
  request: CommandOf<"post">,
  { name, address, entrance, wait, posted }: Sender,
  answer: (answer: Answer) => void,
): void {
  const { id } = request;
  if (name !== "") return answer({ ...fault("already-joined", `You are here as "${name}": say it`), id });
  entrance.join(request, room.members, () => {
    const expects = room.members.posting(request, address);
    if (isFault(expects)) return answer({ ...expects, id });
    const settled = wait();
    posted?.(request.name, address);
    const entry = room.posts.begin(request, expects, (outcome) => {
      if (!isFault(outcome)) entrance.resetTime();
      answer(outcome);
      settled();
    });
    room.record(entry);
  });
}
