// The form to join: a name, and the room's password once the room has asked for it.

import type { Fault } from "../../../protocol/events.ts";
import { byId, sentence, show, write } from "./dom.ts";

export class Door {
  readonly #door = byId("door", HTMLElement);
  readonly #name = byId("name", HTMLInputElement);
  readonly #passwordField = byId("password-field", HTMLElement);
  readonly #password = byId("password", HTMLInputElement);
  readonly #problem = byId("door-problem", HTMLElement);
  readonly #button = byId("join-button", HTMLButtonElement);

  /** `join` is called with a name, and with the password if one was typed. */
  constructor(join: (name: string, password: string | undefined) => void) {
    byId("join", HTMLFormElement).onsubmit = (event) => {
      event.preventDefault();
      if (this.#button.disabled) return;
      join(this.#name.value, this.#password.value === "" ? undefined : this.#password.value);
    };
  }

  get isOpen(): boolean {
    return !this.#door.hidden;
  }

  /** Asks for a name, offers this one, and shows the problem with the last try. */
  open(name: string, problem?: Fault): void {
    show(this.#door, true);
    this.waiting = false;
    if (this.#name.value === "") this.#name.value = name;
    const isPassword = problem?.code === "wrong-password";
    // No password was asked for before: the person has made no mistake.
    const isFirst = isPassword && this.#passwordField.hidden;
    if (isPassword) show(this.#passwordField, true);
    const text = problem ? sentence(problem.text) : "";
    write(this.#problem, isFirst ? "This room has a password" : text);
    const field = isPassword ? this.#password : this.#name;
    field.setAttribute("aria-invalid", String(problem !== undefined && !isFirst));
    field.focus();
    field.select();
  }

  close(): void {
    show(this.#door, false);
    this.#password.value = "";
    this.#name.value = "";
    show(this.#passwordField, false);
  }

  /** Whether an answer is awaited. */
  set waiting(isWaiting: boolean) {
    this.#button.disabled = isWaiting;
    write(this.#button, isWaiting ? "Joining …" : "Join");
    if (isWaiting) write(this.#problem, "");
  }
}
