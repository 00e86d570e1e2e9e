// The user's phone: an authenticator app with one account, and an inbox.

import { peek } from "./api.js";
import { byId, element } from "./dom.js";
import { PERIOD, codeOf, stepAt } from "./totp.js";
import { save } from "./users.js";

const SHOWN = 5;
const SMS_LIFETIME = 10 * 60 * 1000;
const TRIES = 5;
const CODE = /\d{6}/;

let user = null;
/** The app's code, with its secret and time step. */
let shown = { secret: null, step: -1, code: "" };
/** The messages to this phone, newest first, and what is currently shown of them. */
let messages = [];
let state = "";
let use = () => {};

/** Sets what happens with a code that is chosen on the phone. */
export const onUse = (listener) => { use = listener; };

/** Sets the owner of the phone and shows what is on it. */
export function hold(owner) {
  user = owner;
  tick();
  return readMessages();
}

const appCodeIsUsed = () => user.accepted?.secret === user.secret && user.accepted.step === shown.step;

/** Records that the service accepted this code: it does not work a second time. */
export function noteAccepted(code) {
  const digits = code.replace(/\s/g, "");
  if (digits === shown.code) user.accepted = { secret: shown.secret, step: shown.step };
  user.spent.push(...messages.filter(({ message }) => message.includes(digits)).map(({ sent_at: sentAt }) => sentAt));
  save();
  tick();
  showMessages();
}

/** Records a wrong code. After five of them, the code that was sent last is void. */
export function noteWrong() {
  const sent = messages[0]?.sent_at;
  user.wrong = { sent, tries: user.wrong && user.wrong.sent === sent ? user.wrong.tries + 1 : 1 };
  if (user.wrong.tries >= TRIES) voidMessages();
}

/** Marks all codes sent so far as no longer valid, for example because the settings were changed. */
export function voidMessages() {
  user.voidUntil = messages[0]?.sent_at ?? user.voidUntil;
  save();
  showMessages();
}

/** The app's code, or the code in the newest SMS. Undefined if there is none that can still be used. */
export function newestCode() {
  if (user.secret !== null) return appCodeIsUsed() ? undefined : shown.code;
  return byId("inbox").querySelector("button")?.dataset.code;
}

/** A six-digit code that differs from the app's codes around the current time step and from those in messages. */
export async function wrongCode() {
  const now = stepAt(Date.now());
  const right = user.secret ? await Promise.all([-2, -1, 0, 1, 2].map((offset) => codeOf(user.secret, now + offset))) : [];
  for (;;) {
    const code = String(crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000).padStart(6, "0");
    if (!right.includes(code) && !messages.some(({ message }) => message.includes(code))) return code;
  }
}

async function tick() {
  const secret = user?.secret ?? null;
  byId("app-empty").hidden = secret !== null;
  byId("app-code").hidden = secret === null;
  byId("code-used").hidden = true;
  if (secret === null) return;
  const now = Date.now();
  const step = stepAt(now);
  if (shown.secret !== secret || shown.step !== step) {
    const code = await codeOf(secret, step);
    if (secret !== user.secret) return;
    shown = { secret, step, code };
    byId("code").textContent = `${code.slice(0, 3)} ${code.slice(3)}`;
  }
  byId("code-used").hidden = !appCodeIsUsed();
  byId("use-code").hidden = appCodeIsUsed();
  const left = PERIOD - Math.floor(now / 1000) % PERIOD;
  byId("ring").setAttribute("stroke-dashoffset", String(PERIOD - left));
  byId("ring-text").textContent = String(left);
}

/** Reads and shows the messages to this phone. */
export async function readMessages() {
  const owner = user;
  const all = (await peek("/local/messages")) ?? [];
  if (owner !== user) return;
  const newest = messages[0]?.sent_at;
  messages = all.filter((message) => user.numbers.includes(message.phone_number)).reverse();
  showMessages();
  if (messages.length > 0 && messages[0].sent_at !== newest) byId("phone-news").textContent = `New SMS: ${messages[0].message}`;
}

/** Why the code in a message cannot be used, or null if it can. */
function why({ sent_at: sentAt }, index) {
  if (user.spent.includes(sentAt)) return "Used: a code works once.";
  if (index > 0) return "Replaced by a newer code.";
  if (user.voidUntil && Date.parse(sentAt) <= Date.parse(user.voidUntil)) return "No longer valid.";
  if (Date.now() - Date.parse(sentAt) > SMS_LIFETIME) return "Expired after 10 minutes.";
  return null;
}

function showMessages() {
  const rows = messages.slice(0, SHOWN).map((message, index) => [message, why(message, index)]);
  if (JSON.stringify(rows) === state) return;
  state = JSON.stringify(rows);
  byId("inbox-empty").hidden = rows.length > 0;
  byId("inbox").replaceChildren(...rows.map(([message, reason]) => row(message, reason)));
}

function row({ message, phone_number: number, sent_at: sentAt }, reason) {
  const code = message.match(CODE)?.[0];
  return element("li", { class: reason ? "spent" : undefined },
    element("p", { class: "note" }, `to ${number}, ${new Date(sentAt).toLocaleTimeString()}`),
    element("p", { class: "message" }, message),
    reason ? element("p", { class: "hint" }, reason) : null,
    code && !reason ? element("button", { type: "button", class: "small", "data-code": code, onclick: () => use(code) }, `Use ${code}`) : null);
}

byId("use-code").addEventListener("click", () => use(shown.code));
setInterval(tick, 250);
