// The wires: how a client says who it is, and a message.

export type Wire = "json" | "line" | "websocket";

// No wire has this byte anywhere but in a message, as long as no frame is 94 bytes long.
export const mark = "^".charCodeAt(0);

export const wires: Record<Wire, { join: (name: string) => string; say: (text: string) => Buffer }> = {
  json: {
    join: (name) => `${JSON.stringify({ type: "join", name })}\n`,
    say: (text) => Buffer.from(`${JSON.stringify({ type: "say", text })}\n`),
  },
  line: {
    join: (name) => `${name}\n`,
    say: (text) => Buffer.from(`${text}\n`),
  },
  websocket: {
    join: (name) =>
      [
        `GET /?name=${name} HTTP/1.1`,
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        `Sec-WebSocket-Key: ${Buffer.from("chatroom's bench").toString("base64")}`,
        "\r\n",
      ].join("\r\n"),
    // A text frame in one piece. Its mask is four zeros: allowed, and the text stays as it is.
    say(text) {
      const { length } = text;
      const size = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff];
      return Buffer.concat([Buffer.from([0x81, ...size, 0, 0, 0, 0]), Buffer.from(text)]);
    },
  },
};
