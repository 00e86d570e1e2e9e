// The users created on this page, each with a phone. They survive reloads and navigation, but not closing the tab.

import { mint } from "./api.js";

const RENEW_BEFORE = 5 * 60 * 1000;
const FIRST = { sub: "42", email: "ann@example.com" };

export const idOf = (claims) => String(claims.sub ?? "nobody");

/**
 * A user. `secret` and `numbers` belong to the phone. `accepted` and `spent` identify the codes that were used. Codes
 * in messages up to `voidUntil` are no longer valid. `wrong` counts the wrong codes since the newest message. `waits`
 * are those that the service asked for.
 */
function made(claims, kept = {}) {
  const phone = { secret: null, numbers: [], accepted: null, spent: [], voidUntil: null, wrong: null, waits: {} };
  return { ...phone, ...kept, id: idOf(claims), claims, token: null, renewAt: 0 };
}

/** All users, the most recently chosen first. */
let users = restored();

/** The users kept by this tab. */
function restored() {
  const claims = JSON.parse(sessionStorage.getItem("users")) ?? [FIRST];
  const phones = JSON.parse(sessionStorage.getItem("phones")) ?? {};
  return claims.map((each) => made(each, phones[idOf(each)]));
}

/** All users, the most recently chosen first. */
export const everyone = () => users;

/** Saves everything except tokens, which are cheap to get and valid for only one run of the stack. */
export function save() {
  const kept = users.map(({ claims, id, token, renewAt, ...phone }) => [id, phone]);
  sessionStorage.setItem("users", JSON.stringify(users.map(({ claims }) => claims)));
  sessionStorage.setItem("phones", JSON.stringify(Object.fromEntries(kept)));
}

/** Chooses the user with these claims and returns it. Creates the user if necessary. */
export function choose(claims) {
  const user = users.find(({ id }) => id === idOf(claims)) ?? made(claims);
  Object.assign(user, { claims, token: null, renewAt: 0 });
  users = [user, ...users.filter((each) => each !== user)];
  save();
  return user;
}

/** The user's token, renewed before it expires, unless the claims set `exp`: a new token would not live longer. */
export async function tokenOf(user) {
  if (Date.now() >= user.renewAt) {
    user.token = await mint(user.claims);
    if (user.token) user.renewAt = "exp" in user.claims ? Infinity : Date.now() + 60 * 60 * 1000 - RENEW_BEFORE;
  }
  return user.token;
}

/** Adapts to a restarted stack, which has a new key and has forgotten all waits. */
export function startAnew() {
  for (const user of users) Object.assign(user, { token: null, renewAt: 0, waits: {} });
  save();
}
