// Makes the README's picture of the page from a real run: the same talk as on the terminal, in a real Chromium.
//
//   bun run pictures        writes .github/page.png

import { join } from "node:path";
import { Browser } from "../support/browser.ts";
import { PlainClient } from "../support/clients.ts";
import { root } from "../support/server.ts";
import { webRoom } from "../support/web-room.ts";

await using room = await webRoom();
await using browser = await Browser.start();
await using ada = await browser.join(room.url, "ada", { size: { width: 1000, height: 520 } });
using bob = await PlainClient.join(room.port, "bob");
using cyd = await PlainClient.join(room.port, "cyd");

bob.say("morning! has anybody looked at the release notes yet? https://example.com/notes");
bob.say("the part about resuming is new");
await ada.shows("the part about resuming is new");
bob.say("/me pours coffee");
cyd.say("it is good, the rest is a bit long");
await ada.shows("it is good, the rest is a bit long");
cyd.say("Ada: can you review them before noon?");
await ada.page.locator(".mention").waitFor();
bob.say("/msg ada I left two questions in there");
await ada.shows("I left two questions in there");
await ada.enter("sure, on it");
await ada.shows("sure, on it");
await ada.page.fill("#entry", "/msg bob seen, than");
await ada.page.getByText("Only bob will read this").waitFor();
await ada.page.locator("#names").getByText("cyd").waitFor();
await ada.page.screenshot({ path: join(root, ".github/page.png") });
