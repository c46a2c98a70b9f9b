import { events } from "./sse.js";

const log = document.getElementById("log");
const form = document.getElementById("ask");
const box = document.getElementById("message");
const send = document.getElementById("send");
const status = document.getElementById("status");
let conversation = null;
let turn = null;
let count = 0;

/** An element with a class and a text. Replies are only ever set as text: markup in them stays inert. */
function make(tag, name, text = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.textContent = text;
  return element;
}

function add(kind, text = "") {
  const item = make("li", kind);
  item.append(make("p", "text", text));
  log.append(item);
  item.scrollIntoView({ block: "end" });
  return item;
}

/** The text with each citation number as a link to its source below. */
function numbered(text, sources) {
  return text.split(/( ?\[\d+\])/).map((part) => {
    const id = sources.get(Number(part.match(/^ ?\[(\d+)\]$/)?.[1]));
    if (!id) return part;
    const mark = make("a", "mark", part.trim());
    mark.href = `#${id}`;
    mark.setAttribute("aria-label", `Source ${part.trim().slice(1, -1)}`);
    return mark;
  });
}

function source(citation, id) {
  const item = make("li");
  item.id = id;
  item.append(make("span", "", `[${citation.index}]`));
  const address = /^https?:\/\//.test(citation.url ?? "") ? citation.url : null;
  const title = make(address ? "a" : "span", "", citation.title);
  if (address) Object.assign(title, { href: address, target: "_blank", rel: "noopener noreferrer" });
  item.append(title);
  return item;
}

function show(item, reply) {
  const ids = new Map();
  const list = make("ol", "sources");
  list.setAttribute("aria-label", "Sources");
  count += 1;
  for (const citation of reply.citations) {
    if (ids.has(citation.index)) continue;
    ids.set(citation.index, `source-${count}-${citation.index}`);
    list.append(source(citation, ids.get(citation.index)));
  }
  item.firstChild.replaceChildren(...numbered(reply.reply, ids));
  if (ids.size) item.append(list);
  if (reply.suggestions.length) item.append(suggestions(reply.suggestions));
  item.scrollIntoView({ block: "nearest" });
}

function suggestions(questions) {
  const group = make("div", "suggestions");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Questions that can be answered");
  for (const question of questions) {
    const button = make("button", "", question);
    button.type = "button";
    button.addEventListener("click", () => ask(question));
    group.append(button);
  }
  return group;
}

function fail(item, problem) {
  item.append(make("p", "problem", problem?.detail ?? "The service cannot be reached. Please try again."));
  if (problem?.status === 404) conversation = null;
}

async function converse(message, item, signal) {
  const response = await fetch("/chat", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ message, conversation_id: conversation, stream: true }),
    signal,
  });
  if (!response.ok) return fail(item, await response.json());
  let ended = false;
  for await (const { name, data } of events(response)) {
    ended = name !== "sentence";
    if (name === "sentence") item.firstChild.textContent += data.text;
    if (name === "error") fail(item, data);
    if (name === "reply") {
      conversation = data.conversation_id;
      show(item, data);
    }
  }
  if (!ended) fail(item, { detail: "The connection was lost. Please try again." });
}

async function ask(message) {
  if (turn || !message) return;
  const mine = (turn = new AbortController());
  add("user", message);
  send.disabled = true;
  status.textContent = "Looking for an answer…";
  const item = add("assistant");
  item.setAttribute("aria-busy", "true");
  try {
    await converse(message, item, mine.signal);
  } catch {
    if (!mine.signal.aborted) fail(item);
  }
  item.removeAttribute("aria-busy");
  if (turn === mine) settle();
}

function settle() {
  turn = null;
  send.disabled = false;
  status.textContent = "";
  box.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const message = box.value.trim();
  if (turn || !message) return;
  box.value = "";
  ask(message);
});

box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

document.getElementById("restart").addEventListener("click", () => {
  turn?.abort();
  conversation = null;
  log.replaceChildren();
  settle();
});
