// The wires: how a client says who it is, and a message.

export type Wire = "json" | "line" | "irc" | "websocket" | "json in frames";

/** The first byte of a message's text. */
export const mark = "^".charCodeAt(0);
/** The character before the text on each wire: a quote, a blank or a colon. The length of a frame may look like a mark. */
const before = [0x22, 0x20, 0x3a];

/** How many messages begin in these bytes. */
export function marksIn(chunk: Buffer): number {
  let marks = 0;
  for (let at = chunk.indexOf(mark); at !== -1; at = chunk.indexOf(mark, at + 1)) {
    if (at === 0 || before.includes(chunk[at - 1] ?? 0)) marks++;
  }
  return marks;
}

type Speech = { join: (name: string) => string | Buffer; say: (text: string) => Buffer };

export const wires: Record<Wire, Speech> = {
  json: {
    join: (name) => joining(name),
    say: (text) => Buffer.from(saying(text)),
  },
  line: {
    join: (name) => `${name}\n`,
    say: (text) => Buffer.from(`${text}\n`),
  },
  irc: {
    // Half of them have asked for ids as well as times. All hear themselves, as on the other wires.
    join: (name) => {
      const more = /[02468]$/.test(name) ? " message-tags" : "";
      return `CAP REQ :echo-message server-time${more}\nNICK ${name}\nUSER ${name} 0 * :${name}\nCAP END\n`;
    },
    say: (text) => Buffer.from(`PRIVMSG #room :${text}\n`),
  },
  websocket: {
    join: (name) => upgradeAt(`/?name=${name}`),
    say: frame,
  },
  "json in frames": {
    join: (name) => Buffer.concat([Buffer.from(upgradeAt("/chat")), frame(joining(name))]),
    say: (text) => frame(saying(text)),
  },
};

function joining(name: string): string {
  return `${JSON.stringify({ type: "join", name })}\n`;
}

function saying(text: string): string {
  return `${JSON.stringify({ type: "say", text })}\n`;
}

function upgradeAt(path: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    "Host: localhost",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${Buffer.from("chatroom's bench").toString("base64")}`,
    "\r\n",
  ].join("\r\n");
}

/** A text frame in one piece. Its mask is four zeros: allowed, and the text stays as it is. */
function frame(text: string): Buffer {
  const { length } = text;
  const size = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([0x81, ...size, 0, 0, 0, 0]), Buffer.from(text)]);
}
