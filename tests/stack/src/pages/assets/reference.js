// The API reference: Swagger UI for openapi.yaml, signed in as the console's user so that "Try it out" works at once.

import { mint } from "./api.js";
import { everyone } from "./users.js";

// This scope allows every operation. The user's own claims take precedence.
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

// Swagger UI has a dark mode, but leaves switching it on to the page.
const dark = matchMedia("(prefers-color-scheme: dark)");
const colour = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", colour);
colour();
