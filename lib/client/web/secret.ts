// Asks for the operators' password, which must not stand in the row.

import { byId } from "./page/dom.ts";

/** Opens the dialog; `take` is called with the password, unless the dialog is cancelled. */
export function askSecret(take: (password: string) => void): void {
  const dialog = byId("ask", HTMLDialogElement);
  const secret = byId("secret", HTMLInputElement);
  byId("ask-close", HTMLButtonElement).onclick = () => dialog.close();
  byId("ask-form", HTMLFormElement).onsubmit = () => {
    if (secret.value !== "") take(secret.value);
  };
  dialog.onclose = () => {
    secret.value = "";
  };
  dialog.showModal();
}
