// The console: who is signed in, what their settings are, and every action on them.

import { call, mint } from "./api.js";
import { byId, copyButton, element, tell } from "./dom.js";
import { readEvents } from "./events.js";
import * as phone from "./phone.js";
import "./requests.js";

const SETTINGS = "/api/two-factor";
const ADMINISTRATOR = { sub: "7", scope: "users:edit" };
const METHODS = { google: "Authenticator app", sms: "SMS" };
const RENEW_BEFORE = 5 * 60 * 1000;

/** The users made here, by ID: their claims, and what their phone has. */
const users = new Map();
let user = null;

function makeUser(claims) {
  const made = { claims, secret: null, numbers: new Set(), token: null, renewAt: 0, waitFrom: 0, waitUntil: 0 };
  const id = String(claims.sub ?? "nobody");
  const options = [...byId("user").options];
  const option = options.find((each) => each.value === id) ?? byId("user").appendChild(element("option", { value: id }));
  option.textContent = describe(claims);
  users.set(id, made);
  sessionStorage.setItem("users", JSON.stringify([...users.values()].map((each) => each.claims)));
  return id;
}

const describe = ({ sub, email }) => (email ? `${sub} (${email})` : String(sub ?? "nobody"));

async function token() {
  if (Date.now() > user.renewAt) {
    user.token = await mint(user.claims);
    const life = (user.claims.exp ? user.claims.exp * 1000 - Date.now() : 60 * 60 * 1000) - RENEW_BEFORE;
    user.renewAt = Date.now() + Math.max(life, 0);
  }
  return user.token;
}

/** A request as the user. */
const send = async (method, path, options = {}) => call(method, path, { ...options, token: await token() });

async function signIn(id) {
  user = users.get(id);
  sessionStorage.setItem("user", id);
  byId("user").value = id;
  byId("claims").value = JSON.stringify(user.claims, null, 1);
  byId("reset-id").value = id;
  byId("number").value = numberOf(id);
  byId("key").value = "";
  byId("qr-figure").hidden = true;
  hideCodes();
  for (const line of document.querySelectorAll(".result")) line.replaceChildren();
  phone.hold(user.secret, user.numbers);
  const answer = await readSettings(true);
  if (answer.json?.data?.method === "google") await showQr();
}

/** A mobile number of each user's own: SMS to one number are limited. */
function numberOf(id) {
  let hash = 7;
  for (const character of id) hash = (hash * 31 + character.codePointAt(0)) % 1_000_000;
  return `20${String(hash).padStart(6, "0")}`;
}

async function readSettings(main = false) {
  const answer = await send("GET", SETTINGS, { main });
  const settings = answer.json?.data;
  if (!settings) {
    byId("state").className = "badge bad";
    byId("state").textContent = "no settings";
    byId("settings").replaceChildren();
    if (main) explain("settings-result", answer);
    return answer;
  }
  user.secret = settings.method === "google" ? (settings.secret_key ?? user.secret) : null;
  if (settings.method === "sms") user.numbers.add(`+${settings.phone_prefix}${settings.phone}`);
  phone.hold(user.secret, user.numbers);
  const badge = settings.method === null ? ["off", ""] : settings.verified ? ["on and verified", "good"] : ["not verified yet", "warn"];
  byId("state").className = `badge ${badge[1]}`;
  byId("state").textContent = badge[0];
  byId("settings").replaceChildren(...Object.entries(settings).map(([name, value]) => element("div", { class: value === null ? "unset" : name === "secret_key" ? "wide" : undefined },
    element("dt", {}, name),
    element("dd", {}, value === null ? "null" : String(value), METHODS[value] ? element("span", { class: "note" }, ` ${METHODS[value]}`) : null))));
  if (settings.method !== "google") byId("qr-figure").hidden = true;
  readEvents();
  return answer;
}

/** Says what a refusal says, with the way to its explanation. */
function explain(line, { status, statusText, json }) {
  const text = json?.detail ?? json?.message ?? statusText;
  const fields = (json?.errors ?? []).map(({ pointer, detail }) => `${pointer.slice(2)} ${detail}`).join("; ");
  const parts = [element("strong", {}, status ? `${status} ` : ""), fields ? `${json.title}: ${fields}. ` : `${text} `];
  if (json?.type) parts.push(element("a", { href: json.type }, json.type));
  tell(line, "bad", ...parts);
}

/** Tells how it went and reads what the settings are now; whether it went well. */
async function finish(line, answer, success) {
  const good = answer.status >= 200 && answer.status < 300;
  if (good) tell(line, "good", success);
  else explain(line, answer);
  await readSettings();
  return good;
}

async function showQr() {
  const image = (await send("GET", `${SETTINGS}/qr`)).json?.data?.qr_image;
  byId("qr-figure").hidden = !image;
  if (image) byId("qr").src = image;
  byId("secret").textContent = user.secret?.match(/.{1,4}/g).join(" ") ?? "";
}

async function enrolApp() {
  const secret = (await send("GET", `${SETTINGS}/secret`)).json?.data?.secret_key;
  const answer = await send("PATCH", SETTINGS, { body: { method: "google", secret_key: secret }, main: true });
  // Where secrets are hidden later (SecretVisibility), the phone still has it.
  if (answer.status === 204) user.secret = secret;
  if (await finish("enrol-result", answer, "Set. The phone has scanned the code; now verify one of its codes.")) {
    hideCodes();
    await showQr();
  }
}

async function enrolPhone() {
  const body = { method: "sms", phone_prefix: digits("prefix"), phone: digits("number") };
  const answer = await send("PATCH", SETTINGS, { body, main: true });
  if (await finish("enrol-result", answer, "Set. Now send a code.")) hideCodes();
}

/** What was typed: a number where it is one, or else the text, for the service to judge. A leading zero makes it a text. */
function digits(id) {
  const text = byId(id).value.trim().replace(/^\+/, "");
  return /^[1-9]\d*$/.test(text) ? Number(text) : text;
}

async function sendCode() {
  const answer = await send("POST", `${SETTINGS}/send-verification`, { main: true });
  await finish("enrol-result", answer, "Sent: see the phone's messages.");
  await phone.readMessages();
}

async function verify(key) {
  const answer = await send("POST", `${SETTINGS}/verify`, { body: { key }, main: true });
  if (answer.status === 429) waitFor(answer.retryAfter);
  if (await finish("verify-result", answer, "Right. This code will not work a second time.")) {
    phone.noteAccepted(key);
    byId("key").value = "";
    waitFor(0);
    for (const item of byId("codes").children) if (item.dataset.code === key) item.classList.add("used");
  }
  return answer;
}

/** As one who guesses: until the service makes them wait. */
async function guess() {
  for (let count = 1; count <= 10; count += 1) {
    const answer = await verify(await phone.wrongCode());
    if (answer.status !== 422) return;
    tell("verify-result", "bad", `${count} wrong ${count === 1 ? "code" : "codes"}: ${answer.json.detail}`);
  }
}

function waitFor(seconds) {
  user.waitFrom = Date.now();
  user.waitUntil = user.waitFrom + seconds * 1000;
  showWait();
}

function showWait() {
  const left = user ? Math.ceil((user.waitUntil - Date.now()) / 1000) : 0;
  const box = byId("wait");
  if (left <= 0 && !box.hidden && user.waitUntil > 0) tell("verify-result", "", "The wait is over: the next code can be tried.");
  box.hidden = left <= 0;
  if (left <= 0) return;
  byId("wait-seconds").textContent = left < 120 ? `${left} s` : `${Math.floor(left / 60)} min ${left % 60} s`;
  byId("wait-bar").value = (Date.now() - user.waitFrom) / (user.waitUntil - user.waitFrom);
}

async function makeCodes() {
  const key = byId("recovery-key").value.trim();
  const answer = await send("POST", `${SETTINGS}/recovery-codes`, { body: key ? { key } : undefined, main: true });
  const codes = answer.json?.data?.recovery_codes;
  if (answer.status === 429) waitFor(answer.retryAfter);
  await finish("recovery-result", answer, "Ten codes. They cannot be read again; any set before is void.");
  if (!codes) return;
  byId("recovery-key").value = "";
  byId("codes").replaceChildren(...codes.map((code) => element("li", { "data-code": code },
    element("code", {}, code), " ",
    element("button", { type: "button", class: "small", "aria-label": `Use ${code}`, onclick: () => fill(code) }, "Use"))));
  byId("codes-box").hidden = false;
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
  else tell("verify-result", "", "The phone has no code. Enrol an app, or send a code by SMS.");
}

async function resetAs(claims) {
  const id = byId("reset-id").value.trim();
  const bearer = claims ? await mint(claims) : await token();
  const answer = await call("POST", `/api/users/${encodeURIComponent(id)}/two-factor/reset`, { token: bearer, main: true });
  if (await finish("reset-result", answer, `User ${id} has no two-factor authentication any more.`)) hideCodes();
}

async function resetOwn() {
  if (await finish("reset-result", await send("POST", `${SETTINGS}/reset`, { main: true }), "Gone.")) hideCodes();
}

async function disable() {
  const answer = await send("PATCH", SETTINGS, { body: { method: "" }, main: true });
  if (await finish("settings-result", answer, "Disabled.")) hideCodes();
}

function takeClaims() {
  let claims;
  try {
    claims = JSON.parse(byId("claims").value);
  } catch (error) {
    return tell("who-result", "bad", `That is no JSON: ${error.message}`);
  }
  if (claims === null || typeof claims !== "object" || Array.isArray(claims)) {
    return tell("who-result", "bad", 'Claims are a JSON object, such as {"sub":"42"}.');
  }
  return signIn(makeUser(claims));
}

let last = Promise.resolve();

/** One action after the other, so that each sees what the one before it left. */
function on(id, event, action) {
  byId(id).addEventListener(event, (happened) => {
    if (event === "submit") happened.preventDefault();
    last = last.catch(() => {}).then(action);
  });
}

on("user", "change", () => signIn(byId("user").value));
on("new-user", "click", () => {
  const id = String(100 + (crypto.getRandomValues(new Uint32Array(1))[0] % 900_000));
  return signIn(makeUser({ sub: id, email: `user-${id}@example.com` }));
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
setInterval(showWait, 250);

const remembered = JSON.parse(sessionStorage.getItem("users") ?? "[]");
for (const claims of remembered.length ? remembered : [{ sub: "42", email: "ann@example.com" }]) makeUser(claims);
await signIn(users.keys().next().value);
