// The menu behind the three dots: colours, comings and goings, notifications, help, and the way out. What is chosen is kept.

import type { Joins } from "../../core/chat.ts";
import { whyNoNotifications } from "./attention.ts";
import { byId, write } from "./dom.ts";

export type MenuHandlers = {
  /** What was kept of a setting, and keeps it. */
  get: (setting: string) => string | undefined;
  set: (setting: string, value: string | undefined) => void;
  joins: (joins: Joins) => void;
  notifies: (isWanted: boolean) => void;
  help: () => void;
  leave: () => void;
};

const themes = ["system", "light", "dark"] as const;
const allJoins = ["all", "active", "none"] as const;

export class Menu {
  constructor(handlers: MenuHandlers) {
    const menu = byId("menu", HTMLElement);
    choices("theme", themes, "system", handlers, (theme) => {
      document.documentElement.dataset.theme = theme;
    });
    choices("joins", allJoins, "active", handlers, handlers.joins);
    this.#notifications(handlers);
    for (const [id, run] of [
      ["help-button", handlers.help],
      ["leave-button", handlers.leave],
    ] as const) {
      byId(id, HTMLButtonElement).onclick = () => {
        menu.hidePopover();
        run();
      };
    }
  }

  #notifications({ get, set, notifies }: MenuHandlers): void {
    const box = byId("notify", HTMLInputElement);
    const note = byId("notify-note", HTMLElement);
    box.checked = get("notify") === "on" && isSecureContext && Notification.permission === "granted";
    notifies(box.checked);
    box.onchange = async () => {
      const problem = box.checked ? await whyNoNotifications() : undefined;
      write(note, problem ?? "");
      if (problem !== undefined) box.checked = false;
      set("notify", box.checked ? "on" : undefined);
      notifies(box.checked);
    };
  }
}

/** Radio buttons for a setting. `apply` is called with what was kept, and with each choice. */
function choices<T extends string>(
  name: string,
  values: readonly T[],
  first: T,
  { get, set }: MenuHandlers,
  apply: (value: T) => void,
): void {
  const kept = get(name);
  const present = values.find((value) => value === kept) ?? first;
  apply(present);
  for (const button of document.querySelectorAll<HTMLInputElement>(`input[name="${name}"]`)) {
    button.checked = button.value === present;
    button.onchange = () => {
      const chosen = values.find((value) => value === button.value);
      if (!chosen || !button.checked) return;
      set(name, chosen);
      apply(chosen);
    };
  }
}
