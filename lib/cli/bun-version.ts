// The first import of both programs: an older Bun would start, and fail at some later moment with a stack trace. Old
// versions have to understand this file too, so it uses what all of them have.

import { engines } from "../../package.json";

const wanted = engines.bun.replace(/^>=/, "");

if (!Bun.semver.satisfies(Bun.version, engines.bun)) {
  process.stderr.write(
    `This needs Bun ${wanted} or newer, and ${process.execPath} is Bun ${Bun.version}: run "bun upgrade", or "npm install --global --allow-scripts=bun bun"\n`,
  );
  process.exit(1);
}
