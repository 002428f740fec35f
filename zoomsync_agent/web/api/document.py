"""The OpenAPI document: what the routes say of themselves, made whole."""

import threading
from typing import Any, Final

from flask.json.provider import DefaultJSONProvider
from flask_openapi3.models.info import Info
from flask_openapi3.models.license import License
from flask_openapi3.models.server import Server
from flask_openapi3.openapi import OpenAPI
from pydantic import BaseModel, ValidationError

from zoomsync_agent import __version__
from zoomsync_agent.web.api import asked, told
from zoomsync_agent.web.api.refusing import refusal_of
from zoomsync_agent.web.guard import SMALL_BODY

_DESCRIPTION: Final = f"""\
What the agent does and has, for programs on this computer. It listens on 127.0.0.1 alone.

**To be let in** send the home's page token as a bearer token; `zoomsync open --token` prints it. A
browser that `zoomsync open` has let in is known by its cookie; its writes must come from this
server's own pages, and it must run for the same user.

**Bodies** are JSON objects of at most {SMALL_BODY // 1024} KiB, but for recordings that are handed
in. **Times** are ISO 8601 in UTC, sizes are bytes. Unknown parameters and fields are refused, so a
slip of the pen is noticed.

**Errors** all have the same shape. `code` is for programs and never changes its meaning; `title`,
`detail` and `hint` are for people. An address that is not described here answers `404`, another
method than those described `405` with `Allow`.
"""
_SECURITY: Final[list[dict[str, list[Any]]]] = [{"token": []}, {"cookie": []}]
_JSON: Final = "application/json"
_REF: Final = "#/components/schemas/"
_METHODS: Final = ("get", "post", "put", "patch", "delete")


def create(cookie: str) -> OpenAPI:
    """Return an application that describes itself, without routes yet.

    Args:
        cookie: the name of the cookie that lets a browser in.
    """
    schemes: dict[str, Any] = {
        "token": {"type": "http", "scheme": "bearer", "description": "The home's page token."},
        "cookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie,
            "description": "Set by the link of `zoomsync open`; named for the home.",
        },
    }
    app = OpenAPI(
        __name__,
        info=Info(
            title="zoomsync agent",
            summary="Archives Zoom recordings; runs on your own computer.",
            description=_DESCRIPTION,
            version=__version__,
            license=License(name="MIT", identifier="MIT"),
        ),
        servers=[Server(url="/", description="The server that this document comes from.")],
        security_schemes=schemes,
        operation_id_callback=lambda *, name, **_rest: name,
        openapi_extensions={"security": _SECURITY},
        validation_error_model=told.Refusal,
        validation_error_callback=refusal_of,
        doc_ui=False,
        static_folder=None,
    )
    # Columns are told in their order, titles as they are written.
    app.json = DefaultJSONProvider(app)
    app.json.sort_keys = app.json.ensure_ascii = False
    return app


class Document:
    """The whole document, made once.

    Args:
        app: with all of its routes.
    """

    def __init__(self, app: OpenAPI) -> None:
        self._app = app
        self._making = threading.Lock()
        self._made: dict[str, Any] | None = None

    def __call__(self) -> dict[str, Any]:
        """Return it."""
        with self._making:
            if self._made is None:
                self._made = _completed(self._app.api_doc)
            return self._made


def _completed(spec: dict[str, Any]) -> dict[str, Any]:
    """Return *spec* with examples where readers look for them, and without what is not so."""
    schemas = spec["components"]["schemas"]
    for schema in schemas.values():
        schema.pop("example", None)
    for path in spec["paths"].values():
        for operation in (path[method] for method in _METHODS if method in path):
            answers = operation["responses"]
            if _is_invented(answers.get("422")):
                del answers["422"]
            for one in (operation.get("requestBody"), *answers.values()):
                content = (one or {}).get("content", {}).get(_JSON)
                if content is not None and "example" not in content:
                    name = content["schema"]["$ref"].removeprefix(_REF)
                    content["example"] = _example(name)
                    one["description"] = schemas[name]["description"]
                    if "required" in one:
                        one["required"] = not _may_be_absent(name)
            for parameter in operation.get("parameters", ()):
                for told_above in ("title", "description", "example"):
                    parameter["schema"].pop(told_above, None)
    return spec


def _example(name: str) -> Any:
    """Return the example of a model; the library would sort its fields."""
    return _model(name).model_config["json_schema_extra"]["example"]  # type: ignore[index]


def _may_be_absent(name: str) -> bool:
    """Whether no body is as good as one, as the model itself decides."""
    try:
        _model(name).model_validate(None)
    except ValidationError:
        return False
    return True


def _model(name: str) -> type[BaseModel]:
    found: type[BaseModel] = getattr(told, name, None) or getattr(asked, name)
    return found


def _is_invented(answer: dict[str, Any] | None) -> bool:
    """Whether the library said that an operation without parameters refuses some."""
    schema = (answer or {}).get("content", {}).get(_JSON, {}).get("schema", {})
    return bool(schema.get("type") == "array")
