import { make } from "./inline.js";
import { provisional, settle, shown, streamed } from "./reply.js";
import { events } from "./sse.js";

const pane = document.querySelector("main");
const log = document.getElementById("log");
const form = document.getElementById("ask");
const box = document.getElementById("message");
const send = document.getElementById("send");
const status = document.getElementById("status");
let conversation = null;
let turn = null;

function add(kind, text = "") {
  const item = make("li", kind, make("div", "text", text));
  item.dir = "auto";
  log.append(item);
  return item;
}

/** Scrolls to the end of what is said, but never past the beginning of the question. */
function follow(item) {
  if (!item.isConnected) return;
  const past = item.getBoundingClientRect().bottom - pane.getBoundingClientRect().bottom + 8;
  const room = item.previousSibling.getBoundingClientRect().top - pane.getBoundingClientRect().top - 8;
  pane.scrollTop += Math.max(0, Math.min(past, room));
}

/** Shows the pieces of one reply, at most once a frame, and then the whole of it. */
class Saying {
  #item;
  #text = "";
  #frame = 0;

  constructor(item) {
    this.#item = item;
  }

  piece(text) {
    this.#text += provisional(text);
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#show(streamed(this.#text));
    });
  }

  whole(reply) {
    cancelAnimationFrame(this.#frame);
    const { text, below } = shown(reply, ask);
    this.#item.append(...below);
    this.#show(text);
  }

  #show(nodes) {
    settle(this.#item.firstChild, nodes);
    follow(this.#item);
  }
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
  const saying = new Saying(item);
  let ended = false;
  for await (const { name, data } of events(response)) {
    ended = name !== "sentence";
    if (name === "sentence") saying.piece(data.text);
    if (name === "error") fail(item, data);
    if (name === "reply") {
      conversation = data.conversation_id;
      saying.whole(data);
    }
  }
  if (!ended) fail(item, { detail: "The connection was lost. Please try again." });
}

async function ask(message) {
  if (turn || !message) return;
  const mine = (turn = new AbortController());
  const asked = document.activeElement;
  add("user", message);
  const item = add("assistant");
  wait(true);
  item.setAttribute("aria-busy", "true");
  follow(item);
  try {
    await converse(message, item, mine.signal);
  } catch {
    if (!mine.signal.aborted) fail(item);
  }
  item.removeAttribute("aria-busy");
  if (turn !== mine) return;
  wait(false);
  if ([asked, document.body, send].includes(document.activeElement)) focusBox();
}

function wait(waiting) {
  if (!waiting) turn = null;
  status.textContent = waiting ? "Looking for an answer…" : "";
  send.disabled = waiting;
  log.classList.toggle("waiting", waiting);
}

/** Ready for the next question; not where that would draw a keyboard over the answer. */
function focusBox() {
  if (matchMedia("(pointer: fine)").matches) box.focus({ preventScroll: true });
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
  wait(false);
  box.focus();
});
