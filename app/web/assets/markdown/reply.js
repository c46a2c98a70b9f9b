/** A reply as nodes: its Markdown, the marks of its citations, its sources and its choices. */

import { button, group, icon, make, outward } from "../nodes.js";
import { allowed } from "./addresses.js";
import { blocks } from "./blocks.js";
import { CLOSE, OPEN } from "./inline.js";

const MARK = / \[(\d+)\]/y;
const BEFORE_APART = "\n\n";
const PIECE_MARK = /(?<before>[^]*?)(?<apart>\n\n)? \[(?<number>\d+)\]$/;

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
  return blocks(text, { mark: (number) => make("sup", "mark", make("span", "", number)) });
}

/** The nodes of a whole reply's text. What the house says by itself stands before the first citation. */
function said(reply, sources, words) {
  const chars = Array.from(reply.reply);
  const options = { mark: (number) => mark(sources.get(number), words) };
  const end = spokenEnd(reply);
  if (!reply.citations.length) {
    const alarm = reply.outcome === "declined";
    const nodes = blocks(placed(chars, [], 0, end), { ...options, alarm });
    return alarm ? alarming(nodes, words) : nodes;
  }
  const first = Math.min(...reply.citations.map(({ start }) => start));
  const before = chars.slice(0, first).join("");
  if (!before.trim() || !/\n\s*\n\s*$/.test(before)) return blocks(placed(chars, reply.citations, 0, end), options);
  const alone = blocks(placed(chars, [], 0, first), { ...options, alarm: true });
  return [...alarming(alone, words), ...blocks(placed(chars, reply.citations, first, end), options)];
}

/** What the house says, set apart with the numbers to tap if it gives any: then somebody needs help. */
function alarming(nodes, words) {
  const numbers = nodes.flatMap((node) => [...node.querySelectorAll("a[href^='tel:']")]);
  if (!numbers.length) return nodes;
  const calls = new Map(numbers.map((link) => [link.href, link.textContent]));
  const links = [...calls].map(([href, number]) =>
    Object.assign(make("a", "call", icon("phone"), words("call", { number })), { href }));
  return [group("alarm", words("urgent"), icon("alarm"), ...nodes, make("p", "calls", ...links))];
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

function mark({ index, title, address, row }, words) {
  const name = words("source", { index, title });
  const opened = address ? outward(make("a", "", `${index}`), address) : button("", () => row.focus(), `${index}`);
  opened.title = title;
  opened.setAttribute("aria-label", name);
  return make("sup", "mark", opened);
}

function sourcesOf(citations) {
  const sources = new Map();
  for (const { index, title, url } of citations) {
    const address = /^https?:/i.test(url ?? "") ? allowed(url) : null;
    if (!sources.has(index)) sources.set(index, { index, title, address, row: sourceRow(index, title, address) });
  }
  return sources;
}

function sourceRow(index, title, address) {
  const name = make(address ? "a" : "span", "name", title);
  if (address) outward(name, address);
  name.dir = "auto";
  const place = address ? [make("span", "place", new URL(address).hostname.replace(/^www\./, ""))] : [];
  const row = make("li", "", make("span", "number", `${index}`), make("span", "", name, ...place));
  row.tabIndex = -1; // a mark without an address leads here
  return row;
}

function sourceList(sources, words) {
  const list = make("ol", "sources", ...[...sources.values()].map(({ row }) => row));
  list.setAttribute("aria-label", words("sources"));
  return list;
}

function choices({ outcome, suggestions }, ask, words) {
  const buttons = suggestions.map((question) => {
    const choice = button("choice", () => ask(question), make("span", "", question));
    choice.dir = "auto";
    choice.append(icon("forth"));
    return choice;
  });
  return group("choices", words(outcome === "clarify" ? "choose" : "suggested"), ...buttons);
}

/** All that is shown of a reply: its text as nodes, and what stands below it. `ask` sends a question. */
export function shown(reply, ask, words) {
  const sources = sourcesOf(reply.citations);
  const below = [];
  if (sources.size) below.push(sourceList(sources, words));
  if (reply.suggestions.length) below.push(choices(reply, ask, words));
  return { text: said(reply, sources, words), below };
}

/** Puts nodes into an element, and leaves those that are there already, so that nothing flickers. */
export function settle(element, nodes) {
  let same = 0;
  while (same < nodes.length && element.childNodes[same]?.isEqualNode(nodes[same])) same += 1;
  while (element.childNodes.length > same) element.lastChild.remove();
  element.append(...nodes.slice(same));
}
