"""The stand-in for Zoom lists recordings, moves them to the trash, and limits who asks."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tests.fakes.zoom import (
    ADMIN_SCOPES,
    FILE_KINDS,
    READ_SCOPES,
    Fault,
    ZoomServer,
    api_error,
    generate,
)

HOUR, DAY = 3_600, 86_400


@pytest.fixture
def zoom(clock):
    """A Zoom with one person; it is eight in the morning of 15 January 2027."""
    with ZoomServer(clock=clock.now) as running:
        running.add_user()
        yield running


@pytest.fixture
def api(zoom, http):
    """That person's app."""
    return Api(zoom, http)


class Api:
    """Somebody signed in, who asks the REST interface."""

    def __init__(self, zoom, http, user=None, scopes=None):
        self.zoom = zoom
        self.http = http
        self.token = zoom.sign_in(user, scopes)["access_token"]

    def __call__(self, method, path, body=None, **query):
        """Ask; the path is sent as it is."""
        url = httpx.URL(f"{self.zoom.api_url}/v2{path}")
        headers = {"authorization": f"Bearer {self.token}"}
        wire = url.copy_with(params=query) if query else url
        return self.http.request(method, wire, json=body, headers=headers)

    def list(self, first="2027-01-01", last="2027-01-15", **query):
        """Return a list of recordings."""
        told = {"from": first, "to": last} | query
        asked = {name: value for name, value in told.items() if value is not None}
        return self("GET", "/users/me/recordings", **asked).json()

    def topics(self, *window, **query):
        """Return the topics of a list."""
        return [one["topic"] for one in self.list(*window, **query)["meetings"]]

    def meeting(self, meeting, rest="recordings", method="GET", body=None, **query):
        """Ask for one meeting, by its UUID, encoded twice."""
        name = quote(quote(meeting.uuid, safe=""), safe="")
        return self(method, f"/meetings/{name}/{rest}", body, **query)


def at(text):
    """Return a time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_who_somebody_is(api):
    """Every answer has a name for Zoom's support."""
    told = api("GET", "/users/me")
    assert told.json()["email"] == "jchill@example.com"
    assert told.json()["type"] == 2
    assert told.headers["x-zm-trackingid"].startswith("v=2.0;clid=us06;rid=WEB_")


def test_tokens_that_are_not_good(api, zoom, clock):
    """None, a wrong one, an old one, a revoked one: 401 with code 124 in two wordings."""
    invalid = {"code": 124, "message": "Invalid access token."}
    url = f"{zoom.api_url}/v2/users/me"
    for headers in ({}, {"authorization": "Bearer x"}, {"authorization": f"Basic {api.token}"}):
        told = api.http.get(url, headers=headers)
        assert (told.status_code, told.json()) == (401, invalid)
        assert "x-zm-trackingid" in told.headers
    clock.advance(HOUR)
    told = api("GET", "/users/me")
    assert (told.status_code, told.json()) == (
        401,
        {"code": 124, "message": "Access token is expired."},
    )
    api.token = zoom.sign_in()["access_token"]
    assert api("GET", "/users/me").status_code == 200
    zoom.expire_access_tokens()
    assert api("GET", "/users/me").json()["message"] == "Access token is expired."
    api.token = zoom.sign_in()["access_token"]
    zoom.revoke_user(zoom.first_user)
    assert api("GET", "/users/me").json() == invalid


def test_too_few_scopes(zoom, http):
    """400 with code 4711, and the names."""
    api = Api(zoom, http, scopes=["user:read:user"])
    told = api("GET", "/users/me/recordings")
    assert told.status_code == 400
    assert told.json() == {
        "code": 4711,
        "message": "Invalid access token, does not contain scopes:"
        "[cloud_recording:read:list_user_recordings, "
        "cloud_recording:read:list_user_recordings:admin].",
    }
    for path in ("recordings", "transcript", "meeting_summary"):
        assert api("GET", f"/meetings/1/{path}").json()["code"] == 4711
    assert api("DELETE", "/meetings/1/recordings").json()["code"] == 4711
    assert api("DELETE", "/meetings/1/recordings/x").json()["code"] == 4711
    assert api("PUT", "/meetings/1/recordings/status").json()["code"] == 4711
    assert api("PUT", "/meetings/1/recordings/x/status").json()["code"] == 4711


def test_classic_scopes(zoom, http):
    """Old apps still have them."""
    zoom.add_meeting()
    api = Api(zoom, http, scopes=["recording:read", "user:read"])
    assert api.list()["total_records"] == 1
    assert api("GET", "/users/me").status_code == 200
    told = api("GET", "/accounts/me/recordings").json()
    assert "list_account_recordings:admin]" in told["message"]
    api = Api(zoom, http, scopes=["recording:read:admin"])
    assert api("GET", "/accounts/me/recordings").status_code == 200


def test_paths_that_are_none(api):
    """Have a code too; another person is nobody to an app of one person."""
    for path in ("/other", "/meetings/a/b==/recordings"):
        told = api("GET", path)
        assert (told.status_code, told.json()["code"]) == (404, 2300)
    told = api("GET", "/users/jchill@example.com/recordings")
    assert (told.status_code, told.json()["code"]) == (404, 1001)


def test_a_meeting_in_a_list(api, zoom):
    """Has the fields that were captured from Zoom."""
    meeting = zoom.add_meeting("Weekly", at("2027-01-10T10:00:00"), 30, ("video", "timeline"))
    told = api.list()
    (shown,) = told.pop("meetings")
    assert told == {
        "from": "2027-01-01",
        "to": "2027-01-15",
        "page_count": 1,
        "page_size": 30,
        "total_records": 1,
        "next_page_token": "",
    }
    video, timeline = shown.pop("recording_files")
    assert shown == {
        "uuid": meeting.uuid,
        "id": meeting.number,
        "account_id": meeting.host.account_id,
        "host_id": meeting.host.id,
        "topic": "Weekly",
        "type": 2,
        "start_time": "2027-01-10T10:00:00Z",
        "timezone": "UTC",
        "duration": 30,
        "total_size": video["file_size"] + timeline["file_size"],
        "recording_count": 2,
        "share_url": f"{zoom.zoom_url}/rec/share/{meeting.key}",
        "recording_play_passcode": meeting.passcode,
    }
    file = meeting.files[0]
    assert video == {
        "id": file.id,
        "meeting_id": meeting.uuid,
        "recording_start": "2027-01-10T10:00:00Z",
        "recording_end": "2027-01-10T10:30:00Z",
        "file_type": "MP4",
        "file_extension": "MP4",
        "file_size": file.content.size,
        "play_url": f"{zoom.zoom_url}/rec/play/{file.key}",
        "download_url": f"{zoom.zoom_url}/rec/download/{file.key}",
        "status": "completed",
        "recording_type": "shared_screen_with_speaker_view",
    }
    assert "play_url" not in timeline
    assert timeline["file_extension"] == "JSON"


def test_days_are_utc_and_both_ends_count(api, zoom):
    """The first and the last second of a window are in it."""
    for topic, start in (
        ("before", "2027-01-09T23:59:59"),
        ("first", "2027-01-10T00:00:00"),
        ("last", "2027-01-11T23:59:59"),
        ("after", "2027-01-12T00:00:00"),
    ):
        zoom.add_meeting(topic, at(start))
    assert api.topics("2027-01-10", "2027-01-11") == ["last", "first"]


def test_without_dates_it_is_today(api, zoom):
    """Nothing else, though nobody says so; a single end stands for one day or for until today."""
    zoom.add_meeting("today", at("2027-01-15T07:00:00"), 5)
    zoom.add_meeting("yesterday", at("2027-01-14T23:00:00"), 5)
    assert api.topics(None, None) == ["today"]
    assert api.topics("2027-01-14", None) == ["today", "yesterday"]
    assert api.topics(None, "2027-01-14") == ["yesterday"]


@pytest.mark.parametrize(
    ("first", "last", "cut"),
    [
        ("2026-12-15", "2027-01-15", "2026-12-15"),
        ("2026-12-14", "2027-01-15", "2026-12-15"),
        ("2020-01-01", "2027-01-01", "2026-12-01"),
        ("2026-01-01", "2026-03-31", "2026-02-28"),
    ],
)
def test_more_than_a_month_is_cut_without_a_word(api, zoom, first, last, cut):
    """Only the dates of the answer tell."""
    zoom.add_meeting("old", at("2020-01-01T12:00:00"))
    told = api.list(first, last)
    assert (told["from"], told["to"]) == (cut, last)
    assert told["meetings"] == []


def test_parameters_that_are_wrong(api):
    """400 with code 300, and the field; names that nobody knows do not matter."""
    for query, field in (
        ({"page_size": 301}, "page_size"),
        ({"page_size": 0}, "page_size"),
        ({"page_size": "x"}, "page_size"),
        ({"first": "2027-1-x"}, "from"),
        ({"last": "15.01.2027"}, "to"),
        ({"first": "2027-01-02", "last": "2027-01-01"}, "from"),
    ):
        told = api.list(**query)
        assert (told["code"], told["message"]) == (300, "Validation Failed.")
        assert told["errors"][0]["field"] == field
    assert api.list(pageSize=1, include_fields="download_access_token")["page_size"] == 30


def test_pages(api, zoom, clock):
    """Lead on for 15 minutes, for the same question; the newest meeting is on the first one."""
    for day in range(1, 8):
        zoom.add_meeting(str(day), at(f"2027-01-0{day}T10:00:00"))
    first = api.list(page_size=3)
    assert [one["topic"] for one in first["meetings"]] == ["7", "6", "5"]
    assert (first["page_count"], first["total_records"]) == (3, 7)
    token = first["next_page_token"]
    clock.advance(899)
    second = api.list(page_size=3, next_page_token=token)
    assert [one["topic"] for one in second["meetings"]] == ["4", "3", "2"]
    last = api.list(page_size=3, next_page_token=second["next_page_token"])
    assert [one["topic"] for one in last["meetings"]] == ["1"]
    assert last["next_page_token"] == ""
    stale = {"code": 300, "message": "The next page token is invalid or expired."}
    assert api.list("2027-01-02", page_size=3, next_page_token=token) == stale
    assert api.list(next_page_token=token + "x") == stale
    clock.advance(1)
    assert api.list(page_size=3, next_page_token=token) == stale
    zoom.pages.life_seconds = 1
    token = api.list(page_size=3)["next_page_token"]
    clock.advance(1)
    assert api.list(page_size=3, next_page_token=token) == stale


def test_lists_in_any_order(api, zoom):
    """With every meeting on one page or another all the same."""
    for day in range(1, 8):
        zoom.add_meeting(str(day), at(f"2027-01-0{day}T10:00:00"))
    zoom.shuffles = True
    first = api.list(page_size=4)
    second = api.list(page_size=4, next_page_token=first["next_page_token"])
    seen = [one["topic"] for one in first["meetings"] + second["meetings"]]
    assert sorted(seen) == list("1234567")
    assert seen != list("7654321")


def test_one_meeting_number(api, zoom):
    """All of its instances, and no other meeting."""
    for day in (1, 2):
        zoom.add_meeting(str(day), at(f"2027-01-0{day}T10:00:00"), number=123)
    zoom.add_meeting("other")
    assert api.topics(meeting_id=123) == ["2", "1"]


def test_nothing_to_list(api, zoom):
    """An empty list, or none."""
    told = api.list()
    assert (told["meetings"], told["total_records"], told["next_page_token"]) == ([], 0, "")
    zoom.omits_empty_list = True
    assert "meetings" not in api.list()


def test_a_basic_user(zoom, http):
    """Has an empty list, or is refused with code 200, even with status 200."""
    user = zoom.add_user("basic@example.com", kind=1)
    zoom.add_meeting("never", user=user)
    api = Api(zoom, http, user)
    assert api.list()["meetings"] == []
    zoom.basic_list = "refused"
    told = api("GET", "/users/me/recordings")
    assert (told.status_code, told.json()["code"]) == (200, 200)
    zoom.no_permission_status = 400
    assert api("GET", "/users/me/recordings").status_code == 400


def test_code_200_with_status_200(api, zoom):
    """A refusal that looks like an answer."""
    zoom.faults.append(Fault(("GET", "/v2/"), api_error(200, 200, "No permission.")))
    told = api("GET", "/users/me/recordings")
    assert (told.status_code, told.json()) == (200, {"code": 200, "message": "No permission."})
    assert api("GET", "/users/me/recordings").json()["meetings"] == []


def test_from_the_first_second_to_the_transcript(api, zoom, clock):
    """A recording that runs, is processed, is complete, and grows."""
    meeting = zoom.start_recording("Live")
    clock.advance(60)
    (shown,) = api.list()["meetings"]
    assert (shown["total_size"], shown["recording_count"], shown["duration"]) == (0, 0, 1)
    (file,) = shown["recording_files"]
    assert file["download_url"]
    assert {name: file[name] for name in ("recording_end", "file_type", "file_extension")} == {
        "recording_end": "",
        "file_type": "",
        "file_extension": "",
    }
    assert file["file_size"] == 0
    assert not file.keys() & {"status", "recording_type"}
    assert zoom.complete_files() == []

    clock.advance(1_800)
    zoom.finish(meeting, ready_after=600)
    zoom.add_file(meeting, "transcript", appears_at=clock.now() + HOUR)
    (shown,) = api.list()["meetings"]
    assert (shown["uuid"], shown["duration"], shown["recording_count"]) == (meeting.uuid, 31, 2)
    assert [one["status"] for one in shown["recording_files"]] == ["processing"] * 2
    zoom.hides_processing = True
    assert api.list()["meetings"] == []

    clock.advance(600)
    (shown,) = api.list()["meetings"]
    assert [one["status"] for one in shown["recording_files"]] == ["completed"] * 2
    assert len(zoom.complete_files()) == 2

    clock.advance(HOUR - 600)
    api.token = zoom.sign_in()["access_token"]
    (grown,) = api.list()["meetings"]
    assert grown["recording_count"] == 3
    assert grown["total_size"] > shown["total_size"]
    assert len(zoom.complete_files(zoom.first_user)) == 3


def test_too_short(api, zoom):
    """There is no list of files at all."""
    zoom.add_meeting("short", files=None)
    live = zoom.start_recording()
    zoom.finish(live, None)
    for shown in api.list()["meetings"]:
        assert "recording_files" not in shown


def test_a_meeting_to_come(api, zoom, clock):
    """Is nowhere until then."""
    zoom.add_meeting("later", clock.now() + 60, 0)
    assert api.list()["meetings"] == []
    clock.advance(60)
    assert len(api.list()["meetings"]) == 1


def test_files_that_are_unusual(api, zoom):
    """Two of a kind, kinds that nobody knows, no status, another size than the true one."""
    meeting = zoom.add_meeting(files=("video",))
    again = zoom.add_file(meeting, "video", start=meeting.start + 600, status="")
    odd = zoom.add_file(
        meeting, "poll", file_type="NEW", file_extension="XYZ", recording_type="a(b):c", status=None
    )
    again.told_size = 7
    first, second, third = api.list()["meetings"][0]["recording_files"]
    assert first["recording_type"] == second["recording_type"]
    assert first["recording_start"] < second["recording_start"]
    assert (second["status"], second["file_size"]) == ("", 7)
    assert (third["file_type"], third["recording_type"]) == ("NEW", "a(b):c")
    assert "status" not in third
    assert odd.content.size == third["file_size"]


def test_every_usual_kind(api, zoom):
    """Has its three names."""
    zoom.add_meeting(files=tuple(FILE_KINDS))
    shown = api.list()["meetings"][0]["recording_files"]
    told = [(one["file_type"], one["file_extension"], one["recording_type"]) for one in shown]
    assert told == [
        (kind.file_type, kind.file_extension, kind.recording_type) for kind in FILE_KINDS.values()
    ]


@pytest.mark.parametrize(
    ("kind", "once_is_enough"),
    [("plain", True), ("slash", True), ("leading", False), ("double", False)],
)
def test_uuids_in_paths(api, zoom, kind, once_is_enough):
    """Encoded twice they always arrive; once only where slashes do not lead astray."""
    meeting = zoom.add_meeting(uuid_kind=kind)
    once = quote(meeting.uuid, safe="")
    twice = api("GET", f"/meetings/{quote(once, safe='')}/recordings")
    assert twice.json()["uuid"] == meeting.uuid
    assert zoom.requests[-1].path.count("%25") == once.count("%")
    single = api("GET", f"/meetings/{once}/recordings")
    if once_is_enough:
        assert single.json()["uuid"] == meeting.uuid
    else:
        name = meeting.uuid.removeprefix("/")
        assert single.status_code == 404
        assert single.json() == {"code": 3001, "message": f"Meeting does not exist: {name}."}


def test_uuids_of_all_kinds_in_turn(zoom):
    """Nobody has to ask for them."""
    uuids = [zoom.add_meeting().uuid for _ in range(4)]
    assert "/" not in uuids[0]
    assert "/" in uuids[1][1:]
    assert uuids[2].startswith("/")
    assert "//" in uuids[3]
    assert all(len(uuid) == 24 for uuid in uuids)


def test_a_number_is_the_latest_instance(api, zoom):
    """The others have to be asked for by UUID."""
    old = zoom.add_meeting("old", at("2027-01-02T10:00:00"), number=123)
    new = zoom.add_meeting("new", at("2027-01-09T10:00:00"), number=123)
    assert api("GET", "/meetings/123/recordings").json()["uuid"] == new.uuid
    assert api.meeting(old).json()["uuid"] == old.uuid
    told = api("GET", "/meetings/999/recordings")
    assert told.json() == {"code": 3001, "message": "Meeting does not exist: 999."}


def test_one_meeting(api, zoom):
    """Its files, its passcode, and the sound of each person if there is any."""
    meeting = zoom.add_meeting()
    told = api.meeting(meeting).json()
    assert told["password"] == meeting.passcode
    assert len(told["recording_files"]) == 2
    assert not told.keys() & {"participant_audio_files", "download_access_token"}
    file = zoom.add_participant(meeting, "Ann")
    (sound,) = api.meeting(meeting).json()["participant_audio_files"]
    assert (sound["id"], sound["file_name"]) == (file.id, "Audio only - Ann")
    assert not sound.keys() & {"recording_type", "meeting_id"}


def test_download_access_tokens(api, zoom):
    """Come if they are asked for, in no list, and not where they are withheld."""
    meeting = zoom.add_meeting()
    wish = {"include_fields": "download_access_token", "ttl": 60}
    token = api.meeting(meeting, **wish).json()["download_access_token"]
    assert 500 <= len(token) <= 700
    assert "download_access_token" not in api.list(**wish)["meetings"][0]
    zoom.gives_download_tokens = False
    assert "download_access_token" not in api.meeting(meeting, **wish).json()
    for ttl in (604_801, -1):
        assert api.meeting(meeting, ttl=ttl).json()["errors"][0]["field"] == "ttl"


def test_other_people_s_meetings(zoom, http):
    """Are not there, unless the app is an administrator's."""
    other = zoom.add_user("other@example.com")
    meeting = zoom.add_meeting("secret", user=other)
    mine = Api(zoom, http)
    assert mine.list()["meetings"] == []
    assert mine.meeting(meeting).json()["code"] == 3001
    assert mine("GET", "/accounts/me/recordings").json()["code"] == 4711
    boss = zoom.add_user("boss@example.com", is_admin=True)
    admin = Api(zoom, http, boss, list(ADMIN_SCOPES))
    assert admin.meeting(meeting).json()["topic"] == "secret"
    assert admin("GET", "/users/other@example.com").json()["id"] == other.id
    window = {"from": "2027-01-01", "to": "2027-01-15"}
    (shown,) = admin("GET", "/accounts/me/recordings", **window).json()["meetings"]
    assert (shown["topic"], shown["host_email"]) == ("secret", "other@example.com")
    told = admin("GET", f"/accounts/{boss.account_id}/recordings").json()
    assert told["message"].endswith("[cloud_recording:read:list_account_recordings:master].")


def test_a_transcript_at_its_own_address(api, zoom, clock):
    """Where it is, or why it is not there."""
    meeting = zoom.add_meeting(files=("video",))
    told = api.meeting(meeting, "transcript").json()
    assert told["can_download"] is False
    assert told["download_restriction_reason"] == "NO_TRANSCRIPT_DATA"
    file = zoom.add_file(meeting, "transcript", appears_at=clock.now() + 60, is_listed=False)
    told = api.meeting(meeting, "transcript").json()
    assert told["download_restriction_reason"] == "NOT_READY"
    clock.advance(60)
    told = api.meeting(meeting, "transcript").json()
    assert told["can_download"] is True
    assert told["download_url"] == f"{zoom.zoom_url}/rec/meeting/transcript/download/{file.key}"
    assert told["transcript_created_time"] == "2027-01-15T08:01:00Z"
    assert len(api.meeting(meeting).json()["recording_files"]) == 1
    api.meeting(meeting, method="DELETE")
    told = api.meeting(meeting, "transcript").json()
    assert told["download_restriction_reason"] == "DELETED_OR_TRASHED"
    live = zoom.start_recording()
    told = api.meeting(live, "transcript").json()
    assert told["download_restriction_reason"] == "NOT_READY"
    told = api("GET", "/meetings/999/transcript")
    assert (told.status_code, told.json()["code"]) == (404, 3322)


def test_a_summary(api, zoom, clock):
    """In the form of today, in the deprecated one, or in both; late, refused, or never."""
    meeting = zoom.add_meeting()
    path = "meeting_summary"
    told = api.meeting(meeting, path)
    assert (told.status_code, told.json()["code"]) == (404, 3001)
    zoom.add_summary(meeting, appears_at=clock.now() + 60)
    assert api.meeting(meeting, path).status_code == 404
    clock.advance(60)
    told = api.meeting(meeting, path).json()
    assert told["meeting_uuid"] == meeting.uuid
    assert told["next_steps"] == ["Ann Smith: send the draft"]
    assert told["summary_details"] == [{"label": "The plan", "summary": "A draft is ready."}]
    assert told["summary_content"] == (
        "## Quick recap\nThe plan was agreed.\n\n## The plan\nA draft is ready.\n\n"
        "## Next steps\n- Ann Smith: send the draft"
    )
    zoom.summary_form = "content"
    told = api.meeting(meeting, path).json()
    assert not told.keys() & {"summary_overview", "summary_details", "next_steps"}
    zoom.summary_form = "deprecated"
    zoom.add_summary(meeting, is_edited=True)
    told = api.meeting(meeting, path).json()
    assert "summary_content" not in told
    assert told["edited_summary"]["summary_details"] == "The plan: A draft is ready."
    zoom.add_summary(meeting, refusal="The summary was moved to Trash.")
    told = api.meeting(meeting, path)
    assert (told.status_code, told.json()["code"]) == (403, 2305)
    told = api("GET", f"/meetings/{meeting.number}/{path}")
    assert told.json() == {"code": 300, "message": "Invalid meeting ID."}
    basic = zoom.add_user("basic@example.com", kind=1)
    told = Api(zoom, api.http, basic).meeting(zoom.add_meeting(user=basic), path)
    assert (told.status_code, told.json()["code"]) == (400, 200)


def test_a_recording_in_the_trash(api, zoom, clock):
    """Is gone from lists, is in the trash for 30 days, and comes back."""
    meeting = zoom.add_meeting()
    done = api.meeting(meeting, method="DELETE", action="trash")
    assert (done.status_code, done.content) == (204, b"")
    assert api.list()["meetings"] == []
    gone = api.meeting(meeting)
    assert gone.status_code == 404
    assert gone.json() == {"code": 3301, "message": "This recording does not exist."}
    told = api.list(trash="true", first="2000-01-01", last="2000-01-02")
    assert not told.keys() & {"from", "to"}
    (shown,) = told["meetings"]
    assert shown["uuid"] == meeting.uuid
    assert shown["recording_files"][0]["deleted_time"] == "2027-01-15T08:00:00Z"
    assert api.meeting(meeting, method="DELETE").json()["code"] == 3301
    assert api.meeting(meeting, "recordings/status", "PUT", {}).json()["code"] == 300
    zoom.storage_full = True
    recover = {"action": "recover"}
    assert api.meeting(meeting, "recordings/status", "PUT", recover).json()["code"] == 3309
    zoom.storage_full = False
    assert api.meeting(meeting, "recordings/status", "PUT", recover).status_code == 200
    assert api.meeting(meeting).status_code == 200
    assert api.meeting(meeting, "recordings/status", "PUT", recover).json()["code"] == 3301
    api.meeting(meeting, method="DELETE")
    clock.advance(30 * DAY)
    api.token = zoom.sign_in()["access_token"]
    assert api.list(trash="true")["meetings"] == []
    assert api.meeting(meeting, "recordings/status", "PUT", recover).json()["code"] == 3301


def test_one_file_in_the_trash(api, zoom):
    """The others stay; its trash is another list."""
    meeting = zoom.add_meeting()
    video, audio = meeting.files
    assert api.meeting(meeting, f"recordings/{video.id}", "DELETE").status_code == 204
    (shown,) = api.list()["meetings"]
    assert [one["id"] for one in shown["recording_files"]] == [audio.id]
    assert api.list(trash="true")["meetings"] == []
    (shown,) = api.list(trash="true", trash_type="recording_file")["meetings"]
    assert [one["id"] for one in shown["recording_files"]] == [video.id]
    assert api.list(trash="true", trash_type="other")["code"] == 300
    assert api.meeting(meeting, f"recordings/{video.id}", "DELETE").json()["code"] == 3301
    api.meeting(meeting, f"recordings/{audio.id}", "DELETE")
    assert api.meeting(meeting).json()["code"] == 3301
    for file in (video, audio):
        path = f"recordings/{file.id}/status"
        assert api.meeting(meeting, path, "PUT", {"action": "recover"}).status_code == 204
    assert len(api.meeting(meeting).json()["recording_files"]) == 2


def test_deleting_for_ever(api, zoom):
    """From where it was or from the trash; nothing that is not complete."""
    first, second = zoom.add_meeting(), zoom.add_meeting()
    assert api.meeting(first, method="DELETE", action="other").json()["code"] == 300
    assert api.meeting(first, method="DELETE", action="delete").status_code == 204
    video, audio = second.files
    api.meeting(second, f"recordings/{video.id}", "DELETE")
    for file in (video, audio):
        path = f"recordings/{file.id}"
        assert api.meeting(second, path, "DELETE", action="delete").status_code == 204
    third = zoom.add_meeting()
    api.meeting(third, method="DELETE")
    assert api.meeting(third, method="DELETE", action="delete").status_code == 204
    assert zoom.deleted == {first.uuid, third.uuid, video.id, audio.id}
    assert api.list()["meetings"] == api.list(trash="true")["meetings"] == []
    live = zoom.start_recording()
    assert api.meeting(live, method="DELETE").json()["code"] == 3303


def test_the_limit_of_a_second(api, zoom, clock):
    """Is counted by category; the refusal says when it ends, if it is told to."""
    zoom.limits.choose("free")
    first = api("GET", "/users/me/recordings")
    assert first.headers["x-ratelimit-category"] == "Medium"
    assert first.headers["x-ratelimit-type"] == "QPS"
    assert first.headers["x-ratelimit-limit"] == "2"
    assert first.headers["x-ratelimit-remaining"] == "1"
    assert api("GET", "/users/me/recordings").headers["x-ratelimit-remaining"] == "0"
    refused = api("GET", "/users/me/recordings")
    assert refused.status_code == 429
    assert refused.json()["code"] == 429
    assert "maximum per-second rate limit" in refused.json()["message"]
    assert refused.headers["x-ratelimit-reset"] == str(int(clock.now()) + 1)
    assert "retry-after" not in refused.headers
    assert "x-zm-trackingid" in refused.headers
    assert api("GET", "/users/me").headers["x-ratelimit-category"] == "Light"
    zoom.limits.tells_reset = False
    assert "x-ratelimit-reset" not in api("GET", "/users/me/recordings").headers
    assert zoom.limits.refused == 2
    clock.advance(1)
    assert api("GET", "/users/me/recordings").status_code == 200


def test_the_limit_of_a_day(api, zoom, clock):
    """Ends at midnight of UTC, which Retry-After tells as a date and not in seconds."""
    zoom.limits.per_day["Medium"] = 3
    for _ in range(3):
        assert api("GET", "/users/me/recordings").status_code == 200
    refused = api("GET", "/users/me/recordings")
    assert refused.status_code == 429
    assert refused.headers["x-ratelimit-type"] == "Daily-limit"
    assert refused.headers["x-ratelimit-limit"] == "3"
    assert refused.headers["retry-after"] == "2027-01-16T00:00:00Z"
    assert "x-ratelimit-reset" not in refused.headers
    assert "maximum daily rate limit" in refused.json()["message"]
    assert api("GET", "/users/me").status_code == 200
    clock.advance(16 * HOUR)
    api.token = zoom.sign_in()["access_token"]
    assert api("GET", "/users/me/recordings").status_code == 200


def test_other_apps_of_the_account(api, zoom):
    """Use up the same limits."""
    zoom.limits.choose("pro")
    zoom.limits.others_per_second["Medium"] = 19
    assert api("GET", "/users/me/recordings").headers["x-ratelimit-remaining"] == "0"
    assert api("GET", "/users/me/recordings").status_code == 429
    zoom.limits.others_today["Light"] = 5
    zoom.limits.per_day["Light"] = 5
    assert api("GET", "/users/me").headers["x-ratelimit-type"] == "Daily-limit"


def test_without_a_plan_nothing_is_refused(api):
    """Answers say a limit all the same; a clock of a test stands still."""
    for _ in range(100):
        told = api("GET", "/users/me/recordings")
        assert told.status_code == 200
    assert told.headers["x-ratelimit-limit"] == "60"
    assert told.headers["x-ratelimit-remaining"] == "59"


def test_a_plan_by_the_real_clock(http):
    """Lets no more through than it says."""
    with ZoomServer(plan="pro") as zoom:
        api = Api(zoom, http)
        statuses = [api("GET", "/users/me/recordings").status_code for _ in range(60)]
    assert statuses.count(200) >= 20
    assert set(statuses) <= {200, 429}
    assert statuses.count(429) == zoom.limits.refused


def test_an_account_made_from_a_seed(zoom, http, clock):
    """The same one from the same seed; complete with what is unusual."""
    made = generate(zoom, 7, 400)
    with ZoomServer(clock=clock.now) as other:
        again = generate(other, 7, 400)
    assert [(one.uuid, one.topic, one.start) for one in made] == [
        (one.uuid, one.topic, one.start) for one in again
    ]
    assert len(zoom.meetings) == 400
    assert any(one.files is None for one in made)
    assert any(one.trashed_at for one in made)
    assert len({one.number for one in made}) < 400
    assert min(one.start for one in made) < clock.now() - 600 * DAY
    api = Api(zoom, http)
    told = api.list("2026-12-20", "2027-01-15", page_size=300)
    assert told["total_records"] == len(told["meetings"]) > 5
    before = len(zoom.complete_files())
    clock.advance(2 * DAY)
    assert len(zoom.complete_files()) >= before > 400


def test_as_a_process_of_its_own(http):
    """It says where it is and ends with its stdin."""
    command = [sys.executable, "-m", "tests.fakes.zoom", "--meetings", "3", "--auto-consent"]
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        told = json.loads(process.stdout.readline())
        body = {"grant_type": "refresh_token", "client_id": told["public_client_id"]}
        answer = http.post(f"{told['zoom_url']}/oauth/token", data=body)
        process.stdin.close()
        assert process.wait(10) == 0
    assert told.keys() == {
        "zoom_url",
        "api_url",
        "client_id",
        "client_secret",
        "public_client_id",
        "user",
        "meetings",
    }
    assert answer.json()["error"] == "invalid_grant"


def test_reading_needs_no_more_than_it_says(zoom, http):
    """The scopes for reading do for everything that reads."""
    meeting = zoom.add_meeting(files=("video", "transcript"))
    zoom.add_summary(meeting)
    api = Api(zoom, http, scopes=list(READ_SCOPES))
    for rest in ("recordings", "transcript", "meeting_summary"):
        assert api.meeting(meeting, rest).status_code == 200
    assert api.meeting(meeting, method="DELETE").json()["code"] == 4711
