/** What this browser remembers of a chat: `tab` until the tab is closed, `device` until it is deleted, `off`. */

const KEY = "candor-chat";
const OFF = "candor-chat-off";
const MOST_TURNS = 50;

export class Memory {
  #kept = null;

  constructor(kind) {
    try {
      if (kind !== "off") this.#kept = kind === "device" ? localStorage : sessionStorage;
    } catch {
      // a page in a sandbox has no storage
    }
  }

  get possible() {
    return this.#kept !== null;
  }

  get on() {
    return this.possible && this.#kept.getItem(OFF) === null;
  }

  set on(wanted) {
    if (wanted) this.#kept.removeItem(OFF);
    else this.#kept.setItem(OFF, "1");
    if (!wanted) this.clear();
  }

  /** Each turn as {question, reply, rating}; a reply that never came is null. */
  load() {
    try {
      const { conversation, turns } = JSON.parse(this.#kept.getItem(KEY));
      return { conversation, turns };
    } catch {
      return { conversation: null, turns: [] };
    }
  }

  save(conversation, turns) {
    if (!this.on) return;
    try {
      this.#kept.setItem(KEY, JSON.stringify({ conversation, turns: turns.slice(-MOST_TURNS) }));
    } catch {
      this.clear(); // no room: rather nothing than a part that misleads
    }
  }

  clear() {
    this.#kept?.removeItem(KEY);
  }
}
