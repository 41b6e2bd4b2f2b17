// How a connection hears why it is turned away.

import { afterEach, beforeEach, describe, expect, jest, setDefaultTimeout, test } from "bun:test";
import type { Bye } from "../../../../lib/protocol/events.ts";
import type { Transport } from "../../../../lib/server/session/transport.ts";
import { TurnedAway } from "../../../../lib/server/session/turned-away.ts";
import { testMs } from "../../../support/transcript.ts";

setDefaultTimeout(testMs);

describe("a connection that is turned away", () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const bye: Bye = { type: "bye", code: "full", text: "The room is full", retryAfterMs: 5_000 };

  /** What is done to a connection, and what it was sent. */
  class FakeSocket implements Transport {
    text = "";
    acts: string[] = [];

    write(bytes: Uint8Array, offset: number, length: number): number {
      this.text += Buffer.from(bytes.subarray(offset, offset + length)).toString();
      return length;
    }

    pause = () => this.acts.push("pause");
    resume = () => this.acts.push("resume");
    shutdown = () => this.acts.push("shutdown");
    end = () => this.acts.push("end");
    terminate = () => this.acts.push("terminate");
  }

  test("a connection turned away hears why in all dialects, with time to read", () => {
    const socket = new FakeSocket();
    const client = new TurnedAway(socket, bye);
    expect(socket.text.split("\n")).toEqual([
      "! The room is full.",
      JSON.stringify(bye),
      "ERROR :Closing Link: * (The room is full)\r",
      "",
    ]);
    expect(socket.acts).toEqual(["shutdown"]);
    jest.advanceTimersByTime(1_999);
    expect(socket.acts).toEqual(["shutdown"]);
    jest.advanceTimersByTime(1);
    expect(socket.acts).toEqual(["shutdown", "terminate"]);
    client.closed();
  });

  test("a connection that is turned away is closed when the other side does", () => {
    const socket = new FakeSocket();
    const client = new TurnedAway(socket, bye);
    client.inputEnded();
    client.closed();
    jest.advanceTimersByTime(10_000);
    expect(socket.acts).toEqual(["shutdown", "end"]);
  });
});
