/** What may be linked: addresses that a reply gives, and addresses and telephone numbers in running text. */

const GAP = "[ \\u00a0().\\/\\u2010-\\u2013-]{0,2}";
const CALL = "\\b(?:call|dial|ring|text|phone|telephone|tel|number|hotline|helpline|line)\\b";
const NEXT_TO = `${CALL}\\.?[:\\s]+(?:(?:us )?(?:on|at|is) )?[*_]{0,2}`;
const LOCAL = "\\d{3}[- \\u00a0.]\\d{4}";
const WHOLE = "(?![\\p{L}\\d]|[.,:\\/-]\\d)";

/** Alternatives of one expression, each a named group. */
export const BARE = [
  String.raw`(?<url>(?<![\p{L}\d])(?:https?:\/\/|www\.)[^\s<>"|\\` + "`\\ufdd0\\u3000-\\u3003\\u3008-\\u3011\\uff01-\\uff0e\\uff1a-\\uff20]+)",
  String.raw`(?<mail>(?<![\p{L}\d.+@-])[\p{L}\d_.+-]{1,64}@(?:[\p{L}\d-]+\.)+\p{L}{2,})`,
  `(?<phone>(?<![\\p{L}\\d.,+/-])(?:\\+\\d(?:${GAP}\\d){6,14}|(?<!\\d )\\(?0\\d(?:${GAP}\\d){5,12}`
    + `|(?:1[-. ])?(?:\\(\\d{3}\\) ?|\\d{3}[-. ])\\d{3}[-. ]\\d{4})${WHOLE})`,
  `(?<called>(?<=${NEXT_TO})(?:${LOCAL}|116 ?\\d{3}|\\d{3,6})${WHOLE}`
    + `|(?<=${CALL}[^.!?\\n\\d]{1,60} (?:on|at|is|:) [*_]{0,2})${LOCAL}${WHOLE})`,
];

/** In what the house says by itself, a number without its area code is one to call. */
export const OWN = `(?<own>(?<![\\p{L}\\d.,:+/-])${LOCAL}${WHOLE})`;

/** In a text that is all about reaching help, a lone number of three digits is one to call. */
export const SHORT = `(?<short>(?<![\\p{L}\\d.,:+/-])(?:116 ?\\d{3}|\\d{3})${WHOLE}(?! ?[%°€$£]))`;

const DATE = /^\d{1,2}([-./ ])\d{1,2}\1\d{2,4}$/;

/** Whether digits that look like a telephone number are one: no date, no decimal, no long count. */
export function isPhone(text) {
  if (text.startsWith("+")) return true;
  const digits = text.replace(/\D/g, "").length;
  if (digits < 7 || DATE.test(text)) return false;
  if (/^\d+$/.test(text)) return digits === 10 || digits === 11;
  const points = text.match(/\./g)?.length ?? 0;
  return points === 0 || (points > 1 && /^[\d.]+$/.test(text));
}

/** The address as far as it reaches: without the punctuation of the sentence around it. */
export function trimmed(address) {
  for (;;) {
    const last = address.at(-1);
    const opening = { ")": "(", "]": "[" }[last];
    const open = opening && address.split(opening).length >= address.split(last).length;
    if (opening ? open : !/[.,;:!?'"*_~…»”’]/.test(last)) return address;
    address = address.slice(0, -1);
  }
}

/** An address that may be followed, or null: of the web, of a mailbox, of a telephone. */
export function allowed(address) {
  return /^(?:https?:\/\/[^\s/]|mailto:[^\s]|tel:[+\d(])/i.test(address) && !/[\u0000-\u001f]/.test(address) ? address : null;
}

export const ofWeb = (address) => (/^www\./i.test(address) ? ["https:", "", address].join("/") : address);
export const ofPhone = (number) => `tel:${number.replace(/\(0\)/, "").replace(/[^\d+]/g, "")}`;
