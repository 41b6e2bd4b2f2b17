// The menu behind the three dots: colours, notifications, help, and the way out. The choices are kept in the browser.

import { mayNotify, whyNoNotifications } from "./attention.ts";
import { byId, write } from "./dom.ts";

export type MenuHandlers = {
  /** Reads the kept value of a setting, and keeps a new one. */
  get: (setting: string) => string | undefined;
  set: (setting: string, value: string | undefined) => void;
  notifies: (isWanted: boolean) => void;
  help: () => void;
  leave: () => void;
};

/** Makes the entries of the menu work. */
export function setUpMenu(handlers: MenuHandlers): void {
  themeChoice(handlers);
  notifications(handlers);
  const menu = byId("menu", HTMLElement);
  for (const choice of ["help", "leave"] as const) {
    byId(`${choice}-button`, HTMLButtonElement).onclick = () => {
      menu.hidePopover();
      handlers[choice]();
    };
  }
}

function notifications({ get, set, notifies }: MenuHandlers): void {
  const box = byId("notify", HTMLInputElement);
  const note = byId("notify-note", HTMLElement);
  box.checked = get("notify") === "on" && mayNotify();
  notifies(box.checked);
  box.onchange = async () => {
    const problem = box.checked ? await whyNoNotifications() : undefined;
    write(note, problem ?? "");
    if (problem !== undefined) box.checked = false;
    set("notify", box.checked ? "on" : undefined);
    notifies(box.checked);
  };
}

/** The colours: the page's own element says which, and the style does the rest. */
function themeChoice({ get, set }: MenuHandlers): void {
  const apply = (theme: string) => {
    document.documentElement.dataset.theme = theme;
  };
  const kept = get("theme") ?? "system";
  apply(kept);
  for (const button of document.querySelectorAll<HTMLInputElement>('input[name="theme"]')) {
    button.checked = button.value === kept;
    button.onchange = () => {
      set("theme", button.value);
      apply(button.value);
    };
  }
}
