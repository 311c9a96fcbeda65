// Starts the vendored Swagger UI. validatorUrl is null: by default it would ask another site.
'use strict';
var api = document.getElementById('api');
window.SwaggerUIBundle({ url: api.dataset.openapi, domNode: api, deepLinking: true, validatorUrl: null });
