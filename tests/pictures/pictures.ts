// Makes the README's picture from a real run: three people talk, the server is killed while ada writes, and is started
// again. What is drawn is the screen of ada's client, before and after.
//
//   bun run pictures        writes .github/terminal.svg

import { join } from "node:path";
import { PlainClient } from "../support/clients.ts";
import { Terminal } from "../support/screen.ts";
import { root, Server, temporaryFolder } from "../support/server.ts";
import { pictureOf, stacked } from "./svg.ts";

const size = { cols: 78, rows: 15 };

using folder = temporaryFolder();
const history = ["--stay", "--history", join(folder.path, "room.sqlite")];
let server = await Server.start(history);
const { port } = server;
const client = ["bun", join(root, "ChatClient.ts"), "--port", `${port}`, "--name"];

await using ada = new Terminal([...client, "ada"], size, { FORCE_COLOR: "1", XDG_STATE_HOME: folder.path });
await ada.shows("You are connected");
const bob = await PlainClient.join(port, "bob");
const cyd = await PlainClient.join(port, "cyd");

bob.say("morning! has anybody looked at the release notes yet?");
await ada.shows("release notes");
bob.say("/me pours coffee");
await ada.shows("coffee");
cyd.say("Ada: can you review them before noon?");
await ada.shows("before noon?");
bob.say("/msg ada I left two questions in there");
await ada.shows("two questions");
ada.type("sure, on it\r");
await ada.shows("ada: sure, on it");

await server.kill("SIGKILL");
await ada.shows("(offline)");
ada.type("said while the server was down\r");
await ada.shows("… said while");
ada.type("and a draft that st");
await ada.until("the draft", ({ row }) => row.endsWith("that st"));
const before = pictureOf(ada, "ada: the server was just killed", ada.screen.length);

server = await Server.start([...history, "--port", `${port}`]);
await ada.shows("ada: said while the server was down");
await ada.shows("1 here");
const after = pictureOf(ada, "ada: it was started again", ada.screen.length);
await server.kill("SIGKILL");

const label = "The client's terminal: the server is killed, and the line on its way and the draft survive";
await Bun.write(join(root, ".github/terminal.svg"), stacked([before, after], size.cols, label));
