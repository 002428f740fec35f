"""The stand-in for Zoom signs people in as Zoom does, and refuses as Zoom does."""

import base64
import json
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from tests.fakes.zoom import (
    ADMIN_SCOPES,
    Fault,
    ZoomServer,
    challenge_of,
    html,
    lose_answer,
    visit,
)

VERIFIER = "verifier-of-at-least-forty-three-characters-x"
BACK = "http://127.0.0.1:53682/auth/zoom/callback"
FRONT = "https://front.example.com/auth/zoom/callback"


@pytest.fixture
def zoom(clock):
    """A Zoom with one person."""
    with ZoomServer(clock=clock.now) as running:
        running.add_user()
        yield running


@pytest.fixture
def app(zoom, http):
    """An app that signs its person in."""
    return App(zoom, http)


class App:
    """A client of Zoom's that can be told to do it wrong."""

    def __init__(self, zoom, http):
        self.zoom = zoom
        self.http = http

    def address(self, *, public=True, **more):
        """Return what the browser is to open; None as a value leaves a parameter out."""
        told = {
            "response_type": "code",
            "client_id": self.zoom.public_client_id if public else self.zoom.client_id,
            "redirect_uri": BACK,
            "state": "a state/with+signs",
            "code_challenge": challenge_of(VERIFIER, "S256"),
            "code_challenge_method": "S256",
        } | more
        query = urlencode({name: value for name, value in told.items() if value is not None})
        return f"{self.zoom.zoom_url}/oauth/authorize?{query}"

    def authorize(self, decision="allow", **more):
        """Go through the browser's part; return the page in the end, and what the app is told."""
        page = visit(self.http, self.address(**more), decision, follow=False)
        back = urlsplit(page.headers.get("location", ""))
        return page, {name: values[0] for name, values in parse_qs(back.query).items()}

    def code(self, **more):
        """Return a code."""
        return self.authorize(**more)[1]["code"]

    def token(self, *, secret=False, headers=None, in_query=False, path="token", **told):
        """Ask the token endpoint."""
        sent = {} if secret else {"client_id": self.zoom.public_client_id}
        auth = (self.zoom.client_id, self.zoom.client_secret) if secret else None
        url = f"{self.zoom.zoom_url}/oauth/{path}"
        where = {"params" if in_query else "data": sent | told}
        return self.http.post(url, auth=auth, headers=headers, **where)

    def exchange(self, code, **more):
        """Give a code for tokens."""
        told = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
        return self.token(**(told | {"code_verifier": VERIFIER} | more))

    def refresh(self, token, **more):
        """Give a refresh token for new ones."""
        return self.token(grant_type="refresh_token", refresh_token=token, **more)

    def is_let_in(self, access_token):
        """Return whether the REST interface takes a token."""
        headers = {"authorization": f"Bearer {access_token}"}
        return self.http.get(f"{self.zoom.api_url}/v2/users/me", headers=headers).is_success


def test_allow_leads_back_with_a_code(app):
    """The page has both buttons; the state comes back as it was."""
    shown = app.http.get(app.address())
    assert shown.headers["content-type"].startswith("text/html")
    assert ">Allow</button>" in shown.text
    assert ">Decline</button>" in shown.text
    page, told = app.authorize()
    assert page.status_code == 302
    assert page.headers["location"].startswith(f"{BACK}?")
    assert told["state"] == "a state/with+signs"
    tokens = app.exchange(told["code"]).json()
    assert app.is_let_in(tokens["access_token"])


def test_a_consent_is_given_once(app):
    """The form of a page that was used, or made up, leads nowhere."""
    url = f"{app.zoom.zoom_url}/oauth/authorize"
    told = app.http.post(url, data={"ticket": "made up", "decision": "allow"})
    assert told.status_code == 400
    assert "session has expired" in told.text


def test_decline_in_both_ways(app):
    """Back to the app with an error, or a page of Zoom's and no callback."""
    _, told = app.authorize("decline")
    assert told == {"error": "access_denied", "state": "a state/with+signs"}
    app.zoom.declines = "page"
    page, told = app.authorize("decline")
    assert (page.status_code, told) == (200, {})


def test_consent_by_itself(app):
    """No page at all."""
    app.zoom.auto_consent = True
    assert "code" in parse_qs(urlsplit(app.http.get(app.address()).headers["location"]).query)
    app.zoom.auto_consent, app.zoom.auto_decline = False, True
    assert "error=access_denied" in app.http.get(app.address()).headers["location"]


@pytest.mark.parametrize("port", ["", ":1", ":53682"])
def test_the_port_of_a_loopback_address_does_not_count(app, port):
    """Any will do."""
    back = f"http://127.0.0.1{port}/auth/zoom/callback"
    page, told = app.authorize(redirect_uri=back)
    assert page.headers["location"].startswith(f"{back}?")
    assert app.exchange(told["code"], redirect_uri=back).status_code == 200


@pytest.mark.parametrize(
    "back",
    [
        "http://localhost:53682/auth/zoom/callback",
        "http://127.0.0.1:53682/other",
        "http://127.0.0.1:53682/Auth/zoom/callback",
        "http://127.0.0.2:53682/auth/zoom/callback",
        "https://127.0.0.1:53682/auth/zoom/callback",
        "https://evil.example.com/auth/zoom/callback",
        "",
    ],
)
def test_a_wrong_redirect_address_gets_no_callback(app, back):
    """JSON with 4700, or a page; `localhost` is wrong even where it is on the list."""
    app.zoom.redirect_uris.append("http://localhost/auth/zoom/callback")
    page, _ = app.authorize(redirect_uri=back)
    assert "location" not in page.headers
    assert page.json() == {
        "status": False,
        "errorCode": 4700,
        "errorMessage": "Invalid redirect url",
        "result": None,
    }
    app.zoom.shows_redirect_page = True
    page, _ = app.authorize(redirect_uri=back)
    assert f"Invalid redirect: {back} (4,700)" in page.text


def test_an_https_front_end(app):
    """Has to be on the list, to the letter."""
    assert app.authorize(redirect_uri=FRONT)[0].json()["errorCode"] == 4700
    app.zoom.redirect_uris.append(FRONT)
    assert "code" in app.authorize(redirect_uri=FRONT)[1]
    assert app.authorize(redirect_uri=f"{FRONT}/")[0].json()["errorCode"] == 4700


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"scope": "user:read:user"}, "Invalid scope"),
        ({"scope": ""}, "Invalid scope"),
        ({"client_id": "nobody"}, "Invalid client_id: nobody (4,702)"),
        ({"response_type": "token"}, "Invalid response_type"),
        ({"code_challenge_method": "plain"}, "Invalid code_challenge"),
        ({"code_challenge_method": None}, "Invalid code_challenge"),
        ({"code_challenge": "short"}, "Invalid code_challenge"),
    ],
)
def test_what_is_asked_for_in_a_wrong_way(app, wrong, text):
    """Ends on a page of Zoom's; the app never hears of it."""
    page, told = app.authorize(**wrong)
    assert told == {}
    assert text in page.text


def test_a_public_client_needs_pkce_for_its_loopback_address(app):
    """Without a challenge a loopback address is none."""
    page, _ = app.authorize(code_challenge=None, code_challenge_method=None)
    assert page.json()["errorCode"] == 4700
    app.zoom.redirect_uris.append(FRONT)
    page, _ = app.authorize(code_challenge=None, redirect_uri=FRONT)
    assert "Invalid code_challenge" in page.text


def test_a_confidential_client_has_a_choice(app):
    """S256, plain, which is what no method means, or nothing where it is called back by https."""
    app.zoom.redirect_uris.append(FRONT)
    code = app.code(public=False)
    assert app.exchange(code, secret=True).status_code == 200
    code = app.code(public=False, code_challenge=VERIFIER, code_challenge_method=None)
    assert app.exchange(code, secret=True).status_code == 200
    code = app.code(public=False, code_challenge=None, redirect_uri=FRONT)
    told = app.exchange(code, secret=True, redirect_uri=FRONT, code_verifier="")
    assert told.status_code == 200


def test_pages_that_lead_nowhere(app):
    """The app is not published, or only an administrator may add it."""
    app.zoom.blocked = "This app needs the approval of your administrator."
    page, told = app.authorize()
    assert (page.status_code, told) == (200, {})
    assert "approval" in page.text
    app.zoom.blocked = None
    app.zoom.scopes.extend(ADMIN_SCOPES)
    page, told = app.authorize()
    assert told == {}
    assert "Only an administrator" in page.text
    app.zoom.signed_in = app.zoom.add_user("admin@example.com", is_admin=True)
    assert "code" in app.authorize()[1]


def test_tokens_look_like_zoom_s(app):
    """Lower-case bearer, a number of seconds, the scopes in one string, tokens of some size."""
    told = app.exchange(app.code()).json()
    assert (told["token_type"], told["expires_in"]) == ("bearer", 3599)
    assert told["scope"].split() == app.zoom.scopes
    assert told["api_url"] == app.zoom.api_url
    for name in ("access_token", "refresh_token"):
        head, claims, signature = told[name].split(".")
        assert json.loads(base64.urlsafe_b64decode(head + "=="))["alg"] == "HS512"
        assert json.loads(base64.urlsafe_b64decode(claims + "=="))["tokenType"] == name
        assert len(signature) == 86
        assert 500 <= len(told[name]) <= 700


def test_what_an_answer_says_can_be_set(app):
    """A regional address or none, another life, fewer scopes than were asked for."""
    app.zoom.told_api_url = "https://api-eu.zoom.us"
    app.zoom.expires_in = 3600
    app.zoom.granted_scopes = {"user:read:user"}
    told = app.exchange(app.code()).json()
    assert told["api_url"] == "https://api-eu.zoom.us"
    assert (told["expires_in"], told["scope"]) == (3600, "user:read:user")
    app.zoom.tells_api_url = False
    assert "api_url" not in app.refresh(told["refresh_token"]).json()


def test_scopes_added_later_do_not_widen_a_token(app):
    """A new authorization does."""
    app.zoom.scopes = ["user:read:user"]
    told = app.exchange(app.code()).json()
    app.zoom.scopes.append("meeting:read:summary")
    assert app.refresh(told["refresh_token"]).json()["scope"] == "user:read:user"
    told = app.exchange(app.code()).json()
    assert told["scope"] == "user:read:user meeting:read:summary"


def test_a_code_works_once(app):
    """The second time it is refused by name."""
    code = app.code()
    assert app.exchange(code).status_code == 200
    again = app.exchange(code)
    assert again.status_code == 400
    assert again.json() == {
        "reason": f"Invalid authorization code {code}",
        "error": "invalid_request",
    }


def test_a_code_works_for_five_minutes(app, clock):
    """By the clock."""
    code, other = app.code(), app.code()
    clock.advance(299)
    assert app.exchange(code).status_code == 200
    clock.advance(1)
    assert "Invalid authorization code" in app.exchange(other).json()["reason"]


def test_a_code_wants_what_it_was_made_for(app):
    """Its verifier, its redirect address, its client."""
    wrong = app.exchange(app.code(), code_verifier="x" * 43)
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")
    other = app.exchange(app.code(), redirect_uri=BACK.replace("53682", "53683"))
    assert other.json() == {"reason": "Redirect URI mismatch.", "error": "invalid_request"}
    assert "Invalid authorization code" in app.exchange(app.code(), secret=True).json()["reason"]


def test_parameters_in_the_query(app):
    """Are as good as in the body."""
    told = app.exchange(app.code(), in_query=True)
    assert told.status_code == 200
    assert app.refresh(told.json()["refresh_token"], in_query=True).status_code == 200


def test_json_is_no_form(app):
    """A body that is none says nothing."""
    url = f"{app.zoom.zoom_url}/oauth/token"
    told = app.http.post(url, json={"client_id": app.zoom.public_client_id})
    assert told.json()["error"] == "invalid_client"


def test_clients_that_are_none(app):
    """The ordinary id wants Basic and the right secret, the public one wants no Basic."""
    zoom = app.zoom
    refused = {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}
    without = app.refresh("x", client_id=zoom.client_id)
    assert (without.status_code, without.json()) == (401, refused)
    in_body = app.refresh("x", client_id=zoom.client_id, client_secret=zoom.client_secret)
    assert in_body.json() == refused
    for name, secret in ((zoom.client_id, "wrong"), (zoom.public_client_id, "")):
        value = base64.b64encode(f"{name}:{secret}".encode()).decode()
        told = app.refresh("x", headers={"authorization": f"Basic {value}"})
        assert told.json() == refused
    assert app.refresh("x", headers={"authorization": "Basic §".encode()}).json() == refused
    zoom.invalid_client_status = 400
    zoom.refuses_clients = True
    told = app.exchange("x")
    assert (told.status_code, told.json()) == (400, refused)


def test_other_kinds_of_grant(app):
    """Nothing but codes and refresh tokens."""
    told = app.token(grant_type="password")
    assert told.json() == {"reason": "unsupported grant type", "error": "unsupported_grant_type"}
    assert app.token().json()["error"] == "unsupported_grant_type"
    told = app.token(grant_type="account_credentials", account_id="x", secret=True)
    assert told.json()["reason"] == "Account does not enabled the OAuth app type"


def test_a_refresh_token_dies_when_it_is_used(app):
    """At once and without grace; the access token before it lives on."""
    first = app.exchange(app.code()).json()
    second = app.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    told = app.refresh(first["refresh_token"])
    assert (told.status_code, told.json()) == (
        400,
        {"reason": "Invalid Token!", "error": "invalid_grant"},
    )
    assert app.is_let_in(first["access_token"])
    assert app.is_let_in(second["access_token"])
    assert app.refresh(second["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    ("form", "status", "body"),
    [
        ("bare", 400, {"error": "invalid_grant"}),
        ("old", 401, {"reason": "Invalid Token!", "error": "invalid_request"}),
    ],
)
def test_other_forms_of_that_refusal(app, form, status, body):
    """Zoom has said it in three ways."""
    app.zoom.stale_refresh_form = form
    told = app.refresh("x")
    assert (told.status_code, told.json()) == (status, body)


def test_a_refresh_token_is_its_client_s(app):
    """Another client of the same app cannot use it."""
    told = app.exchange(app.code()).json()
    assert app.refresh(told["refresh_token"], secret=True).json()["error"] == "invalid_grant"
    assert app.refresh(told["refresh_token"]).status_code == 200


def test_lives_of_tokens(app, clock):
    """An hour and ninety days, by the clock."""
    told = app.exchange(app.code()).json()
    clock.advance(3_599)
    assert app.is_let_in(told["access_token"])
    clock.advance(1)
    assert not app.is_let_in(told["access_token"])
    clock.advance(90 * 86_400 - 3_601)
    told = app.refresh(told["refresh_token"]).json()
    app.zoom.refresh_life_seconds = 10
    told = app.refresh(told["refresh_token"]).json()
    clock.advance(10)
    assert app.refresh(told["refresh_token"]).json()["error"] == "invalid_grant"


def test_an_answer_that_is_lost_after_rotating(app):
    """The connection closes, and the old token is dead all the same."""
    told = app.exchange(app.code()).json()
    lost = Fault(("POST", "/oauth/token"), lose_answer())
    app.zoom.faults.append(lost)
    with pytest.raises(httpx.RemoteProtocolError):
        app.refresh(told["refresh_token"])
    assert lost.fired == 1
    assert app.refresh(told["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_page_of_a_gateway_changes_nothing(app):
    """The token is as good afterwards."""
    told = app.exchange(app.code()).json()
    app.zoom.faults.append(Fault(("POST", "/oauth/token"), html(503)))
    page = app.refresh(told["refresh_token"])
    assert page.status_code == 503
    assert page.headers["content-type"] == "text/html"
    assert app.refresh(told["refresh_token"]).status_code == 200


def test_a_new_sign_in_ends_the_earlier_one(app):
    """Of the same person and app, unless that is switched off."""
    first = app.exchange(app.code()).json()
    second = app.exchange(app.code()).json()
    assert not app.is_let_in(first["access_token"])
    assert app.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    app.zoom.revokes_earlier = False
    app.exchange(app.code())
    assert app.is_let_in(second["access_token"])
    app.zoom.revokes_earlier = True
    app.zoom.signed_in = app.zoom.add_user("other@example.com")
    app.exchange(app.code())
    assert app.is_let_in(second["access_token"])


def test_revoking(app):
    """Ends both tokens; a public client may be kept from it."""
    told = app.exchange(app.code()).json()
    app.zoom.public_may_revoke = False
    refused = app.token(path="revoke", token=told["access_token"])
    assert refused.json()["error"] == "invalid_client"
    app.zoom.public_may_revoke = True
    done = app.token(path="revoke", token=told["access_token"])
    assert (done.status_code, done.json()) == (200, {"status": "success"})
    assert not app.is_let_in(told["access_token"])
    assert app.refresh(told["refresh_token"]).json()["error"] == "invalid_grant"
    again = app.token(path="revoke", token=told["access_token"])
    assert again.json() == {"reason": "Invalid Token!", "error": "invalid_request"}


def test_revoking_with_a_secret_and_a_query(app):
    """As Zoom's own documents show it."""
    told = app.exchange(app.code(public=False), secret=True).json()
    done = app.token(path="revoke", secret=True, in_query=True, token=told["access_token"])
    assert done.json() == {"status": "success"}


def test_a_person_who_removes_the_app(app):
    """Both tokens are dead."""
    told = app.exchange(app.code()).json()
    app.zoom.revoke_user(app.zoom.first_user)
    assert not app.is_let_in(told["access_token"])
    assert app.refresh(told["refresh_token"]).json()["error"] == "invalid_grant"


def test_signed_in_without_a_browser(app):
    """For tests of what comes afterwards; it is the public client's unless it is said otherwise."""
    told = app.zoom.sign_in()
    assert app.is_let_in(told["access_token"])
    assert app.refresh(told["refresh_token"]).status_code == 200
    told = app.zoom.sign_in(scopes=["user:read:user"], public=False)
    assert told["scope"] == "user:read:user"
    assert app.refresh(told["refresh_token"], secret=True).status_code == 200


def test_other_paths(app):
    """Are pages that are not there, and every answer has its name."""
    for path in ("/oauth/other", "/elsewhere"):
        told = app.http.get(f"{app.zoom.zoom_url}{path}")
        assert told.status_code == 404
        assert told.headers["x-zm-trackingid"].startswith("v=2.0;clid=us06;rid=WEB_")
