"""The document and two readers of it, served from this computer: /openapi.json, /docs, /redoc."""

import secrets
from importlib import resources
from pathlib import Path
from typing import Any, Final

from flask import Response, abort, make_response, render_template
from flask_openapi3.openapi import OpenAPI

from zoomsync_agent.web.api.document import Document
from zoomsync_agent.web.sending import send

_HERE: Final = Path(__file__).parent
_BUNDLES: Final = {
    "swagger-ui.css": ("flask_openapi3_swagger", "templates/swagger/css/swagger-ui.css"),
    "swagger-ui.js": ("flask_openapi3_swagger", "templates/swagger/js/swagger-ui-bundle.js"),
    "redoc.js": ("flask_openapi3_redoc", "templates/redoc/js/redoc.standalone.js"),
}
"""What the readers are, as packages that are installed bring it; nothing comes from elsewhere."""
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'{styles}; "
    "img-src 'self' data:; connect-src 'self'; font-src 'self'; worker-src{workers}; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""No script runs but ours and theirs; ReDoc needs what is said below, Swagger UI nothing more. What
ReDoc is not let have, a style for scroll bars and a picture from its maker, it does not need."""


def install(app: OpenAPI) -> None:
    """Add the routes."""
    document = Document(app)

    @app.get("/openapi.json", doc_ui=False)
    def show_document() -> dict[str, Any]:
        return document()

    @app.get("/docs", doc_ui=False)
    def show_docs() -> Response:
        return _page("docs.html")

    @app.get("/redoc", doc_ui=False)
    def show_redoc() -> Response:
        # It writes styles as it goes, and looks words up in a worker that it brings as a blob.
        nonce = secrets.token_urlsafe(16)
        return _page("redoc.html", f" 'nonce-{nonce}'", " blob:", nonce=nonce)

    # No operation, so the library need not know of its parameter.
    @app.route("/docs/assets/<name>")
    def show_asset(name: str) -> Response:
        if name not in _BUNDLES:
            abort(404)
        package, path = _BUNDLES[name]
        with resources.as_file(resources.files(package).joinpath(path)) as found:
            answer = send(found, conditional=True)
        answer.headers["Cache-Control"] = "private, no-cache"  # asked for again, sent once
        return answer


def _page(template: str, styles: str = "", workers: str = " 'none'", **told: str) -> Response:
    answer = make_response(render_template(template, **told))
    policy = _POLICY.format(styles=styles, workers=workers)
    answer.headers["Content-Security-Policy"] = policy
    return answer
