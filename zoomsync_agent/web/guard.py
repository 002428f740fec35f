"""Keeps everybody out of the page and the API but the user whose agent it is.

A page on loopback is reachable by every program and every user of the machine, and through the
browser by every web site. So: only loopback names as Host (DNS rebinding), a cookie or a token that
only the reader of a 0600 file can get, no writes from elsewhere, JSON where a program writes, and
nothing that a browser may keep.

A cookie is sent to every port of this computer, and a link is an argument of the browser's program,
which others may see. Where the system tells whose program is at the other end, both therefore count
from the user's own alone.
"""

import hashlib
import hmac
import math
import secrets
import threading
import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from flask import Flask, Request, Response, abort, redirect, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from zoomsync_agent.desktop import peers

_COOKIE: Final = "zoomsync-"
LINK_SECONDS: Final = 120
"""A link from the command line opens the page for so long, and once."""
SMALL_BODY: Final = 32 * 1024
"""So many bytes a request may have that hands in no recording."""
_KNOWN_SECONDS: Final = 2.0
_MOST_KNOWN: Final = 256
_ANY_BODY: Final = 1 << 62
"""None would mean what the application allows all others."""
_HOSTS: Final = ("127.0.0.1", "localhost")
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; media-src {media}; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_CORS_METHODS: Final = "GET, POST, PUT, PATCH"


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


def link(url: str, token: str, page: str = "") -> str:
    """Return a link that opens the page once, within `LINK_SECONDS`.

    Args:
        url: the server's address, with a slash at its end.
        token: the home's.
        page: which page, without a slash before it; it may have a query.
    """
    mark = "&" if "?" in page else "?"
    return f"{url}{page}{mark}key={_signer(token).dumps(secrets.token_urlsafe(9))}"


class Guard:
    """Says who gets in, for every application of the site.

    Args:
        token: the home's page token.
        origins: web origins that may use the API from a browser, with the token; none by default.
        media: tells the origins from which recordings may be played.
        since: when the site began; links that are older have perhaps been used. Now if None.
        is_ours: tells whether the user's own program is at the other end of a connection, by the
            ports of both ends; None where that is not known.

    Attributes:
        cookie: the name of the cookie.
    """

    def __init__(
        self,
        token: str,
        *,
        origins: Sequence[str] = (),
        media: Callable[[], Sequence[str]] = lambda: (),
        since: datetime | None = None,
        is_ours: Callable[[int, int], bool | None] = peers.is_ours,
    ) -> None:
        self._is_ours = is_ours
        self._known: dict[tuple[int, int], float] = {}
        self._token = token.encode()
        # Named for the home: those of two homes do not push each other out.
        self.cookie = _COOKIE + hashlib.sha256(self._token).hexdigest()[:8]
        self._cookie = hmac.new(self._token, b"page cookie", hashlib.sha256).hexdigest()
        self._origins = frozenset(origins)
        self._media = media
        self._redeem = _redeemer(token, since or datetime.now(UTC))

    def install(
        self,
        app: Flask,
        *,
        open_paths: Collection[str] = (),
        is_api: bool = False,
        takes_files: Collection[str] = (),
    ) -> None:
        """Guard every route of *app*.

        Args:
            app: the application.
            open_paths: who asks for these needs no cookie and may come from another site.
            is_api: programs may come with the token; writes must then be JSON, and a link is no
                way in.
            takes_files: paths under which a body may be large, and need not be JSON.
        """
        app.config["TRUSTED_HOSTS"] = list(_HOSTS)
        app.config["MAX_CONTENT_LENGTH"] = SMALL_BODY
        app.config["MAX_FORM_MEMORY_SIZE"] = SMALL_BODY

        @app.before_request
        def admit() -> Response | None:
            # Routing has checked TRUSTED_HOSTS, but it only notes what it found: asking for the
            # host raises, so that no rule below is even looked at for a foreign one.
            _ = request.host
            if request.path in takes_files:
                request.max_content_length = _ANY_BODY
            if request.path in open_paths:
                return None
            return self._program() if is_api else self._person()

        @app.after_request
        def add_headers(answer: Response) -> Response:
            answer.headers.update(_HEADERS)
            answer.headers.setdefault("Cache-Control", "no-store")
            media = " ".join(["'self'", *self._media()])
            answer.headers.setdefault("Content-Security-Policy", _POLICY.format(media=media))
            if is_api and self._is_listed(request):
                answer.headers.update(_cors(request.headers["Origin"]))
            return answer

    def _program(self) -> Response | None:
        """Return None if who asks may use the API, else an answer, or raise a refusal."""
        if request.method == "OPTIONS" and self._is_listed(request):
            return Response(status=204)
        if not self._has_token(request):
            self._expect_own()
            if not self._has_cookie(request):
                abort(401)
        has_body = bool(request.content_length) or "Transfer-Encoding" in request.headers
        is_small = request.max_content_length != _ANY_BODY
        if request.method not in _SAFE and has_body and is_small and not request.is_json:
            # No form of another site can send that unasked.
            abort(415, "Send JSON, with Content-Type: application/json.")
        return None

    def _person(self) -> Response | None:
        """Return None if who asks may see the pages, else an answer, or raise a refusal."""
        self._expect_own()
        if self._has_cookie(request):
            return None
        key = request.args.get("key", "")
        if request.method == "GET" and self._is_users(request) and self._redeem(key):
            rest = urlencode([(name, told) for name, told in request.args.items() if name != "key"])
            answer = redirect(f"{request.path}?{rest}" if rest else request.path, code=303)
            answer.set_cookie(self.cookie, self._cookie, httponly=True, samesite="Strict", path="/")
            return answer  # type: ignore[return-value]
        return abort(401)

    @staticmethod
    def _expect_own() -> None:
        if request.method not in _SAFE and not _is_own(request):
            abort(403, "This comes from another site.")

    def knows(self, asked: Request) -> bool:
        """Return whether the token or the cookie came with a request, for paths that are open."""
        return self._has_token(asked) or self._has_cookie(asked)

    def _has_token(self, asked: Request) -> bool:
        kind, _, token = asked.headers.get("Authorization", "").partition(" ")
        return kind.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), self._token)

    def _has_cookie(self, asked: Request) -> bool:
        told = asked.cookies.get(self.cookie, "")
        return hmac.compare_digest(told.encode(), self._cookie.encode()) and self._is_users(asked)

    def _is_users(self, asked: Request) -> bool:
        """Return whether the user's own program asks, as far as the system tells."""
        try:
            ports = int(asked.environ["REMOTE_PORT"]), int(asked.environ["SERVER_PORT"])
        except (KeyError, ValueError):
            return True  # there is no connection
        now = time.monotonic()
        if self._known.get(ports, -math.inf) > now:
            return True
        if self._is_ours(*ports) is False:
            return False
        # A connection has many requests; a port that is used again soon is hardly somebody else's.
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        self._known[ports] = now + _KNOWN_SECONDS
        return True

    def _is_listed(self, asked: Request) -> bool:
        return asked.headers.get("Origin") in self._origins


def _cors(origin: str) -> dict[str, str]:
    """Return what lets a page of *origin* read the answer; it has no cookie of ours."""
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": _CORS_METHODS,
        "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID",
        "Access-Control-Max-Age": "600",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Vary": "Origin",
    }


def _is_own(asked: Request) -> bool:
    """Whether a write comes from our own page."""
    site = asked.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = asked.headers.get("Origin")
    return origin is None or origin == asked.host_url.rstrip("/")


def _signer(token: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(token, salt="page link")


def _redeemer(token: str, since: datetime) -> Callable[[str], bool]:
    used: set[str] = set()
    guard = threading.Lock()
    # Which links an earlier run has seen is not known here, so it counts as all of them.
    started = since.replace(microsecond=0)

    def redeem(key: str) -> bool:
        try:
            nonce, made = _signer(token).loads(key, max_age=LINK_SECONDS, return_timestamp=True)
        except BadSignature:
            return False
        with guard:
            if nonce in used or made < started:
                return False
            used.add(nonce)
        return True

    return redeem
