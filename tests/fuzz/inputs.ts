// What the fuzzer sends: a stream of connections that the seed alone determines, each with some inputs (a byte
// sequence each), how they are cut into writes, and how it ends. The inputs are
//
//   noise      random bytes
//   talk       valid lines of any dialect, whole or with bytes flipped, inserted, deleted, doubled, cut off
//   odd        commands with odd names, odd values, odd text, at odd depth
//   long       lines of about as many bytes as a line may have
//
// The words are those of the command table, so a new command is tried as soon as it is there.

import { commands } from "../../lib/protocol/commands.ts";
import { limits } from "../../lib/protocol/events.ts";
import { typed } from "../../lib/protocol/typed.ts";
import { Random } from "../support/random.ts";

export type Plan = {
  /** The number of its first input. */
  first: number;
  inputs: Buffer[];
  writes: Buffer[];
  /** Whether it reads what it is sent. */
  reads: boolean;
  ending: Ending;
};

/** Half-close and wait until the server closes; close; reset; say nothing for a while, then reset. */
export type Ending = "finish" | "close" | "reset" | "hold";

type Dialect = "json" | "plain" | "irc";

/** The names of the members that behave; some inputs whisper to them. */
export const goodNames = ["good-ada", "good-bob", "good-cyd", "good-dee"];

export function* plans(seed: number): Generator<Plan, never> {
  const random = new Random(seed);
  for (let first = 0; ; ) {
    const plan = makePlan(random, first);
    yield plan;
    first += plan.inputs.length;
  }
}

function makePlan(random: Random, first: number): Plan {
  const dialect = random.pick(["json", "json", "plain", "plain", "irc"] as const);
  const inputs: Buffer[] = random.chance(0.8) ? [Buffer.from(opening(random, dialect))] : [];
  for (let more = random.between(1, 24); more > 0; more--) inputs.push(makeInput(random, dialect));
  return {
    first,
    inputs,
    writes: cut(random, inputs),
    reads: random.chance(0.97),
    ending: random.chance(0.8) ? "finish" : random.pick(["close", "reset", "reset", "hold"]),
  };
}

/** One write for each input, one for all, or cut anywhere. */
function cut(random: Random, inputs: Buffer[]): Buffer[] {
  const way = random.next();
  if (way < 0.4) return inputs;
  const whole = Buffer.concat(inputs);
  if (way < 0.7) return [whole];
  const places = Array.from({ length: random.between(1, 6) }, () => random.below(whole.length + 1));
  const bounds = [0, ...places.sort((a, b) => a - b), whole.length];
  return bounds.slice(1).map((end, i) => whole.subarray(bounds[i], end));
}

function makeInput(random: Random, dialect: Dialect): Buffer {
  const kind = random.next();
  const end = random.chance(0.9) ? "\n" : "";
  if (kind < 0.15) return Buffer.concat([noise(random), Buffer.from(end)]);
  if (kind < 0.35) return Buffer.from(talk(random, dialect));
  if (kind < 0.7) return mutated(random, Buffer.from(talk(random, dialect)));
  if (kind < 0.98) return Buffer.from(odd(random, dialect) + end);
  return Buffer.from(long(random, dialect) + end);
}

// ---- Noise ----

function noise(random: Random): Buffer {
  const highest = random.pick([128, 256]);
  return Buffer.from(Array.from({ length: random.between(0, 80) }, () => random.below(highest)));
}

// ---- Valid lines ----

const keys = ["a-key-of-the-fuzzer", "another-key-of-it", "~".repeat(128)];

function opening(random: Random, dialect: Dialect): string {
  const name = random.chance(0.9) ? `f${random.below(100_000)}` : random.pick(oddTexts);
  const key = random.chance(0.2) ? random.pick(keys) : undefined;
  if (dialect === "plain") return `${name}${key === undefined ? "" : ` ${key}`}\n`;
  if (dialect === "irc") {
    const caps = random.chance(0.7) ? `CAP REQ :${capabilities(random)}\nCAP END\n` : "";
    return `${caps}${key === undefined ? "" : `PASS :${key}\n`}NICK ${name}\nUSER x 0 * :x\n`;
  }
  const odd = random.chance(0.2)
    ? `,${oddFields(random, ["token", "key", "epoch", "after", "history"])}`
    : "";
  const more = key === undefined ? odd : `,"key":${JSON.stringify(key)}${odd}`;
  return `{"type":"join","name":${JSON.stringify(name)},"history":${random.below(5)}${more}}\n`;
}

function talk(random: Random, dialect: Dialect): string {
  let lines = "";
  for (let more = random.between(1, 3); more > 0; more--) {
    lines += `${valid[dialect](random)}\n`;
  }
  return lines;
}

/** Everything any command asks for: what is of no use to it is ignored. */
function validCommand(random: Random): string {
  return JSON.stringify({
    type: random.pick(random.chance(0.5) ? quietTypes : types),
    name: `f${random.below(100_000)}`,
    to: random.pick(goodNames),
    text: phrase(random),
    ...(random.chance(0.5) && { id: `id${random.below(20)}` }),
    limit: random.below(5),
    ...(random.chance(0.3) && { before: random.below(10_000) }),
  });
}

function validTyped(random: Random): string {
  if (random.chance(0.6)) return phrase(random);
  const rest = random.pick([phrase(random), random.pick(goodNames), `${random.below(5)}`, ""]);
  return `${random.pick(random.chance(0.5) ? quietWords : words)} ${rest}`;
}

function validIrc(random: Random): string {
  const tags = random.chance(0.3) ? `@label=${random.below(50)};batch=${random.below(3)} ` : "";
  const command = random.pick(
    random.chance(0.5) ? ["PRIVMSG", "NOTICE", "BATCH", "CHATHISTORY"] : ircCommands,
  );
  const more = Array.from({ length: random.below(4) }, () => random.pick(ircWords(random)));
  return `${tags}${[command, ...more].join(" ")}${random.chance(0.7) ? ` :${phrase(random)}` : ""}`;
}

const valid: Record<Dialect, (random: Random) => string> = {
  json: validCommand,
  plain: validTyped,
  irc: validIrc,
};

const ircCommands =
  `CAP PASS AUTHENTICATE NICK USER PING PONG QUIT JOIN PART PRIVMSG NOTICE TAGMSG BATCH TOPIC NAMES WHO WHOIS
  WHOWAS MODE KICK OPER LIST INVITE AWAY USERHOST ISON CHATHISTORY SEARCH MOTD LUSERS VERSION TIME INFO HELP FOO`.split(
    /\s+/,
  );

function capabilities(random: Random): string {
  return `batch cap-notify draft/chathistory draft/event-playback draft/multiline echo-message labeled-response message-tags
    multi-prefix no-implicit-names sasl server-time standard-replies`
    .split(/\s+/)
    .filter(() => random.chance(0.5))
    .join(" ");
}

function ircWords(random: Random): string[] {
  const number = `${random.below(60)}`;
  return [
    ...[
      "#room",
      "#room",
      "#other",
      random.pick(goodNames),
      number,
      "*",
      "+b",
      "-q",
      "+o",
      "PLAIN",
      "LS",
      "302",
      "REQ",
    ],
    ...["LATEST", "BEFORE", "AFTER", "AROUND", "BETWEEN", "TARGETS", `msgid=x-${number}`, "%tcuhnfdar,7"],
    ...[
      `+${random.below(3)}`,
      `-${random.below(3)}`,
      "draft/multiline",
      "text=walrus;in=#room",
      "*!*@x",
      "AGEAYg==",
    ],
    ...["timestamp=2020-01-01T00:00:00.000Z", "timestamp=2200-01-01T00:00:00Z"],
  ];
}

const types = Object.keys(commands);
const words = [...typed.map(({ word }) => word), "//"];
// A client that has left hears nothing of what is still to come.
const quietTypes = types.filter((type) => type !== "quit");
const quietWords = words.filter((word) => word !== "/quit");

function phrase(random: Random): string {
  return Array.from({ length: random.between(1, 5) }, () => random.pick(vocabulary)).join(" ");
}

const vocabulary = [
  "a",
  "walrus",
  "and",
  "Ünïcode",
  "日本語",
  "👩‍👩‍👧",
  "{",
  "}",
  '"quoted"',
  "4,000",
  "-",
  "lang\u200cer",
];

// ---- Valid lines, spoilt ----

function mutated(random: Random, bytes: Buffer): Buffer {
  let spoilt = bytes;
  for (let more = random.between(1, 4); more > 0; more--) spoilt = mutate(random, spoilt);
  return spoilt;
}

function mutate(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  const upTo = Math.min(bytes.length, at + random.between(1, 12));
  const before = bytes.subarray(0, at);
  switch (random.below(6)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      if (at < flipped.length) flipped[at] = (flipped[at] ?? 0) ^ (1 << random.below(8));
      return flipped;
    }
    case 1:
      return Buffer.concat([before, Buffer.of(random.below(256)), bytes.subarray(at)]);
    case 2:
      return Buffer.concat([before, bytes.subarray(upTo)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, upTo), bytes.subarray(at)]);
    case 4:
      return Buffer.from(before);
    default:
      return Buffer.concat([before, Buffer.from(random.pick(oddTexts)), bytes.subarray(at)]);
  }
}

// ---- Odd ones ----

const fieldNames = ["name", "token", "epoch", "after", "history", "text", "id", "to", "before", "limit"];
const prototypeNames = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf"];

const each = (words: string) => words.split(" ");

const oddTexts = [
  ...["", " ", " x", "x ", "/me ", "/ ", "/ME x", "NEAR(a b)", '" OR "', ...prototypeNames],
  ...each(
    "\t \r \0 \x1b[2J\x1b]0;x\x07 \x7f \x85 \x9b31m \n a\nb \r\n\r\n /quit\t \ufeff \uffff \u2028 \u202e",
  ),
  ...each("\u200b \u00ad \u{e0041} \ud800 x\udc00 \udc00\ud800 \u3164 \u2800 \u{10ffff} \u0301 /\u0130"),
  ...each(
    "👩‍👩‍👧‍👦 ﬁ İ ẞ ŉ ΐ ａｄａ server you GOOD-ADA good-bob NaN undefined null // / /me /msg ../.. %s%n",
  ),
  ...each(`{ [ {} {"type": \\ " * a* AND -a text:a ';--`),
  ...["a".repeat(33), "\u1e9e".repeat(32), "x".repeat(4001), "😀".repeat(4000), "a\n".repeat(25)],
  ...["e\u0301\u0301\u0301\u0301\u0301\u0301", "\u0301".repeat(2000), "\u200c".repeat(500)],
];

/** As they stand in JSON, or should not. */
const oddValues = [
  ...each(
    'null true false 0 -0 -1 0.5 1e308 1e999 -1e999 1e-999 00 +1 .5 0x10 NaN Infinity undefined {} [] [""]',
  ),
  ...each("9007199254740991 9007199254740992 18446744073709551616 [[[[]]]] {{}}"),
  ...each(
    String.raw`'x' " "\ "\u "\ud800" "\udc00\ud800" "\u0000" {"__proto__":{"type":"say"}} {"toString":1}`,
  ),
  ...['{"length":-1}', '{"type":"error"}', "", "9".repeat(400)],
];

function odd(random: Random, dialect: Dialect): string {
  if (dialect === "irc" && random.chance(0.8)) {
    const words = Array.from({ length: random.below(4) }, () =>
      random.pick(random.chance(0.5) ? oddTexts : ircWords(random)),
    );
    const tags = random.chance(0.2)
      ? `@${random.pick(oddTexts)}=${"x".repeat(random.pick([1, 5_000, 8_192]))} `
      : "";
    return `${tags}${random.pick(ircCommands)} ${words.join(random.pick([" ", " :", "\t"]))}`;
  }
  if (dialect === "plain" && random.chance(0.7)) {
    return (
      random.pick(random.chance(0.5) ? ["", ...words] : oddTexts) +
      random.pick([" ", ""]) +
      random.pick(oddTexts)
    );
  }
  const type = random.chance(0.8) ? random.pick(quietTypes) : random.pick([...oddTexts, ...prototypeNames]);
  const first = random.chance(0.95) ? `"type":${JSON.stringify(type)},` : "";
  return `{${first}${oddFields(random, fieldNames)}}`;
}

function oddFields(random: Random, names: string[]): string {
  const fields = Array.from({ length: random.between(1, 4) }, () => {
    const name = random.pick(random.chance(0.9) ? names : [...prototypeNames, "type", ""]);
    return `${JSON.stringify(name)}:${oddValue(random)}`;
  });
  return fields.join();
}

function oddValue(random: Random): string {
  const way = random.next();
  if (way < 0.4) return JSON.stringify(random.pick(oddTexts));
  if (way < 0.75) return random.pick(oddValues);
  if (way < 0.98) return JSON.stringify(phrase(random));
  const depth = random.pick([10, 500, 8_000]);
  const [open, close] = random.pick([
    ["[", "]"],
    ['{"":', "}"],
  ] as const);
  return open.repeat(depth) + (random.chance(0.5) ? `1${close.repeat(depth)}` : "");
}

/** About as long as a line may be, the letters of which it is full one to four bytes each. */
function long(random: Random, dialect: Dialect): string {
  const bytes = limits.lineBytes + random.between(-1, 1);
  const [before, after] = dialect === "json" ? ['{"type":"say","text":"', '"}'] : ["", ""];
  // Most of it is in front, where it counts for the line and not for the message.
  const padding = random.chance(0.5)
    ? " "
    : random.pick(["x", "é", "😀", "\u200c", "\u0301\u200d", "\0", "\\n"]);
  const room = bytes - Buffer.byteLength(before + after);
  const fill = padding.repeat(Math.floor(room / Buffer.byteLength(padding)));
  return (padding === " " ? fill + before : before + fill) + after;
}
