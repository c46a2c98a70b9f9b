/** Markdown as nodes: paragraphs, headings, lists, tables, code, quotes. Never as HTML. */

import { make } from "../nodes.js";
import { CLOSE, inline, OPEN } from "./inline.js";

const MARKS = `(?:[ \u202f]*${OPEN}\\d+${CLOSE})`;
const ALONE = new RegExp(`^\\s*${MARKS}+\\s*$`, "u");
const MARKS_AT_END = new RegExp(`${MARKS}+\\s*$`, "u");
const FENCE = /^( {0,3})(`{3,}(?=[^`]*$)|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/;
const RULE = /^ {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( *)([-*+•]|(\d{1,9})([.)]))( {1,4}(?! )| (?= )|$)/;
const UNDER = /^ {0,3}(=+|-+)\s*$/;
const DASHES = /^ *\|?(?: *:?-+:? *\|)* *:?-+:? *\|? *$/;
const BOLD = /^\s*(\*\*|__)(?=\S)((?:(?!\*\*|__).)+)(?<=\S)\1\s*$/;
const FINISHED = /[\p{Sentence_Terminal}…](?<![?？؟])["'”’)\]\p{Extended_Pictographic}]*$/u;
const DEEPEST = 20; // of lists and quotes in each other; deeper ones are text
const BOLD_LEVEL = 7; // a line in bold stands below every marked heading

/** The nodes of a text; `options` as for `inline`. */
export function blocks(text, options) {
  const lines = text.split(/\r\n?|\n/).map((line) => line.replace(/^[ \t]+/, (blank) => blank.replaceAll("\t", "    ")));
  return read(lines, { options, over: [], depth: 0 });
}

const READERS = [marksAlone, fence, indented, heading, rule, quote, table, list, paragraph];

/** Each reader takes lines from `at` on, adds nodes and says how many lines it took: 0 if they are not its. */
function read(lines, outer) {
  const nodes = [];
  const context = { ...outer, depth: outer.depth + 1 };
  if (context.depth > DEEPEST) return [make("p", "", ...inline(lines.join("\n"), context.options))];
  for (let at = 0; at < lines.length; ) {
    if (!lines[at].trim()) at += 1;
    else for (const reader of READERS) {
      const taken = reader(lines, at, nodes, context);
      at += taken;
      if (taken) break;
    }
  }
  return nodes;
}

const indent = (line) => line.length - line.trimStart().length;

function marksAlone(lines, at, nodes, { options }) {
  if (!ALONE.test(lines[at])) return 0;
  nodes.push(make("p", "marks", ...inline(lines[at].trim(), options)));
  return 1;
}

function code(lines, nodes) {
  const inside = make("code", "", lines.join("\n"));
  const element = make("pre", "", inside);
  element.dir = "ltr";
  element.tabIndex = 0; // so that the keyboard can scroll it
  nodes.push(element);
}

function fence(lines, at, nodes, context) {
  const opening = FENCE.exec(lines[at]);
  if (!opening) return 0;
  const [, { length: margin }, ticks] = opening;
  const closing = new RegExp(`^ {0,3}${ticks[0]}{${ticks.length},}${MARKS}*\\s*$`, "u");
  let end = at + 1;
  while (end < lines.length && !closing.test(lines[end]) && !ALONE.test(lines[end])) end += 1;
  code(lines.slice(at + 1, end).map((line) => line.slice(Math.min(margin, indent(line)))), nodes);
  const marks = closing.test(lines[end] ?? "") && MARKS_AT_END.exec(lines[end]);
  if (marks) marksAlone([marks[0]], 0, nodes, context);
  return end - at + (closing.test(lines[end] ?? "") ? 1 : 0);
}

function indented(lines, at, nodes, context) {
  if (indent(lines[at]) < 4) return 0;
  let end = at;
  for (let next = at; next < lines.length && (indent(lines[next]) >= 4 || !lines[next].trim()); next += 1) {
    if (lines[next].trim()) end = next + 1;
  }
  const marks = MARKS_AT_END.exec(lines[end - 1]);
  code(lines.slice(at, end).map((line) => line.slice(4).replace(MARKS_AT_END, "")), nodes);
  if (marks) marksAlone([marks[0]], 0, nodes, context);
  return end - at;
}

/** A heading as deep as it stands in this reply, so that no level is skipped. */
function titled(level, text, nodes, { options, over }) {
  while (over.length && over.at(-1) >= level) over.pop();
  over.push(level);
  nodes.push(make(`h${Math.min(over.length + 1, 6)}`, "", ...inline(text, options)));
}

function heading(lines, at, nodes, context) {
  const match = HEADING.exec(lines[at]);
  if (match) titled(match[1].length, match[2] ?? "", nodes, context);
  return match ? 1 : 0;
}

function rule(lines, at, nodes) {
  if (!RULE.test(lines[at])) return 0;
  nodes.push(make("hr"));
  return 1;
}

function quote(lines, at, nodes, context) {
  let end = at;
  while (end < lines.length && QUOTE.test(lines[end])) end += 1;
  if (end > at) {
    const inside = lines.slice(at, end).map((line) => line.replace(QUOTE, ""));
    nodes.push(make("blockquote", "", ...read(inside, context)));
  }
  return end - at;
}

function cells(line) {
  const inside = line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "");
  return inside.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function isTable(lines, at) {
  const [head, dashes = ""] = [lines[at], lines[at + 1]];
  return head.includes("|") && /[|:]/.test(dashes) && DASHES.test(dashes) && cells(head).length === cells(dashes).length;
}

function table(lines, at, nodes, context) {
  if (!isTable(lines, at)) return 0;
  const sides = cells(lines[at + 1]).map((dashes) => (dashes.endsWith(":") ? (dashes.startsWith(":") ? "middle" : "end") : ""));
  let end = at + 2;
  while (end < lines.length && lines[end].includes("|") && !ALONE.test(lines[end])) end += 1;
  const marks = end > at + 2 && MARKS_AT_END.exec(lines[end - 1]);
  const row = (tag, line) => {
    const texts = cells(line.replace(MARKS_AT_END, ""));
    while (texts.length < sides.length) texts.push("");
    const made = texts.map((text, column) => make(tag, sides[column], ...inline(text, context.options)));
    if (tag === "th") for (const cell of made) cell.scope = "col";
    return make("tr", "", ...made);
  };
  const body = lines.slice(at + 2, end).map((line) => row("td", line));
  const wide = make("div", "wide", make("table", "", make("thead", "", row("th", lines[at])), make("tbody", "", ...body)));
  wide.tabIndex = 0;
  wide.setAttribute("role", "group");
  nodes.push(wide);
  if (marks) marksAlone([marks[0]], 0, nodes, context);
  return end - at;
}

/** What kind of list a line is an item of: the bullet, or the sign after the number. */
const kind = (item) => item[4] ?? item[2];

function list(lines, at, nodes, context) {
  const first = ITEM.exec(lines[at]);
  if (!first) return 0;
  const items = [];
  let [end, loose] = [at, false];
  for (let item; (item = itemAt(lines, end, first)); ) {
    loose ||= items.length > 0 && !lines[end - 1].trim();
    const inside = itemLines(lines, end, item);
    end += inside.length;
    while (!inside.at(-1).trim() && inside.length > 1) inside.pop();
    loose ||= inside.some((line, index) => index && !line.trim());
    items.push({ number: Number(item[3]), inside });
  }
  nodes.push(make(first[3] ? "ol" : "ul", first[4] === ")" ? "round" : "", ...listed(items, loose, context)));
  return end - at;
}

/** The items with the numbers they were written with; where each has the same one, they count on. */
function listed(items, loose, context) {
  let [value, last] = [0, null];
  return items.map(({ number, inside }) => {
    const nodes = read(inside, { ...context, over: [...context.over] });
    const bare = (node) => !loose && node.tagName === "P" && !node.className;
    const item = make("li", "", ...nodes.flatMap((node) => (bare(node) ? [...node.childNodes] : [node])));
    value = number === last ? value + 1 : number;
    last = number;
    if (!Number.isNaN(number)) item.value = value;
    return item;
  });
}

function itemAt(lines, at, first) {
  const item = at < lines.length && !RULE.test(lines[at]) ? ITEM.exec(lines[at]) : null;
  return item && kind(item) === kind(first) && item[1].length < first[1].length + 2 ? item : null;
}

/** The lines of the item that begins at `at`, without its marker and margin. */
function itemLines(lines, at, item) {
  const depth = item[0].length || 2;
  const least = item[1].length + 2;
  const inside = [lines[at].slice(item[0].length)];
  for (let next = at + 1; next < lines.length; next += 1) {
    const line = lines[next];
    const blank = !line.trim();
    const lazy = inside.at(-1).trim() && !opens(lines, next) && !ITEM.test(line);
    if (!blank && indent(line) < least && !lazy) break;
    if (!blank && ALONE.test(line)) break;
    inside.push(line.slice(Math.min(depth, indent(line))));
  }
  return inside;
}

/** Whether a line begins something else than what a paragraph before it goes on with. */
function opens(lines, at) {
  const line = lines[at];
  const item = ITEM.exec(line);
  const interrupts = item && indent(line) < 4 && line.slice(item[0].length).trim() && (!item[3] || Number(item[3]) === 1);
  return interrupts || [FENCE, HEADING, RULE, QUOTE, ALONE].some((each) => each.test(line)) || isTable(lines, at);
}

function isTitle(text) {
  return !FINISHED.test(text.replace(MARKS_AT_END, "").replace(/[*_\s]+$/, ""));
}

function paragraph(lines, at, nodes, context) {
  const line = lines[at].trim();
  const under = UNDER.exec(lines[at + 1] ?? "");
  if (under && isTitle(line)) {
    titled(under[1][0] === "=" ? 1 : 2, line, nodes, context);
    return 2;
  }
  const bold = BOLD.exec(line.replace(MARKS_AT_END, ""));
  if (bold && isTitle(line) && !/[:：]$/.test(bold[2])) {
    titled(BOLD_LEVEL, bold[2] + (MARKS_AT_END.exec(line)?.[0] ?? ""), nodes, context);
    return 1;
  }
  let end = at + 1;
  while (end < lines.length && lines[end].trim() && !opens(lines, end)) end += 1;
  const text = lines.slice(at, end).map((each) => each.trim()).join("\n");
  nodes.push(make("p", "", ...inline(text, context.options)));
  return end - at;
}
