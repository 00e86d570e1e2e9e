// The stack behind this page: whether it is responding, and whether it is still the same one as before.

import { peek } from "./api.js";

/** The ID of its signing key, which is new after every start. */
let key = null;

/** The state of the stack since the last look: `same`, `restarted` or `gone`. */
export async function look() {
  const found = (await peek("/.well-known/jwks.json"))?.keys?.[0]?.kid;
  if (!found) return "gone";
  const before = key ?? found;
  key = found;
  return found === before ? "same" : "restarted";
}
