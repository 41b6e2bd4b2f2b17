// The first import of both programs: an older Bun would start, and fail at some later moment with a stack trace. An older Bun has
// to read this file, so only old features are used here. It also links all other files before it runs this one: so a name that
// an older node:tls lacks must not be imported by name, but through its module, as in `import tls from "node:tls"`.

import about from "../../package.json";

/** Why the Bun of this version, at this path, is too old, and what to do; undefined if it is not. */
export function versionProblem(version: string, path: string): string | undefined {
  const wanted = about.engines.bun.replace(/^>=/, "");
  if (version.localeCompare(wanted, "en", { numeric: true }) >= 0) return undefined;
  return `This needs Bun ${wanted} or newer, and ${path} is Bun ${version}: run "bun upgrade", or "npm install --global --allow-scripts=bun bun"`;
}

const problem = versionProblem(Bun.version, process.execPath);
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}
