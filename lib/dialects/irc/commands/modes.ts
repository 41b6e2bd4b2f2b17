// MODE. The modes of the channel are the room's moderation: b is a ban, q mutes a member, m mutes all but operators. The
// other letters change nothing. Members have no modes.

import { networkIn } from "../../../protocol/addresses.ts";
import { type Command, check } from "../../../protocol/commands.ts";
import { nameKey } from "../../../protocol/names.ts";
import type { Client, Outcome } from "../client.ts";
import { nameOfMask } from "../masks.ts";
import { serverName } from "../wire.ts";

export function mode(client: Client, [target = "", change = "", ...params]: string[]): Outcome {
  const { me, channel } = client;
  if (!client.isChannel(target))
    return /^[#&+!]/.test(target) ? [client.noSuchChannel(target)] : userMode(client, target, change);
  if (change === "") return [`:${serverName} 324 ${me} ${channel} +${client.host.mutesAll ? "m" : ""}nt`];
  const isTaken = change.startsWith("-");
  const letter = change.replace(/^[+-]/, "").slice(0, 1);
  const mask = params[0] ?? "";
  switch (letter) {
    case "b":
      if (mask === "") return banList(client);
      return restrict(client, isTaken ? "unban" : "ban", letter, mask);
    case "q":
      if (mask === "") return [client.numeric("729", channel, "q", "End of channel quiet list")];
      return restrict(client, isTaken ? "unmute" : "mute", letter, mask);
    case "o":
    case "v":
      return [
        client.numeric("482", channel, "The operators' password makes an operator: /oper NAME PASSWORD"),
      ];
    case "m":
      return restrict(client, isTaken ? "unmute" : "mute", letter, "*");
    case "n":
    case "t":
      return [];
    default:
      return [
        client.numeric("472", letter === "" ? change : letter, `is unknown mode char to me for ${channel}`),
      ];
  }
}

function restrict(client: Client, type: Command["type"], letter: string, mask: string): Outcome {
  const { host, channel } = client;
  if (!client.isSeated) return [client.notInChannel()];
  const isAll = letter === "m" || (letter === "q" && /^\*(?:!\*@\*)?$/.test(mask));
  const name = isAll ? "*" : nameOfMask(mask, host.operator ? host.members : []);
  if (name === undefined)
    return [client.numeric("696", channel, letter, mask, "It has to say a name: NAME!*@*")];
  client.asked.target = name;
  return check({ type, name });
}

function banList(client: Client): Outcome {
  const end = client.numeric("368", client.channel, "End of channel ban list");
  if (!client.host.operator) return [end];
  client.asked.show = (answer) => {
    if (answer.type !== "bans") return [];
    return [
      ...answer.bans.map(({ name, by, at }) =>
        client.numeric("367", client.channel, maskFor(name), by, `${Math.floor(at / 1000)}`),
      ),
      end,
    ];
  };
  return check({ type: "bans" });
}

/** The mask of a ban of a name, an address or a network. */
function maskFor(name: string): string {
  return networkIn(name) ? `*!*@${name}` : `${name}!*@*`;
}

function userMode(client: Client, target: string, change: string): string[] {
  const { me } = client;
  if (nameKey(target) !== nameKey(me)) {
    const isHere = client.host.find(target) !== undefined;
    return [isHere ? client.numeric("502", "Cant change mode for other users") : client.noSuchNick(target)];
  }
  const isKnown = /^[+-]?i*$/.test(change);
  return [`:${serverName} 221 ${me} +i`, ...(isKnown ? [] : [client.numeric("501", "Unknown MODE flag")])];
}
