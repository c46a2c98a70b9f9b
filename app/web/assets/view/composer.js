/** Where the user writes: a box, and one button that sends, or stops what is being said. */

import { button, icon, make } from "../nodes.js";

const LONGEST = 4000; // characters that the service takes
const NEAR_END = 400;

export class Composer {
  /** `send(text)` and `stop()` are what the button does. */
  constructor({ words, send, stop }) {
    Object.assign(this, { words, send, busy: false });
    this.box = make("textarea", "");
    Object.assign(this.box, { id: "message", rows: 1, maxLength: LONGEST, placeholder: words("placeholder") });
    Object.assign(this.box, { autocomplete: "off", enterKeyHint: "send" });
    const label = make("label", "unseen", words("message"));
    label.htmlFor = "message";
    this.sending = button("send", () => this.submit(), icon("send"), words("send"));
    this.stopping = button("send", () => stop(), icon("stop"), words("stop"));
    this.stopping.hidden = true;
    this.left = make("span", "left");
    this.state = make("p", "state");
    this.state.setAttribute("role", "status");
    const row = make("div", "row", label, this.box, this.left, this.sending, this.stopping);
    this.element = make("div", "ask", this.state, row);
    this.box.addEventListener("keydown", (event) => this.#key(event));
    this.box.addEventListener("input", () => this.#grow());
  }

  submit() {
    const text = this.box.value.trim();
    if (!text) this.focus();
    if (this.busy || !text) return;
    this.box.value = "";
    this.#grow();
    this.send(text);
  }

  /** Whether a reply is being said: then the button stops it. */
  wait(busy) {
    const had = [this.sending, this.stopping].includes(this.element.getRootNode().activeElement);
    this.busy = busy;
    this.sending.hidden = busy;
    this.stopping.hidden = !busy;
    if (had) (busy ? this.stopping : this.sending).focus({ preventScroll: true });
  }

  tell(text) {
    this.state.textContent = text;
  }

  focus() {
    this.box.focus({ preventScroll: true });
  }

  #key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.submit();
  }

  #grow() {
    this.box.dir = this.box.value ? "auto" : ""; // an empty one runs as the widget does
    const left = LONGEST - this.box.value.length;
    this.left.textContent = left < NEAR_END ? this.words("left", { left }) : "";
    if (CSS.supports("field-sizing", "content")) return;
    this.box.style.height = "auto";
    this.box.style.height = `${this.box.scrollHeight + 2}px`;
  }
}
