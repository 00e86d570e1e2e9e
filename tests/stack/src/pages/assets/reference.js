// The API reference: Swagger UI for openapi.yaml, signed in as the console's user so that "Try it out" works at once.

import { mint } from "./api.js";
import { everyone } from "./users.js";

// This scope allows every operation. The user's own claims take precedence.
const claims = { scope: "users:edit", ...everyone()[0].claims };

/**
 * Adds to each JSON body the form of an example. openapi.yaml only mentions forms: from an operation with two kinds of body,
 * generators make clients that do not compile.
 */
function addForms(spec) {
  for (const { requestBody } of Object.values(spec.paths).flatMap(Object.values)) {
    const json = requestBody?.content["application/json"];
    if (!json) continue;
    const example = Object.values(json.examples).map(({ value }) => value).find(({ method, key }) => method === "sms" || key);
    const described = spec.components.schemas[json.schema.$ref.split("/").pop()].properties;
    const fields = Object.entries(example).map(([name, value]) =>
      [name, { type: "string", description: described[name].description, example: String(value) }]);
    requestBody.content["application/x-www-form-urlencoded"] = { schema: { type: "object", properties: Object.fromEntries(fields) } };
  }
  return spec;
}

const withForms = { statePlugins: { spec: { wrapActions: { updateJsonSpec: (update) => (spec) => update(addForms(spec)) } } } };

const ui = SwaggerUIBundle({
  url: "/openapi.yaml",
  dom_id: "#swagger-ui",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  plugins: [withForms],
  onComplete: async () => ui.preauthorizeApiKey("token", await mint(claims)),
});

// Swagger UI has a dark mode, but leaves switching it on to the page.
const dark = matchMedia("(prefers-color-scheme: dark)");
const colour = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", colour);
colour();
