"""Signing in to Zoom as people do: the real process, a real browser, a real Secret Service."""

import re
import signal
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from tests.fakes.chromium import chromium, history
from tests.fakes.process import Zoomsync, wait_for
from tests.fakes.secret_service import SecretService
from tests.fakes.zoom import ZoomServer

pytestmark = pytest.mark.slow

LINK = re.compile(r"^  (http\S+)\n", re.MULTILINE)
SLICE = 20
"""So many characters of a secret in a row are found, even if something was put after them."""


class Zoom(ZoomServer):
    """The stand-in, which also remembers whatever a thief would like to have."""

    def __init__(self):
        super().__init__()
        self.access, self.renewal = [], []

    def tokens_for(self, grant):
        """Return the answer with new tokens."""
        told = super().tokens_for(grant)
        self.access.append(told["access_token"])
        self.renewal.append(told["refresh_token"])
        return told

    def asked_for_tokens(self):
        """Return the forms that the token endpoint got."""
        return [dict(parse_qsl(one.body.decode())) for one in self.seen("POST", "/oauth/token")]

    @property
    def stealable(self):
        """Every code, verifier and token there has been."""
        forms = self.asked_for_tokens()
        told = [form[name] for form in forms for name in ("code", "code_verifier") if name in form]
        return {*told, *self.access, *self.renewal}


@pytest.fixture
def zoom():
    """Give a Zoom whose pages want to be answered by a person."""
    with Zoom() as found:
        found.signed_in = found.add_user("ann@example.org")
        found.add_meeting("Budget")
        found.add_meeting("Über große Pläne")
        yield found


@pytest.fixture
def place(tmp_path):
    """Everything that the user has on this computer, but for the browser's own files."""
    found = tmp_path / "ann"
    found.mkdir()
    return found


@pytest.fixture
def keyring(place, monkeypatch):
    """Give the keyring of the user's session, the only one that the agent can find."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "PYTHON_KEYRING_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    with SecretService(place / "session") as found:
        yield found


@pytest.fixture
def zoomsync(place, zoom, keyring):
    """Give the command, in that session, told of that Zoom."""
    settings = {
        "ZOOM_CLIENT_ID": zoom.public_client_id,
        "ZOOM_URL": zoom.zoom_url,
        "ZOOMSYNC_LOG_LEVEL": "DEBUG",
    }
    with Zoomsync(place, settings | keyring.variables) as found:
        yield found


@pytest.fixture
def page(tmp_path):
    """Give a page of the browser."""
    with chromium(tmp_path / "browser") as found:
        yield found


def _begin(zoomsync):
    """Start to sign in; return the running command and the link that it prints."""
    running = zoomsync.start("sign-in", "zoom", "--no-browser")
    found = wait_for("the link is printed", lambda: LINK.search(running.err))
    return running, found[1]


def _press(page, link, button):
    page.goto(link)
    assert page.title() == "Authorize - Zoom"
    page.get_by_role("button", name=button, exact=True).click()


def _expect_last_page(page, link, text):
    """The browser is at the agent's own page, whose address says nothing of how it came there."""
    asked = {name: value for name, (value,) in parse_qs(urlsplit(link).query).items()}
    address = f"{asked['redirect_uri']}/done"
    page.wait_for_url(address)
    assert page.get_by_role("paragraph").inner_text() == text
    assert page.url == page.evaluate("location.href") == address
    assert [one for one in history(page) if "code=" in one or "state=" in one] == [link]
    assert asked["state"] not in page.content() + page.evaluate("document.referrer")


def _files_with(place, secret):
    """Return the files below *place* in which a piece of *secret* can be read."""
    # Of a token the signature: without it the rest is of no use to anybody.
    last = secret.rpartition(".")[2]
    slices = [last[at : at + SLICE] for at in range(0, max(1, len(last) - SLICE + 1), SLICE)]
    pieces = [one.encode(form) for one in slices for form in ("utf-8", "utf-16-le")]
    files = [path for path in place.rglob("*") if path.is_file()]
    return {path for path in files if any(piece in path.read_bytes() for piece in pieces)}


def _expect_nowhere(zoom, place, link):
    """No secret is in any file: settings, databases, logs, output, the keyring's own store."""
    (state,) = parse_qs(urlsplit(link).query)["state"]
    # Whoever looks finds what is there: the link is printed, and its state is nowhere else.
    assert {path.suffix for path in _files_with(place, state)} == {".err"}
    for secret in zoom.stealable:
        assert _files_with(place, secret) == set()


def test_only_the_keyring_knows(zoomsync, zoom, keyring, page, place):
    """Allowed in the browser; the next process goes on with it; signing out ends it everywhere."""
    before = keyring.file.read_bytes()
    running, link = _begin(zoomsync)
    _press(page, link, "Allow")
    _expect_last_page(page, link, "You are signed in to Zoom. You can close this window.")
    done = running.ended()
    assert done.code == 0
    assert done.out == "You are signed in to Zoom as ann@example.org.\n"

    assert len(zoom.stealable) == 4
    code = zoom.asked_for_tokens()[0]["code"]
    assert code not in page.content() + "".join(history(page))
    assert list(keyring.entries()) == [f"zoom.{zoom.public_client_id}"]
    assert zoom.renewal[0] in keyring.text()
    assert zoom.access[0] in keyring.text()
    wait_for("it is on the disk too", lambda: keyring.file.read_bytes() != before)
    _expect_nowhere(zoom, place, link)

    listed = zoomsync.json("cloud", "list")["meetings"]
    assert {one["topic"] for one in listed} == {"Budget", "Über große Pläne"}
    assert len(zoom.asked_for_tokens()) == 1  # what is kept still holds
    with zoomsync.agent():
        assert zoomsync.log
    _expect_nowhere(zoom, place, link)

    out = zoomsync.run("sign-out", "zoom")
    assert (out.code, out.out) == (0, "You are signed out of Zoom.\n")
    assert keyring.entries() == {}
    assert [one.status for one in zoom.seen("POST", "/oauth/revoke")] == [200]
    refused = zoomsync.json("cloud", "list", code=3)
    assert refused["error"]["code"] == "zoom_sign_in_required"
    _expect_nowhere(zoom, place, link)


def test_declined_and_sent_back(zoomsync, zoom, keyring, page, place):
    """The command and the browser's last page say so, and nothing is kept."""
    zoom.declines = "redirect"
    running, link = _begin(zoomsync)
    _press(page, link, "Decline")
    _expect_last_page(page, link, "The sign-in did not work. It was refused in the browser.")
    done = running.ended()
    assert done.code == 3
    assert "It was refused in the browser." in done.err
    assert "Traceback" not in done.err
    assert keyring.entries() == {}
    assert zoom.asked_for_tokens() == []
    _expect_nowhere(zoom, place, link)


def test_declined_at_a_page_of_zooms_own(zoomsync, zoom, keyring, page, place):
    """Nobody comes back; the command can be ended, or goes on should the user think better."""
    zoom.declines = "page"
    running, link = _begin(zoomsync)
    _press(page, link, "Decline")
    page.get_by_text("You have declined.").wait_for()
    assert running.is_alive
    running.tell(signal.SIGINT)
    done = running.ended()
    assert (done.code, done.out) == (130, "")
    assert keyring.entries() == {}

    running, link = _begin(zoomsync)
    _press(page, link, "Decline")
    page.get_by_text("You have declined.").wait_for()
    _press(page, link, "Allow")
    assert running.ended().code == 0
    assert zoom.renewal[-1] in keyring.text()
