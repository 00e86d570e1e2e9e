// The users made here, each with a phone. They survive a reload and the way back from another page, and end with the tab.

import { mint } from "./api.js";

const RENEW_BEFORE = 5 * 60 * 1000;
const FIRST = { sub: "42", email: "ann@example.com" };

export const idOf = (claims) => String(claims.sub ?? "nobody");

/**
 * A user. `secret` and `numbers` are what the phone has; `accepted` and `spent` name the codes that were used; messages up
 * to `voidUntil` hold no good code any more, and `wrong` counts the tries since the newest; `waits` are those that the
 * service asked for.
 */
function made(claims, kept = {}) {
  const phone = { secret: null, numbers: [], accepted: null, spent: [], voidUntil: null, wrong: null, waits: {} };
  return { ...phone, ...kept, id: idOf(claims), claims, token: null, renewAt: 0 };
}

/** The most recently chosen one first. */
let users = restored();

/** Those that this tab kept. */
function restored() {
  const claims = JSON.parse(sessionStorage.getItem("users")) ?? [FIRST];
  const phones = JSON.parse(sessionStorage.getItem("phones")) ?? {};
  return claims.map((each) => made(each, phones[idOf(each)]));
}

/** Everyone, the most recently chosen one first. */
export const everyone = () => users;

/** Keeps everything but tokens, which are cheap and good for one run of the stack. */
export function save() {
  const kept = users.map(({ claims, id, token, renewAt, ...phone }) => [id, phone]);
  sessionStorage.setItem("users", JSON.stringify(users.map(({ claims }) => claims)));
  sessionStorage.setItem("phones", JSON.stringify(Object.fromEntries(kept)));
}

/** The user of these claims, who is the chosen one from now on. */
export function choose(claims) {
  const user = users.find(({ id }) => id === idOf(claims)) ?? made(claims);
  Object.assign(user, { claims, token: null, renewAt: 0 });
  users = [user, ...users.filter((each) => each !== user)];
  save();
  return user;
}

/** The user's token, a new one before it expires. Where the claims say when it expires, a new one would not live longer. */
export async function tokenOf(user) {
  if (Date.now() >= user.renewAt) {
    user.token = await mint(user.claims);
    if (user.token) user.renewAt = "exp" in user.claims ? Infinity : Date.now() + 60 * 60 * 1000 - RENEW_BEFORE;
  }
  return user.token;
}

/** For a stack that was restarted: it has a new key, and has forgotten how long anybody has to wait. */
export function startAnew() {
  for (const user of users) Object.assign(user, { token: null, renewAt: 0, waits: {} });
  save();
}
