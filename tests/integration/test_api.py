"""The REST API over a real home: who gets in, how errors are told, the agent, Zoom, figures."""

import json
import logging
import threading

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.fakes.api_client import ApiClient
from tests.fakes.page_world import PageWorld
from tests.fakes.zoom import ZoomServer, visit
from zoomsync_agent import __version__
from zoomsync_agent.core import rows
from zoomsync_agent.core.errors import RemoteUnavailable, leaves
from zoomsync_agent.core.job import State
from zoomsync_agent.core.recording import ProcessingStatus
from zoomsync_agent.core.snapshot import AgentState
from zoomsync_agent.web.api import metrics
from zoomsync_agent.web.errors import status_of
from zoomsync_agent.web.guard import SMALL_BODY, Guard
from zoomsync_agent.web.pulse import MOST_STREAMS, snapshot_of


@pytest.fixture
def world(home, tmp_path):
    """Give somebody's agent with its page."""
    with PageWorld(home, tmp_path) as found:
        yield found


@pytest.fixture
def api(world):
    """Give a program that has the token."""
    return ApiClient(world.site, world.token)


@pytest.fixture
def stranger(world):
    """Give a program that has none."""
    return ApiClient(world.site)


def _error(answer):
    """Return the error of an answer, which must have its one shape."""
    assert answer.mimetype == "application/json"
    assert set(answer.json) == {"error"}
    assert set(answer.json["error"]) == {"code", "title", "detail", "hint"}
    assert all(isinstance(value, str) for value in answer.json["error"].values())
    return answer.json["error"]


# --- who gets in ---------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "x" * 43, "Bearer"])
def test_nobody_gets_in_without_the_token(world, token):
    """And is told what is missing; nothing has happened."""
    answer = ApiClient(world.site, token).post("/monitor/pause")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert _error(answer)["code"] == "unauthorized"
    assert not world.control.is_paused


def test_the_page_of_the_user_may_use_it_and_no_other_page(world):
    """With the cookie; a write must come from here."""
    browser = world.client()

    assert browser.get("/monitor/status", base_url="http://127.0.0.1").status_code == 200
    foreign = browser.post(
        "/monitor/pause", base_url="http://127.0.0.1", headers={"Origin": "https://evil.example"}
    )
    assert foreign.status_code == 403
    assert _error(foreign)["code"] == "forbidden"
    assert not world.control.is_paused


def test_a_foreign_host_is_refused(api):
    """A web site whose name was pointed at this machine reads nothing (DNS rebinding)."""
    answer = api.get("/recordings", base_url="http://evil.example")

    assert answer.status_code == 400
    assert _error(answer)["code"] == "bad_request"


def test_nothing_is_kept_by_a_browser(api, world):
    """Neither answers nor errors nor recordings."""
    row = world.add("Weekly")
    for path in ("/monitor/status", "/nowhere", f"/recordings/{row.recording_id}/content"):
        assert api.get(path).headers["Cache-Control"] == "no-store"


# --- errors --------------------------------------------------------------------------------


def test_an_unknown_address_and_another_method_are_told_alike(api):
    """With what is allowed."""
    unknown, other = api.get("/nowhere"), api("PUT", "/recordings")

    assert (unknown.status_code, _error(unknown)["code"]) == (404, "not_found")
    assert (other.status_code, _error(other)["code"]) == (405, "method_not_allowed")
    assert "GET" in other.headers["Allow"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff", 400),
        (b"[" * 30_000, 400),
        (b'{"seconds": ' + b"9" * 5000 + b"}", 400),
        (b"[]", 422),
        (b'"{}"', 422),
        (b"null", 422),
        (b'{"seconds": "60"}', 422),
        (b'{"seconds": NaN}', 422),
        (b'{"seconds": true}', 422),
        (b'{"seconds": -1}', 422),
        (b'{"second": 60}', 422),
        (b" " * (SMALL_BODY + 1), 413),
    ],
)
def test_a_body_that_is_none_is_refused(api, world, body, status):
    """Whatever somebody sends; nothing has happened."""
    answer = api.post("/monitor/pause", data=body, content_type="application/json")

    assert answer.status_code == status
    _error(answer)
    assert not world.control.is_paused


def test_what_is_no_json_is_refused(api, world):
    """A form of another site could send anything else unasked."""
    answer = api.post("/monitor/pause", data={"seconds": "60"})

    assert answer.status_code == 415
    assert "application/json" in _error(answer)["detail"]
    assert not world.control.is_paused


def test_a_wrong_parameter_is_named_with_what_is_allowed(api):
    """One after the other, but not what was sent: it may be a secret."""
    answer = api.get("/recordings?limit=201&kind=film&colour=s3cret&q=s3cret&sort=s3cret")

    assert answer.status_code == 422
    error = _error(answer)
    assert error["code"] == "invalid"
    for told in ("limit", "200", "kind", "'video'", "colour", "sort"):
        assert told in error["detail"]
    assert "s3cret" not in answer.text


def test_a_fault_of_our_own_is_logged_and_not_shown(api, world, monkeypatch, caplog):
    """With no trace in the answer."""
    fired = []

    def fault(_seconds):
        fired.append(1)
        raise ZeroDivisionError("inside")

    monkeypatch.setattr("zoomsync_agent.control.Control.pause", lambda _self, _s: fault(_s))
    with caplog.at_level(logging.ERROR):
        answer = api.post("/monitor/pause", json={})

    assert fired == [1]
    assert answer.status_code == 500
    assert _error(answer)["code"] == "unexpected"
    assert "inside" not in answer.text
    assert "Traceback" not in answer.text
    assert any(record.exc_info for record in caplog.records)


@pytest.mark.parametrize("kind", list(leaves()), ids=lambda kind: kind.code)
def test_every_error_of_the_agent_has_a_status(api, monkeypatch, kind):
    """Which says who acts next, and is one that the document names."""

    def fail(_self, **_more):
        raise kind("what exactly")

    monkeypatch.setattr("zoomsync_agent.control.Control.snapshot", fail)
    answer = api.get("/monitor/status")

    assert answer.status_code == status_of(kind())
    assert answer.status_code in (404, 409, 422, 500, 503)
    assert _error(answer) == {
        "code": kind.code,
        "title": kind.title,
        "detail": "what exactly",
        "hint": kind.hint,
    }


# --- the agent -----------------------------------------------------------------------------


def test_the_status_is_what_people_see(api, world):
    """Field by field."""
    world.add("Weekly")

    told = api.told("/monitor/status")

    assert told == json.loads(json.dumps(snapshot_of(world.desk)))
    assert told["sentence"] == world.control.snapshot().sentence


def test_a_pause_begins_and_ends(api, world):
    """For a while, or without an end; the answer shows it."""
    answer = api.post("/monitor/pause", json={"seconds": 60})
    assert (answer.status_code, answer.json["state"]) == (200, "paused")
    assert answer.json["paused_until"] is not None

    answer = api.post("/monitor/resume")
    assert answer.json["paused_until"] is None
    assert not world.control.is_paused

    for body in ({"json": {}}, {}):
        assert api.post("/monitor/pause", **body).json["state"] == "paused"
        assert world.control.snapshot().paused_until is None
        assert world.control.is_paused
        api.post("/monitor/resume")


def test_notices_are_put_off_and_come_again(api, world):
    """The answer shows until when."""
    until = api.post("/monitor/snooze", json={"seconds": 7200}).json["snoozed_until"]
    assert until == rows.iso(world.control.quiet.snoozed_until)
    assert api.post("/monitor/snooze", json={"seconds": 0}).json["snoozed_until"] is None
    assert world.control.quiet.snoozed_until is None
    assert api.post("/monitor/snooze", json={"seconds": -1}).status_code == 422


def test_a_body_that_is_no_object_is_said_in_plain_words(api):
    """And not by the name of a class."""
    for body in ([1], None):
        answer = api.post("/monitor/snooze", **({"json": body} if body else {}))
        assert answer.status_code == 422
        assert answer.json["error"]["detail"] == "the body must be a JSON object"


def test_looking_for_recordings_is_stopped_and_started(api, world):
    """The answer shows it, and whoever asks next."""
    assert api.post("/monitor/stop").json["is_watching"] is False
    assert not world.control.is_watching
    assert api.post("/monitor/start").json["is_watching"] is True
    assert world.control.is_watching


def test_another_folder_is_chosen(api, world):
    """It is written down and holds at once."""
    folder = world.recordings / "Other"
    folder.mkdir(parents=True)

    answer = api("PUT", "/monitor/path", json={"path": str(folder)})

    assert (answer.status_code, answer.json) == (200, {"recordings_path": str(folder)})
    assert world.desk.settings().recordings_path == folder
    assert str(folder) in world.home.config_file.read_text("utf-8")
    assert api.told("/monitor/status")["recordings_path"] == str(folder)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("Zoom", 422),
        ("~", 422),
        ("{}/nowhere", 422),
        ("{}/file", 422),
        ("{}/" + "x" * 300, 422),
        ("/etc", 409),
        ("{}/../../../../../../etc", 409),
        ("", 422),
        ("{}/\0", 422),
        (7, 422),
    ],
)
def test_a_folder_that_cannot_be_is_refused(api, world, path, status):
    """Nothing was changed."""
    world.recordings.mkdir(parents=True)
    (world.recordings / "file").write_bytes(b"")
    text = path.format(world.recordings) if isinstance(path, str) else path

    answer = api("PUT", "/monitor/path", json={"path": text})

    assert answer.status_code == status, answer.text
    _error(answer)
    assert world.desk.settings().recordings_path == world.recordings


def test_the_journal_is_read_page_by_page(api, world):
    """Filtered by what happened, the newest first."""
    world.control.watch(wanted=False)
    world.control.watch(wanted=True)
    world.control.watch(wanted=False)

    first = api.told("/activity", limit=2)
    rest = api.told("/activity", before=first["before"])
    stops = api.told("/activity", happening="not_watching")

    events = first["events"] + rest["events"]
    assert [one["happening"] for one in events] == ["not_watching", "watching", "not_watching"]
    assert rest["before"] is None
    assert events == sorted(events, key=lambda one: one["id"], reverse=True)
    assert all(one["at"].endswith("+00:00") and one["sentence"] for one in events)
    assert [one["id"] for one in stops["events"]] == [events[0]["id"], events[2]["id"]]
    two = api.get("/activity?happening=watching&happening=paused").json["events"]
    assert [one["happening"] for one in two] == ["watching"]
    assert api.told("/activity", q="no such title")["events"] == []


# --- Zoom ----------------------------------------------------------------------------------


@pytest.fixture
def zoom():
    """Give a strict stand-in for Zoom, where somebody is signed in in the browser."""
    server = ZoomServer()
    server.signed_in = server.add_user("ann@example.org")
    with server:
        yield server


@pytest.fixture
def cloudy(home, tmp_path, zoom):
    """Give an agent that knows an app at Zoom."""
    chosen = {"zoom_client_id": zoom.public_client_id, "zoom_url": zoom.zoom_url}
    with PageWorld(home, tmp_path, chosen) as found:
        yield found


def _went(link, decision="allow"):
    """Return the address at which the browser arrives that was sent to *link*."""
    with httpx.Client() as http:
        return visit(http, link, decision, follow=False).headers["Location"]


@pytest.mark.parametrize("is_pasted", [True, False])
def test_somebody_signs_in_to_zoom(cloudy, is_pasted):
    """With what came back, or with the address at which it came."""
    api = ApiClient(cloudy.site, cloudy.token)
    begun = api.post("/auth/zoom/authorize", base_url="http://localhost:47823")
    assert begun.status_code == 200
    address = _went(begun.json["authorize_url"])
    assert address.startswith("http://127.0.0.1:47823/auth/zoom/callback?")
    assert api.told("/auth/zoom/status")["is_waiting"] is True
    query = dict(httpx.URL(address).params)
    body = {"address": f" {address}\n"} if is_pasted else query

    answer = api.post("/auth/zoom/token", json=body)

    assert answer.status_code == 200, answer.text
    assert (answer.json["state"], answer.json["who"]) == ("signed_in", "ann@example.org")
    status = api.told("/auth/zoom/status")
    assert (status["is_waiting"], status["account"]["who"]) == (False, "ann@example.org")
    (kept,) = cloudy.secrets.values.values()
    assert kept not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        {"code": "x", "state": "of-somebody-else"},
        {"address": "http://127.0.0.1/auth/zoom/callback?code=x&state=other"},
        {"address": "http://127.0.0.1/auth/zoom/callback"},
        {"address": "http://[::1/auth/zoom/callback"},
    ],
)
def test_an_answer_of_another_sign_in_is_refused(cloudy, body):
    """And the one that was begun still waits."""
    api = ApiClient(cloudy.site, cloudy.token)
    api.post("/auth/zoom/authorize")

    answer = api.post("/auth/zoom/token", json=body)

    assert (answer.status_code, _error(answer)["code"]) == (409, "sign_in_failed")
    assert api.told("/auth/zoom/status")["is_waiting"] is True
    assert cloudy.secrets.values == {}


def test_a_sign_in_that_zoom_refused_is_given_up(cloudy, zoom):
    """The address of the last page says so."""
    api = ApiClient(cloudy.site, cloudy.token)
    link = api.post("/auth/zoom/authorize").json["authorize_url"]

    answer = api.post("/auth/zoom/token", json={"address": _went(link, "decline")})

    assert (answer.status_code, _error(answer)["code"]) == (409, "sign_in_failed")
    assert _error(answer)["detail"] == "It was refused in the browser."
    assert zoom.seen("POST", "/oauth/token") == []
    assert api.told("/auth/zoom/status")["is_waiting"] is False


def test_without_an_app_nobody_signs_in(api):
    """The status says what is missing, and so does the attempt."""
    status = api.told("/auth/zoom/status")
    assert (status["is_configured"], status["account"]) == (False, None)
    assert status["problem"]
    assert api.post("/auth/zoom/authorize").status_code == 422
    assert api.post("/auth/zoom/token", json={"code": "x", "state": "y"}).status_code == 409


@pytest.mark.parametrize(
    "body", [{}, {"code": "x"}, {"address": ""}, {"address": "x", "code": "y"}]
)
def test_half_an_answer_of_zoom_is_none(api, body):
    """Either both parts or the address."""
    answer = api.post("/auth/zoom/token", json=body)

    assert answer.status_code == 422
    assert _error(answer)["code"] == "invalid"


# --- health and figures --------------------------------------------------------------------


def test_anybody_may_ask_whether_it_lives_and_is_told_no_more(stranger):
    """A monitor has no token."""
    assert stranger.told("/health") == {"status": "ok", "version": __version__}
    with_a_wrong_one = stranger.get("/health", headers={"Authorization": "Bearer wrong"})
    assert set(with_a_wrong_one.json) == {"status", "version"}


def test_the_user_is_told_how_it_is(api, world):
    """With the token or the cookie: what was found on this computer."""
    seen = world.control.snapshot()
    for told in (
        api.told("/health"),
        world.client().get("/health", base_url="http://127.0.0.1").json,
    ):
        assert told["status"] == "ok"
        assert told["details"]["state"] == seen.state
        assert told["details"]["sentence"] == seen.sentence
        names = [one["name"] for one in told["details"]["findings"]]
        assert names == [one.name for one in world.desk.findings()]
        assert names


def _figures(text):
    """Return the samples of a text in Prometheus's format, by name and labels."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_figures_are_those_of_the_snapshot(api, world):
    """As Prometheus's own parser reads them."""
    world.record()
    world.sync()
    world.control.watch(wanted=False)
    world.control.pause(60)

    answer = api.get("/metrics")

    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = _figures(answer.text)
    seen = world.control.snapshot()
    assert seen.synced.files == 2
    assert found["zoomsync_safe_files",] == 2
    assert found["zoomsync_safe_bytes",] == seen.synced.size > 0
    assert found["zoomsync_queued_bytes",] == seen.queued.size
    assert found["zoomsync_paused",] == 1
    assert found["zoomsync_watching",] == 0
    assert found["zoomsync_bytes_per_second",] == 0
    for state in State:
        assert found["zoomsync_files", ("state", str(state))] == seen.counts[str(state)]
    assert found["zoomsync_files", ("state", "done")] == 2
    assert found["zoomsync_agent_state", ("state", str(seen.state))] == 1
    assert sum(found["zoomsync_agent_state", ("state", str(one))] for one in AgentState) == 1
    labels = (("destination", "folder"), ("version", __version__))
    assert found["zoomsync_build_info", *labels] == 1


def test_every_figure_says_what_it_is(api):
    """With a type and a sentence."""
    families = list(text_string_to_metric_families(api.get("/metrics").text))

    assert len(families) >= 10
    assert all(family.documentation and family.type == "gauge" for family in families)


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", 'a\\n"', "ä{}"])
def test_labels_are_escaped(world, name):
    """Whatever a destination is called."""
    seen = {**snapshot_of(world.desk), "destination": name}

    found = _figures(metrics.exposition(seen, is_paused=False))

    assert found["zoomsync_build_info", ("destination", name), ("version", __version__)] == 1


# --- events --------------------------------------------------------------------------------


def _events(answer, count):
    """Return the first events of a stream."""
    found = []
    for piece in answer.iter_encoded():
        if b"event: snapshot" in piece:
            found.append(json.loads(piece.split(b"data: ", 1)[1]))
            if len(found) == count:
                return found
    raise AssertionError("the stream has ended")


def test_changes_are_told_as_they_happen(api, world):
    """The snapshot at once, and again when it is another one."""
    answer = api.get("/events")

    assert answer.status_code == 200
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Accel-Buffering"] == "no"
    timer = threading.Timer(0.2, lambda: api.post("/monitor/pause"))
    timer.start()
    before, after = _events(answer, 2)
    timer.join()
    assert (before["state"], after["state"]) == ("idle", "paused") or before != after
    assert after["state"] == "paused"
    answer.close()
    world.site.close()


def test_only_so_many_listen_at_a_time(api, world):
    """The next one takes the place of the first, which is told so; a HEAD takes up none."""
    heads = [api("HEAD", "/events", buffered=False) for _ in range(MOST_STREAMS + 1)]
    assert {one.status_code for one in heads} == {200}
    listening = [api.get("/events") for _ in range(MOST_STREAMS)]
    assert {one.status_code for one in listening} == {200}

    assert api.get("/events").status_code == 200
    assert b"event: full" in b"".join(listening.pop(0).iter_encoded())

    listening.pop().close()
    again = api.get("/events")
    assert again.status_code == 200
    for one in [*listening, again]:
        one.close()
    world.site.close()


def test_a_request_leaves_no_connection_behind(api, world):
    """A home that is asked all day holds no more open files than in the morning."""
    row = world.add("Weekly", status=ProcessingStatus.FAILED)
    databases = world.desk._databases
    seen = []

    def look():
        seen.append(api.get("/monitor/status").status_code)
        seen.append(api.get(f"/recordings/{row.recording_id}/content").status_code)

    world.desk.release()
    for _ in range(5):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()

    assert seen == [200, 409] * 5
    assert databases.queue.open_connections == databases.catalog.open_connections == 0


def test_what_cannot_be_now_may_be_later(api, monkeypatch):
    """Said with 503, so that programs try again."""
    fired = []

    def fail(_self):
        fired.append(1)
        raise RemoteUnavailable("not just now")

    monkeypatch.setattr("zoomsync_agent.app.desk.AppDesk.zoom", fail)
    answer = api.get("/auth/zoom/status")

    assert fired == [1]
    assert (answer.status_code, _error(answer)["code"]) == (503, "remote_unavailable")


def test_the_cookie_is_named_in_the_document_as_it_is(api, world):
    """A program that reads it needs no other source."""
    assert (
        api.told("/openapi.json")["components"]["securitySchemes"]["cookie"]["name"]
        == Guard(world.token).cookie
    )
