import { expect, setDefaultTimeout, test } from "bun:test";
import { Connection } from "../../../../lib/client/core/connection.ts";
import type { WireHandlers } from "../../../../lib/client/core/wire.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

/** A connection over a wire that the test plays, and what it hands out. */
function played(): {
  connection: Connection;
  wire: WireHandlers;
  log: string[];
  say: (...ids: string[]) => void;
} {
  const log: string[] = [];
  const wires: WireHandlers[] = [];
  const connection = new Connection(
    (handlers) => {
      wires.push(handlers);
      return { send() {}, pause: () => log.push("[pause]"), resume: () => log.push("[resume]"), close() {} };
    },
    {
      opened() {},
      event(event) {
        const id = "id" in event ? event.id : undefined;
        log.push(`${id}`);
        if (id === "last") connection.pause();
      },
      lost: (why) => log.push(`[${why}]`),
    },
  );
  const [wire] = wires;
  if (!wire) throw new Error("It has no wire");
  const say = (...ids: string[]) => {
    wire.received(ids.map((id) => `{"type":"pong","id":"${id}"}`));
  };
  return { connection, wire, log, say };
}

test("a pause leaves the lines that have come already", () => {
  const { connection, log, say } = played();
  say("a", "last", "b", "last", "c");
  expect(log).toEqual(["a", "last", "[pause]"]);
  connection.resume();
  expect(log).toEqual(["a", "last", "[pause]", "[resume]", "b", "last", "[pause]"]);
  connection.resume();
  expect(log.slice(-2)).toEqual(["[resume]", "c"]);
  connection.close();
});

test("a paused connection that is lost hands out all that came before", () => {
  const { wire, log, say } = played();
  say("last", "b", "last", "bye");
  wire.closed("cut");
  expect(log.filter((entry) => !entry.startsWith("[pause"))).toEqual(["last", "b", "last", "bye", "[cut]"]);
});
