// What pages and forms cannot do alone. Without it everything still works.

// A form that asks before it does what cannot be undone.
for (const form of document.querySelectorAll("form[data-confirm]")) {
  form.addEventListener("submit", (event) => {
    if (!confirm(form.dataset.confirm)) event.preventDefault();
  });
}

// A filter applies as soon as it is chosen.
for (const select of document.querySelectorAll("form.filters select")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

// A reply is drawn as the widget draws it.
const drawing = document.querySelector("[data-reply]") && import("./reply.js");
drawing?.then(({ drawReplies }) => drawReplies(document)).catch(() => {});

// A preview follows what is written: the server renders it.
for (const form of document.querySelectorAll("form[data-preview]")) {
  const shown = document.getElementById(form.dataset.into);
  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const response = await fetch(form.dataset.preview, { method: "POST", body: new FormData(form) });
      if (!response.ok) return;
      const [fresh] = fragment(await response.text());
      const { drawReplies } = (await drawing?.catch(() => null)) ?? {};
      const part = document.createElement("div");
      part.append(fresh);
      drawReplies?.(part);
      shown.replaceChildren(fresh);
    }, 350);
  });
}

// A part of a page that changes by itself while a job runs is asked for again, until it says that it is done.
for (const part of document.querySelectorAll("[data-refresh]")) refresh(part);

function refresh(part) {
  if (!part.dataset.refresh) return;
  setTimeout(async () => {
    const response = await fetch(part.dataset.refresh);
    if (!response.ok) return;
    const [fresh] = fragment(await response.text());
    if (!fresh.dataset.refresh) return location.reload();
    part.replaceWith(fresh);
    refresh(fresh);
  }, 1000);
}

// The server's own HTML, made of escaped text: its policy lets no script in it run.
function fragment(html) {
  return [...new DOMParser().parseFromString(html, "text/html").body.children];
}
