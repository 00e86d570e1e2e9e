// The reference: Swagger UI over openapi.yaml, signed in as the console's user, so that "Try it out" works at once.

import { mint } from "./api.js";
import { everyone } from "./users.js";

// With this scope every operation can be tried. The user's own claims go first.
const claims = { scope: "users:edit", ...everyone()[0].claims };

const ui = SwaggerUIBundle({
  url: "/openapi.yaml",
  dom_id: "#swagger-ui",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  onComplete: async () => ui.preauthorizeApiKey("token", await mint(claims)),
});

// Swagger UI has dark colours, but leaves the choice to the page.
const dark = matchMedia("(prefers-color-scheme: dark)");
const colour = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", colour);
colour();
