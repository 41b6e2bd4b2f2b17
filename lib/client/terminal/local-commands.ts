// The commands that the client carries out by itself, in one table. Everything else a person types is the room's.

import { helpOf, typed } from "../../protocol/commands.ts";
import { isFault } from "../../protocol/events.ts";
import { cleanName } from "../../protocol/names.ts";
import type { View } from "./view.ts";

/** What such a command can do. */
export type Here = {
  view: View;
  /** As if it had been typed. */
  enter: (line: string) => void;
  clear: () => void;
  notice: (text: string) => void;
  complain: (problem: string) => void;
};

type LocalCommand = {
  word: string;
  usage: string;
  summary: string;
  run: (here: Here, words: string) => void;
};

export const localCommands: LocalCommand[] = [
  {
    word: "/reply",
    usage: "/reply TEXT",
    summary: "whisper to whoever whispered last",
    run({ view, enter, complain }, words) {
      if (view.lastWhisperer === undefined) complain("Nobody has whispered to you yet");
      else enter(`/msg ${view.lastWhisperer} ${words}`);
    },
  },
  {
    word: "/ignore",
    usage: "/ignore NAME",
    summary: "hide what somebody says, until /unignore or the end",
    run: (here, words) => ignore(here, words, true),
  },
  {
    word: "/unignore",
    usage: "/unignore NAME",
    summary: "show it again",
    run: (here, words) => ignore(here, words, false),
  },
  {
    word: "/clear",
    usage: "/clear",
    summary: "clear the screen",
    run: ({ clear }) => clear(),
  },
];

/** Everything that can be typed here, for completion. */
export const words = [...typed, ...localCommands].map(({ word }) => word).sort();

/** Carries the line out if it is such a command. */
export function runLocally(here: Here, line: string): boolean {
  const [, word = "", rest = ""] = /^(\/\w+)\s*(.*)$/s.exec(line.trim()) ?? [];
  const command = localCommands.find((known) => known.word === word.toLowerCase());
  command?.run(here, rest);
  return command !== undefined;
}

/** What /help adds for these. */
export function localHelp(): string {
  return helpOf(localCommands);
}

function ignore({ view, notice, complain }: Here, words: string, ignored: boolean): void {
  const name = cleanName(words);
  if (isFault(name)) return complain(name.text);
  view.toggleIgnored(name, ignored);
  notice(ignored ? `${name} is hidden now: /unignore ${name} shows it again` : `${name} is shown again`);
}
