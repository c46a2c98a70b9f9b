/** A reply as nodes: its Markdown, the marks of its citations, its sources and its choices. */

import { allowed } from "./addresses.js";
import { blocks } from "./blocks.js";
import { CLOSE, make, OPEN } from "./inline.js";

const MARK = / \[(\d+)\]/y;
const BEFORE_APART = "\n\n";
const PIECE_MARK = /(?<before>[^]*?)(?<apart>\n\n)? \[(?<number>\d+)\]$/;
let count = 0;

const clean = (text) => text.replaceAll(OPEN, "").replaceAll(CLOSE, "");
const sign = (number) => `\u202f${OPEN}${number}${CLOSE}`;

/** The text with its marks told from what only looks like one: they stand where a citation ends. Offsets
    count code points. */
function placed(chars, citations, from, to) {
  const ends = [...new Set(citations.map(({ end }) => end))].filter((end) => end > from && end <= to).sort((a, b) => a - b);
  let [text, at] = ["", from];
  for (const end of ends) {
    if (end < at) continue;
    const here = new Set(citations.filter((each) => each.end === end).map(({ index }) => index));
    text += clean(chars.slice(at, end).join(""));
    const rest = chars.slice(end, end + 2 + 16 * here.size).join("");
    const apart = rest.startsWith(`${BEFORE_APART} [`) ? BEFORE_APART : "";
    let [signs, length] = ["", apart.length];
    for (let match; (MARK.lastIndex = length), (match = MARK.exec(rest)) && here.delete(Number(match[1])); length += match[0].length) {
      signs += sign(match[1]);
    }
    text += signs && apart + signs;
    at = signs ? end + length : end;
  }
  return text + clean(chars.slice(at, to).join(""));
}

/** A piece while it streams: what it ends with is taken for its mark until the whole reply tells. */
export function provisional(piece) {
  const match = PIECE_MARK.exec(piece);
  if (!match) return clean(piece);
  return clean(match.groups.before) + (match.groups.apart ?? "") + sign(match.groups.number);
}

/** The nodes of pieces said so far. */
export function streamed(text) {
  return blocks(text, { mark: (number) => make("sup", "mark", `[${number}]`) });
}

/** The nodes of a whole reply's text. */
function said(reply, sources) {
  const chars = Array.from(reply.reply);
  const options = { mark: (number) => mark(sources.get(number)) };
  const end = spokenEnd(reply);
  if (!reply.citations.length) {
    return blocks(placed(chars, [], 0, end), { ...options, alarm: reply.outcome === "declined" });
  }
  const first = Math.min(...reply.citations.map(({ start }) => start));
  const before = chars.slice(0, first).join("");
  if (!before.trim() || !/\n\s*\n\s*$/.test(before)) return blocks(placed(chars, reply.citations, 0, end), options);
  const alone = blocks(placed(chars, [], 0, first), { ...options, alarm: true }); // the house's own paragraph
  return [...alone, ...blocks(placed(chars, reply.citations, first, end), options)];
}

/** Where the text ends that is read: before the choices, where they follow as buttons. */
function spokenEnd({ reply, outcome, suggestions }) {
  let text = reply.trimEnd();
  if (outcome === "clarify" && suggestions.length) {
    const listed = suggestions.map((each) => `\n- ${each}`).join("");
    if (text.endsWith(listed)) text = text.slice(0, -listed.length).trimEnd();
  }
  return Array.from(text).length;
}

function mark({ index, title, address, id }) {
  const link = make("a", "", `[${index}]`);
  if (address) Object.assign(link, { href: address, target: "_blank", rel: "noopener noreferrer" });
  else link.href = `#${id}`;
  link.title = title;
  link.setAttribute("aria-label", `Source ${index}: ${title}`);
  return make("sup", "mark", link);
}

function sourcesOf(citations) {
  const sources = new Map();
  count += 1;
  for (const { index, title, url } of citations) {
    const address = /^https?:/i.test(url ?? "") ? allowed(url) : null;
    if (!sources.has(index)) sources.set(index, { index, title, address, id: `source-${count}-${index}` });
  }
  return sources;
}

function sourceList(sources) {
  const list = make("ol", "sources");
  list.setAttribute("aria-label", "Sources");
  for (const { index, title, address, id } of sources.values()) {
    const name = make(address ? "a" : "span", "", title);
    if (address) Object.assign(name, { href: address, target: "_blank", rel: "noopener noreferrer" });
    name.dir = "auto";
    const item = make("li", "", make("span", "number", `[${index}]`), name);
    item.id = id;
    list.append(item);
  }
  return list;
}

function choices({ outcome, suggestions }, ask) {
  const group = make("div", "choices");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", outcome === "clarify" ? "Which question do you mean?" : "Questions that can be answered");
  for (const question of suggestions) {
    const button = make("button", "", question);
    button.type = "button";
    button.dir = "auto";
    button.addEventListener("click", () => ask(question));
    group.append(button);
  }
  return group;
}

/** All that is shown of a reply: its text as nodes, and what stands below it. `ask` sends a question. */
export function shown(reply, ask) {
  const sources = sourcesOf(reply.citations);
  const below = [];
  if (sources.size) below.push(sourceList(sources));
  if (reply.suggestions.length) below.push(choices(reply, ask));
  return { text: said(reply, sources), below };
}

/** Puts nodes into an element, and leaves those that are there already, so that nothing flickers. */
export function settle(element, nodes) {
  let same = 0;
  while (same < nodes.length && element.childNodes[same]?.isEqualNode(nodes[same])) same += 1;
  while (element.childNodes.length > same) element.lastChild.remove();
  element.append(...nodes.slice(same));
}
