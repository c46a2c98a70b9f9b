/** One question with its reply, as they are shown. */

import { actions } from "./actions.js";
import { provisional, settle, shown, streamed } from "../markdown/reply.js";
import { button, icon, make } from "../nodes.js";

const TICK_MS = 1000;

export class Turn {
  #pieces = "";
  #frame = 0;
  #clock = 0;

  /** `ui`: {words, language, alarms, emergency, ask, retry, follow, changed}; `language` is that of the replies. */
  constructor(question, ui) {
    Object.assign(this, { question, ui, reply: null, rating: null });
    const said = make("div", "text", question);
    said.dir = "auto";
    this.asked = article("user", ui.words("you"), said);
    this.text = make("div", "text");
    Object.assign(this.text, { dir: "auto", lang: ui.language });
    this.below = make("div", "below");
    this.answer = article("assistant", ui.words("answer"), this.text, this.below);
  }

  get nodes() {
    return [this.asked, this.answer];
  }

  get kept() {
    return { question: this.question, reply: this.reply, rating: this.rating };
  }

  begin() {
    this.answer.setAttribute("aria-busy", "true");
    const dots = make("div", "dots", make("i"), make("i"), make("i"));
    this.below.replaceChildren(dots);
  }

  /** Shows the pieces said so far, at most once a frame. */
  piece(text) {
    this.#pieces += provisional(text);
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#show(streamed(this.#pieces, this.ui));
    });
  }

  whole(reply) {
    this.#end();
    this.reply = reply;
    const { text, below } = shown(reply, this.ui);
    for (const each of below) each.lang = this.ui.language;
    this.#show(text);
    this.below.replaceChildren(...below, ...this.#actions(reply));
  }

  #actions(reply) {
    const rated = (rating) => {
      this.rating = rating;
      this.ui.changed();
    };
    return actions({ reply, rating: this.rating, rated, words: this.ui.words });
  }

  /** Ends the turn without its reply: what happened, and a button that tries again after `wait` seconds. */
  broken(kind, wait = 0) {
    this.#end();
    if (this.#pieces) this.#show(streamed(this.#pieces, this.ui));
    const again = button("again", () => this.#clock || this.ui.retry(this), make("span", ""));
    again.prepend(icon("again"));
    const problem = make("p", kind === "stopped" ? "stopped" : "problem", this.ui.words(kind));
    this.below.replaceChildren(problem, again);
    this.#count(again, wait);
  }

  #count(again, wait) {
    const until = Date.now() + wait * TICK_MS;
    const tick = () => {
      const seconds = Math.ceil((until - Date.now()) / TICK_MS);
      const waiting = seconds > 0 && again.isConnected;
      again.setAttribute("aria-disabled", String(waiting));
      again.lastChild.textContent = waiting ? this.ui.words("retry_in", { seconds }) : this.ui.words("retry");
      this.#clock = waiting ? setTimeout(tick, TICK_MS) : 0;
    };
    tick();
  }

  #end() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.answer.removeAttribute("aria-busy");
  }

  #show(nodes) {
    settle(this.text, nodes);
    this.ui.follow(this);
  }

  remove() {
    this.#end();
    clearTimeout(this.#clock);
    for (const node of this.nodes) node.remove();
  }
}

function article(kind, label, ...inside) {
  const element = make("article", kind, ...inside);
  element.setAttribute("aria-label", label);
  return element;
}
