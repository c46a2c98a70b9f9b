/** A reply as nodes: its Markdown, the marks of its citations, its sources and its choices. */

import { button, group, icon, make, outward } from "../nodes.js";
import { allowed, ofPhone } from "./addresses.js";
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

/** The nodes of pieces said so far; `ui` as for `shown`. */
export function streamed(text, ui) {
  const options = { mark: (number) => make("sup", "mark", make("span", "", ...numbered(number))) };
  const alarm = alarmOf(text, ui.alarms);
  return [...urgent(alarm, ui), ...blocks(text.slice(alarm.length), options)];
}

/** The nodes of a whole reply's text. What the house says by itself stands before the first citation. */
function said(reply, sources, ui) {
  const chars = Array.from(reply.reply);
  const options = { mark: (number) => mark(sources.get(number), ui.words) };
  const alarm = alarmOf(reply.reply, ui.alarms);
  const from = Array.from(alarm).length;
  const end = spokenEnd(reply);
  const first = Math.min(...reply.citations.map(({ start }) => start), end);
  const apart = /\n\s*\n\s*$/.test(chars.slice(from, first).join("")) || !reply.citations.length;
  const alone = apart ? first : from; // a paragraph of the house's own ends here
  const own = { ...options, house: true, alarm: Boolean(reply.citations.length) || reply.outcome === "declined" };
  return [
    ...urgent(alarm, ui),
    ...blocks(placed(chars, [], from, alone), own),
    ...blocks(placed(chars, reply.citations, alone, end), options),
  ];
}

/** The alarm that a text begins with, or nothing. */
const alarmOf = (text, alarms) => alarms.find((alarm) => text.startsWith(alarm)) ?? "";

/** An alarm set apart, its numbers to tap before its text; with the owner's where it names none. */
function urgent(alarm, { words, emergency }) {
  if (!alarm) return [];
  const nodes = blocks(clean(alarm), { alarm: true });
  const links = nodes.flatMap((node) => [...node.querySelectorAll("a[href^='tel:']")]);
  const numbers = links.map((link) => link.textContent);
  if (!numbers.length && emergency) numbers.push(emergency);
  const calls = [...new Set(numbers)].map((number) =>
    Object.assign(make("a", "call", icon("phone"), words("call", { number })), { href: ofPhone(number) }));
  const first = calls.length ? [make("p", "calls", ...calls)] : [];
  return [group("alarm", words("urgent"), icon("alarm"), ...first, ...nodes)];
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

/** A source's number as it is seen; copied and read aloud, it stands in brackets. */
const numbered = (number) => [make("span", "bracket", "["), `${number}`, make("span", "bracket", "]")];

function mark({ index, title, address, row }, words) {
  const name = words("source", { index, title });
  const opened = address ? outward(make("a", ""), address) : button("", () => row.focus(), "");
  opened.append(...numbered(index));
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
  const row = make("li", "", make("span", "number", ...numbered(index)), make("span", "", name, ...place));
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

/** All that is shown of a reply: its text as nodes, and what stands below it. `ui.ask` sends a question,
    `ui.alarms` are the texts of alarms, `ui.emergency` is the number of those that name none. */
export function shown(reply, ui) {
  const sources = sourcesOf(reply.citations);
  const below = [];
  if (sources.size) below.push(sourceList(sources, ui.words));
  if (reply.suggestions.length) below.push(choices(reply, ui.ask, ui.words));
  return { text: said(reply, sources, ui), below };
}

/** Puts nodes into an element, and leaves those that are there already, so that nothing flickers. */
export function settle(element, nodes) {
  let same = 0;
  while (same < nodes.length && element.childNodes[same]?.isEqualNode(nodes[same])) same += 1;
  while (element.childNodes.length > same) element.lastChild.remove();
  element.append(...nodes.slice(same));
}
