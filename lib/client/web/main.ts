// The entry of the page's script.

import { WebFront } from "./front.ts";

new WebFront(location, localStorage).start();
