// A client made by openapi-typescript and openapi-fetch, on the running stack. It also has to compile, in strict mode.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { env: Record<string, string> };

const client = createClient<paths>({
  baseUrl: process.env.TWO_FACTOR_URL ?? "",
  headers: { Authorization: `Bearer ${process.env.TWO_FACTOR_TOKEN}` },
});

function check(right: boolean, what: string): asserts right {
  if (!right) {
    throw new Error(what);
  }
}

// A phone number with a leading zero, and then a long one: both come back, and go back as they came.
for (const body of [
  { method: "sms", phone_prefix: 225, phone: "0701234567" },
  { method: "sms", phone_prefix: 49, phone: 15123456789 },
] satisfies components["schemas"]["SettingsUpdate"][]) {
  check((await client.PATCH("/api/two-factor", { body })).response.status === 204, "PATCH");
  const { data } = await client.GET("/api/two-factor");
  check(data?.data.phone === body.phone && data.data.method === "sms", "GET");
  check((await client.PATCH("/api/two-factor", { body: data.data })).response.ok, "GET's data as PATCH's body");
}

// A problem has a type of a closed list; what the gateway answers has none.
const { error } = await client.POST("/api/two-factor/verify", { body: { key: "1" } });
check(error !== undefined && "type" in error, "a problem");
check(error.type === "/problems/invalid-fields" && error.errors?.[0]?.pointer === "#/key", error.type);
// @ts-expect-error: there is no such problem.
check(error.type !== "/problems/invalid-field", "a name that is none");

// An ID is a string: as a number, one of over 2^53 would be another user's.
const params = { path: { ID: "9007199254740993" } };
const { error: refused } = await client.POST("/api/users/{ID}/two-factor/reset", { params });
check(refused !== undefined && "type" in refused && refused.type === "/problems/edit-permission-required", "reset");
// @ts-expect-error: not a number.
const wrong: typeof params = { path: { ID: 42 } };

check((await client.POST("/api/two-factor/reset")).response.status === 204, "resetOwn");
console.log("openapi-typescript: settings, problems and IDs as they should be");
