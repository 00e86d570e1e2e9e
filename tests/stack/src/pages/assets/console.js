// The console: the actions behind its buttons and forms.

import { mint, request } from "./api.js";
import { byId, clearNotes, copyButton, element, tell } from "./dom.js";
import * as phone from "./phone.js";
import "./requests.js";
import { SETTINGS, currentUser, explain, keepUp, readSettings, send, showQr, signIn } from "./session.js";
import { everyone, idOf } from "./users.js";
import { showWaits, wait } from "./waits.js";

const ADMINISTRATOR = { sub: "7", scope: "users:edit" };
const LOOK_EVERY = 2000;

function offer(claims) {
  const id = idOf(claims);
  const options = [...byId("user").options];
  const option = options.find(({ value }) => value === id) ?? byId("user").appendChild(element("option", { value: id }));
  option.textContent = claims.email ? `${id} (${claims.email})` : id;
}

async function become(claims) {
  const id = idOf(claims);
  offer(claims);
  byId("user").value = id;
  byId("claims").value = JSON.stringify(claims, null, 1);
  byId("reset-id").value = id;
  byId("number").value = numberOf(id);
  byId("key").value = "";
  for (const box of document.querySelectorAll("#qr-figure, .wait")) box.hidden = true;
  hideCodes();
  await signIn(claims);
}

/** A mobile number for each user, as SMS per number are limited. In Denmark all of 26 are mobile, but not all of 20. */
function numberOf(id) {
  let hash = 7;
  for (const character of id) hash = (hash * 31 + character.codePointAt(0)) % 1_000_000;
  return `26${String(hash).padStart(6, "0")}`;
}

/** Shows the outcome and reads the settings again. Returns whether the request succeeded. */
async function finish(line, response, success) {
  const good = response.status >= 200 && response.status < 300;
  if (good) tell(line, "good", success);
  else explain(line, response);
  await readSettings();
  return good;
}

/** The same for a request that changes the settings: all earlier codes are void. */
async function finishChange(line, response, success) {
  if (response.status === 429) wait(currentUser(), "change", response.retryAfter);
  if (!(await finish(line, response, success))) return false;
  phone.voidMessages();
  hideCodes();
  return true;
}

async function enrolApp() {
  const secret = (await send("GET", `${SETTINGS}/secret`)).json?.data?.secret_key;
  const response = await send("PATCH", SETTINGS, { body: { method: "google", secret_key: secret }, main: true });
  if (response.status === 204) currentUser().secret = secret;
  if (await finishChange("app-result", response, "Set. The phone has scanned the QR code: now verify one of its codes.")) await showQr();
}

async function enrolPhone() {
  const body = { method: "sms", phone_prefix: digits("prefix"), phone: digits("number") };
  const response = await send("PATCH", SETTINGS, { body, main: true });
  await finishChange("sms-result", response, "Set. Now send a code.");
}

/** The input as a number, or else as text for the service to judge. A leading zero makes it text. */
function digits(id) {
  const text = byId(id).value.trim().replace(/^\+/, "");
  return /^[1-9]\d*$/.test(text) ? Number(text) : text;
}

async function sendCode() {
  const response = await send("POST", `${SETTINGS}/send-verification`, { main: true });
  if (response.status === 429) wait(currentUser(), "send", response.retryAfter);
  await finish("sms-result", response, "Sent: it is in the phone's messages.");
}

async function verify(key) {
  const response = await send("POST", `${SETTINGS}/verify`, { body: { key }, main: true });
  if (response.status === 429) wait(currentUser(), "attempt", response.retryAfter);
  if (response.json?.type === "/problems/invalid-code") phone.noteWrong();
  if (response.status === 204) {
    byId("key").value = "";
    phone.noteAccepted(key);
    wait(currentUser(), "attempt", 0);
    for (const item of byId("codes").children) if (item.dataset.code === key) item.classList.add("used");
  }
  await finish("verify-result", response, "Right. This code does not work a second time.");
  return response;
}

/** Tries wrong codes, as an attacker does, until the service imposes a wait. */
async function guess() {
  for (let count = 1; count <= 10; count += 1) {
    const response = await verify(await phone.wrongCode());
    if (response.status !== 422) return;
    tell("verify-result", "bad", `${count} wrong ${count === 1 ? "code" : "codes"}: ${response.json.detail}`);
  }
}

async function makeCodes() {
  const key = byId("recovery-key").value.trim();
  const response = await send("POST", `${SETTINGS}/recovery-codes`, { body: key ? { key } : undefined, main: true });
  const codes = response.json?.data?.recovery_codes;
  if (response.status === 429) wait(currentUser(), "attempt", response.retryAfter);
  if (codes) {
    byId("recovery-key").value = "";
    byId("codes").replaceChildren(...codes.map((code) => element("li", { "data-code": code },
      element("code", {}, code), " ",
      element("button", { type: "button", class: "small", "aria-label": `Use ${code}`, onclick: () => fill(code) }, "Use"))));
    byId("codes-box").hidden = false;
  }
  await finish("recovery-result", response, "Ten codes. They cannot be read again, and any earlier ones are void.");
}

function hideCodes() {
  byId("codes-box").hidden = true;
  byId("codes").replaceChildren();
}

function fill(code) {
  byId("key").value = code;
  byId("key").focus();
}

function takeFromPhone() {
  const code = phone.newestCode();
  if (code) fill(code);
  else if (currentUser().secret) tell("verify-result", "", "The phone's code was used. Wait for the next one.");
  else tell("verify-result", "", "The phone has no code. Enrol an app, or send a code by SMS.");
}

async function resetAs(claims) {
  const id = byId("reset-id").value.trim();
  const path = `/api/users/${encodeURIComponent(id)}/two-factor/reset`;
  const response = claims ? await request("POST", path, { token: await mint(claims), main: true }) : await send("POST", path, { main: true });
  const finished = id === currentUser().id ? finishChange : finish;
  await finished("reset-result", response, `User ${id} no longer has two-factor authentication.`);
}

async function resetOwn() {
  await finishChange("reset-result", await send("POST", `${SETTINGS}/reset`, { main: true }), "Your settings are gone.");
}

async function disable() {
  await finishChange("settings-result", await send("PATCH", SETTINGS, { body: { method: "" }, main: true }), "Disabled.");
}

function takeClaims() {
  let claims;
  try {
    claims = JSON.parse(byId("claims").value);
  } catch (error) {
    return tell("who-result", "bad", `This is not JSON: ${error.message}`);
  }
  if (claims === null || typeof claims !== "object" || Array.isArray(claims)) {
    return tell("who-result", "bad", 'Claims are a JSON object, such as {"sub":"42"}.');
  }
  return become(claims);
}

let last = Promise.resolve();

/** Runs the actions one after another, so that each sees the results of the one before. */
function enqueue(action) {
  last = last.catch(() => {}).then(action);
  return last;
}

function on(id, event, action) {
  byId(id).addEventListener(event, (happened) => {
    if (event === "submit") happened.preventDefault();
    enqueue(() => {
      clearNotes();
      return action();
    });
  });
}

/** Puts the phone first in the second column. In a single column it follows enrolment, and the lists are folded. */
function arrange(wide) {
  if (wide) byId("beside").prepend(byId("phone"));
  else byId("enrol").after(byId("phone"));
  for (const list of document.querySelectorAll("details.list")) list.open = wide;
}

on("user", "change", () => become(everyone().find(({ id }) => id === byId("user").value).claims));
on("new-user", "click", () => {
  const id = String(100 + (crypto.getRandomValues(new Uint32Array(1))[0] % 900_000));
  return become({ sub: id, email: `user-${id}@example.com` });
});
on("claims-form", "submit", takeClaims);
on("read", "click", () => readSettings(true));
on("disable", "click", disable);
on("enrol-app", "click", enrolApp);
on("phone-form", "submit", enrolPhone);
on("send", "click", sendCode);
on("verify-form", "submit", () => verify(byId("key").value.trim()));
on("from-phone", "click", takeFromPhone);
on("wrong", "click", guess);
on("recovery-form", "submit", makeCodes);
on("reset-form", "submit", () => resetAs(ADMINISTRATOR));
on("reset-forbidden", "click", () => resetAs(null));
on("reset-own", "click", resetOwn);
byId("copy-codes").replaceWith(copyButton("Copy all ten", () => [...byId("codes").children].map((item) => item.dataset.code).join("\n")));
phone.onUse(fill);

const columns = matchMedia("(min-width: 62rem)");
columns.addEventListener("change", () => arrange(columns.matches));
arrange(columns.matches);
for (const { claims } of everyone()) offer(claims);
await enqueue(() => become(everyone()[0].claims));
setInterval(() => showWaits(currentUser()), 250);
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") enqueue(keepUp); });
for (;;) {
  await new Promise((resume) => setTimeout(resume, LOOK_EVERY));
  if (document.visibilityState === "visible") await enqueue(keepUp).catch(() => {});
}
