// Requests to the API and to the stack's helpers. Whoever listens sees each request with its answer.

const listeners = [];
export const onExchange = (listener) => listeners.push(listener);

/**
 * Sends a request and gives its answer: status (0 if there was none), headers, and the body as JSON (null if there is
 * none). `main` marks the request that an action is about, among those that only prepare it or read what became of it.
 */
export async function call(method, path, { token, body, main = false } = {}) {
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const exchange = { method, path, token, body: sent, main, status: 0, statusText: "no answer", headers: [], json: null };
  const started = performance.now();
  try {
    const answer = await fetch(path, { method, headers, body: sent, cache: "no-store" });
    const text = await answer.text();
    exchange.status = answer.status;
    exchange.statusText = answer.statusText;
    exchange.headers = [...answer.headers];
    exchange.json = text ? parsed(text) : null;
  } catch {
    exchange.statusText = "No answer: does cargo run still run?";
  }
  exchange.milliseconds = Math.round(performance.now() - started);
  exchange.retryAfter = Number(exchange.headers.find(([name]) => name === "retry-after")?.[1] ?? 0);
  for (const listener of listeners) listener(exchange);
  return exchange;
}

/** JSON, or the text as it is where it is none. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A token with these claims, or null. */
export async function mint(claims) {
  return (await call("POST", "/local/token", { body: claims })).json?.access_token ?? null;
}

/** What the stack itself has to show, read again and again and so in no list of requests; null if it has it not. */
export async function peek(path) {
  try {
    const answer = await fetch(path, { cache: "no-store" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** The request as a command for a POSIX shell; its token stands in the variable TOKEN. */
export function curl({ method, path, token, body }) {
  const parts = [`curl -i${method === "GET" ? "" : ` -X ${method}`} "${location.origin}${path}"`];
  if (token) parts.push('-H "Authorization: Bearer $TOKEN"');
  if (body !== undefined) parts.push('-H "Content-Type: application/json"', `-d ${quoted(body)}`);
  return parts.join(" \\\n  ");
}
