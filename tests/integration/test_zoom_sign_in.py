"""Signing in to Zoom: a strict stand-in, a browser, a keyring, as many keepers as processes."""

import json
import queue
import threading

import httpx
import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.http_server import Fault, html, lose_answer
from tests.fakes.secrets import MemorySecrets
from tests.fakes.zoom import READ_SCOPES, ZoomServer, visit
from zoomsync_agent.core.account import AccountState
from zoomsync_agent.core.errors import (
    AgentError,
    RemoteUnavailable,
    SecretsUnavailable,
    SetupIncomplete,
    SignInFailed,
    SignInRequired,
)
from zoomsync_agent.zoom.app import NEEDED, USEFUL, Scopes, ZoomApp
from zoomsync_agent.zoom.session import ZoomKeeper
from zoomsync_agent.zoom.sign_in import ZoomSignIn

TOKENS = "/oauth/token"


class World:
    """One computer, one Zoom."""

    def __init__(self, folder):
        self.folder = folder
        self.clock = ManualClock()
        self.zoom = ZoomServer(clock=self.clock.now)
        self.ann = self.zoom.add_user("ann@example.org")
        self.zoom.signed_in = self.ann
        self.secrets = MemorySecrets()
        self.links = []

    def app(self, *, is_public=True, **more):
        """Return the app, as the settings name it."""
        client = self.zoom.public_client_id if is_public else self.zoom.client_id
        secret = "" if is_public else self.zoom.client_secret
        return ZoomApp(client, secret, oauth=self.zoom.zoom_url, api=self.zoom.api_url, **more)

    def keeper(self, app=None):
        """Return who keeps the sign-in, as another process would have it."""
        lock = self.folder / "zoom.lock"
        return ZoomKeeper(app or self.app(), self.secrets, lock, clock=self.clock)

    def sign_in(self, keeper, *, decision="allow", pasted=None, seconds=20.0):
        """Sign in with a browser that goes wherever it is sent."""

        def browse(link):
            def go():
                with httpx.Client(follow_redirects=False) as http:
                    visit(http, link, decision, follow=True)

            thread = threading.Thread(target=go)
            thread.start()
            self.browsers.append(thread)

        self.browsers = []
        try:
            return ZoomSignIn(keeper).by_browser(
                self.links.append, opens=browse, pasted=pasted, seconds=seconds
            )
        finally:
            for thread in self.browsers:
                thread.join(10)

    def asked(self, grant_type):
        """Return how often the token endpoint was asked for this."""
        return len(
            [one for one in self.zoom.seen("POST", TOKENS) if grant_type.encode() in one.body]
        )


@pytest.fixture
def world(tmp_path):
    """Give it."""
    found = World(tmp_path)
    with found.zoom:
        yield found


@pytest.mark.parametrize("is_public", [True, False])
def test_somebody_signs_in(world, is_public):
    """By PKCE, with or without a secret; the session is in the keyring, under one name."""
    keeper = world.keeper(world.app(is_public=is_public))
    account = world.sign_in(keeper)
    assert (account.state, account.who) == (AccountState.SIGNED_IN, "ann@example.org")
    assert account.user_id == world.ann.id
    (kept,) = world.secrets.values.values()
    assert keeper.session().refresh_token in kept
    assert keeper.token() in kept
    link = world.links[0]
    assert "scope=" not in link
    assert "code_challenge_method=S256" in link
    assert "localhost" not in link


def test_another_process_goes_on_with_the_same_sign_in(world):
    """It spends no refresh token as long as the access token holds.

    Zoom takes back the old refresh token as soon as it has given a new one: whoever ends a process
    in that moment loses the sign-in, so it must not come at each start.
    """
    first = world.keeper()
    world.sign_in(first)
    token = first.token()
    second = world.keeper()
    assert second.token() == token
    assert world.asked("refresh_token") == 0
    world.clock.advance(3600)
    renewed = first.token()
    assert renewed != token
    assert [second.token(), world.keeper().token()] == [renewed, renewed]
    assert world.asked("refresh_token") == 1
    assert world.keeper().account().state is AccountState.SIGNED_IN


def test_a_session_of_an_older_version_is_renewed(world):
    """It was kept without its access token."""
    world.sign_in(world.keeper())
    ((name, kept),) = world.secrets.values.items()
    older = json.loads(kept) | {"access_token": "", "expires_at": 0.0}
    world.secrets.values[name] = json.dumps(older)
    keeper = world.keeper()
    assert keeper.token()
    assert world.asked("refresh_token") == 1
    assert keeper.token() in world.secrets.values[name]


def test_many_ask_and_one_renews(world):
    """Eight threads of two processes, one refresh token each time."""
    keepers = [world.keeper(), world.keeper()]
    world.sign_in(keepers[0])
    world.clock.advance(7200)
    found, failed = [], []

    def ask(keeper):
        try:
            found.append(keeper.token())
        except AgentError as exc:
            failed.append(exc)

    threads = [threading.Thread(target=ask, args=(keepers[n % 2],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == []
    assert len(found) == 8
    assert world.asked("refresh_token") <= 2


def test_a_lost_answer_after_the_rotation_signs_out_and_says_so(world):
    """Zoom has no grace for it; it is said once, with what to do."""
    keeper = world.keeper()
    world.sign_in(keeper)
    world.clock.advance(7200)
    fault = Fault(("POST", TOKENS), lose_answer())
    world.zoom.faults.append(fault)
    with pytest.raises(RemoteUnavailable):
        keeper.token()
    assert fault.fired
    with pytest.raises(SignInRequired, match="Zoom has ended this sign-in"):
        keeper.token()
    assert keeper.account().state is AccountState.SIGNED_OUT
    assert world.secrets.values == {}


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_trouble_at_zoom_keeps_the_tokens(world, status):
    """A page of a gateway is no refusal."""
    keeper = world.keeper()
    world.sign_in(keeper)
    world.clock.advance(7200)
    fault = Fault(("POST", TOKENS), html(status))
    world.zoom.faults.append(fault)
    with pytest.raises(RemoteUnavailable):
        keeper.token()
    assert fault.fired
    assert keeper.token()


def test_a_client_that_zoom_does_not_know_keeps_the_tokens(world):
    """Whoever mends the settings goes on."""
    keeper = world.keeper()
    world.sign_in(keeper)
    world.clock.advance(7200)
    world.zoom.refuses_clients = True
    with pytest.raises(RemoteUnavailable):
        keeper.token()
    assert len(world.secrets.values) == 1
    world.zoom.refuses_clients = False
    assert keeper.token()


@pytest.mark.parametrize("form", ["reason", "bare", "old"])
def test_a_sign_in_elsewhere_ends_this_one(world, form):
    """In each form in which Zoom says so."""
    keeper = world.keeper()
    world.sign_in(keeper)
    world.zoom.stale_refresh_form = form
    world.zoom.revoke_user(world.ann)
    world.clock.advance(7200)
    with pytest.raises(SignInRequired):
        keeper.token()
    assert world.secrets.values == {}


def test_declined_in_the_browser(world):
    """As a redirect with an error."""
    world.zoom.declines = "redirect"
    with pytest.raises(SignInFailed, match="refused in the browser"):
        world.sign_in(world.keeper(), decision="decline")
    assert world.secrets.values == {}


def test_a_page_of_zooms_own_is_survived_by_the_time_out(world):
    """Nobody comes back; the sentence says what that may mean."""
    world.zoom.blocked = "Invalid redirect (4,700)"
    with pytest.raises(SignInFailed, match="Start again: zoomsync sign-in zoom"):
        world.sign_in(world.keeper(), seconds=0.6)


def test_the_code_can_be_pasted(world):
    """The address of the last page, as the browser shows it."""
    pasted = queue.Queue()
    keeper = world.keeper()

    def show(link):
        with httpx.Client(follow_redirects=False) as http:
            answer = visit(http, link, "allow", follow=False)
        pasted.put(answer.headers["location"])

    account = ZoomSignIn(keeper).by_browser(show, pasted=pasted, seconds=10)
    assert account.state is AccountState.SIGNED_IN


def test_a_pasted_code_of_another_sign_in_is_refused(world):
    """Its state tells."""
    pasted = queue.Queue()
    pasted.put("http://127.0.0.1/auth/zoom/callback?code=abc&state=somebody-elses")
    with pytest.raises(SignInFailed, match="another sign-in"):
        ZoomSignIn(world.keeper()).by_browser(lambda _link: None, pasted=pasted, seconds=5)


def test_scopes_that_are_missing_are_named(world):
    """Those without which nothing works end the sign-in, the others are told."""
    world.zoom.granted_scopes = [one for one in READ_SCOPES if "list_recording_files" not in one]
    with pytest.raises(SetupIncomplete, match="cloud_recording:read:list_recording_files"):
        world.sign_in(world.keeper())
    assert world.secrets.values == {}
    world.zoom.granted_scopes = list(NEEDED)
    keeper = world.keeper()
    world.sign_in(keeper)
    assert set(keeper.scopes().missing(USEFUL)) == set(USEFUL)


def test_a_locked_keyring_is_noticed_before_anybody_is_asked(world):
    """Nobody signs in for nothing."""
    world.secrets.locked = True
    with pytest.raises(SecretsUnavailable):
        world.sign_in(world.keeper())
    assert world.links == []


def test_signing_out_revokes(world):
    """There and here."""
    keeper = world.keeper()
    world.sign_in(keeper)
    assert keeper.sign_out().state is AccountState.SIGNED_OUT
    assert world.zoom.seen("POST", "/oauth/revoke")
    assert world.secrets.values == {}


def test_scopes_in_all_their_forms():
    """User-level, account-wide and classic ones; nothing told is nothing known."""
    (scope, *_) = NEEDED
    assert Scopes("").allow(scope)
    assert Scopes(f"{scope}:admin").allow(scope)
    assert Scopes("user:read").allow("user:read:user")
    assert not Scopes("meeting:read:meeting").allow(scope)
    assert Scopes("recording:read:admin").is_account_wide
    assert not Scopes("recording:read").is_account_wide


def test_no_secret_is_in_what_is_said(world):
    """Neither in errors nor in what objects show of themselves."""
    keeper = world.keeper(world.app(is_public=False))
    world.sign_in(keeper)
    session = keeper.session()
    shown = repr(session) + repr(keeper.app) + repr(world.app(is_public=False))
    for secret in (session.access_token, session.refresh_token, world.zoom.client_secret):
        assert secret not in shown
