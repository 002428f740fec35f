"""Who gets in: the user whose agent it is, and nobody else."""

import os
import re
import shutil
import stat
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from tests.fakes.page_world import PageWorld
from zoomsync_agent import app as composition
from zoomsync_agent.core.errors import NotAllowed
from zoomsync_agent.web import guard
from zoomsync_agent.web.site import Site

_BASE = "http://127.0.0.1"
_LISTED = "https://dashboard.example.org"


@pytest.fixture
def world(home, tmp_path):
    """Give an agent with a page that nobody has opened."""
    with PageWorld(home, tmp_path) as found:
        yield found


@pytest.fixture
def stranger(world):
    """Give a browser that has not been let in."""
    return world.stranger()


@pytest.fixture
def admitted(world):
    """Give a browser that has used its link."""
    return world.client()


def _path(link):
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}"


@pytest.mark.parametrize(
    "path", ["/", "/ui/recordings", "/ui/settings", "/ui/folders?for=archive_path"]
)
def test_nobody_sees_a_page_without_the_cookie(stranger, path):
    """And the answer says how to get in."""
    answer = stranger.get(path, base_url=_BASE)

    assert answer.status_code == 401
    assert b"zoomsync open" in answer.data


@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer wrong", "Basic {token}", "{token}"])
def test_nobody_uses_the_api_without_the_token(world, stranger, token):
    """A wrong one, a part of one, or one that is said in another way opens nothing."""
    headers = {"Authorization": token.format(token=world.token)}

    for path in ("/recordings", "/monitor/status", "/metrics", "/activity"):
        assert stranger.get(path, base_url=_BASE, headers=headers).status_code == 401, path
    answer = stranger.post("/monitor/stop", base_url=_BASE, headers=headers)

    assert answer.status_code == 401
    assert world.control.is_watching


def test_the_token_opens_the_api_and_no_page(world, stranger):
    """Programs have the API; a page wants its cookie, which a link gives once."""
    headers = {"Authorization": f"Bearer {world.token}"}

    assert stranger.get("/recordings", base_url=_BASE, headers=headers).status_code == 200
    assert stranger.get("/", base_url=_BASE, headers=headers).status_code == 401


def test_a_link_lets_in_once_and_leaves_no_key_in_the_address(world, stranger):
    """It becomes a cookie that scripts and other sites cannot use."""
    link = _path(guard.link(f"{_BASE}/", world.token))

    first = stranger.get(link, base_url=_BASE)

    assert (first.status_code, first.headers["Location"]) == (303, "/")
    assert {"HttpOnly", "SameSite=Strict"} <= set(re.split(r";\s*", first.headers["Set-Cookie"]))
    assert stranger.get("/", base_url=_BASE).status_code == 200
    other = world.stranger()
    assert other.get(link, base_url=_BASE).status_code == 401
    assert other.get(_path(guard.link(f"{_BASE}/", "w" * 40)), base_url=_BASE).status_code == 401


def test_a_link_may_lead_to_any_page(world, stranger):
    """The tray opens the place that helps."""
    link = _path(guard.link(f"{_BASE}/", world.token, "ui/settings"))

    assert stranger.get(link, base_url=_BASE).headers["Location"] == "/ui/settings"
    asked = _path(guard.link(f"{_BASE}/", world.token, "ui/folders?for=archive_path&back=settings"))
    told = world.stranger().get(asked, base_url=_BASE).headers["Location"]
    assert told == "/ui/folders?for=archive_path&back=settings"


def test_a_link_is_no_way_into_the_api(world, stranger):
    """What works once is for browsers."""
    link = _path(guard.link(f"{_BASE}/", world.token, "recordings"))

    assert stranger.get(link, base_url=_BASE).status_code == 401


def test_an_old_link_does_not_work(world, stranger, monkeypatch):
    """What lies in a shell's history opens nothing."""
    link = _path(guard.link(f"{_BASE}/", world.token))
    now = guard.URLSafeTimedSerializer(world.token).make_signer().get_timestamp()
    monkeypatch.setattr(
        "itsdangerous.timed.TimestampSigner.get_timestamp",
        lambda _self: now + guard.LINK_SECONDS + 2,
    )

    assert stranger.get(link, base_url=_BASE).status_code == 401


def test_a_link_of_an_earlier_run_does_not_work(world):
    """Which links were used then is not known any more."""
    link = _path(guard.link(f"{_BASE}/", world.token))
    later = Site(world.desk, lambda: world.token)
    later.application(is_page=True)
    # A link names its time in whole seconds; one of an earlier second is of an earlier run.
    old = guard.URLSafeTimedSerializer(world.token, salt="page link")
    signer = old.make_signer(b"page link")
    signer.get_timestamp = lambda: 1_700_000_000
    key = signer.sign(old.dump_payload("nonce")).decode()

    assert world.stranger().get(f"/?key={key}", base_url=_BASE).status_code == 401
    assert world.stranger().get(link, base_url=_BASE).status_code == 303


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1:47823", ""])
@pytest.mark.parametrize(
    "path", ["/", "/health", "/recordings", "/auth/zoom/callback?code=c&state=s"]
)
def test_a_foreign_host_is_refused(world, host, path):
    """A web site whose name was pointed at this machine reads nothing (DNS rebinding)."""
    world.add("Secret plans")
    answer = world.client().get(path, base_url=_BASE, headers={"Host": host})

    assert answer.status_code == 400
    assert b"Secret" not in answer.data
    assert b"version" not in answer.data


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8000"},
    ],
)
@pytest.mark.parametrize("path", ["/ui/pause", "/monitor/pause"])
def test_a_write_from_another_site_is_refused(admitted, world, headers, path):
    """Even with the cookie."""
    answer = admitted.post(path, base_url=_BASE, headers=headers, data={"for": "hour"})

    assert answer.status_code == 403
    assert world.control.snapshot().state != "paused"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_the_api_takes_json_only(world, stranger, content_type):
    """No form of a web site can write, whatever it holds."""
    answer = stranger.post(
        "/monitor/pause",
        base_url=_BASE,
        data='{"seconds": 60}',
        headers={"Authorization": f"Bearer {world.token}", "Content-Type": content_type},
    )

    assert answer.status_code == 415
    assert world.control.snapshot().paused_until is None


def test_no_other_site_reads_unless_it_is_listed(world, home):
    """Without a setting there is no CORS at all; with it the token is still needed."""
    headers = {"Origin": _LISTED, "Authorization": f"Bearer {world.token}"}
    closed = world.stranger().get("/recordings", base_url=_BASE, headers=headers)
    assert not [name for name, _ in closed.headers if name.startswith("Access-Control")]

    site = Site(world.desk, lambda: world.token, [_LISTED])
    from werkzeug.test import Client

    program = Client(site)
    asked = program.options(
        "/recordings",
        base_url=_BASE,
        headers={"Origin": _LISTED, "Access-Control-Request-Method": "GET"},
    )
    assert asked.status_code == 204
    assert asked.headers["Access-Control-Allow-Origin"] == _LISTED
    answer = program.get("/recordings", base_url=_BASE, headers=headers)
    assert answer.headers["Access-Control-Allow-Origin"] == _LISTED
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert (
        program.get("/recordings", base_url=_BASE, headers={"Origin": _LISTED}).status_code == 401
    )
    foreign = {**headers, "Origin": "https://evil.example"}
    assert (
        "Access-Control-Allow-Origin"
        not in program.get("/recordings", base_url=_BASE, headers=foreign).headers
    )
    page = program.get("/", base_url=_BASE, headers={"Origin": _LISTED})
    assert "Access-Control-Allow-Origin" not in page.headers


def test_every_answer_forbids_foreign_code_frames_and_caches(admitted, stranger):
    """Also refusals, and those of the API."""
    for browser, path in (
        (admitted, "/"), (admitted, "/ui/nothing"), (admitted, "/recordings"), (stranger, "/"),
        (stranger, "/health"), (stranger, "/recordings"),
    ):  # fmt: skip
        headers = browser.get(path, base_url=_BASE).headers
        policy = headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store", path
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_liveness_needs_no_cookie_and_tells_nothing(stranger):
    """A monitor may ask whether it lives."""
    assert set(stranger.get("/health", base_url=_BASE).json) == {"status", "version"}


def test_a_large_body_is_refused_where_none_is_wanted(admitted, world):
    """Forms and JSON are short."""
    answer = admitted.post("/ui/settings", base_url=_BASE, data={"device": "x" * 40_000})
    assert answer.status_code == 413
    answer = admitted.post("/monitor/pause", base_url=_BASE, json={"seconds": "9" * 40_000})
    assert answer.status_code == 413
    assert world.control.snapshot().paused_until is None


@pytest.mark.parametrize(
    "path", ["/etc", "/", "/proc/self", "/home/../etc", "relative", "/etc/passwd", "\0", "~root/.."]
)
def test_no_folder_outside_of_the_users_is_looked_into(admitted, world, path):
    """Neither to browse nor to watch, whoever asks."""
    page = admitted.get(
        "/ui/folders", base_url=_BASE, query_string={"for": "archive_path", "path": path}
    )
    assert b"passwd" not in page.data
    before = world.desk.settings()

    answer = admitted.put("/monitor/path", base_url=_BASE, json={"path": path})
    assert answer.status_code in (409, 422)
    answer = admitted.post(
        "/ui/folders",
        base_url=_BASE,
        data={"for": "recordings_path", "path": path, "back": "setup"},
    )
    assert answer.status_code in (409, 422)
    assert world.desk.settings() == before


@pytest.mark.parametrize("place", ["/etc", "/var/lib", "/proc"])
def test_no_setting_leads_a_page_outside(admitted, world, place):
    """Neither the settings, nor a step of the setup; and nothing is widened by it."""
    before = world.desk.settings()
    answer = admitted.post("/ui/settings", base_url=_BASE, data={"recordings_path": place})
    assert answer.status_code == 422
    assert "outside" in answer.get_data(as_text=True)
    answer = admitted.post(
        "/ui/setup/archive/folder", base_url=_BASE, data={"archive_path": place, "anyway": "1"}
    )
    assert "outside" in answer.get_data(as_text=True)
    assert world.desk.settings() == before
    query = {"for": "archive_path", "path": place}
    page = admitted.get("/ui/folders", base_url=_BASE, query_string=query)
    assert f"<strong>{place}</strong>" not in page.get_data(as_text=True)


def test_a_row_opens_no_file_outside_of_the_archive(admitted, world, tmp_path):
    """A row may have come from anywhere, with any address in it."""
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"a secret")
    from dataclasses import replace

    row = world.add("Evil")
    for url in (
        secret.as_uri(),
        f"{world.archive.as_uri()}/../secret.mp4",
        "file:///etc/passwd",
        f"{world.archive.as_uri()}/%2e%2e/secret.mp4",
    ):
        world.catalog.publish(replace(row, file_url=url, updated_at=row.updated_at + 1))
        for path in (
            f"/recordings/{row.recording_id}/content",
            f"/ui/recordings/{row.recording_id}/content",
        ):
            answer = admitted.get(path, base_url=_BASE)
            assert answer.status_code == 409, url
            assert b"a secret" not in answer.data
    link = world.archive / "link.mp4"
    link.symlink_to(secret)
    world.catalog.publish(replace(row, file_url=link.as_uri(), updated_at=row.updated_at + 2))
    assert (
        admitted.get(f"/recordings/{row.recording_id}/content", base_url=_BASE).status_code == 409
    )


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells whose a connection is")
def test_another_user_gets_in_neither_with_the_link_nor_with_the_cookie(world, tmp_path):
    """Both can be seen or caught on this computer; the token is for whoever was given it."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("another user can be played by root alone")
    with world.serving() as link:
        cookie = _as_user(0, link)
        assert cookie.startswith("200 zoomsync-")
        assert _as_user(65534, _fresh(world, link)) == "401 "
        parts = urlsplit(link)
        url = f"http://{parts.netloc}/"
        name_and_value = cookie.removeprefix("200 ")
        assert _as_user(0, url, Cookie=name_and_value).startswith("200")
        assert _as_user(65534, url, Cookie=name_and_value) == "401 "
        token = f"Bearer {world.token}"
        assert _as_user(65534, f"{url}recordings", Authorization=token).startswith("200")


def _fresh(world, link):
    parts = urlsplit(link)
    return guard.link(f"http://{parts.netloc}/", world.token)


def _as_user(number, url, **headers):
    """Ask as a user of this computer; return status and cookie."""
    code = """
import http.cookiejar, sys, urllib.error, urllib.request
jar = http.cookiejar.CookieJar()
opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
asked = urllib.request.Request(sys.argv[1], headers=dict(one.split("=", 1) for one in sys.argv[2:]))
try:
    status = opener.open(asked, timeout=20).status
except urllib.error.HTTPError as exc:
    status = exc.code
print(status, "; ".join(f"{one.name}={one.value}" for one in jar))
"""
    user = ["setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups"]
    python = "/usr/bin/python3"  # every user may run it
    done = subprocess.run(
        [*user, python, "-c", code, url, *(f"{k}={v}" for k, v in headers.items())],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return done.stdout.strip("\n")


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


def test_there_is_no_link_without_an_agent(home):
    """`zoomsync open` says what to do instead."""
    with pytest.raises(NotAllowed, match="zoomsync run"):
        composition.page_link(home)


def test_a_request_leaves_no_connection_behind(world):
    """A page that is looked at all day holds no more open files than in the morning."""
    import threading

    client = world.client()
    seen = []

    def look():
        seen.append(client.get("/", base_url=_BASE).status_code)
        seen.append(client.get("/recordings", base_url=_BASE).status_code)

    for _ in range(5):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()

    databases = world.desk._databases
    world.desk.release()
    assert seen == [200] * 10
    assert databases.queue.open_connections == databases.catalog.open_connections == 0
