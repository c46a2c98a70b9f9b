/** Markdown within a line, as nodes. What is no Markdown is text: nothing in it can become an element. */

import { make, outward } from "../nodes.js";
import { allowed, BARE, isPhone, ofPhone, ofWeb, OWN, SHORT, trimmed } from "./addresses.js";

/** Stand around the number of a citation's mark: code points that no text may hold. */
export const OPEN = "\ufdd0";
export const CLOSE = "\ufdd1";

const SPECIAL = String.raw`(?<special>[\\` + "`*_~\\[!<&\\n\\ufdd0])";
const NEXT = new RegExp([...BARE, SPECIAL].join("|"), "giu");
const NEXT_OF_HOUSE = new RegExp([...BARE, OWN, SPECIAL].join("|"), "giu");
const NEXT_OF_ALARM = new RegExp([...BARE, OWN, SHORT, SPECIAL].join("|"), "giu");
const LINK = /!?\[((?:\\.|[^[\]\\]|\[[^[\]]*\])*)\]\(\s*(?:<([^<>\n]*)>|([^\s<>()]*(?:\([^\s()]*\)[^\s<>()]*)*))(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)/y;
const ANGLE = /<(?:((?:https?|mailto|tel):[^\s<>]*)|([\w.+-]+@[\w.-]+\.\w+)|(br ?\/?))>/iy;
const ENTITY = /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{2,4}));/iy;
const NAMED = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };
const MARK = /\ufdd0(\d+)\ufdd1/y;
const TAGS = { "*": ["em", "strong"], _: ["em", "strong"], "~": ["", "del"] };

function link(address, ...inside) {
  const element = make("a", "", ...inside);
  if (/^http/i.test(address)) return outward(element, address);
  return Object.assign(element, { href: address, rel: "noopener noreferrer" });
}

/** The nodes of a text. `options.mark(number)` makes a citation's mark; `options.house` links
    numbers without an area code, `options.alarm` short ones too. */
export function inline(text, options) {
  const parts = [];
  const next = new RegExp(options.alarm ? NEXT_OF_ALARM : options.house ? NEXT_OF_HOUSE : NEXT);
  let done = 0;
  for (let match; (match = next.exec(text)); next.lastIndex = Math.max(next.lastIndex, done)) {
    const found = match.groups.special ? special(text, match.index, options) : bare(match, options);
    if (!found) {
      next.lastIndex = match.index + (match.groups.special ? 1 : match[0].length);
      continue;
    }
    parts.push(text.slice(done, match.index), found.part);
    done = next.lastIndex = match.index + found.length;
  }
  parts.push(text.slice(done));
  return emphasised(parts.filter((part) => part !== "")).map(node);
}

function bare({ 0: whole, groups }, options) {
  if (options.linked) return null;
  if (groups.url) {
    const text = trimmed(whole);
    const address = allowed(ofWeb(text));
    return address && { part: link(address, text), length: text.length };
  }
  if (groups.mail) return { part: link(`mailto:${whole}`, whole), length: whole.length };
  if (groups.phone && !isPhone(whole)) return null;
  return { part: link(ofPhone(whole), whole), length: whole.length };
}

function special(text, at, options) {
  const char = text[at];
  if (char === "\n") return { part: make("br"), length: 1 };
  if (char === "\\") return escaped(text[at + 1]);
  if (char === "`") return code(text, at);
  if (char in TAGS) return run(text, at);
  if (char === "<") return angle(text, at, options);
  if (char === "&") return entity(text, at);
  if (char === OPEN) return marked(text, at, options);
  return char === "[" || text[at + 1] === "[" ? given(text, at, options) : null;
}

function escaped(char = "") {
  if (char === "\n") return { part: make("br"), length: 2 };
  return /[!-/:-@[-`{-~]/.test(char) ? { part: document.createTextNode(char), length: 2 } : null;
}

function code(text, at) {
  const ticks = /`+/y;
  ticks.lastIndex = at;
  const { length } = ticks.exec(text)[0];
  const closing = new RegExp(`(?<!\`)\`{${length}}(?!\`)`, "g");
  closing.lastIndex = at + length;
  const end = closing.exec(text);
  if (!end) return { part: document.createTextNode("`".repeat(length)), length };
  const said = text.slice(at + length, end.index).replaceAll("\n", " ");
  const element = make("code", "", /^ .*[^ ].* $/.test(said) ? said.slice(1, -1) : said);
  element.dir = "ltr";
  return { part: element, length: end.index + length - at };
}

function given(text, at, options) {
  LINK.lastIndex = at;
  const match = options.linked ? null : LINK.exec(text);
  if (!match) return null;
  const address = allowed((match[2] ?? match[3]).replace(/\\([!-/:-@[-`{-~])/g, "$1"));
  if (!address) return { part: document.createTextNode(match[0]), length: match[0].length };
  const label = match[1].trim() ? inline(match[1], { ...options, linked: true }) : [address];
  return { part: link(address, ...label), length: match[0].length };
}

function angle(text, at, options) {
  ANGLE.lastIndex = at;
  const match = ANGLE.exec(text);
  if (!match || (options.linked && !match[3])) return null;
  const address = match[2] ? `mailto:${match[2]}` : allowed(match[1] ?? "");
  const part = match[3] ? make("br") : address && link(address, match[1] ?? match[2]);
  return part ? { part, length: match[0].length } : null;
}

function entity(text, at) {
  ENTITY.lastIndex = at;
  const match = ENTITY.exec(text);
  if (!match) return null;
  const point = match[1] ? Number(match[1]) : Number.parseInt(match[2] ?? "0", 16);
  const char = match[3] ? NAMED[match[3]] : point > 31 && point <= 0x10ffff && String.fromCodePoint(point);
  return char ? { part: document.createTextNode(char), length: match[0].length } : null;
}

function marked(text, at, options) {
  MARK.lastIndex = at;
  const match = MARK.exec(text);
  return match && { part: options.mark(Number(match[1])), length: match[0].length };
}

/** A run of `*`, `_` or `~` that may open or close emphasis, by the rules of CommonMark. */
function run(text, at) {
  const char = text[at];
  let count = 1;
  while (text[at + count] === char) count += 1;
  const before = text[at - 1] ?? " ";
  const after = text[at + count] ?? " ";
  const [spaceBefore, spaceAfter] = [before, after].map((each) => /\s/.test(each));
  const [signBefore, signAfter] = [before, after].map((each) => /[\p{P}\p{S}]/u.test(each));
  const left = !spaceAfter && (!signAfter || spaceBefore || signBefore);
  const right = !spaceBefore && (!signBefore || spaceAfter || signAfter);
  const inWord = char === "_";
  const open = left && (!inWord || !right || signBefore);
  const close = right && (!inWord || !left || signAfter);
  const usable = char !== "~" || count === 2;
  return { part: { char, count, size: count, open: open && usable, close: close && usable }, length: count };
}

function emphasised(parts) {
  for (let at = 1; at < parts.length; at += 1) {
    const closer = parts[at];
    if (!closer.close || !closer.count) continue;
    let from = at - 1;
    while (from >= 0 && !pairs(parts[from], closer)) from -= 1;
    if (from < 0) continue;
    const size = Math.min(parts[from].count, closer.count, 2);
    const element = make(TAGS[closer.char][size - 1], "", ...parts.slice(from + 1, at).map(node));
    parts[from].count -= size;
    closer.count -= size;
    parts.splice(from + 1, at - from - 1, element);
    at = from + 1; // the same closer comes next, with what is left of it
  }
  return parts;
}

function pairs(opener, closer) {
  if (opener.char !== closer.char || !opener.open || !opener.count) return false;
  const both = (opener.close || closer.open) && (opener.size + closer.size) % 3 === 0;
  return !both || (opener.size % 3 === 0 && closer.size % 3 === 0);
}

function node(part) {
  return typeof part === "string" || part instanceof Node ? part : part.char.repeat(part.count);
}
