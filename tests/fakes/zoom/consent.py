"""GET /oauth/authorize and its form: a person allows the app, declines, or gets no further."""

import secrets
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

from tests.fakes.http_server import Answer, json_answer
from tests.fakes.zoom.faults import Exchange
from tests.fakes.zoom.pages import consent_page, page, refusal_page
from tests.fakes.zoom.recordings import User
from tests.fakes.zoom.state import State

_CHALLENGE: Final = range(43, 129)
_ADMIN: Final = (":admin", ":master")


class Stopped(Exception):
    """The authorization ends on a page of Zoom's; the app never hears of it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Wish:
    """What an app asked for, found to be in order."""

    user: User
    client_id: str
    redirect_uri: str
    state: str | None
    challenge: str
    method: str


def ask(exchange: Exchange) -> Answer:
    """Show the page of consent, or whatever stands in its place."""
    zoom = exchange.zoom
    try:
        wish = _wish(zoom, exchange.query)
    except Stopped as stopped:
        return stopped.answer
    if zoom.auto_consent or zoom.auto_decline:
        return _decided(zoom, wish, allowed=not zoom.auto_decline)
    ticket = secrets.token_urlsafe(24)
    with zoom.guard:
        zoom.wishes[ticket] = wish
    return consent_page(ticket, wish.user.name, zoom.scopes)


def decide(exchange: Exchange) -> Answer:
    """Do what the person pressed."""
    zoom, form = exchange.zoom, exchange.form()
    with zoom.guard:
        wish = zoom.wishes.pop(form.get("ticket", ""), None)
    if not isinstance(wish, Wish) or form.get("decision") not in ("allow", "decline"):
        return refusal_page("Your session has expired. Start again")
    return _decided(zoom, wish, allowed=form["decision"] == "allow")


def _decided(zoom: State, wish: Wish, *, allowed: bool) -> Answer:
    if not allowed and zoom.declines == "page":
        return page("Zoom", "You have declined. You can close this page.")
    if allowed:
        told = {
            "code": zoom.authorize(
                wish.user, wish.client_id, wish.redirect_uri, wish.challenge, wish.method
            )
        }
    else:
        told = {"error": "access_denied"}
    if wish.state is not None:
        told["state"] = wish.state
    mark = "&" if urlsplit(wish.redirect_uri).query else "?"
    return Answer(302, headers={"location": f"{wish.redirect_uri}{mark}{urlencode(told)}"})


def _wish(zoom: State, query: dict[str, str]) -> Wish:
    """Return what is asked for.

    Raises:
        Stopped: it cannot be had.
    """
    client_id, uri = query.get("client_id", ""), query.get("redirect_uri", "")
    is_public = client_id == zoom.public_client_id
    if zoom.refuses_clients or not (is_public or client_id == zoom.client_id):
        raise Stopped(refusal_page(f"Invalid client_id: {client_id}", 4702))
    challenge = query.get("code_challenge", "")
    method = query.get("code_challenge_method", "plain") if challenge else ""
    if not zoom.allows_redirect(uri, with_pkce=bool(challenge)):
        raise Stopped(_bad_redirect(zoom, uri))
    if query.get("response_type") != "code":
        raise Stopped(refusal_page("Invalid response_type"))
    if "scope" in query:
        raise Stopped(refusal_page("Invalid scope"))
    if not _is_good_challenge(challenge, method, is_public=is_public):
        raise Stopped(refusal_page("Invalid code_challenge"))
    user = zoom.signed_in or zoom.first_user
    _expect_let(zoom, user)
    return Wish(user, client_id, uri, query.get("state"), challenge, method)


def _is_good_challenge(challenge: str, method: str, *, is_public: bool) -> bool:
    if not challenge:
        return not is_public
    known = ("S256",) if is_public else ("S256", "plain")
    return method in known and len(challenge) in _CHALLENGE


def _bad_redirect(zoom: State, uri: str) -> Answer:
    if zoom.shows_redirect_page:
        return refusal_page(f"Invalid redirect: {uri}")
    told = {"status": False, "errorCode": 4700, "errorMessage": "Invalid redirect url"}
    return json_answer(told | {"result": None}, 400)


def _expect_let(zoom: State, user: User) -> None:
    """Check that the app is there for this person.

    Raises:
        Stopped: it is not.
    """
    if zoom.blocked is not None:
        raise Stopped(page("Zoom", zoom.blocked))
    if any(name.endswith(_ADMIN) for name in zoom.scopes) and not user.is_admin:
        raise Stopped(page("Zoom", "Only an administrator of the account can add this app."))
