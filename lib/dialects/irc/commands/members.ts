// The commands that ask for members: NAMES, WHO, WHOIS and the like, and the numerics that answer them.

import { check } from "../../../protocol/commands.ts";
import type { Answer, Member, Trace } from "../../../protocol/events.ts";
import type { Client, Outcome } from "../client.ts";
import { hostOf, maskOf, userName } from "../masks.ts";
import { serverName, word } from "../wire.ts";

/** Rows of names by the list of members: all clients that ask while the list is the same get the same rows. */
const rows = new WeakMap<readonly Member[], { rows: Map<boolean, string[]>; names: Set<string> }>();

/** Bytes of the names in a row: in front of them are a name of at most 128 bytes and a channel of at most 64. */
const maxRowBytes = 296;

/** 353 and 366: the names of the members, and of `more`, who may not be among the members yet. */
export function namesLines(members: readonly Member[], client: Client, more: string[] = []): string[] {
  const withHosts = client.has("userhost-in-names");
  const known = rows.get(members) ?? { rows: new Map(), names: new Set(members.map(({ name }) => name)) };
  rows.set(members, known);
  const encoded = known.rows.get(withHosts) ?? rowsOf(members, withHosts);
  known.rows.set(withHosts, encoded);
  const missing = more.filter((name) => !known.names.has(name)).map((name) => ({ name }));
  const all = [...encoded.slice(0, -1), ...rowsOf(missing, withHosts, encoded.at(-1))];
  return [
    ...all.map((row) => client.numeric("353", "=", client.channel, row)),
    endOfNames(client, client.channel),
  ];
}

function endOfNames(client: Client, channel: string): string {
  return client.numeric("366", channel, "End of /NAMES list");
}

/** The names in rows; the first row begins with `row`. */
function rowsOf(members: readonly Member[], withHosts: boolean, row = ""): string[] {
  const found: string[] = [];
  for (const member of members) {
    const name = `${member.operator ? "@" : ""}${withHosts ? maskOf(member.name) : member.name}`;
    if (row !== "" && Buffer.byteLength(row) + Buffer.byteLength(name) + 1 > maxRowBytes) {
      found.push(row);
      row = "";
    }
    row += row === "" ? name : ` ${name}`;
  }
  return row === "" ? found : [...found, row];
}

/** 352, or 354 with the fields that the client asked for by WHOX. */
function whoLine(member: Member, fields: string | undefined, client: Client): string {
  const { name, away } = member;
  const flags = `${away ? "G" : "H"}${member.operator ? "@" : ""}`;
  if (fields === undefined) {
    return client.numeric(
      "352",
      client.channel,
      userName,
      hostOf(name),
      serverName,
      name,
      flags,
      `0 ${name}`,
    );
  }
  const [letters = "", token = ""] = fields.slice(1).split(",");
  const values: [letter: string, value: string][] = [
    ["t", word(token)],
    ["c", client.channel],
    ["u", userName],
    ["i", "255.255.255.255"],
    ["h", hostOf(name)],
    ["s", serverName],
    ["n", name],
    ["f", flags],
    ["d", "0"],
    ["l", "0"],
    ["a", "0"],
    ["o", "n/a"],
    ["r", name],
  ];
  const shown = values.filter(([letter]) => letters.includes(letter)).map(([, value]) => value);
  return client.numeric("354", ...shown);
}

/** 311 to 318: the details of a member; only operators are told its `address`. */
function whoisLines(member: Member, client: Client, address?: string): string[] {
  const { name, away } = member;
  return [
    client.numeric("311", name, userName, hostOf(name), "*", name),
    client.numeric("319", name, `${member.operator ? "@" : ""}${client.channel}`),
    client.numeric("312", name, serverName, "the chat room"),
    ...(away ? [client.numeric("301", name, "The connection is lost, the seat is kept for a while")] : []),
    ...(member.operator ? [client.numeric("313", name, "is an operator")] : []),
    ...(address === undefined ? [] : [client.numeric("378", name, `is connecting from ${address}`)]),
    client.numeric("318", name, "End of /WHOIS list"),
  ];
}

/** Asks the room for all members; `show` writes the answer. */
function members(client: Client, show: (members: Member[]) => string[]): Outcome {
  const asked = client.asked;
  asked.show = (answer: Answer) => (answer.type === "members" ? show(answer.members) : []);
  return check({ type: "who", id: client.question(asked) });
}

export function names(client: Client, [channel = client.channel]: string[]): Outcome {
  if (!client.isChannel(channel) || !client.isSeated) return [endOfNames(client, channel)];
  return members(client, (members) => namesLines(members, client));
}

export function who(client: Client, [mask = "*", options]: string[]): Outcome {
  const fields = options?.startsWith("%") ? options : undefined;
  const end = client.numeric("315", mask, "End of /WHO list");
  if (!client.isSeated) return [end];
  if (client.isChannel(mask) || /^[*?]*$/.test(mask) || mask === "0") {
    return members(client, (members) => [...members.map((member) => whoLine(member, fields, client)), end]);
  }
  const member = client.host.find(mask);
  return [...(member ? [whoLine(member, fields, client)] : []), end];
}

export function whois(client: Client, params: string[]): Outcome {
  const [nick = ""] = (params.at(-1) ?? "").split(",");
  const member = client.host.find(nick);
  if (!member) return [client.noSuchNick(nick), client.numeric("318", nick, "End of /WHOIS list")];
  if (!client.host.operator) return whoisLines(member, client);
  return traces(client, "whois", nick, ([trace]) => whoisLines(member, client, trace?.address));
}

/** The members who had a name and left. Only operators are told. */
export function whowas(client: Client, [nick = ""]: string[]): Outcome {
  const end = client.numeric("369", nick, "End of WHOWAS");
  const none = [client.numeric("406", nick, "There was no such nickname"), end];
  if (!client.host.operator) return none;
  return traces(client, "whowas", nick, (traces) => {
    const lines = traces.map(({ name, address = "" }) => {
      return client.numeric("314", name, userName, hostOf(name), "*", `${name} ${address}`.trimEnd());
    });
    return lines.length === 0 ? none : [...lines, end];
  });
}

function traces(
  client: Client,
  type: "whois" | "whowas",
  name: string,
  show: (traces: Trace[]) => string[],
): Outcome {
  const { asked } = client;
  asked.show = (answer) => (answer.type === type ? show(answer.traces) : []);
  return check({ type, name, id: client.question(asked) });
}

export function list(client: Client): string[] {
  const { members, topic } = client.host;
  return [
    client.numeric("321", "Channel", "Users  Name"),
    client.numeric("322", client.channel, `${members.length}`, topic ?? ""),
    client.numeric("323", "End of /LIST"),
  ];
}

export function lusers(client: Client): string[] {
  const { members } = client.host;
  const { length } = members;
  const operators = members.filter(({ operator }) => operator).length;
  return [
    client.numeric("251", `There are ${length} users and 0 invisible on 1 servers`),
    client.numeric("252", `${operators}`, "operator(s) online"),
    client.numeric("254", "1", "channels formed"),
    client.numeric("255", `I have ${length} clients and 0 servers`),
    client.numeric("265", `${length}`, `${length}`, `Current local users ${length}, max ${length}`),
    client.numeric("266", `${length}`, `${length}`, `Current global users ${length}, max ${length}`),
  ];
}

/** The members among these nicks, of which 50 are looked up at most. */
export function present(client: Client, nicks: string[]): Member[] {
  const asked = nicks.flatMap((word) => word.split(" ")).slice(0, 50);
  return asked.flatMap((nick) => client.host.find(nick) ?? []);
}
