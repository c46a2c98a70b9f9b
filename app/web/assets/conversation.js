/** A conversation: its turns, one at a time, kept in the browser as far as the user lets it. */

import { chat, Failure, remove } from "./service.js";
import { Turn } from "./view/turn.js";

export class Conversation extends EventTarget {
  #id = null;
  #turns = [];
  #running = null;

  /** `log` is where turns are shown, and what scrolls; `announce(text)` tells who does not see them;
      `send(question)` asks as the user does; `user()` is the id that the page gives, or null. */
  constructor({ told, words, memory, log, announce, send, user }) {
    super();
    Object.assign(this, { memory, log, announce, words, send, user });
    this.ui = {
      words,
      language: told.content_language,
      alarms: told.alarms,
      emergency: told.emergency_number,
      ask: (question) => this.send(question),
      retry: (turn) => this.#retry(turn),
      follow: (turn) => this.#follow(turn),
      changed: () => this.#changed(),
    };
  }

  get busy() {
    return this.#running !== null;
  }

  get empty() {
    return !this.#turns.length;
  }

  /** Whether the service holds something of it. */
  get stored() {
    return this.#id !== null;
  }

  /** Shows what the browser remembers. */
  restore() {
    const { conversation, turns } = this.memory.on ? this.memory.load() : { conversation: null, turns: [] };
    this.#id = conversation;
    for (const { question, reply, rating } of turns) {
      const turn = this.#add(question);
      turn.rating = rating;
      if (reply) turn.whole(reply);
      else turn.broken("interrupted");
    }
    this.#changed(false);
    this.#follow(this.#turns.at(-1));
  }

  async ask(question) {
    if (this.busy || !question) return;
    const turn = this.#add(question);
    const controller = new AbortController();
    this.#running = { turn, controller };
    turn.begin();
    this.#changed();
    this.#follow(turn);
    try {
      await this.#run(turn, controller.signal);
    } catch (error) {
      if (!controller.signal.aborted) this.#fail(turn, error);
    }
    if (this.#running?.turn !== turn) return;
    this.#running = null;
    this.#changed();
    this.#follow(turn);
  }

  async #run(turn, signal, again = true) {
    try {
      for await (const { name, data } of chat(turn.question, this.#id, this.user(), signal)) {
        if (name === "sentence") turn.piece(data.text);
        if (name !== "reply") continue;
        this.#id = data.conversation_id;
        turn.whole(data);
        this.announce(turn.text.innerText);
      }
    } catch (error) {
      if (error.kind !== "gone" || !again || this.#id === null) throw error;
      this.#id = null; // deleted meanwhile: the question begins a new one
      await this.#run(turn, signal, false);
    }
  }

  #fail(turn, error) {
    const { kind, wait } = error instanceof Failure ? error : new Failure("broken");
    turn.broken(`error_${kind}`, wait);
    this.announce(this.words(`error_${kind}`));
    if (!(error instanceof Failure)) throw error;
  }

  stop() {
    const { turn, controller } = this.#running ?? {};
    if (!turn) return;
    this.#running = null;
    controller.abort();
    turn.broken("stopped");
    this.announce(this.words("stopped"));
    this.#changed();
  }

  #retry(turn) {
    if (this.busy) return;
    this.#turns.splice(this.#turns.indexOf(turn), 1);
    turn.remove();
    this.send(turn.question);
  }

  /** Forgets the conversation here; the service keeps what it keeps. */
  restart() {
    this.#running?.controller.abort();
    for (const turn of this.#turns) turn.remove();
    this.#running = null;
    this.#turns = [];
    this.#id = null;
    this.memory.clear();
    this.#changed();
  }

  /** Deletes it at the service too. Throws a `Failure`, and then nothing is forgotten. */
  async delete() {
    if (this.busy) this.stop();
    if (this.#id !== null) await remove(this.#id);
    this.restart();
  }

  /** Remembers it from now on, or forgets it at once. */
  remember(wanted) {
    this.memory.on = wanted;
    this.#keep();
  }

  #add(question) {
    const turn = new Turn(question, this.ui);
    this.#turns.push(turn);
    this.log.append(...turn.nodes);
    return turn;
  }

  #keep() {
    if (!this.empty) this.memory.save(this.#id, this.#turns.map(({ kept }) => kept));
  }

  #changed(keep = true) {
    if (keep) this.#keep();
    this.dispatchEvent(new Event("change"));
  }

  /** Scrolls to the end of what is said, but never past the beginning of the question. */
  #follow(turn) {
    if (!turn?.answer.isConnected) return;
    const { bottom, top } = this.log.getBoundingClientRect();
    const past = turn.answer.getBoundingClientRect().bottom - bottom + 16;
    const room = turn.asked.getBoundingClientRect().top - top - 12;
    this.log.scrollTop += Math.max(0, Math.min(past, room));
  }
}
