/** <candor-chat>: a chat with this service, as a button that opens a panel, or in a place of its own.

    Attributes: `display` button (default), box or page · `lang` · `theme` light, dark or auto · `position`
    start or end · `remember` tab (default), device or off · `user-id`, `user-signature` · `open`. What stands in the element is shown where
    the service cannot be reached. */

import css from "./chat.css.js";
import { Composer } from "./view/composer.js";
import { Conversation } from "./conversation.js";
import { Memory } from "./view/memory.js";
import { button, icon, make } from "./nodes.js";
import { Options } from "./view/options.js";
import { config } from "./service.js";
import { start } from "./view/start.js";
import { directionOf, wordsOf } from "./words.js";

const SHEET = new CSSStyleSheet();
SHEET.replaceSync(css);
const NARROW = "(max-width: 30rem)";
const AGAIN_MS = [2000, 5000, 15000, 60000];

class CandorChat extends HTMLElement {
  static observedAttributes = ["open"];
  #ready = null;
  #parts = null;
  #asker = null;

  connectedCallback() {
    this.#ready ??= this.#load();
    for (const name of ["online", "offline"]) addEventListener(name, this.#net);
  }

  disconnectedCallback() {
    for (const name of ["online", "offline"]) removeEventListener(name, this.#net);
    this.#parts?.conversation.stop();
  }

  attributeChangedCallback() {
    if (this.#parts?.panel.localName === "dialog") this.#open(this.hasAttribute("open"));
  }

  /** Opens the panel, closes it, asks a question as if the user had typed it. */
  show() {
    this.setAttribute("open", "");
  }

  hide() {
    this.removeAttribute("open");
  }

  async ask(question) {
    await this.#ready;
    this.show();
    await this.#send(String(question).trim());
  }

  /** Draws the widget once the service has told what it says; until then, it asks again and again. */
  async #load() {
    const language = this.closest("[lang]")?.lang ?? "";
    for (let tried = 0; ; tried += 1) {
      try {
        return this.#draw(await config(language));
      } catch (error) {
        if (error.kind === undefined) throw error;
        await new Promise((done) => setTimeout(done, AGAIN_MS[Math.min(tried, AGAIN_MS.length - 1)]));
      }
    }
  }

  #draw(told) {
    const words = wordsOf(told.messages);
    const kind = this.getAttribute("display") ?? "button";
    const log = make("div", "log");
    const heard = make("div", "unseen");
    heard.setAttribute("role", "status");
    const memory = new Memory(this.getAttribute("remember") ?? "tab");
    const announce = (text) => heard.replaceChildren(text);
    const send = (question) => this.#send(question);
    const conversation = new Conversation({ told, words, memory, log, announce, send, user: () => this.#user() });
    const composer = new Composer({ words, send, stop: () => conversation.stop() });
    const { element, offers } = start(told, words, send);
    log.append(element);
    Object.assign(log, { tabIndex: 0 });
    log.setAttribute("role", "log");
    log.setAttribute("aria-live", "off"); // `heard` tells each reply once, and whole
    log.setAttribute("aria-label", words("conversation"));
    const panel = make(kind === "button" ? "dialog" : "section", `panel ${kind}`);
    this.#parts = { words, panel, composer, conversation, offers, log };
    const { head, options } = this.#head(told, kind);
    panel.append(head, options.element, log, composer.element, heard);
    panel.setAttribute("aria-labelledby", "title");
    panel.part = "panel";
    this.#listen(panel, options);
    const root = make("div", "root", ...(kind === "button" ? [this.#launcher()] : []), panel);
    Object.assign(root, { lang: told.language, dir: this.getAttribute("dir") ?? directionOf(told.language) });
    const shadow = this.attachShadow({ mode: "open" }); // until now, what stands in the element is shown
    shadow.adoptedStyleSheets = [SHEET];
    shadow.append(root);
    conversation.restore();
    this.#net();
    if (kind === "button" && this.hasAttribute("open")) this.#open(true);
    if (kind === "page" && matchMedia("(pointer: fine)").matches) composer.focus();
  }

  /** The id that the page gives for its user, signed where it says so. */
  #user() {
    return ["user-id", "user-signature"].map((name) => this.getAttribute(name)).filter(Boolean).join(".") || null;
  }

  async #send(question) {
    this.#asker = this.shadowRoot.activeElement;
    await this.#parts.conversation.ask(question);
  }

  #head(told, kind) {
    const { words, conversation, composer, log } = this.#parts;
    const title = make(kind === "page" ? "h1" : "h2", "", told.title);
    title.id = "title";
    const fresh = button("tool", () => {
      conversation.restart();
      log.scrollTop = 0;
      composer.focus();
    }, icon("fresh"), words("new_chat"));
    const opener = button("tool", () => {}, icon("options"), words("options"));
    const done = (text) => composer.tell(text);
    const options = new Options({ told, words, conversation, opener, done });
    const tools = [fresh, opener];
    if (kind === "button") tools.push(button("tool", () => this.hide(), icon("close"), words("close")));
    return { head: make("header", "", make("span", "logo", icon("chat")), title, ...tools), options };
  }

  #launcher() {
    const { words } = this.#parts;
    const opener = button("launcher", () => this.show(), icon("chat"), words("open"));
    opener.setAttribute("aria-haspopup", "dialog");
    opener.part = "launcher";
    this.#parts.launcher = opener;
    return opener;
  }

  #listen(panel, options) {
    const { conversation, composer, offers, log, words } = this.#parts;
    conversation.addEventListener("change", () => {
      const { busy, empty } = conversation;
      offers.hidden = !empty;
      log.classList.toggle("waiting", busy);
      for (const choice of log.querySelectorAll(".choice")) choice.setAttribute("aria-disabled", String(busy));
      if (busy) composer.tell(words("looking"));
      else this.#net();
      if (composer.busy && !busy) this.#refocus();
      composer.wait(busy);
    });
    panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      event.preventDefault();
      if (!options.element.hidden) options.show(false);
      else if (panel.localName === "dialog") this.hide();
    });
    panel.addEventListener("cancel", (event) => event.preventDefault());
    panel.addEventListener("pointerdown", (event) => {
      if (!event.composedPath().some((each) => each === options.element || each === options.opener)) options.show(false);
    });
  }

  #open(wanted) {
    const { panel, launcher } = this.#parts;
    if (wanted === panel.open) return;
    const modal = matchMedia(NARROW).matches; // over a whole small screen, nothing else can be reached
    if (!wanted) panel.close();
    else if (modal) panel.showModal();
    else panel.show();
    launcher.hidden = wanted;
    if (wanted) this.#focus();
    else launcher.focus();
  }

  /** Ready for the next question; not where that would draw a keyboard over the answer: then at `instead`. */
  #focus(instead = this.#parts.log) {
    if (matchMedia("(pointer: fine)").matches) this.#parts.composer.focus();
    else instead.focus({ preventScroll: true });
  }

  /** Whoever asked from within and did not move on is ready for the next question. */
  #refocus() {
    const { composer } = this.#parts;
    const here = this.shadowRoot.activeElement;
    const stayed = [null, this.#asker, composer.sending, composer.stopping].includes(here);
    const elsewhere = ![this, document.body].includes(document.activeElement);
    if (this.#asker && stayed && !elsewhere) this.#focus(here ?? undefined);
    this.#asker = null;
  }

  #net = () => {
    const { composer, words } = this.#parts ?? {};
    if (!composer) return;
    composer.element.classList.toggle("offline", !navigator.onLine);
    composer.tell(navigator.onLine ? "" : words("offline"));
  };
}

if (!customElements.get("candor-chat")) customElements.define("candor-chat", CandorChat);
