/** What the user may set: whether the chat is remembered here, and that it is deleted. */

import { button, group, make, outward } from "../nodes.js";

/** A panel below `opener`, the button that shows it. `done(text)` tells what was done. */
export class Options {
  constructor({ told, words, conversation, opener, done }) {
    Object.assign(this, { words, conversation, opener, done });
    this.element = group("options", words("options"));
    this.element.hidden = true;
    this.#switch();
    this.deleting = make("div", "deleting");
    this.element.append(this.deleting);
    if (told.privacy_url) this.element.append(outward(make("a", "", words("privacy")), told.privacy_url));
    this.#ready();
    opener.setAttribute("aria-expanded", "false");
    opener.addEventListener("click", () => this.show(this.element.hidden));
    conversation.addEventListener("change", () => this.#ready());
  }

  show(wanted) {
    if (wanted === !this.element.hidden) return;
    const within = this.element.contains(this.element.getRootNode().activeElement);
    this.element.hidden = !wanted;
    this.opener.setAttribute("aria-expanded", String(wanted));
    this.#ready();
    if (within) this.opener.focus();
  }

  #switch() {
    const { memory } = this.conversation;
    if (!memory.possible) return;
    const box = make("input", "");
    Object.assign(box, { type: "checkbox", checked: memory.on });
    box.setAttribute("role", "switch");
    box.addEventListener("change", () => {
      this.conversation.remember(box.checked);
      this.done(this.words(box.checked ? "remembered" : "forgotten"));
    });
    this.element.append(make("label", "switch", make("span", "", this.words("remember")), box));
  }

  /** The button that deletes, as long as there is something; it asks once more. */
  #ready() {
    if (this.element.hidden && this.deleting.contains(this.element.getRootNode().activeElement)) this.opener.focus();
    const offer = button("danger", () => this.#confirm(), this.words("delete_chat"));
    offer.disabled = this.conversation.empty;
    this.deleting.replaceChildren(offer);
    return offer;
  }

  #confirm() {
    const yes = button("danger", () => this.#delete(), this.words("delete_yes"));
    const no = button("", () => this.#ready().focus(), this.words("cancel"));
    this.deleting.replaceChildren(make("p", "", this.words("delete_confirm")), make("div", "row", yes, no));
    yes.focus();
  }

  async #delete() {
    try {
      await this.conversation.delete();
      this.show(false);
      this.done(this.words("deleted"));
    } catch {
      this.#ready().focus();
      this.done(this.words("delete_failed"));
    }
  }
}
