/* Starts the reader that the page has loaded: Swagger UI on /docs, ReDoc on /redoc. */
"use strict";

(() => {
  const address = "/openapi.json";
  const place = document.getElementById("reader");
  if (window.SwaggerUIBundle) {
    window.SwaggerUIBundle({
      url: address,
      domNode: place,
      deepLinking: true,
      presets: [window.SwaggerUIBundle.presets.apis],
      validatorUrl: null,
    });
  } else if (window.Redoc) {
    const options = { hideLoading: true, nativeScrollbars: true, nonce: place.dataset.nonce };
    window.Redoc.init(address, options, place);
  }
})();
