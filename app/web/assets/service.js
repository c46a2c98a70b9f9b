/** The service that these modules came from: what is asked of it, and how that fails. */

import { events } from "./sse.js";

const HOST = new URL("../../", import.meta.url);
const KINDS = { 404: "gone", 413: "refused", 422: "refused", 429: "hurried", 503: "unavailable", 504: "slow" };
const SOON_S = 5;

/** Why something could not be done: `kind` names a message, `wait` the seconds until it may be tried again. */
export class Failure extends Error {
  constructor(kind, wait = 0) {
    super(kind);
    Object.assign(this, { kind, wait });
  }
}

function failure(status, after) {
  const wait = Number(after) || (status === 503 || status === 429 ? SOON_S : 0);
  return new Failure(KINDS[status] ?? "broken", wait);
}

async function call(path, method = "GET", body = undefined, signal = undefined) {
  const sent = body && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let response;
  try {
    response = await fetch(new URL(path, HOST), { method, signal, credentials: "omit", ...sent });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Failure(navigator.onLine ? "unreachable" : "offline");
  }
  if (!response.ok) throw failure(response.status, response.headers.get("Retry-After"));
  return response;
}

/** What the owner says about the widget, in a language if there is one. */
export async function config(language) {
  return (await call(`widget/config${language ? `?lang=${encodeURIComponent(language)}` : ""}`)).json();
}

/** The events of one turn: pieces, and at last the whole reply. Throws a `Failure`. */
export async function* chat(message, conversation, user, signal) {
  const asked = { message, conversation_id: conversation, user_id: user, stream: true };
  const response = await call("chat", "POST", asked, signal);
  let whole = false;
  try {
    for await (const { name, data } of events(response)) {
      if (name === "error") throw failure(data.status);
      whole ||= name === "reply";
      yield { name, data };
    }
  } catch (error) {
    throw error instanceof Failure || signal.aborted ? error : new Failure("lost");
  }
  if (!whole) throw new Failure("lost");
}

export const rate = (id, rating, comment) => call("feedback", "POST", { message_id: id, rating, comment });

/** Deletes a conversation; one that is gone already counts as deleted. */
export async function remove(conversation) {
  try {
    await call(`conversations/${encodeURIComponent(conversation)}`, "DELETE");
  } catch (error) {
    if (error.kind !== "gone") throw error;
  }
}
