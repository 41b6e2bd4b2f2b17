// Names and passwords on a fake clock: who is let in when, and how long a connection may take to say who it is.

import { describe, expect, jest, setDefaultTimeout, setSystemTime, test } from "bun:test";
import { Origin } from "../../../../lib/server/limits/origin.ts";
import { testMs } from "../../../support/transcript.ts";
import { inFakeRoom, room } from "./fake-room.ts";
import { FakeSocket, pass, reports, turn, unlimited } from "./fake-socket.ts";

setDefaultTimeout(testMs);

inFakeRoom();

describe("a room with a password", () => {
  const guarded = { password: "sesame" };

  test("a room with a password lets in those who know it, at once", async () => {
    const socket = new FakeSocket(room, guarded);
    socket.send({ type: "join", name: "ada", password: "sesame" });
    jest.advanceTimersByTime(0);
    await turn();
    expect(socket.types).toEqual(["welcome", "history", "joined"]);
    expect(socket.text).not.toContain("sesame");
  });

  test("a room with a password asks for it, and takes nothing else meanwhile", async () => {
    const socket = new FakeSocket(room, guarded);
    socket.send({ type: "join", name: "ada" }, { type: "say", text: "hi" });
    await turn();
    expect(socket.events).toEqual([
      { type: "error", code: "wrong-password", text: "This room has a password: what is it?" },
      { type: "error", code: "not-joined", text: "Join with a name first" },
    ]);
    expect(room.members.find("ada")).toBeUndefined();
  });

  test("each wrong password is answered later, and nothing is read meanwhile", async () => {
    const socket = new FakeSocket(room, { ...guarded, rate: unlimited });
    const wrong = ["a", "sesame ", "Sesame", ""];
    for (const password of wrong) socket.send({ type: "join", name: "ada", password });
    socket.send({ type: "join", name: "ada", password: "sesame" });
    const answers: number[] = [];
    for (let ms = 0; ms <= 2_500; ms += 50) {
      await turn();
      while (answers.length < socket.events.length) answers.push(ms);
      jest.advanceTimersByTime(50);
    }
    // 0.25, 0.5, 0.75 and 1 second after one another, the last of which is told; the right one at once.
    expect(answers).toEqual([250, 750, 1_500, 1_500, 2_500, 2_500, 2_500, 2_500]);
    expect(socket.codes).toEqual([
      "wrong-password",
      "wrong-password",
      "wrong-password",
      "slow-down",
      "wrong-password",
    ]);
    expect(socket.types.slice(5)).toEqual(["welcome", "history", "joined"]);
  });

  test("a right password is let in at once, whatever its address guessed", async () => {
    const origin = new Origin("192.0.2.1", unlimited);
    const guessers = Array.from({ length: 60 }, () => new FakeSocket(room, guarded, origin));
    for (const guesser of guessers) guesser.send({ type: "join", name: "eve", password: "x" });
    const neighbour = new FakeSocket(room, guarded, origin);
    neighbour.send({ type: "join", name: "ada", password: "sesame" });
    await turn();
    expect(neighbour.types[0]).toBe("welcome");
    expect(guessers.at(-1)?.codes).toEqual(["slow-down"]);
    await pass(8_000, 1_000);
    expect(guessers.map(({ codes }) => codes.at(-1))).toEqual(guessers.map(() => "wrong-password"));
  });

  test("people are told in words how long the answer to a password takes", async () => {
    const person = new FakeSocket(room, guarded);
    person.send("dora", "1", "2", "3", "4");
    await pass(2_000);
    expect(person.text).toEndWith(
      "! Many wrong passwords came from your address: the answer to yours takes 1 s.\n",
    );
    await pass(1_000);
    expect(person.text).toEndWith("! That is not the password: what is it?\n");
  });

  test("a guess counts also if its connection hangs up", async () => {
    const origin = new Origin("192.0.2.1", unlimited);
    for (let i = 0; i < 10; i++) {
      const socket = new FakeSocket(room, guarded, origin);
      socket.send({ type: "join", name: "eve", password: `${i}` });
      socket.session.closed();
    }
    const socket = new FakeSocket(room, guarded, origin);
    socket.send({ type: "join", name: "eve", password: "x" });
    await turn();
    expect(socket.events).toMatchObject([{ code: "slow-down", retryAfterMs: 2_750 }]);
  });

  test("a connection dismissed before its turn gets no answer to its guess", async () => {
    const origin = new Origin("192.0.2.1", unlimited);
    for (let i = 0; i < 101; i++) {
      const eve = new FakeSocket(room, guarded, origin);
      eve.send({ type: "join", name: "eve", password: "x" });
      eve.session.closed();
    }
    const waits = Array.from({ length: 3 }, () => new FakeSocket(room, guarded, origin));
    for (const socket of waits) socket.send({ type: "join", name: "ada", password: "sesame" });
    waits[0]?.session.dismiss({ type: "bye", code: "shutdown", text: "The server is shutting down" });
    waits[1]?.session.closed();
    await pass(1_000);
    expect(waits[0]?.types.slice(-1)).toEqual(["bye"]);
    expect(waits[1]?.text).toBe("");
    expect(waits[2]?.types).toContain("welcome");
  });

  test("a member who comes back with a token needs no password", async () => {
    const origin = new Origin("192.0.2.1", unlimited);
    const first = new FakeSocket(room, guarded, origin);
    first.send({ type: "join", name: "ada", password: "sesame" });
    await turn();
    const [welcome] = first.events;
    const token = welcome?.type === "welcome" ? welcome.token : undefined;
    first.session.closed();
    for (const more of [{}, { password: "changed" }]) {
      const back = new FakeSocket(room, guarded, origin);
      back.send({ type: "join", name: "ada", token, ...more });
      await turn();
      expect(back.types[0]).toBe("welcome");
      back.session.closed();
    }
    expect(reports).toEqual([]);
    for (const wrong of ["", "x", undefined]) {
      const stranger = new FakeSocket(room, guarded, origin);
      stranger.send({ type: "join", name: "eve", token: wrong });
      await turn();
      expect(stranger.codes).toEqual(["wrong-password"]);
    }
  });

  test("each wrong password is reported by its address, never its words", async () => {
    const member = new FakeSocket(room, { ...guarded, operatorPassword: "gavel", rate: unlimited });
    member.send({ type: "join", name: "ada", password: "secret" });
    await pass(250);
    member.send({ type: "join", name: "ada", password: "sesame" }, { type: "op", password: "secret" });
    await pass(250);
    expect(reports).toEqual([
      "192.0.2.1 gave a wrong room password",
      "192.0.2.1 gave a wrong operator password",
    ]);
  });

  test("newcomers come in while a member guesses the operators' password", async () => {
    const both = { ...guarded, operatorPassword: "gavel", rate: unlimited };
    const origin = new Origin("192.0.2.1", unlimited);
    const member = new FakeSocket(room, both, origin);
    member.send({ type: "join", name: "eve", password: "sesame" });
    await turn();
    for (let i = 0; i < 300; i++) member.send({ type: "op", password: `${i}` });
    await pass(60_000, 1_000);
    const newcomer = new FakeSocket(room, both, origin);
    newcomer.send({ type: "join", name: "ada", password: "x" });
    await pass(250);
    expect(newcomer.codes).toEqual(["wrong-password"]);
    newcomer.send({ type: "join", name: "ada", password: "sesame" });
    await turn();
    expect(newcomer.types).toContain("welcome");
  });

  test("a person is asked for the password in the next line, until right", async () => {
    const socket = new FakeSocket(room, guarded);
    socket.send("ada");
    await turn();
    expect(socket.text).toBe("! This room has a password: what is it?\n");
    socket.send("/quit");
    await pass(250);
    expect(socket.text).toEndWith("! That is not the password: what is it?\n");
    socket.send("sesame", "hello");
    await pass(1_000);
    expect(socket.text).toContain("You are connected as ada.");
    expect(socket.text).toEndWith("ada: hello\n");
    expect(socket.text).not.toContain("sesame");
  });
});

describe("the time to give a name", () => {
  const guarded = { password: "sesame", rate: unlimited };
  const isOver = ({ acts }: FakeSocket) => acts.includes("shutdown");

  test("the time to give a name does not run while an answer is awaited", async () => {
    const socket = new FakeSocket(room, guarded);
    // Held for 0.25 s, 0.5 s … 8 s: 132 s in all.
    for (let i = 0; i < 32; i++) socket.send({ type: "join", name: "ada", password: `${i}` });
    await pass(131_500, 500);
    expect(isOver(socket)).toBe(false);
    await pass(20_000, 500);
    expect(isOver(socket)).toBe(false);
    await pass(1_000);
    expect(isOver(socket)).toBe(true);
    expect(socket.events.at(-1)).toMatchObject({ code: "too-late", text: "You gave no password in time" });
  });

  test("the time to give a name begins anew with each password asked for", async () => {
    const socket = new FakeSocket(room, guarded);
    await pass(19_000, 1_000);
    socket.send("ada");
    await pass(19_000, 1_000);
    socket.send("wrong");
    await pass(19_250, 250);
    socket.send("sesame");
    await turn();
    expect(socket.text).toContain("You are connected as ada.");
    await pass(60_000, 1_000);
    expect(isOver(socket)).toBe(false);
  });

  test("the time for a name stands still while a guess is judged", async () => {
    const origin = new Origin("192.0.2.7", unlimited);
    for (let i = 0; i < 50; i++) {
      new FakeSocket(room, guarded, origin).send({ type: "join", name: "eve", password: `${i}` });
    }
    const socket = new FakeSocket(room, { ...guarded, joinWithinMs: 3_000 }, origin);
    socket.send({ type: "join", name: "ada", password: "wrong" });
    socket.send({ type: "ping" });
    await pass(7_000, 500);
    expect(isOver(socket)).toBe(false);
    await pass(2_000, 500);
    expect(socket.codes).toEqual(["slow-down", "wrong-password"]);
    await pass(4_000, 500);
    expect(isOver(socket)).toBe(true);
  });

  test("the time to give a name does not begin anew without a new question", async () => {
    const people = new FakeSocket(room, guarded);
    const program = new FakeSocket(room, guarded);
    const taken = new FakeSocket(room, { rate: unlimited });
    new FakeSocket(room).send("bob");
    await turn();
    for (let i = 0; i < 25; i++) {
      people.send("two words");
      program.send({ type: "join", name: "ada" });
      taken.send({ type: "join", name: "bob" });
      await turn();
      await pass(1_000, 500);
    }
    expect([people, program, taken].map(isOver)).toEqual([true, true, true]);
    expect(people.text).toEndWith("! You gave no name in time.\n");
    expect(program.events.at(-1)).toMatchObject({ code: "too-late", text: "You gave no password in time" });
  });

  test("the time to give a name is not changed by a clock that is set", async () => {
    const socket = new FakeSocket(room);
    setSystemTime(Date.now() - 3_600_000);
    await pass(19_999, 19_999);
    setSystemTime(Date.now() + 7_200_000);
    await turn();
    expect(isOver(socket)).toBe(false);
    await pass(1);
    expect(isOver(socket)).toBe(true);
  });
});
