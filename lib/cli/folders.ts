// Where programs keep their files, as the XDG Base Directory Specification has it. A folder need not exist.

import { homedir } from "node:os";
import { join } from "node:path";

/** The folder for settings and keys, which a person may edit. */
export function configFolder(): string {
  return join(process.env.XDG_CONFIG_HOME || join(homedir(), ".config"), "chatroom");
}

/** The folder for data that a program keeps from one run to the next. */
export function stateFolder(): string {
  return join(process.env.XDG_STATE_HOME || join(homedir(), ".local", "state"), "chatroom");
}
