/** Words of the interface out of the service's message file: none stands in these modules. */

/** `words(name, values)`: the message of that name, with `{value}` filled in. */
export const wordsOf = (messages) => (name, values = {}) =>
  messages[name].replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");

const RTL = /^(?:ar|arc|ckb|dv|fa|he|iw|ks|ku-arab|nqo|ps|sd|syr|ug|ur|yi)\b/i;

/** The direction in which a language is written. */
export const directionOf = (language) => (RTL.test(language) ? "rtl" : "ltr");
