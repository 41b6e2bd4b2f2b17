// Builds the server and the client as single programs that need no Bun: for the platforms that are named, or for all.
//
//   bun run build                  build/chatroom-linux-x64, build/chatroom-server-linux-x64, …
//   bun run build linux-x64

import { join } from "node:path";
import { buildDocument } from "../../lib/client/web/document.ts";
import { revision } from "../../lib/server/operation/opening.ts";
import { root } from "../support/server.ts";

export const platforms = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64", "windows-x64"] as const;
export type Platform = (typeof platforms)[number];

/** The script of each, and the scripts of its threads. */
const programs = {
  chatroom: ["ChatClient.ts"],
  "chatroom-server": ["ChatServer.ts", "lib/server/journal/sqlite/checkpoint-worker.ts"],
};

/** Builds both into a folder, and returns the paths of their files. Bun fetches what another platform needs. */
export async function build(platform: Platform, folder: string): Promise<string[]> {
  const page = await buildDocument();
  const built = Object.entries(programs).map(async ([name, scripts]) => {
    const outfile = join(folder, `${name}-${platform}`);
    const { outputs } = await Bun.build({
      entrypoints: scripts.map((script) => join(root, script)),
      // All beside each other: the binary looks for a thread's script beside its own entry, not beside the file that starts it.
      naming: { entry: "[name].[ext]" },
      minify: true,
      define: { chatRevision: JSON.stringify(revision()), chatPage: JSON.stringify(page) },
      compile: { target: `bun-${platform}`, outfile },
    });
    return outputs[0]?.path ?? outfile;
  });
  return Promise.all(built);
}

export function isPlatform(name: string): name is Platform {
  return platforms.some((platform) => platform === name);
}

if (import.meta.main) {
  const named = Bun.argv.slice(2);
  const unknown = named.find((name) => !isPlatform(name));
  if (unknown !== undefined) {
    console.error(`There is no platform "${unknown}": choose from ${platforms.join(", ")}`);
    process.exit(2);
  }
  for (const platform of named.length > 0 ? named.filter(isPlatform) : platforms) {
    for (const path of await build(platform, join(root, "build"))) console.log(path);
  }
}
