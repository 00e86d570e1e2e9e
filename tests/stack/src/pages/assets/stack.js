// The stack behind this page: whether it answers, and whether it is still the one that answered before.

import { peek } from "./api.js";

/** The ID of its signing key, which is a new one after each start. */
let key = null;

/** `same`, `restarted` or `gone`, compared with the last look. */
export async function look() {
  const found = (await peek("/.well-known/jwks.json"))?.keys?.[0]?.kid;
  if (!found) return "gone";
  const before = key ?? found;
  key = found;
  return found === before ? "same" : "restarted";
}
