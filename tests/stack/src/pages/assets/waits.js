// Waits that the service asks for with Retry-After, counted down in the card where the next attempt is made.

import { byId, note } from "./dom.js";
import { save } from "./users.js";

/** For each wait, by name: the card and the message to show in it once the wait is over. */
const OVER = {
  attempt: ["verify-result", "The wait is over: you can try the next code."],
  send: ["sms-result", "The wait is over: you can send the next code."],
  change: ["settings-result", "The wait is over: you can change the settings again."],
};

/** Starts the user's wait of this name. Zero seconds end it. */
export function wait(user, name, seconds) {
  const now = Date.now();
  user.waits[name] = { from: now, until: now + seconds * 1000 };
  save();
  byId(`${name}-wait`).hidden = seconds === 0;
  showWaits(user);
}

/** Shows the time left of each of the user's waits. */
export function showWaits(user) {
  for (const [name, [line, over]] of Object.entries(OVER)) {
    const box = byId(`${name}-wait`);
    const { from, until } = user.waits[name] ?? { from: 0, until: 0 };
    const left = Math.ceil((until - Date.now()) / 1000);
    if (left <= 0 && !box.hidden && until > 0) note(line, "", over);
    box.hidden = left <= 0;
    if (box.hidden) continue;
    box.querySelector("strong").textContent = left < 120 ? `${left} s` : `${Math.floor(left / 60)} min ${left % 60} s`;
    box.querySelector("progress").value = (Date.now() - from) / (until - from);
  }
}
