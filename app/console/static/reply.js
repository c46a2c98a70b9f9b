// A reply as users read it: with the widget's own modules and style. What the server rendered stays where
// they cannot be had.

import css from "/web/now/chat.css.js";
import { make } from "/web/now/nodes.js";
import { config } from "/web/now/service.js";
import { shown } from "/web/now/markdown/reply.js";
import { wordsOf } from "/web/now/words.js";

const SHEET = new CSSStyleSheet();
SHEET.replaceSync(css);
const told = await config("en");
const ui = {
  words: wordsOf(told.messages),
  alarms: told.alarms,
  emergency: told.emergency_number,
  ask: (question) => location.assign(`/admin/ui/try?message=${encodeURIComponent(question)}`),
};

/** Draws each element below `part` that holds a reply. */
export function drawReplies(part) {
  for (const element of part.querySelectorAll("[data-reply]")) draw(element);
}

function draw(element) {
  const { text, below } = shown(JSON.parse(element.dataset.reply), ui);
  const said = make("div", "text", ...text);
  Object.assign(said, { dir: "auto", lang: told.content_language });
  const host = make("div", "as-read");
  const shadow = host.attachShadow({ mode: "open" });
  shadow.adoptedStyleSheets = [SHEET];
  const asked = element.dataset.asked;
  const user = asked ? [make("div", "user", make("div", "text", asked))] : [];
  shadow.append(make("div", "said", ...user, make("div", "assistant", said, make("div", "below", ...below))));
  element.replaceChildren(host);
  element.removeAttribute("data-reply");
}
