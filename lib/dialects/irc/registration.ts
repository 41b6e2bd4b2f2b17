// The registration of a client: its name, capabilities and password, which it sends in any order before it is in the room.
//
// IRC has one field for secrets. Here it may hold the room's password and the key of the name: PASSWORD:KEY, or :KEY in a room
// without a password. The text behind the last colon is the key if it is long enough for one, else a part of the password.

import { type Command, check } from "../../protocol/commands.ts";
import type { Fault } from "../../protocol/events.ts";
import { isKey } from "../../protocol/keys.ts";
import type { Host } from "../host.ts";
import { maskOf } from "./masks.ts";
import { multilineBytes, multilineLines } from "./multiline.ts";
import { serverLine } from "./wire.ts";

/** The capabilities in their order. */
const offered =
  `batch cap-notify draft/chathistory draft/event-playback draft/multiline draft/no-implicit-names echo-message
  labeled-response message-tags multi-prefix no-implicit-names sasl server-time soju.im/search standard-replies
  userhost-in-names`.split(/\s+/);
/** The values of capabilities, which clients of CAP 302 are shown. */
const values: Record<string, string> = {
  "draft/multiline": `max-bytes=${multilineBytes},max-lines=${multilineLines}`,
  sasl: "PLAIN",
};

/** The capabilities that choose the encoding: they cannot change once the client is in the room. */
const chosenOnce = ["batch", "draft/multiline", "message-tags", "server-time"];

/** Signs that old networks allow in names and this room does not; irssi puts them behind a name that is taken. */
const foreignSigns = /[[\]\\`^{}|]/g;

/** Characters in a line of AUTHENTICATE; after a line of this length the text goes on in the next line. */
const saslChunk = 400;
const maxSaslLength = 3 * saslChunk;

export class Registration {
  readonly caps = new Set<string>();
  /** The name to join with. */
  nick = "";
  hasUser = false;
  isGreeted = false;
  /** The client's name while its welcome is written, when it has no seat yet. */
  shownAs: string | undefined;
  readonly #host: Host;
  #isNegotiating = false;
  #password: string | undefined;
  #key: string | undefined;
  /** The part of the client's SASL answer that has come; undefined while none is expected. */
  #sasl: string | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Whether the client is registered: it has a seat, or had one. */
  get isDone(): boolean {
    return this.isGreeted || this.#host.name !== "";
  }

  get hasKey(): boolean {
    return this.#key !== undefined;
  }

  /** The name of the client in lines to it; "*" before it has one. */
  get me(): string {
    return this.shownAs ?? (this.#host.name || (this.isDone && this.nick) || "*");
  }

  /** The command that joins, once the client has sent all that is needed; else undefined. */
  join(): Command | Fault | undefined {
    if (this.isDone || this.nick === "" || !this.hasUser || this.#isNegotiating) return undefined;
    this.nick = this.nick.replaceAll(foreignSigns, "_");
    return this.enter();
  }

  /** The command that joins under the client's name. */
  enter(): Command | Fault {
    return check({ type: "join", name: this.nick, password: this.#password, key: this.#key });
  }

  /** Takes the secret of PASS, of SASL, or the channel key of JOIN. */
  giveSecret(secret: string): void {
    const colon = secret.lastIndexOf(":");
    const key = secret.slice(colon + 1);
    const mayBeKey = colon !== -1 || !this.#host.hasPassword;
    const hasKey = isKey(key) && mayBeKey && !this.#host.isPassword(secret);
    if (hasKey) this.#key = key;
    const password = hasKey ? secret.slice(0, Math.max(colon, 0)) : secret;
    // The right password stays: the key in a JOIN may be that of another channel, or of another network.
    if (password !== "" && !this.#host.isPassword(this.#password ?? "")) this.#password = password;
  }

  // ---- CAP ----

  cap([subcommand = "", list = ""]: string[]): string[] {
    const answer = (...params: string[]) => serverLine("CAP", this.me, ...params);
    switch (subcommand.toUpperCase()) {
      case "LS":
        this.#negotiate();
        if (Number(list) >= 302) this.caps.add("cap-notify");
        return [answer("LS", offered.map((name) => shown(name, list)).join(" "))];
      case "LIST":
        return [answer("LIST", [...this.caps].join(" "))];
      case "REQ":
        this.#negotiate();
        return [answer(this.#request(list) ? "ACK" : "NAK", list.slice(0, 400))];
      case "END":
        this.#isNegotiating = false;
        return [];
      default:
        return [serverLine("410", this.me, subcommand, "Invalid CAP command")];
    }
  }

  #negotiate(): void {
    if (!this.isDone) this.#isNegotiating = true;
  }

  /** Switches the capabilities in the list on or off: all of them, or none. */
  #request(list: string): boolean {
    const asked = list.split(" ").filter(Boolean);
    const names = asked.map((name) => name.replace(/^-/, ""));
    const isFixed = (name: string) => this.isDone && chosenOnce.includes(name);
    if (!names.every((name) => offered.includes(name) && !isFixed(name))) return false;
    for (const name of asked) {
      if (name.startsWith("-")) this.caps.delete(name.slice(1));
      else this.caps.add(name);
    }
    return true;
  }

  // ---- SASL ----

  authenticate(text: string, answer: (lines: string[]) => void): void {
    const { me } = this;
    const fail = (numeric: string, problem: string) => {
      this.#sasl = undefined;
      answer([serverLine(numeric, me, problem)]);
    };
    if (this.isDone) return fail("907", "You have already authenticated");
    if (text === "*") return fail("906", "SASL authentication aborted");
    if (this.#sasl === undefined) {
      if (text.toUpperCase() === "PLAIN") {
        this.#sasl = "";
        return answer(["AUTHENTICATE +"]);
      }
      answer([serverLine("908", me, "PLAIN", "are available SASL mechanisms")]);
      return fail("904", "SASL authentication failed");
    }
    if (text.length > saslChunk || this.#sasl.length > maxSaslLength)
      return fail("905", "SASL message too long");
    if (text !== "+") this.#sasl += text;
    if (text.length === saslChunk) return;
    const [, , secret] = Buffer.from(this.#sasl, "base64").toString().split("\0");
    this.#sasl = undefined;
    if (!secret) return fail("904", "SASL authentication failed");
    this.#password = undefined;
    this.giveSecret(secret);
    this.#host.checkPassword(this.#password ?? "", (right) => {
      if (!right) return fail("904", "SASL authentication failed: that is not the room's password");
      const name = this.nick === "" ? "*" : this.nick;
      answer([
        serverLine("900", this.me, this.nick === "" ? "*" : maskOf(name), name, "You are now logged in"),
        serverLine("903", this.me, "SASL authentication successful"),
      ]);
    });
  }
}

/** The name of a capability, with its value for clients of CAP 302. */
function shown(name: string, version: string): string {
  const value = values[name];
  return value !== undefined && Number(version) >= 302 ? `${name}=${value}` : name;
}
