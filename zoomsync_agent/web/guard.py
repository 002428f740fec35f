"""Keeps everybody out of the page but the user whose agent it is.

A page on loopback is reachable by every program and every user of the machine, and through the
browser by every web site. So: only loopback names as Host (DNS rebinding), a cookie that only the
reader of a 0600 file can get, no writes from elsewhere, and nothing that a browser may keep.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from flask import Flask, Request, Response, abort, redirect, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

COOKIE: Final = "zoomsync"
LINK_SECONDS: Final = 120
"""A link from the command line opens the page for so long, and once."""
_OPEN_PATHS: Final = frozenset({"/health"})
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def load_token(path: Path) -> str:
    """Return the home's page token, made on first use and readable by its user alone."""
    try:
        token = path.read_text("ascii").strip()
    except FileNotFoundError:
        token = ""
    if len(token) < 32:  # noqa: PLR2004  shorter is none of ours
        token = secrets.token_urlsafe(32)
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(token + "\n", "ascii")
    return token


def link(url: str, token: str) -> str:
    """Return a link that opens the page once, within `LINK_SECONDS`."""
    return f"{url}?key={_signer(token).dumps(secrets.token_urlsafe(9))}"


def install(app: Flask, token: str) -> None:
    """Guard every route of *app*."""
    app.config["TRUSTED_HOSTS"] = ["127.0.0.1", "localhost"]
    cookie = hmac.new(token.encode(), b"page cookie", hashlib.sha256).hexdigest()
    redeem = _redeemer(token)

    @app.before_request
    def admit() -> Response | None:
        # Routing has checked TRUSTED_HOSTS, but it only notes what it found: asking for the host
        # raises, so that no rule below is even looked at for a foreign one.
        _ = request.host
        if request.method not in _SAFE and not _is_own(request):
            abort(403)
        if request.path in _OPEN_PATHS or hmac.compare_digest(
            request.cookies.get(COOKIE, "").encode(), cookie.encode()
        ):
            return None
        if redeem(request.args.get("key", "")):
            answer = redirect(request.path, code=303)
            answer.set_cookie(COOKIE, cookie, httponly=True, samesite="Strict", path="/")
            return answer  # type: ignore[return-value]
        return abort(401)

    @app.after_request
    def add_headers(answer: Response) -> Response:
        answer.headers.update(_HEADERS)
        return answer


def _is_own(asked: Request) -> bool:
    """Whether a write comes from our own page."""
    site = asked.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = asked.headers.get("Origin")
    return origin is None or origin == asked.host_url.rstrip("/")


def _signer(token: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(token, salt="page link")


def _redeemer(token: str) -> Callable[[str], bool]:
    used: set[str] = set()
    # Which links an earlier run has seen is not known here, so it counts as all of them.
    started = datetime.now(UTC).replace(microsecond=0)

    def redeem(key: str) -> bool:
        try:
            nonce, made = _signer(token).loads(key, max_age=LINK_SECONDS, return_timestamp=True)
        except BadSignature:
            return False
        if nonce in used or made < started:
            return False
        used.add(nonce)
        return True

    return redeem
