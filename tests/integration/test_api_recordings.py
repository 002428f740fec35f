"""Recordings over the REST API: lists, one of them, its bytes, its story, and what can be done."""

import hashlib
import json
from dataclasses import replace

import pytest

from tests.fakes.api_client import ApiClient
from tests.fakes.page_world import VIDEO, PageWorld
from zoomsync_agent.core import rows
from zoomsync_agent.core.recording import Kind, ProcessingStatus
from zoomsync_agent.web.desk import Playable

DAY = 86_400.0
BEGUN = 1_700_000_000.0


@pytest.fixture
def world(home, tmp_path):
    """Give somebody's agent with its page."""
    with PageWorld(home, tmp_path) as found:
        yield found


@pytest.fixture
def api(world):
    """Give a program that has the token."""
    return ApiClient(world.site, world.token)


def _plain(row):
    """Return a row as lists tell it."""
    columns = json.loads(json.dumps(rows.as_dict(row)))
    del columns["transcription_text"]
    return columns


def _ids(told):
    return [one["recording_id"] for one in told["recordings"]]


# --- lists ---------------------------------------------------------------------------------


def test_a_list_tells_the_columns_of_the_catalog(api, world):
    """By the names that the dashboard knows, without what was said."""
    row = world.add(
        "Weekly", transcription_text="secret words", summary="short", duration_seconds=1.5
    )

    told = api.told("/recordings")

    assert told == {
        "recordings": [{**_plain(row), "hit": "", "at": None}],
        "next": "",
        "total": 1,
    }


def test_pages_tell_every_recording_once(api, world):
    """Also when another one comes in between."""
    wanted = [world.add(f"Meeting {n}", started_at=BEGUN + n * DAY).recording_id for n in range(7)]
    found, cursor = [], ""
    for page in range(4):
        told = api.told("/recordings", limit=2, cursor=cursor)
        found += _ids(told)
        cursor = told["next"]
        if page == 0:
            assert told["total"] == 7
            world.add("New", started_at=BEGUN + 99 * DAY)
    assert found == wanted[::-1]
    assert cursor == ""


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"status": "failed"}, ["failed"]),
        ({"source": "zoom"}, ["cloud"]),
        ({"kind": "audio"}, ["audio"]),
        ({"since": "2023-11-16"}, ["cloud", "failed"]),
        ({"until": "2023-11-16T00:00:00Z"}, ["audio", "plain"]),
        ({"since": rows.iso(BEGUN + DAY), "until": rows.iso(BEGUN + 2 * DAY)}, ["audio"]),
        ({"since": "2023-11-15T23:13:20+01:00", "until": "2023-11-16"}, ["audio"]),
        ({"sort": "meeting_title", "order": "asc"}, ["audio", "cloud", "failed", "plain"]),
        ({"sort": "file_size", "order": "asc"}, ["plain", "audio", "failed", "cloud"]),
        ({"sort": "file_size", "order": "desc"}, ["cloud", "failed", "audio", "plain"]),
        ({"order": "asc"}, ["plain", "audio", "failed", "cloud"]),
        ({}, ["cloud", "failed", "audio", "plain"]),
        ({"kind": "video", "source": "local", "status": "completed"}, ["plain"]),
    ],
)
def test_lists_are_filtered_and_sorted(api, world, query, wanted):
    """By any of the filters, and by several."""
    names = {}
    for number, (name, more) in enumerate(
        {
            "plain": {},
            "audio": {"kind": Kind.AUDIO},
            "failed": {"status": ProcessingStatus.FAILED},
            "cloud": {"source": "zoom"},
        }.items()
    ):
        row = world.add(
            name, started_at=BEGUN + number * DAY, content=name[:1].encode() * (number + 1), **more
        )
        names[row.recording_id] = name

    told = api.told("/recordings", **query)

    assert [names[one] for one in _ids(told)] == wanted
    assert told["total"] == len(wanted)


def test_words_are_found_where_they_were_said(api, world):
    """In titles and transcripts, with the place between marks."""
    world.add("Weekly", transcription_text="Ada: the purple budget was agreed")
    world.add("Budget")
    world.add("Other")

    told = api.told("/recordings", q="budg purple")
    assert [one["meeting_title"] for one in told["recordings"]] == ["Weekly"]
    assert "«purple»" in told["recordings"][0]["hit"]
    assert "transcription_text" not in told["recordings"][0]
    both = api.told("/recordings", q="budget", sort="relevance")
    assert {one["meeting_title"] for one in both["recordings"]} == {"Weekly", "Budget"}
    assert api.told("/recordings", q="nothing of it")["total"] == 0


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=many", "limit"),
        ("status=done", "status"),
        ("kind=film", "kind"),
        ("order=up", "order"),
        ("sort=name", "sort"),
        ("sort=relevance", "relevance"),
        ("sort=relevance&q=+", "relevance"),
        ("since=yesterday", "since"),
        ("since=1700000000", "since"),
        ("since=2023-02-30", "since"),
        ("until=2023-11-14T25:00", "until"),
        ("until=2023-11-14 10:00", "until"),
        ("cursor=!", "cursor"),
        ("cursor=bm9uZQ", "cursor"),
        ("q=" + "x" * 301, "q"),
        ("colour=red", "colour"),
    ],
)
def test_a_question_that_is_none_is_refused(api, query, field):
    """The answer names the parameter."""
    answer = api.get(f"/recordings?{query}")

    assert answer.status_code == 422
    assert field in answer.json["error"]["detail"]


# --- one recording -------------------------------------------------------------------------


def test_one_recording_is_told_with_everything(api, world):
    """By its whole id or the beginning of it."""
    row = world.add("Weekly", meeting="one", transcription_text="Ada: hello")
    other = world.add("Weekly", meeting="one", kind=Kind.AUDIO, name="audio.m4a")
    world.add("Other")

    for name in (row.recording_id, row.recording_id[:12], row.recording_id.upper()):
        told = api.told(f"/recordings/{name}")
        assert told == {
            **json.loads(json.dumps(rows.as_dict(row))),
            "variants": [_plain(other)],
            "why_not": None,
            "link": None,
        }
    assert told["transcription_text"] == "Ada: hello"


def test_what_is_not_safe_says_why(api, world):
    """The same sentence as everywhere."""
    world.record()
    world.sync()
    row = world.control.recordings()[0]
    assert api.told(f"/recordings/{row.recording_id}")["why_not"] is None
    queue = world.desk._databases.queue
    with queue.write() as connection:
        connection.execute("UPDATE jobs SET state = 'failed', error_code = 'source_damaged'")
    world.catalog.publish(
        replace(
            row,
            processing_status=ProcessingStatus.FAILED,
            file_url="",
            updated_at=row.updated_at + 1e6,
        )
    )

    told = api.told(f"/recordings/{row.recording_id}")

    assert told["processing_status"] == "failed"
    assert told["why_not"]["code"] == "source_damaged"
    assert "Check the disk" in told["why_not"]["sentence"]


def test_a_link_is_made_where_it_is_asked_for(api, world, monkeypatch):
    """With the life that is asked for; where there is nothing to open, it says so."""
    row = world.add("Weekly")
    asked = []
    monkeypatch.setattr(
        "zoomsync_agent.app.desk.AppDesk.link",
        lambda _self, one, seconds: asked.append((one.recording_id, seconds)) or "https://a/b",
    )

    assert api.told(f"/recordings/{row.recording_id}")["link"] is None
    assert asked == []
    assert api.told(f"/recordings/{row.recording_id}", link_seconds=90)["link"] == "https://a/b"
    assert asked == [(row.recording_id, 90)]
    for wrong in ("0", "604801", "long"):
        answer = api.get(f"/recordings/{row.recording_id}?link_seconds={wrong}")
        assert answer.status_code == 422


def test_the_link_of_a_local_archive_is_its_address(api, world):
    """And there is none for what has not arrived."""
    row = world.add("Weekly")
    lost = world.add("Lost", status=ProcessingStatus.FAILED)

    assert api.told(f"/recordings/{row.recording_id}", link_seconds=60)["link"] == row.file_url
    answer = api.get(f"/recordings/{lost.recording_id}?link_seconds=60")
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "not_allowed")


@pytest.mark.parametrize(
    ("name", "status"), [("beef", 404), ("abc", 422), ("%25%25%25%25", 422), ("____", 422)]
)
def test_what_nothing_is_called_is_not_found(api, world, name, status):
    """In every operation."""
    world.add("Weekly")
    for method, rest in (
        ("GET", ""),
        ("GET", "/content"),
        ("GET", "/history"),
        ("POST", "/retry"),
        ("POST", "/cancel"),
        ("PATCH", ""),
    ):
        body = {"json": {"meeting_title": "x"}} if method == "PATCH" else {}
        answer = api(method, f"/recordings/{name}{rest}", **body)
        assert answer.status_code == status
        assert answer.json["error"]["detail"]


# --- bytes ---------------------------------------------------------------------------------


def test_the_bytes_are_those_of_the_archive(api, world):
    """Whole, with what they are."""
    row = world.add("Weekly", content=VIDEO)

    answer = api.get(f"/recordings/{row.recording_id}/content")

    assert answer.status_code == 200
    assert hashlib.sha256(answer.data).hexdigest() == row.sha256
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    head = api("HEAD", f"/recordings/{row.recording_id}/content")
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == str(row.file_size)


@pytest.mark.parametrize(
    ("wanted", "status", "part", "told"),
    [
        ("bytes=2-5", 206, b"2345", "bytes 2-5/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
        ("bytes=10-", 416, None, "bytes */10"),
        ("bytes=0-1,4-5", 200, b"0123456789", None),
    ],
)
def test_a_part_can_be_had(api, world, wanted, status, part, told):
    """As players ask for it."""
    row = world.add("Weekly", content=b"0123456789")

    answer = api.get(f"/recordings/{row.recording_id}/content", headers={"Range": wanted})

    assert answer.status_code == status
    assert answer.headers.get("Content-Range") == told
    if part is None:
        assert answer.json["error"]["code"] == "requested_range_not_satisfiable"
    else:
        assert answer.data == part


def test_what_is_known_is_not_sent_again(api, world):
    """By its tag, which is another one when the file is."""
    row = world.add("Weekly")
    path = f"/recordings/{row.recording_id}/content"
    tag = api.get(path).headers["ETag"]

    same = api.get(path, headers={"If-None-Match": tag})
    other = api.get(path, headers={"If-None-Match": '"other"'})

    assert (same.status_code, same.data) == (304, b"")
    assert other.status_code == 200


@pytest.mark.parametrize("name", ["page.html", "run.svg", "x.js"])
def test_nothing_of_an_archive_is_shown_as_a_page(api, world, name):
    """Whatever it is called there."""
    row = world.add("Weekly", name=name, content=b"<script>alert(1)</script>")

    answer = api.get(f"/recordings/{row.recording_id}/content")

    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_what_lies_elsewhere_is_had_by_a_link(api, world, monkeypatch):
    """Which the browser follows."""
    row = world.add("Weekly")
    monkeypatch.setattr(
        "zoomsync_agent.app.desk.AppDesk.playable",
        lambda _self, _row: Playable(url="https://bucket.example/x?sig=1"),
    )

    answer = api.get(f"/recordings/{row.recording_id}/content")

    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        "https://bucket.example/x?sig=1",
    )


def test_bytes_that_are_gone_are_no_fault(api, world, monkeypatch):
    """Neither before the file is looked for nor after."""
    row = world.add("Weekly")
    path = world.archive / row.object_key
    path.unlink()
    answer = api.get(f"/recordings/{row.recording_id}/content")
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "not_allowed")

    monkeypatch.setattr(
        "zoomsync_agent.app.desk.AppDesk.playable", lambda _self, _row: Playable(path=path)
    )
    answer = api.get(f"/recordings/{row.recording_id}/content")
    assert answer.status_code == 503
    assert answer.json["error"]["code"] == "destination_unavailable"


def test_nothing_but_the_archive_is_read(api, world, tmp_path):
    """A row may come from anywhere."""
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"secret")
    row = world.add("Weekly")
    world.catalog.publish(replace(row, file_url=secret.as_uri(), updated_at=row.updated_at + 1e6))

    answer = api.get(f"/recordings/{row.recording_id}/content")

    assert answer.status_code == 409
    assert b"secret" not in answer.data.replace(b"secret.mp4", b"")


# --- what can be done ----------------------------------------------------------------------


@pytest.fixture
def failed(world):
    """Give a recording whose upload failed."""
    world.record()
    world.sync()
    with world.desk._databases.queue.write() as connection:
        connection.execute("UPDATE jobs SET state = 'failed', error_code = 'source_damaged'")
    return next(one for one in world.control.recordings() if one.kind is Kind.VIDEO)


def _state(world, row):
    """Return the state of the job of *row*."""
    connection = world.desk._databases.queue.connection()
    found = connection.execute(
        "SELECT state FROM jobs JOIN files ON files.id = file_id WHERE sha256 = ?", (row.sha256,)
    ).fetchall()
    (state,) = [one["state"] for one in found]
    return state


def test_a_recording_is_tried_again(api, world, failed):
    """It, and no other one."""
    answer = api.post(f"/recordings/{failed.recording_id}/retry")

    assert (answer.status_code, answer.json) == (200, {"jobs": 1})
    assert _state(world, failed) == "ready"
    states = world.control.snapshot().counts
    assert (states["ready"], states["failed"]) == (1, 1)


def test_an_upload_is_cancelled(api, world, failed):
    """What is finished cannot be, and the answer says so."""
    answer = api.post(f"/recordings/{failed.recording_id[:13]}/cancel", json={})

    assert (answer.status_code, answer.json) == (200, {"jobs": 1})
    assert _state(world, failed) == "cancelled"

    with world.desk._databases.queue.write() as connection:
        connection.execute("UPDATE jobs SET state = 'done', error_code = NULL")
    answer = api.post(f"/recordings/{failed.recording_id}/cancel")
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "not_allowed")
    assert _state(world, failed) == "done"


def test_a_recording_without_a_job_is_not_tried_again(api, world):
    """The queue may have been lost; that is said."""
    row = world.add("Weekly")

    for action in ("retry", "cancel"):
        answer = api.post(f"/recordings/{row.recording_id}/{action}")
        assert (answer.status_code, answer.json["error"]["code"]) == (404, "not_found")


def test_a_meeting_gets_another_title(api, world):
    """For all of its recordings; what lists and files say follows or stays."""
    row = world.add("Weekly", meeting="one")
    other = world.add("Weekly", meeting="one", kind=Kind.AUDIO)
    third = world.add("Third")

    answer = api("PATCH", f"/recordings/{row.recording_id}", json={"meeting_title": "Größe 7"})

    assert answer.status_code == 200
    assert "Größe" in answer.text
    assert answer.json == {
        **_plain(row),
        "meeting_title": "Größe 7",
        "updated_at": answer.json["updated_at"],
    }
    titles = {one.recording_id: one.meeting_title for one in world.control.recordings()}
    assert titles == {
        row.recording_id: "Größe 7",
        other.recording_id: "Größe 7",
        third.recording_id: "Third",
    }
    assert (world.archive / row.object_key).exists()


@pytest.mark.parametrize("title", ["", " ", "x" * 201, "\ud800", None, 7, ["x"]])
def test_a_title_that_is_none_is_refused(api, world, title):
    """And the old one stays."""
    row = world.add("Weekly")

    answer = api("PATCH", f"/recordings/{row.recording_id}", json={"meeting_title": title})

    assert answer.status_code in (409, 422)
    assert world.control.recordings()[0].meeting_title == "Weekly"


def test_the_story_of_a_recording(api, world):
    """From the moment at which it was found."""
    world.record()
    world.sync()
    row = next(one for one in world.control.recordings() if one.kind is Kind.VIDEO)

    events = api.told(f"/recordings/{row.recording_id}/history")["events"]

    assert [one["happening"] for one in events] == ["found", "safe", "safe"]
    assert {one["recording_id"] for one in events} <= {row.recording_id, None}
    assert all(one["sentence"] for one in events)
    assert [one["at"] for one in events] == sorted(one["at"] for one in events)
    (receipt,) = [one for one in events if one["id"] == 0]
    assert receipt["detail"] == row.file_url
