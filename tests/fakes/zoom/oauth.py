"""POST /oauth/token and /oauth/revoke: tokens for codes, tokens for tokens, and their end."""

import base64
from typing import Final

from tests.fakes.http_server import Answer, json_answer
from tests.fakes.zoom import consent
from tests.fakes.zoom.faults import Exchange
from tests.fakes.zoom.grants import OAuthError
from tests.fakes.zoom.pages import page
from tests.fakes.zoom.state import State

_ACCOUNT: Final = "Account does not enabled the OAuth app type"


def handle(exchange: Exchange) -> Answer:
    """Answer a request under /oauth.

    Raises:
        Vanished: the client went away.
    """
    request = exchange.request
    work = _ROUTES.get((request.method, request.seen.path))
    if work is None:
        return page("Page not found - Zoom", "This page does not exist.", 404)
    try:
        return work(exchange)
    except OAuthError as error:
        told = {"reason": error.reason} if error.reason is not None else {}
        return json_answer(told | {"error": error.error}, error.status)


def _token(exchange: Exchange) -> Answer:
    zoom, told = exchange.zoom, exchange.form()
    client_id = _client(zoom, exchange.request.headers.get("authorization"), told)
    grant = told.get("grant_type")
    if grant == "authorization_code":
        return json_answer(zoom.exchange(client_id, told))
    if grant == "refresh_token":
        return json_answer(zoom.refresh(client_id, told.get("refresh_token", "")))
    if grant == "account_credentials":
        raise OAuthError(400, "invalid_request", _ACCOUNT)
    raise OAuthError(400, "unsupported_grant_type", "unsupported grant type")


def _revoke(exchange: Exchange) -> Answer:
    zoom, told = exchange.zoom, exchange.form()
    client_id = _client(zoom, exchange.request.headers.get("authorization"), told)
    if client_id == zoom.public_client_id and not zoom.public_may_revoke:
        raise _unknown_client(zoom)
    zoom.revoke(client_id, told.get("token", ""))
    return json_answer({"status": "success"})


def _client(zoom: State, header: str | None, told: dict[str, str]) -> str:
    """Return who asks: with Basic the app with its secret, without it the public client.

    Raises:
        OAuthError: neither of them.
    """
    if zoom.refuses_clients:
        raise _unknown_client(zoom)
    if header is None:
        if told.get("client_id") == zoom.public_client_id:
            return zoom.public_client_id
        raise _unknown_client(zoom)
    if _basic(header) == (zoom.client_id, zoom.client_secret):
        return zoom.client_id
    raise _unknown_client(zoom)


def _basic(header: str) -> tuple[str, str] | None:
    kind, _, value = header.partition(" ")
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (name, secret) if kind.lower() == "basic" else None


def _unknown_client(zoom: State) -> OAuthError:
    reason = "Invalid client_id or client_secret"
    return OAuthError(zoom.invalid_client_status, "invalid_client", reason)


_ROUTES: Final = {
    ("GET", "/oauth/authorize"): consent.ask,
    ("POST", "/oauth/authorize"): consent.decide,
    ("POST", "/oauth/token"): _token,
    ("POST", "/oauth/revoke"): _revoke,
}
