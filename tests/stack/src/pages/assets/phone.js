// The user's phone: an authenticator app with one account, and an inbox.

import { peek } from "./api.js";
import { byId, element } from "./dom.js";
import { PERIOD, codeOf, stepAt } from "./totp.js";

let secret = null;
let numbers = new Set();
let accepted = { secret: null, step: -1 };
let shown = { secret: null, step: -1, code: "" };
let inbox = "";
let use = () => {};

/** What happens with a code that is chosen on the phone. */
export const onUse = (listener) => { use = listener; };

/** Which secret the app has, or null, and which numbers reach this phone. */
export function hold(newSecret, newNumbers) {
  secret = newSecret;
  numbers = newNumbers;
  tick();
  readMessages();
}

/** The service took this code; the app's own does not work a second time. */
export function noteAccepted(code) {
  if (code === shown.code) accepted = { secret: shown.secret, step: shown.step };
  tick();
}

/** The app's code, or the one of the newest SMS; undefined if there is neither. */
export function newestCode() {
  return secret === null ? byId("inbox").querySelector("button")?.dataset.code : shown.code;
}

/** A code of six digits that is none of the app's at about this time, nor in the inbox. */
export async function wrongCode() {
  const now = stepAt(Date.now());
  const right = secret ? await Promise.all([-2, -1, 0, 1, 2].map((offset) => codeOf(secret, now + offset))) : [];
  for (;;) {
    const code = String(crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000).padStart(6, "0");
    if (!right.includes(code) && !inbox.includes(code)) return code;
  }
}

async function tick() {
  const now = Date.now();
  const step = stepAt(now);
  byId("app-empty").hidden = secret !== null;
  byId("app-code").hidden = secret === null;
  byId("code-used").hidden = !(secret !== null && accepted.secret === secret && accepted.step === step);
  if (secret === null) return;
  if (shown.secret !== secret || shown.step !== step) {
    const of = secret;
    const code = await codeOf(of, step);
    if (of !== secret) return;
    shown = { secret, step, code };
    byId("code").textContent = `${code.slice(0, 3)} ${code.slice(3)}`;
  }
  const left = PERIOD - Math.floor(now / 1000) % PERIOD;
  byId("ring").setAttribute("stroke-dashoffset", String(PERIOD - left));
  byId("ring-text").textContent = String(left);
}

/** Shows the messages to this phone as they are now. */
export async function readMessages() {
  const all = (await peek("/local/messages")) ?? [];
  const own = all.filter((message) => numbers.has(message.phone_number)).reverse();
  const text = JSON.stringify(own);
  if (text === inbox) return;
  const grown = own.length > 0 && text.length > inbox.length;
  inbox = text;
  byId("inbox-empty").hidden = own.length > 0;
  byId("inbox").replaceChildren(...own.slice(0, 5).map(row));
  if (grown) byId("phone-news").textContent = `New SMS: ${own[0].message}`;
}

function row({ message, phone_number: number, sent_at: sentAt }) {
  const code = message.match(/\d{6}/)?.[0];
  return element("li", {},
    element("p", { class: "note" }, `to ${number}, ${new Date(sentAt).toLocaleTimeString()}`),
    element("p", { class: "message" }, message),
    code ? element("button", { type: "button", class: "small", "data-code": code, onclick: () => use(code) }, `Use ${code}`) : null);
}

byId("use-code").addEventListener("click", () => use(shown.code));
setInterval(tick, 250);
setInterval(() => { if (document.visibilityState === "visible") readMessages(); }, 2000);
