/** What may be done with a reply: copy it, and say what one thinks of it. */

import { button, group, icon, make } from "../nodes.js";
import { rate } from "../service.js";

const LONGEST_COMMENT = 2000;
const TOLD_MS = 2500;

/** The row of actions below a reply. `rating` is what the user thought before; `rated(rating)` keeps it. */
export function actions({ reply, rating, rated, words }) {
  const told = make("span", "told");
  told.setAttribute("role", "status");
  const row = group("actions", words("about_reply"));
  if (navigator.clipboard) row.append(copying(reply, told, words));
  const opinion = new Opinion(reply.message_id, rated, told, words);
  row.append(...opinion.thumbs, told);
  opinion.press(rating);
  return [row, opinion.form];
}

function copying(reply, told, words) {
  return button("tool", async () => {
    const sources = new Map(reply.citations.map(({ index, title, url }) => [index, [`[${index}]`, title, url ?? ""]]));
    const list = [...sources.values()].map((parts) => parts.join(" ").trim());
    try {
      await navigator.clipboard.writeText([reply.reply, ...list].join("\n\n"));
      say(told, words("copied"));
    } catch {
      say(told, words("copy_failed"));
    }
  }, icon("copy"), words("copy"));
}

function say(told, text) {
  told.textContent = text;
  setTimeout(() => told.textContent === text && told.replaceChildren(), TOLD_MS);
}

/** Two thumbs, and room for a comment once one of them is pressed. */
class Opinion {
  #rating = null;

  constructor(id, rated, told, words) {
    Object.assign(this, { id, rated, told, words });
    this.thumbs = ["up", "down"].map((rating) => button(`tool ${rating}`, () => this.#rate(rating), icon(rating), words(rating)));
    this.form = make("div", "opinion");
    this.form.hidden = true;
  }

  press(rating) {
    this.#rating = rating ?? null;
    this.thumbs.forEach((thumb, at) => thumb.setAttribute("aria-pressed", String(["up", "down"][at] === rating)));
  }

  async #rate(rating) {
    const before = this.#rating;
    this.press(rating);
    this.#ask(rating);
    if (!(await this.#send(rating))) {
      this.press(before);
      this.#close();
    }
  }

  async #send(rating, comment) {
    try {
      await rate(this.id, rating, comment);
    } catch {
      say(this.told, this.words("feedback_failed"));
      return false;
    }
    this.rated(rating);
    say(this.told, this.words("thanks"));
    return true;
  }

  #ask(rating) {
    const box = make("textarea", "");
    Object.assign(box, { rows: 2, maxLength: LONGEST_COMMENT });
    const label = make("label", "", this.words(`comment_${rating}`), box);
    const send = async () => {
      const comment = box.value.trim();
      if (!comment) box.focus();
      else if (await this.#send(rating, comment)) this.#close(rating);
    };
    const done = button("primary", send, this.words("comment_send"));
    this.form.replaceChildren(label, make("div", "row", done, button("", () => this.#close(rating), this.words("skip"))));
    this.form.hidden = false;
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.#close(rating);
    });
    this.form.scrollIntoView({ block: "nearest" });
  }

  #close(rating = this.#rating) {
    const within = this.form.contains(this.form.getRootNode().activeElement);
    this.form.hidden = true;
    this.form.replaceChildren();
    if (within) this.thumbs[rating === "down" ? 1 : 0].focus();
  }
}
