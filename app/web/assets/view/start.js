/** What stands before the first question: a greeting, what may be asked, and what there is to know. */

import { button, group, icon, make, outward } from "../nodes.js";
import { inline } from "../markdown/inline.js";

/** `told`: what the service says about the widget; `ask` sends a question. */
export function start(told, words, ask) {
  const notice = make("p", "notice", ...inline(told.notice, { house: true }));
  if (told.privacy_url) notice.append(" ", outward(make("a", "", words("privacy")), told.privacy_url));
  notice.setAttribute("role", "note");
  const greeting = make("p", "greeting", ...inline(told.greeting, { house: true }));
  notice.dir = greeting.dir = "auto"; // words that are not translated run as their own language does
  const offers = make("div", "offers");
  if (told.examples.length) offers.append(questions("examples", words("examples"), told.examples, told, ask));
  if (told.topics.length) offers.append(topics(told, words, ask));
  return { element: make("div", "start", greeting, notice, offers), offers };
}

function questions(name, label, texts, { content_language: language }, ask) {
  const list = group(name, label);
  for (const text of texts) {
    const choice = button("choice", () => ask(text), make("span", "", text));
    Object.assign(choice, { dir: "auto", lang: language });
    choice.append(icon("forth"));
    list.append(choice);
  }
  return list;
}

/** Topics as buttons, each of which opens the questions about it. */
function topics(told, words, ask) {
  const opened = make("div", "opened");
  const heads = told.topics.map((topic) => {
    const head = button("topic", () => open(head.getAttribute("aria-expanded") === "true" ? null : topic), topic.name);
    head.setAttribute("aria-expanded", "false");
    head.lang = told.content_language;
    return head;
  });
  const open = (topic) => {
    heads.forEach((head, at) => head.setAttribute("aria-expanded", String(told.topics[at] === topic)));
    opened.replaceChildren(...(topic ? [questions("examples", topic.name, topic.questions, told, ask)] : []));
  };
  return make("div", "topics", make("p", "label", words("topics")), group("heads", words("topics"), ...heads), opened);
}
