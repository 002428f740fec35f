"""The page on loopback: for its user, and for nobody else."""

import http.client
import re
import socket
import stat
import threading
from urllib.parse import urlsplit

import pytest

from zoomsync_agent import app as composition
from zoomsync_agent import settings
from zoomsync_agent.core.errors import NotAllowed
from zoomsync_agent.web import guard
from zoomsync_agent.web.app import create_app
from zoomsync_agent.web.server import WebServer

TOKEN = "t" * 40


@pytest.fixture
def control(home, tmp_path):
    """What people see and do, over an empty home."""
    chosen = settings.load(
        home, {}, cwd=tmp_path, overrides={"recordings_path": tmp_path / "Zoom <b>"}
    )
    with composition.beside(chosen, home) as found:
        yield found


@pytest.fixture
def client(control):
    """A browser that has not been let in."""
    return create_app(control, TOKEN).test_client()


@pytest.fixture
def admitted(client):
    """A browser that has used its link."""
    assert client.get(_path(guard.link("http://localhost/", TOKEN))).status_code == 303
    return client


def _path(link):
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}"


def test_nobody_gets_in_without_the_cookie(client):
    """Neither reading nor acting works, and the answer says how to get in."""
    answer = client.get("/")

    assert answer.status_code == 401
    assert b"zoomsync open" in answer.data
    assert client.post("/pause").status_code == 401


def test_a_link_lets_in_once_and_leaves_no_key_in_the_address(client, control):
    """It becomes a cookie that scripts and other sites cannot use."""
    link = _path(guard.link("http://localhost/", TOKEN))

    first = client.get(link)

    assert (first.status_code, first.headers["Location"]) == (303, "/")
    assert {"HttpOnly", "SameSite=Strict"} <= set(re.split(r";\s*", first.headers["Set-Cookie"]))
    assert client.get("/").status_code == 200
    other = create_app(control, TOKEN).test_client()
    assert other.get(_path(guard.link("http://localhost/", "w" * 40))).status_code == 401
    client.delete_cookie(guard.COOKIE)
    assert client.get(link).status_code == 401


def test_an_old_link_does_not_work(client, monkeypatch):
    """What lies in a shell's history opens nothing."""
    link = _path(guard.link("http://localhost/", TOKEN))
    now = guard.URLSafeTimedSerializer(TOKEN).make_signer().get_timestamp()
    monkeypatch.setattr(
        "itsdangerous.timed.TimestampSigner.get_timestamp",
        lambda _self: now + guard.LINK_SECONDS + 2,
    )

    assert client.get(link).status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1:47823"])
def test_a_foreign_host_is_refused(admitted, host):
    """A web site whose name was pointed at this machine reads nothing (DNS rebinding)."""
    answer = admitted.get("/", headers={"Host": host})

    assert answer.status_code == 400
    assert b"Recordings folder" not in answer.data


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
    ],
)
def test_a_write_from_another_site_is_refused(admitted, control, headers):
    """Even with the cookie."""
    assert admitted.post("/pause", headers=headers).status_code == 403
    assert control.snapshot().paused_until is None
    assert control.snapshot().state != "paused"


def test_buttons_do_what_they_say(admitted, control):
    """Pause and resume reach the agent."""
    answer = admitted.post("/pause", data={"hours": "1"}, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 303
    assert control.snapshot().paused_until is not None

    admitted.post("/resume", headers={"Origin": "http://localhost"})
    assert control.snapshot().paused_until is None


def test_the_page_says_what_the_agent_says_and_escapes_it(admitted, control):
    """One sentence, the same as everywhere; names are text, never markup."""
    text = admitted.get("/").get_data(as_text=True)

    assert control.snapshot().sentence.split(";")[0] in text
    assert "Zoom &lt;b&gt;" in text
    assert "Zoom <b>" not in text


def test_every_answer_forbids_scripts_frames_and_caches(admitted):
    """Also refusals."""
    for answer in (admitted.get("/"), admitted.get("/nothing"), admitted.get("/health")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_liveness_needs_no_cookie_and_tells_nothing(client):
    """A monitor may ask whether it lives."""
    assert set(client.get("/health").json) == {"status", "version"}


def test_the_token_is_the_users_alone(tmp_path):
    """Made once, kept, readable by nobody else; a broken one is replaced."""
    path = tmp_path / "page.token"

    token = guard.load_token(path)

    assert guard.load_token(path) == token
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("short")
    path.chmod(0o644)
    assert len(guard.load_token(path)) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_server_listens_on_loopback_and_stops(control):
    """A taken port is no reason to have no page."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        urls = []
        arrived = _Arrival(urls)
        server = WebServer(lambda: create_app(control, TOKEN), taken.getsockname()[1], arrived.note)
        server.start()
        try:
            arrived.wait()
            address = urlsplit(urls[0])
            assert address.hostname == "127.0.0.1"
            assert address.port != taken.getsockname()[1]
            connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=10)
            connection.request("GET", "/health")
            assert connection.getresponse().status == 200
            connection.close()
        finally:
            server.stop(5.0)
    assert not server.is_alive
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", address.port), timeout=1)


def test_a_request_leaves_no_connection_behind(home, tmp_path):
    """A page that is looked at all day holds no more open files than in the morning."""
    chosen = settings.load(home, {}, cwd=tmp_path, overrides={"recordings_path": tmp_path / "Z"})
    databases = composition.Databases(home.ensure())
    databases.open_beside()
    databases.release()
    page = create_app(composition.build_control(databases, chosen), TOKEN)
    seen = []

    def look():
        client = page.test_client()
        client.get(_path(guard.link("http://localhost/", TOKEN)))
        seen.append(client.get("/").status_code)

    for _ in range(5):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()

    assert seen == [200] * 5
    assert databases.queue.open_connections == databases.catalog.open_connections == 0
    databases.close()


def test_there_is_no_link_without_an_agent(home):
    """`zoomsync open` says what to do instead."""
    with pytest.raises(NotAllowed, match="zoomsync run"):
        composition.page_link(home)


class _Arrival:
    def __init__(self, urls):
        self._urls = urls
        self._event = threading.Event()

    def note(self, url):
        self._urls.append(url)
        self._event.set()

    def wait(self):
        assert self._event.wait(10)
