// The events for other systems, read again and again while somebody looks.

import { peek } from "./api.js";
import { byId, element } from "./dom.js";

const EVERY = 2000;
const KEPT = 30;
let known = -1;

function row({ type, time, subject, actor }) {
  const by = actor && actor !== subject ? ` by user ${actor}` : "";
  return element("li", {},
    element("code", {}, type), " ",
    element("span", { class: "note" }, `user ${subject}${by}, `, element("time", { datetime: time }, new Date(time).toLocaleTimeString())));
}

/** Shows what there is now; a stack without events hides the panel. */
export async function readEvents() {
  const events = await peek("/local/events");
  byId("events").hidden = !Array.isArray(events);
  if (!Array.isArray(events) || events.length === known) return;
  known = events.length;
  const rows = events.slice(-KEPT).reverse().map(row);
  byId("event-list").replaceChildren(...(rows.length ? rows : [element("li", { class: "hint" }, "None yet.")]));
}

setInterval(() => { if (document.visibilityState === "visible") readEvents(); }, EVERY);
