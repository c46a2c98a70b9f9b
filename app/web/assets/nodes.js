/** Elements, without a word of HTML: nothing that is shown can become markup. */

/** An element with nodes or texts in it. */
export function make(tag, name, ...inside) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.append(...inside);
  return element;
}

/** A button that does `act`; its name is its text, or `label` beside an icon. */
export function button(name, act, content, label = "") {
  const element = make("button", name, content);
  element.type = "button";
  if (label) {
    element.setAttribute("aria-label", label);
    element.title = label;
  }
  element.addEventListener("click", act);
  return element;
}

/** A group with a name for those who do not see it. */
export function group(name, label, ...inside) {
  const element = make("div", name, ...inside);
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", label);
  return element;
}

/** A link to an address of the web, which opens beside this page. */
export function outward(link, address) {
  return Object.assign(link, { href: address, target: "_blank", rel: "noopener noreferrer" });
}

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  chat: "M21 12a8 8 0 0 1-8 8H4l2-3.2A8 8 0 1 1 21 12ZM9 12h.01M13 12h.01M17 12h.01",
  close: "M6 6l12 12M18 6L6 18",
  fresh: "M12 20h8M4 20l1-4L16.5 4.5a2.1 2.1 0 0 1 3 3L8 19Z",
  options: "M5 12h.01M12 12h.01M19 12h.01",
  send: "M12 19V5M6 11l6-6 6 6",
  stop: "M8 8h8v8H8Z",
  copy: "M9 9h11v11H9ZM5 15H4V4h11v1",
  done: "M5 13l4 4L19 7",
  up: "M7 11v9H4v-9ZM7 11l4-8a2 2 0 0 1 3 2l-1 4h6a2 2 0 0 1 2 2.3l-1.2 7A2 2 0 0 1 17.8 20H7",
  down: "M17 13V4h3v9ZM17 13l-4 8a2 2 0 0 1-3-2l1-4H5a2 2 0 0 1-2-2.3l1.2-7A2 2 0 0 1 6.2 4H17",
  again: "M4 12a8 8 0 1 1 2.5 5.8M4 20v-5h5",
  phone: "M5 4h4l2 5-2.5 1.5a11 11 0 0 0 5 5L15 13l5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 3 6a2 2 0 0 1 2-2Z",
  alarm: "M12 9v4M12 17h.01M10.3 3.9L2.4 17.5A2 2 0 0 0 4.1 20.5h15.8a2 2 0 0 0 1.7-3L13.7 3.9a2 2 0 0 0-3.4 0Z",
  forth: "M9 6l6 6-6 6",
};

/** A drawing that says nothing by itself. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon i-${name}`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
