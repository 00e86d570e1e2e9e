// Requests to the API and to the stack's helpers. Listeners get each request with its response.

const PATIENCE = 5000;
const listeners = [];
export const onExchange = (listener) => listeners.push(listener);

/**
 * Sends a request and returns its response: status (0 if there was no response), headers, and the body as JSON (null if
 * there is none). `main` marks the main request of an action, as opposed to those that prepare it or read its outcome.
 */
export async function request(method, path, { token, body, main = false } = {}) {
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const exchange = { method, path, token, body: sent, main, status: 0, statusText: "no response", headers: [], json: null };
  const started = performance.now();
  try {
    const response = await fetch(path, { method, headers, body: sent, cache: "no-store" });
    const text = await response.text();
    exchange.status = response.status;
    exchange.statusText = response.statusText;
    exchange.headers = [...response.headers];
    exchange.json = text ? parsed(text) : null;
  } catch {
    exchange.statusText = "No response: is cargo run still running?";
  }
  exchange.milliseconds = Math.round(performance.now() - started);
  exchange.retryAfter = Number(header(exchange, "retry-after") ?? 0);
  for (const listener of listeners) listener(exchange);
  return exchange;
}

/** The value of a response header, or undefined. Names are in lower case. */
export const header = ({ headers }, name) => headers.find(([each]) => each === name)?.[1];

/** The parsed JSON, or the text itself if it is not JSON. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A token with these claims, or null. */
export async function mint(claims) {
  return (await request("POST", "/local/token", { body: claims })).json?.access_token ?? null;
}

/** The response of one of the stack's helpers, or null. Not in the list of requests, because it is polled. */
export async function peek(path) {
  try {
    const response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** The request as a command for a POSIX shell, with its token in the variable TOKEN. */
export function curl({ method, path, token, body }) {
  const parts = [`curl -i${method === "GET" ? "" : ` -X ${method}`} "${location.origin}${path}"`];
  if (token) parts.push('-H "Authorization: Bearer $TOKEN"');
  if (body !== undefined) parts.push('-H "Content-Type: application/json"', `-d ${quoted(body)}`);
  return parts.join(" \\\n  ");
}
