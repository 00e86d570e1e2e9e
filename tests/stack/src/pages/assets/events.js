// The events for other systems: the signed-in user's, and below them everybody else's.

import { peek } from "./api.js";
import { byId, element } from "./dom.js";

const OWN = 30;
const OTHERS = 10;
/** The number of events at the last read, or null before the first. */
let known = null;
let shown = "";

function row(event, open) {
  const { id, type, time, subject, actor } = event;
  const by = actor && actor !== subject ? ` by user ${actor}` : "";
  return element("li", {},
    element("details", { "data-id": id, open },
      element("summary", {},
        element("code", {}, type), " ",
        element("span", { class: "note" }, `user ${subject}${by}, `, element("time", { datetime: time }, new Date(time).toLocaleTimeString()))),
      element("pre", {}, JSON.stringify(event, null, 2))));
}

function show(list, events, most) {
  const open = new Set([...byId(list).querySelectorAll("details[open]")].map(({ dataset }) => dataset.id));
  const rows = events.slice(-most).reverse().map((event) => row(event, open.has(event.id)));
  byId(list).replaceChildren(...(rows.length ? rows : [element("li", { class: "hint" }, "None yet.")]));
}

/** Shows the events and returns the new ones of this user. If the stack has no events, the panel is hidden. */
export async function readEvents(id) {
  const events = await peek("/local/events");
  byId("events").hidden = !Array.isArray(events);
  if (!Array.isArray(events)) return [];
  const fresh = known === null ? [] : events.slice(known);
  known = events.length;
  const state = JSON.stringify([id, events.map((event) => event.id)]);
  if (state !== shown) {
    shown = state;
    byId("own-events-title").textContent = `User ${id}`;
    show("own-events", events.filter(({ subject }) => subject === id), OWN);
    show("other-events", events.filter(({ subject }) => subject !== id), OTHERS);
  }
  return fresh.filter(({ subject }) => subject === id);
}
