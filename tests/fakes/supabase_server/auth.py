"""Auth: who signs in, and how (supabase/auth, version 2)."""

import ipaddress
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from tests.fakes.http_server.messages import Answer, json_answer
from tests.fakes.supabase_server.accounts import AuthError, user_json
from tests.fakes.supabase_server.faults import Exchange

_BASE: Final = "/auth/v1"
_USERS: Final = "/admin/users/"
_VERSION: Final = "2024-01-01"
SITE_URL: Final = "http://127.0.0.1:3000"


def handle(exchange: Exchange) -> Answer:
    """Answer a request for Auth.

    Raises:
        Vanished: the client went away.
    """
    request = exchange.request
    route = request.path.removeprefix(_BASE)
    work = _ROUTES.get((request.method, route))
    if request.method == "GET" and route.startswith(_USERS):
        work = _any_user
    if work is None:
        return json_answer({"code": 404, "error_code": "not_found", "msg": "404: Not Found"}, 404)
    try:
        return work(exchange)
    except AuthError as error:
        return _failure(exchange, error)


def _failure(exchange: Exchange, error: AuthError) -> Answer:
    headers = {"x-sb-error-code": error.code}
    if exchange.request.headers.get("x-supabase-api-version", "") >= _VERSION:
        headers["x-supabase-api-version"] = _VERSION
        return json_answer({"code": error.code, "message": error.message}, error.status, headers)
    told = {"code": error.status, "error_code": error.code, "msg": error.message}
    return json_answer(told, error.status, headers)


def _text(body: dict[str, Any], *names: str) -> list[str]:
    return [str(body.get(name) or "") for name in names]


def _token(exchange: Exchange) -> Answer:
    accounts, body = exchange.state.accounts, exchange.request.json()
    grant = exchange.request.query.get("grant_type")
    if grant == "password":
        return json_answer(accounts.by_password(*_text(body, "email", "password")))
    if grant == "refresh_token":
        return json_answer(accounts.by_refresh(*_text(body, "refresh_token")))
    if grant == "pkce":
        return json_answer(accounts.by_code(*_text(body, "auth_code", "code_verifier")))
    raise AuthError(400, "invalid_credentials", "unsupported_grant_type")


def _authorize(exchange: Exchange) -> Answer:
    """Let the provider send the browser straight back; it refuses if the test says so."""
    accounts, query = exchange.state.accounts, exchange.request.query
    back = query.get("redirect_to", "")
    if not _is_loopback(back):
        back = SITE_URL
    challenge = query.get("code_challenge", "")
    if not challenge:
        message = "the stand-in knows the flow with a code only (code_challenge is missing)"
        raise AuthError(400, "validation_failed", message)
    method = query.get("code_challenge_method", "")
    code = accounts.start_flow(query.get("provider", ""), challenge, method)
    told = urlencode({"code": code})
    if accounts.oauth_refusal is not None:
        told = urlencode({"error": "access_denied", "error_code": "provider_refused",
                          "error_description": accounts.oauth_refusal})  # fmt: skip
        told = f"{told}#{told}"
    mark = "&" if urlsplit(back).query else "?"
    return Answer(302, headers={"location": f"{back}{mark}{told}"})


def _is_loopback(url: str) -> bool:
    try:
        return ipaddress.ip_address(urlsplit(url).hostname or "").is_loopback
    except ValueError:
        return False


def _otp(exchange: Exchange) -> Answer:
    body = exchange.request.json()
    exchange.state.accounts.send_code(
        *_text(body, "email"), create_user=bool(body.get("create_user", True))
    )
    return json_answer({})


def _verify(exchange: Exchange) -> Answer:
    body = exchange.request.json()
    if body.get("type") not in ("email", "magiclink", "signup"):
        raise AuthError(400, "validation_failed", "Verify requires a verification type")
    return json_answer(exchange.state.accounts.by_mailed_code(*_text(body, "email", "token")))


def _user(exchange: Exchange) -> Answer:
    user, _ = exchange.state.accounts.user_of(exchange.request.bearer or "")
    return json_answer(user_json(user))


def _logout(exchange: Exchange) -> Answer:
    scope = exchange.request.query.get("scope", "global")
    exchange.state.accounts.sign_out(exchange.request.bearer or "", scope)
    return Answer(204)


def _settings(exchange: Exchange) -> Answer:
    return json_answer({
        "external": exchange.state.accounts.providers,
        "disable_signup": False,
        "mailer_autoconfirm": False,
        "phone_autoconfirm": False,
        "sms_provider": "",
        "saml_enabled": False,
    })  # fmt: skip


def _any_user(exchange: Exchange) -> Answer:
    """Tell the secret key whether there is a user."""
    caller = exchange.state.caller(exchange.request.bearer or "")
    if caller.role != "service_role":
        raise AuthError(403, "not_admin", "User not allowed")
    user_id = exchange.request.path.rpartition("/")[2]
    if not exchange.state.accounts.has_user(user_id):
        raise AuthError(404, "user_not_found", "User not found")
    return json_answer({"id": user_id})


def _health(exchange: Exchange) -> Answer:
    told = "GoTrue is a user registration and authentication API"
    return json_answer({"version": "v2.180.0", "name": "GoTrue", "description": told})


_ROUTES: Final[dict[tuple[str, str], Callable[[Exchange], Answer]]] = {
    ("POST", "/token"): _token,
    ("GET", "/authorize"): _authorize,
    ("POST", "/otp"): _otp,
    ("POST", "/verify"): _verify,
    ("GET", "/user"): _user,
    ("POST", "/logout"): _logout,
    ("GET", "/settings"): _settings,
    ("GET", "/health"): _health,
}
