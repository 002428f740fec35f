"""The session of a person: renewed in time, once, and never lost on the way to the keyring."""

import json
import os
import threading

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import ManualClock
from tests.fakes.secrets import MemorySecrets
from zoomsync_agent.core.account import AccountState
from zoomsync_agent.core.errors import (
    AgentError,
    DestinationFull,
    NetworkUnavailable,
    RemoteUnavailable,
    SecretsUnavailable,
    SetupIncomplete,
    SignInRequired,
)
from zoomsync_agent.oauth.grants import Grant
from zoomsync_agent.oauth.kept import Marker
from zoomsync_agent.supabase.project import Project
from zoomsync_agent.supabase.session import MARGIN_SECONDS, Session, SessionKeeper

USER = "5b4f0c3e-4a56-4f5c-9d1c-0a4c7d3f2b11"
VERSION = {"x-supabase-api-version": "2024-01-01"}
ENTRY = "supabase.project.example"
HOUR = 3600


def token_answer(number):
    """What the service answers for the pair of tokens of this number."""
    return {
        "access_token": f"access-{number}",
        "refresh_token": f"refresh-{number}",
        "token_type": "bearer",
        "expires_in": HOUR,
        # As told by a clock that is a day ahead: it must not count.
        "expires_at": 1_800_086_400 + HOUR,
        "user": {
            "id": USER,
            "aud": "authenticated",
            "email": "ada@example.org",
            "app_metadata": {},
            "user_metadata": {},
            "created_at": "2026-01-01T00:00:00Z",
        },
    }


class Service:
    """The sign-in service: each refresh token works once, and what is queued goes wrong first."""

    def __init__(self):
        self.number = 1
        self.refreshed = []
        self.signed_out = []
        self.wrong = []
        self.guard = threading.Lock()

    def __call__(self, request):
        """Answer a request."""
        if request.url.path.endswith("/logout"):
            self.signed_out.append(request.headers["authorization"])
            return self._wrong() or httpx.Response(204)
        assert request.url.path == "/auth/v1/token"
        with self.guard:
            told = json.loads(request.content)["refresh_token"]
            self.refreshed.append(told)
            if response := self._wrong():
                return response
            if told != f"refresh-{self.number}":
                return refusal("refresh_token_already_used")
            self.number += 1
            return httpx.Response(200, json=token_answer(self.number))

    def _wrong(self):
        if not self.wrong:
            return None
        wrong = self.wrong.pop(0)
        if isinstance(wrong, Exception):
            raise wrong
        return wrong


def refusal(code, status=400):
    """A no of the service itself."""
    return httpx.Response(status, json={"code": code, "message": "no"}, headers=VERSION)


class World:
    """One home: its keyring and clock, the service, and as many processes as are wanted."""

    def __init__(self, place):
        self.place = place
        self.service = Service()
        self.secrets = MemorySecrets()
        self.clock = ManualClock()
        self.told = []
        self.keeper = self.process()

    def process(self):
        """Give the keeper of another process."""
        project = Project("https://project.example", "recordings")
        project.__dict__["http"] = httpx.Client(transport=httpx.MockTransport(self.service))
        return SessionKeeper(
            project,
            "sb_publishable_x",
            self.secrets,
            self.place / "data" / "session.lock",
            clock=self.clock,
            on_change=self.told.append,
        )

    def sign_in(self):
        """Begin a session of an hour."""
        return self.keeper.adopt(Grant("access-1", "refresh-1", HOUR, USER, "ada@example.org"))

    def kept(self):
        """What the keyring holds, as JSON; None for nothing."""
        entry = self.secrets.values.get(ENTRY)
        return None if entry is None else json.loads(entry)

    def kept_token(self):
        """The refresh token that the keyring holds."""
        return self.kept()["refresh_token"]


@pytest.fixture
def world(tmp_path):
    """A home in which nobody is signed in."""
    return World(tmp_path)


@pytest.fixture
def due(world):
    """A home with a session whose token holds for less than two minutes."""
    world.sign_in()
    world.clock.advance(HOUR - MARGIN_SECONDS + 1)
    return world


def test_nobody_is_signed_in_at_first(world):
    """Without a session everything that needs one says so, in words, and no request is made."""
    for ask in (world.keeper.token, lambda: world.keeper.user_id, lambda: world.keeper.renew("x")):
        with pytest.raises(SignInRequired, match=r"Nobody is signed in to project\.example\."):
            ask()
    account = world.keeper.account()
    assert account.state is AccountState.SIGNED_OUT
    assert "Nobody is signed in" in account.detail
    assert world.service.refreshed == []
    assert world.told == []


def test_a_sign_in_is_kept_and_used(world):
    """A new session is in the keyring, with nothing in it that is not needed, and is told of."""
    account = world.sign_in()
    assert (account.state, account.user_id, account.who) == (
        AccountState.SIGNED_IN,
        USER,
        "ada@example.org",
    )
    assert world.told == [account]
    assert world.keeper.token() == "access-1"
    assert world.keeper.user_id == USER
    assert set(world.kept()) == {
        "access_token",
        "refresh_token",
        "expires_at",
        "user_id",
        "email",
    }


def test_a_session_outlives_the_process(world):
    """The next process reads the session from the keyring, once."""
    world.sign_in()
    later = world.process()
    before = world.secrets.reads
    for _ in range(5):
        assert later.token() == "access-1"
        assert later.user_id == USER
    assert world.secrets.reads == before + 1
    # What was so before the process began is no change.
    assert len(world.told) == 1


def test_a_token_is_renewed_two_minutes_early(world):
    """A token that holds for two minutes is handed out, one that holds for less is renewed."""
    world.sign_in()
    world.clock.advance(HOUR - MARGIN_SECONDS)
    assert world.keeper.token() == "access-1"
    world.clock.advance(1)
    assert world.keeper.token() == "access-2"
    assert world.kept_token() == "refresh-2"
    assert world.service.refreshed == ["refresh-1"]


def test_the_clock_of_the_server_does_not_count(due):
    """When a token ends is counted on this machine's clock from the moment of the answer."""
    now = due.clock.now()
    due.keeper.token()
    assert due.kept()["expires_at"] == now + HOUR


def test_a_renewal_is_no_change_of_the_account(due):
    """Nobody is told of a new token of the same person."""
    due.told.clear()
    due.keeper.token()
    assert due.told == []


def test_the_new_session_is_kept_before_its_token_is_used(due):
    """While the keyring takes the new session, nobody has its token yet."""
    order = []
    keep = due.secrets.set

    def set_(name, value):
        order.append("kept")
        keep(name, value)

    due.secrets.set = set_
    order.append(due.keeper.token())
    assert order == ["kept", "access-2"]


def test_twenty_threads_make_one_renewal(due):
    """Everybody who finds the token too old gets the one new token."""
    start = threading.Barrier(20)
    tokens = []

    def work():
        start.wait()
        tokens.append(due.keeper.token())

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tokens == ["access-2"] * 20
    assert due.service.refreshed == ["refresh-1"]


def test_another_process_uses_what_the_first_renewed(due):
    """A process that finds the token too old reads the keyring before it spends anything."""
    other = due.process()
    assert other.user_id == USER
    assert due.keeper.token() == "access-2"
    assert other.token() == "access-2"
    assert due.service.refreshed == ["refresh-1"]


def test_another_process_notices_without_marks(due, monkeypatch):
    """A disk that takes no marks costs a look at the keyring, and no second renewal."""
    other = due.process()
    assert other.user_id == USER
    monkeypatch.setattr(Marker, "touch", lambda self: None)
    assert due.keeper.token() == "access-2"
    assert other.token() == "access-2"
    assert due.service.refreshed == ["refresh-1"]


def test_another_process_notices_a_sign_out_and_a_sign_in(world):
    """What one process does to the session, the others know at their next call."""
    world.sign_in()
    other = world.process()
    assert other.token() == "access-1"
    world.keeper.sign_out()
    with pytest.raises(SignInRequired, match="in another window"):
        other.token()
    assert other.account().state is AccountState.SIGNED_OUT
    world.keeper.adopt(Grant("access-9", "refresh-9", HOUR, "somebody-else"))
    assert other.token() == "access-9"
    assert other.user_id == "somebody-else"


def test_a_change_elsewhere_is_told_once(world):
    """A process tells of a sign-out that another one made, and does so once."""
    world.sign_in()
    other = world.process()
    other.token()
    world.keeper.sign_out()
    world.told.clear()
    for _ in range(3):
        with pytest.raises(SignInRequired):
            other.token()
    assert [one.state for one in world.told] == [AccountState.SIGNED_OUT]


@pytest.mark.parametrize(
    "code",
    [
        "refresh_token_not_found",
        "refresh_token_already_used",
        "session_not_found",
        "session_expired",
        "user_banned",
        "user_not_found",
        "bad_jwt",
    ],
)
def test_a_refused_renewal_ends_the_session(due, code):
    """What the service refuses for good is forgotten, said in words, and told of once."""
    due.told.clear()
    due.service.wrong = [refusal(code)]
    for _ in range(2):
        with pytest.raises(SignInRequired) as caught:
            due.keeper.token()
    assert due.kept() is None
    assert due.service.refreshed == ["refresh-1"]
    assert [one.state for one in due.told] == [AccountState.SIGNED_OUT]
    assert due.keeper.account().detail == caught.value.detail
    assert caught.value.detail.endswith(".")
    assert code not in caught.value.detail


@pytest.mark.parametrize(
    "body",
    [
        {"error": "invalid_grant", "error_description": "Invalid Refresh Token"},
        {"code": 400, "error_code": "refresh_token_not_found", "msg": "no"},
        {"code": 400, "msg": "Invalid Refresh Token: Refresh Token Not Found"},
    ],
)
def test_older_services_refuse_in_their_own_words(due, body):
    """A refusal is known in every form that a service has had for it."""
    due.service.wrong = [httpx.Response(400, json=body)]
    with pytest.raises(SignInRequired):
        due.keeper.token()
    assert due.kept() is None


def test_a_first_use_that_is_refused_is_told(due):
    """A process that learns at its first call that the session is over tells of it."""
    later = due.process()
    due.told.clear()
    due.service.wrong = [refusal("session_expired")]
    with pytest.raises(SignInRequired):
        later.token()
    assert [one.state for one in due.told] == [AccountState.SIGNED_OUT]


def test_a_refusal_is_believed_only_after_a_look_at_the_keyring(due):
    """Where somebody without our lock was faster, what they stored is used."""
    swapped = Session("access-7", "refresh-7", due.clock.now() + HOUR, USER)

    class Faster(Service):
        def __call__(self, request):
            """Store another session before the answer."""
            due.secrets.values[ENTRY] = swapped.to_json()
            return super().__call__(request)

    faster = Faster()
    faster.wrong = [refusal("refresh_token_already_used")]
    project = due.keeper._authority._project
    project.__dict__["http"] = httpx.Client(transport=httpx.MockTransport(faster))
    assert due.keeper.token() == "access-7"
    assert faster.refreshed == ["refresh-1"]
    assert due.kept_token() == "refresh-7"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (httpx.ConnectError("refused"), NetworkUnavailable),
        (httpx.ConnectTimeout("slow"), NetworkUnavailable),
        (httpx.ReadTimeout("slow"), RemoteUnavailable),
        (httpx.RemoteProtocolError("cut"), RemoteUnavailable),
        (httpx.Response(429, json={"code": "over_request_rate_limit"}), RemoteUnavailable),
        (httpx.Response(500, json={"code": "unexpected_failure"}), RemoteUnavailable),
        (httpx.Response(503, text="<html>busy</html>"), RemoteUnavailable),
        (httpx.Response(403, text="<html>a proxy</html>"), RemoteUnavailable),
        (httpx.Response(403, json={"error": "blocked by the company"}), RemoteUnavailable),
        (httpx.Response(200, text="<html>log in to this hotel</html>"), RemoteUnavailable),
        (httpx.Response(200, json={"access_token": "access-5"}), RemoteUnavailable),
        (httpx.Response(302, headers={"location": "https://hotel.example"}), RemoteUnavailable),
        (httpx.Response(401, json={"message": "Invalid API key", "hint": ""}), SetupIncomplete),
        (httpx.Response(402, json={"message": "exceeded"}), DestinationFull),
    ],
)
def test_trouble_on_the_way_keeps_the_session(due, wrong, error):
    """Only the service itself ends a session; after anything else the next call goes on."""
    due.service.wrong = [wrong]
    with pytest.raises(error) as caught:
        due.keeper.token()
    assert "access-5" not in f"{caught.value!r}{caught.value.__cause__!r}"
    assert due.service.wrong == []
    assert due.kept_token() == "refresh-1"
    assert due.keeper.account().state is AccountState.SIGNED_IN
    assert due.keeper.token() == "access-2"


def test_a_new_session_that_cannot_be_kept_is_used_and_not_lost(due):
    """The rotated session lives in memory, is said to, and is kept when the keyring takes it."""
    due.told.clear()
    due.secrets.is_read_only = True
    assert due.keeper.token() == "access-2"
    assert due.secrets.refused == 1
    assert "keyring could not be written" in due.keeper.account().detail
    assert [bool(one.detail) for one in due.told] == [True]
    due.secrets.locked = True
    assert due.keeper.token() == "access-2"
    assert due.secrets.refused == 2
    assert due.kept_token() == "refresh-1"
    due.secrets.is_read_only = due.secrets.locked = False
    assert due.keeper.token() == "access-2"
    assert due.kept_token() == "refresh-2"
    assert due.keeper.account().detail == ""
    assert [bool(one.detail) for one in due.told] == [True, False]
    assert due.service.refreshed == ["refresh-1"]


def test_what_could_not_be_kept_is_renewed_from_memory(due):
    """Even the session after next starts from the one in memory, not from the keyring's old one."""
    due.secrets.is_read_only = True
    due.keeper.token()
    due.clock.advance(HOUR)
    assert due.keeper.token() == "access-3"
    assert due.service.refreshed == ["refresh-1", "refresh-2"]


def test_a_locked_keyring_is_not_signed_out(world):
    """Whether somebody is signed in cannot be known then, and is not guessed."""
    world.sign_in()
    later = world.process()
    world.secrets.locked = True
    for ask in (later.token, lambda: later.user_id):
        with pytest.raises(SecretsUnavailable):
            ask()
    assert "locked" in later.account().detail
    world.secrets.locked = False
    assert later.token() == "access-1"


def test_what_is_known_needs_no_keyring(world):
    """A keyring that is locked later does not end a session that is in use."""
    world.sign_in()
    world.secrets.locked = True
    assert world.keeper.token() == "access-1"
    assert world.keeper.user_id == USER


def test_a_locked_keyring_does_not_stop_a_renewal(due):
    """What is in memory is renewed from there, as long as no other process has changed it."""
    due.secrets.locked = True
    assert due.keeper.token() == "access-2"
    due.secrets.locked = False
    due.keeper.token()
    assert due.kept_token() == "refresh-2"


def test_a_change_that_cannot_be_read_is_not_guessed(world):
    """After somebody else's change, and with a locked keyring, the old session is not used."""
    world.sign_in()
    other = world.process()
    other.token()
    world.keeper.sign_out()
    world.secrets.locked = True
    with pytest.raises(SecretsUnavailable):
        other.token()


def test_a_sign_in_that_cannot_be_kept_changes_nothing(world):
    """Whoever was signed in before still is."""
    world.sign_in()
    world.secrets.is_read_only = True
    with pytest.raises(SecretsUnavailable):
        world.keeper.adopt(Grant("access-9", "refresh-9", HOUR, "somebody-else"))
    assert world.keeper.user_id == USER
    assert world.keeper.token() == "access-1"


def test_a_refused_session_that_the_keyring_keeps_is_dead_all_the_same(due):
    """A session that cannot be deleted is not taken up, and not tried, again."""
    due.service.wrong = [refusal("session_expired")]
    due.secrets.is_read_only = True
    for _ in range(3):
        with pytest.raises(SignInRequired):
            due.keeper.token()
    assert due.secrets.refused == 1
    assert due.service.refreshed == ["refresh-1"]
    os.utime(due.keeper._marker._path, ns=(0, 0))
    with pytest.raises(SignInRequired):
        due.keeper.token()
    assert due.service.refreshed == ["refresh-1"]


def test_renew_replaces_the_token_that_was_refused(world):
    """A token that the server no longer takes is replaced although it looks fresh."""
    world.sign_in()
    assert world.keeper.renew("access-1") == "access-2"
    assert world.keeper.renew("access-1") == "access-2"
    assert world.service.refreshed == ["refresh-1"]


def test_the_same_token_again_is_no_other_one(world):
    """A service that gives the refused token once more is not asked for ever."""
    world.sign_in()
    world.service.wrong = [httpx.Response(200, json=token_answer(1))]
    with pytest.raises(SignInRequired):
        world.keeper.renew("access-1")


@pytest.mark.parametrize(
    "wrong", [None, httpx.ConnectError("away"), httpx.Response(500), refusal("bad_jwt", 403)]
)
def test_signing_out_forgets_whatever_the_server_says(world, wrong):
    """The server is told; the entry goes in any case."""
    world.sign_in()
    world.service.wrong = [wrong] if wrong else []
    account = world.keeper.sign_out()
    assert account.state is AccountState.SIGNED_OUT
    assert world.service.signed_out == ["Bearer access-1"]
    assert world.kept() is None
    assert [one.state for one in world.told] == [AccountState.SIGNED_IN, AccountState.SIGNED_OUT]


def test_signing_out_says_when_the_keyring_keeps_it(world):
    """A session that stays in the keyring is no sign-out without a word."""
    world.sign_in()
    world.secrets.is_read_only = True
    with pytest.raises(SecretsUnavailable):
        world.keeper.sign_out()
    assert world.secrets.refused == 1
    with pytest.raises(SignInRequired):
        world.keeper.token()


def test_no_token_is_shown(world):
    """What is printed of a session, and what lies beside the lock, holds no token."""
    world.sign_in()
    session = Session.from_json(world.secrets.values[ENTRY])
    grant = Grant("access-1", "refresh-1", HOUR, USER)
    shown = f"{session} {session!r} {grant!r} {world.keeper.__dict__!r}"
    beside = b"".join(one.read_bytes() for one in (world.place / "data").iterdir())
    for token in ("access-1", "refresh-1"):
        assert token not in shown
        assert token.encode() not in beside


@given(
    st.one_of(
        st.none(),
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(),
            lambda inner: (
                st.lists(inner)
                | st.dictionaries(
                    st.sampled_from(
                        ["access_token", "refresh_token", "user_id", "email", "expires_at"]
                    ),
                    inner,
                )
            ),
        ).map(json.dumps),
    )
)
def test_any_entry_reads_as_a_session_or_none(text):
    """Whatever the keyring gives back, it is a whole session or none at all."""
    session = Session.from_json(text)
    if session is not None:
        assert session.access_token
        assert session.refresh_token
        assert session.user_id
        assert Session.from_json(session.to_json()) == session


def test_errors_are_those_of_the_agent(tmp_path):
    """A lock that cannot be made is an error that names it."""
    place = tmp_path / "file"
    place.write_text("")
    keeper = World(place).keeper
    with pytest.raises(AgentError, match=r"session\.lock"):
        keeper.adopt(Grant("access-1", "refresh-1", HOUR, USER))
