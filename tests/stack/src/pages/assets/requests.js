// The list of requests: each as a curl command, with its response.

import { curl, onExchange } from "./api.js";
import { byId, copyButton, element } from "./dom.js";

const KEPT = 50;
const SHOWN_HEADERS = ["content-type", "retry-after", "recovery-codes-left", "www-authenticate", "cache-control", "apigw-requestid"];

function responseText({ status, statusText, headers, json }) {
  const lines = [status ? `HTTP/1.1 ${status} ${statusText}` : statusText];
  for (const [name, value] of headers) if (SHOWN_HEADERS.includes(name)) lines.push(`${name}: ${value}`);
  if (json !== null) lines.push("", JSON.stringify(json, shortened, 2));
  return lines.join("\n");
}

/** Images and tokens are long and mean nothing to a reader. */
const shortened = (_, value) => (typeof value === "string" && value.length > 300 ? `${value.slice(0, 60)}…` : value);

function entry(exchange) {
  const { method, path, status, milliseconds, json, token } = exchange;
  const command = curl(exchange);
  const problem = typeof json?.type === "string" && json.type.startsWith("/problems/") ? json.type : null;
  return element("li", { "data-text": `${method} ${path} ${status || "none"} ${problem ?? ""}`.toLowerCase() },
    element("details", { open: exchange.main },
      element("summary", {},
        element("span", { class: `method ${method}` }, method), " ",
        element("code", {}, path), " ",
        element("span", { class: `status s${String(status)[0]}` }, status ? String(status) : "none"), " ",
        element("span", { class: "note" }, `${milliseconds} ms`)),
      element("div", { class: "head" }, element("h3", {}, "Request"),
        copyButton("Copy curl", () => (token ? `TOKEN=${token}\n${command}` : command))),
      element("pre", {}, command),
      element("h3", {}, "Response"),
      element("pre", {}, responseText(exchange)),
      problem ? element("p", {}, "What it means: ", element("a", { href: problem }, problem)) : null));
}

/** Shows the requests that have every word of the filter in their method, path, status or problem. */
function filter() {
  const words = byId("filter").value.toLowerCase().split(/\s+/);
  const items = [...byId("log").children];
  for (const item of items) item.hidden = !words.every((word) => item.dataset.text.includes(word));
  byId("log-empty").hidden = items.some((item) => !item.hidden);
  byId("log-empty").textContent = items.length > 0 ? "No request matches the filter." : "None yet.";
}

function clear() {
  byId("log").replaceChildren();
  filter();
}

onExchange((exchange) => {
  const log = byId("log");
  if (exchange.main) for (const open of log.querySelectorAll("details[open]")) open.open = false;
  log.prepend(entry(exchange));
  while (log.children.length > KEPT) log.lastChild.remove();
  filter();
});
byId("filter").addEventListener("input", filter);
byId("clear").addEventListener("click", clear);
