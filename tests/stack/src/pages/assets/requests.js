// The list of requests: what was sent, as curl, and what came back.

import { curl, onExchange } from "./api.js";
import { byId, copyButton, element } from "./dom.js";

const KEPT = 50;
const SHOWN_HEADERS = ["content-type", "retry-after", "www-authenticate", "cache-control", "apigw-requestid"];

function answerText({ status, statusText, headers, json }) {
  const lines = [status ? `HTTP/1.1 ${status} ${statusText}` : statusText];
  for (const [name, value] of headers) if (SHOWN_HEADERS.includes(name)) lines.push(`${name}: ${value}`);
  if (json !== null) lines.push("", JSON.stringify(json, shortened, 2));
  return lines.join("\n");
}

/** Images and tokens are long and say nothing to a reader. */
const shortened = (_, value) => (typeof value === "string" && value.length > 300 ? `${value.slice(0, 60)}…` : value);

function entry(exchange) {
  const { method, path, status, milliseconds, json, token } = exchange;
  const command = curl(exchange);
  const problem = typeof json?.type === "string" && json.type.startsWith("/problems/") ? json.type : null;
  return element("li", {},
    element("details", { open: exchange.main },
      element("summary", {},
        element("span", { class: `method ${method}` }, method), " ",
        element("code", {}, path), " ",
        element("span", { class: `status s${String(status)[0]}` }, status ? String(status) : "none"), " ",
        element("span", { class: "note" }, `${milliseconds} ms`)),
      element("div", { class: "head" }, element("h3", {}, "Request"),
        copyButton("Copy curl", () => (token ? `TOKEN=${token}\n${command}` : command))),
      element("pre", {}, command),
      element("h3", {}, "Answer"),
      element("pre", {}, answerText(exchange)),
      problem ? element("p", {}, "What it means: ", element("a", { href: problem }, problem)) : null));
}

onExchange((exchange) => {
  const log = byId("log");
  if (exchange.main) for (const open of log.querySelectorAll("details[open]")) open.open = false;
  log.prepend(entry(exchange));
  while (log.children.length > KEPT) log.lastChild.remove();
});
