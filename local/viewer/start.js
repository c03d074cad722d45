"use strict";

// The page alone has the token that is entered, until it is closed. No validator elsewhere is called.
SwaggerUIBundle({
  url: "/docs/openapi.json",
  dom_id: "#document",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: false,
  validatorUrl: null,
});
