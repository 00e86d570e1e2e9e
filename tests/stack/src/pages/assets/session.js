// The signed-in user, their settings, and whether the stack is still running.

import { header, request } from "./api.js";
import { byId, element, note, tell } from "./dom.js";
import { readEvents } from "./events.js";
import * as phone from "./phone.js";
import { look } from "./stack.js";
import { choose, save, startAnew, tokenOf } from "./users.js";

export const SETTINGS = "/api/two-factor";
const METHODS = { google: "Authenticator app", sms: "SMS" };
const GONE = "The stack is not responding. Start it again with cargo run: this page will reconnect by itself.";
const RESTARTED = "The stack was restarted, and this page has got a new token. Without --data DIR the settings, messages and events are gone.";

let user = null;
let connected = true;

export const currentUser = () => user;

/** Sends a request as the user. A restarted stack accepts none of its earlier tokens, so a new one is fetched, once. */
export async function send(method, path, options = {}) {
  const attempt = async () => request(method, path, { ...options, token: await tokenOf(user) });
  const response = await attempt();
  if (response.status !== 401 || (await look()) !== "restarted") return response;
  beginAnew();
  return attempt();
}

function beginAnew() {
  startAnew();
  note("who-result", "warn", RESTARTED);
}

/** Signs in the user with these claims. */
export async function signIn(claims) {
  user = choose(claims);
  if ((await look()) === "restarted") beginAnew();
  const response = await readSettings(true);
  if (response.json?.data?.method === "google") await showQr();
}

function badge(text, kind) {
  if (byId("state").textContent === text) return;
  byId("state").className = `badge ${kind}`;
  byId("state").textContent = text;
}

/** Reads and shows the settings, then the events that led to them. `main` means that the user asked for just that. */
export async function readSettings(main = false) {
  const response = await send("GET", SETTINGS, { main });
  const settings = response.json?.data;
  if (settings) show(settings);
  else {
    badge(response.status === 0 ? "not connected" : "no settings", "bad");
    byId("settings").replaceChildren();
    byId("qr-figure").hidden = true;
    if (main) explain("settings-result", response);
  }
  await phone.hold(user);
  await readEvents(user.id);
  return response;
}

function show(settings) {
  const { method, verified } = settings;
  // If the service later hides the secret (SecretVisibility), the phone still has it.
  user.secret = method === "google" ? (settings.secret_key ?? user.secret) : null;
  const number = `+${settings.phone_prefix}${settings.phone}`;
  if (method === "sms" && !user.numbers.includes(number)) user.numbers.push(number);
  save();
  if (method === null) badge("off", "");
  else badge(verified ? "on and verified" : "not verified yet", verified ? "good" : "warn");
  const rows = Object.entries(settings).map(([name, value]) => element("div", { class: value === null ? "unset" : name === "secret_key" ? "wide" : undefined },
    element("dt", {}, name),
    element("dd", {}, `${value} `, METHODS[value] ? element("span", { class: "note" }, METHODS[value]) : null)));
  byId("settings").replaceChildren(...rows);
  if (method !== "google") byId("qr-figure").hidden = true;
}

/** Shows the QR code of the settings. */
export async function showQr() {
  const image = (await send("GET", `${SETTINGS}/qr`)).json?.data?.qr_image;
  byId("qr-figure").hidden = !image;
  if (image) byId("qr").src = image;
  byId("secret").textContent = user.secret?.match(/.{1,4}/g).join(" ") ?? "";
}

/** Shows in a card why a request was refused, with a link to the explanation. */
export function explain(line, response) {
  const { status, statusText, json } = response;
  const fields = (json?.errors ?? []).map(({ pointer, detail }) => `${pointer.slice(2)} ${detail}`).join("; ");
  const text = fields ? `${json.title}: ${fields}` : (json?.detail ?? json?.message ?? statusText);
  // Here API Gateway says what is wrong with the token, such as that it has expired.
  const why = header(response, "www-authenticate")?.match(/error_description="([^"]*)"/)?.[1];
  const parts = [element("strong", {}, status ? `${status} ` : ""), why ? `${text}: ${why}. ` : `${text} `];
  if (why && "exp" in user.claims) parts.push("Take exp out of the claims to get a token that lives for an hour. ");
  if (json?.type) parts.push(element("a", { href: json.type }, json.type));
  tell(line, "bad", ...parts);
}

/** Notices changes made elsewhere: a stack stopped or restarted, settings changed in another tab or a terminal. */
export async function keepUp() {
  const found = await look();
  if (found === "gone") {
    connected = false;
    badge("not connected", "bad");
    if (!byId("who-result").hasChildNodes()) note("who-result", "bad", GONE);
    return;
  }
  const back = !connected;
  connected = true;
  if (back) note("who-result", "");
  if (found === "restarted") beginAnew();
  if (back || found === "restarted") await readSettings();
  await phone.readMessages();
  const changes = await readEvents(user.id);
  if (changes.length > 0) await refresh(changes);
}

async function refresh(changes) {
  if (changes.some(({ type }) => /\.(enabled|changed|disabled|reset)$/.test(type))) phone.voidMessages();
  const response = await readSettings();
  if (response.json?.data?.method === "google") await showQr();
  note("settings-result", "", `Read again after ${changes.at(-1).type}, which did not come from this page.`);
}
