// The fan-out by io_uring, by which one call to Linux carries out many sends. With hundreds of sends in a call, each takes about a
// quarter less time than by itself; with only 64, a twentieth less. Two queues in memory are shared with the kernel:
//
//   add, add, add … ──▶ sends ──▶ io_uring_enter ──▶ outcomes ──▶ how many bytes each socket took
//
// Each send is told not to wait, so it is over before the call returns: whole, short or refused. So the bytes may change after
// the call, and no descriptor can come to belong to another socket meanwhile. The kernel uses the queues only during the call,
// which this thread makes, so plain reads and writes of the queues are safe.
//
// Linux before 6.1 has no such queues, and a sandbox may forbid them (Docker's does): then `open` returns undefined, and each
// socket is written to by itself. Numbers and layouts are those of linux/io_uring.h, the same on x64 and arm64.

import { dlopen, FFIType, ptr, toArrayBuffer } from "bun:ffi";
import { resultOf } from "../../protocol/errors.ts";
import type { FanOut } from "../delivery/live-log.ts";

/** How many sends a call takes, a power of two. All of them take about 2 ms. */
const entries = 512;

const systemCall = { setup: 425, enter: 426 };
/** IORING_SETUP_SUBMIT_ALL, SINGLE_ISSUER and DEFER_TASKRUN. */
const setupFlags = (1 << 7) | (1 << 12) | (1 << 13);
/** IORING_OFF_SQ_RING and IORING_OFF_SQES: the offsets of the two queues and of the sends. */
const place = { queues: 0, sends: 0x10000000 };
/** PROT_READ and PROT_WRITE; MAP_SHARED and MAP_POPULATE. */
const memory = { access: 1 | 2, kind: 1 | 0x8000 };
/** IORING_ENTER_GETEVENTS. */
const waitForOutcomes = 1;
/** IORING_OP_SEND; MSG_DONTWAIT and MSG_NOSIGNAL. */
const send = { operation: 26, flags: 0x40 | 0x4000 };

const { i32, i64, i64_fast, u64 } = FFIType;
const functions = {
  syscall: { args: [i64, i64, i64, i64, i64, i64, i64], returns: i64_fast },
  mmap: { args: [FFIType.ptr, u64, i32, i32, i32, i64], returns: FFIType.ptr },
} as const;

export class IoUring implements FanOut {
  readonly size = entries;
  readonly #written: { add: (bytes: number) => void };
  /** Makes the call that carries out the sends. Returns their number; -1 if it failed. */
  readonly #enter: (sends: number) => number;
  /** Both queues, and the indexes of their fields, in units of 32 bits. */
  readonly #queues: Int32Array;
  readonly #at: Record<"sent" | "asked" | "sends" | "taken" | "done" | "outcomes", number>;
  readonly #outcomes: number;
  /** The sends: 16 numbers for each. */
  readonly #sends: Uint32Array;
  readonly #taken = new Int32Array(entries);
  #added = 0;
  /** The buffer of the latest part, and its address, which does not change while the buffer exists. */
  #bytes: Uint8Array = new Uint8Array();
  #address = 0;

  /** Undefined if the system has no io_uring, or forbids it. `written` counts the bytes that sockets took. */
  static open(written: { add: (bytes: number) => void }): IoUring | undefined {
    return process.platform === "linux" ? resultOf(() => new IoUring(written)) : undefined;
  }

  private constructor(written: { add: (bytes: number) => void }) {
    this.#written = written;
    const { syscall, mmap } = dlopen("libc.so.6", functions).symbols;
    // A struct io_uring_params: its sq_off begins at number 10, its cq_off at number 20.
    const parameters = new Uint32Array(30);
    parameters[2] = setupFlags;
    const file = Number(syscall(systemCall.setup, entries, ptr(parameters), 0, 0, 0, 0));
    if (file < 0) throw new Error("there is no io_uring");
    const offset = (parameter: number) => parameters[parameter] ?? 0;
    const [sends, outcomes] = [offset(0), offset(1)];
    this.#at = {
      sent: offset(10) / 4,
      asked: offset(11) / 4,
      sends: offset(16) / 4,
      taken: offset(20) / 4,
      done: offset(21) / 4,
      outcomes: offset(25) / 4,
    };
    const mapped = (bytes: number, at: number) => {
      const address = mmap(null, bytes, memory.access, memory.kind, file, at);
      // MAP_FAILED is -1, the highest address.
      if (address === null || address > Number.MAX_SAFE_INTEGER) throw new Error("there is no memory");
      return toArrayBuffer(address, 0, bytes);
    };
    const queuesEnd = Math.max(offset(16) + 4 * sends, offset(25) + 16 * outcomes);
    this.#queues = new Int32Array(mapped(queuesEnd, place.queues));
    this.#outcomes = outcomes;
    this.#sends = new Uint32Array(mapped(64 * sends, place.sends));
    for (let index = 0; index < entries; index++) {
      this.#sends[16 * index] = send.operation;
      this.#sends[16 * index + 7] = send.flags;
      // The outcome of the send has this number.
      this.#sends[16 * index + 8] = index;
    }
    this.#enter = (count) => Number(syscall(systemCall.enter, file, count, count, waitForOutcomes, 0, 0));
    if (this.#enter(0) < 0) throw new Error("io_uring is refused");
  }

  add(descriptor: number, bytes: Uint8Array, offset: number, length: number): void {
    if (this.#bytes !== bytes) this.#address = ptr(bytes);
    this.#bytes = bytes;
    const address = this.#address + offset;
    const at = 16 * this.#added++;
    this.#sends[at + 1] = descriptor;
    this.#sends[at + 4] = address;
    this.#sends[at + 5] = address / 2 ** 32;
    this.#sends[at + 6] = length;
  }

  send(): Int32Array {
    const queues = this.#queues;
    const { sent, asked, sends, taken, done, outcomes } = this.#at;
    const first = queues[sent] ?? 0;
    for (let index = 0; index < this.#added; index++) {
      queues[sends + ((first + index) & (entries - 1))] = index;
    }
    queues[asked] = first + this.#added;
    this.#taken.fill(0);
    this.#enter(this.#added);
    // Sends that the kernel did not carry out must not be left for the next call.
    queues[asked] = queues[sent] ?? 0;
    this.#added = 0;
    let bytes = 0;
    const end = queues[done] ?? 0;
    for (let next = queues[taken] ?? 0; next !== end; next = (next + 1) | 0) {
      const at = outcomes + 4 * (next & (this.#outcomes - 1));
      const result = queues[at + 2] ?? 0;
      if (result <= 0) continue;
      this.#taken[queues[at] ?? 0] = result;
      bytes += result;
    }
    queues[taken] = end;
    this.#written.add(bytes);
    return this.#taken;
  }
}
