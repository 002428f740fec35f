"""The pages over a real home: what they say, what forms do, what they keep to themselves."""

import re
import struct
import time
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from urllib.parse import urlsplit

import pytest

from tests.fakes.page_world import AUDIO, VIDEO, PageWorld
from tests.fakes.queued import enqueue, looked, state_of
from zoomsync_agent.core.job import State
from zoomsync_agent.core.recording import Kind, ProcessingStatus
from zoomsync_agent.desktop import opening
from zoomsync_agent.doctor.findings import problem
from zoomsync_agent.web.pages.showing import NOTES
from zoomsync_agent.web.pulse import MOST_STREAMS

PAGES = ("/", "/ui/recordings", "/ui/upload", "/ui/activity", "/ui/health", "/ui/nothing")
HOME = "http://127.0.0.1"
VOID = {"meta", "link", "input", "img", "br", "hr", "track"}
TALK = "[00:00:01] Ann: Good morning.\n[00:00:03] Bob: The <b>budget</b> is tight."


@pytest.fixture
def world(home, tmp_path):
    """Give an agent that has looked through its empty folder, with its page."""
    with PageWorld(home, tmp_path) as found:
        looked(found)
        yield found


@pytest.fixture
def client(world):
    """Give a browser that was let in."""
    return Browser(world.client())


class Browser:
    """A browser that stays at one address."""

    def __init__(self, client):
        self._client = client

    def get(self, address, **more):
        """Ask for something."""
        return self._client.get(address, **{"base_url": HOME, "buffered": True, **more})

    def post(self, address, **more):
        """Send something."""
        return self._client.post(address, **{"base_url": HOME, **more})


class Page(HTMLParser):
    """A page as a reader of its source sees it."""

    def __init__(self, answer):
        super().__init__()
        self.status = answer.status_code
        self.text = answer.text
        self.open, self.found, self.words = [], [], []
        self.feed(answer.text)

    def handle_starttag(self, tag, attrs):
        """Note an element."""
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """Note an element without content."""
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        """Expect that it was the last one opened."""
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data):
        """Note what is read, if it is."""
        if not {"script", "style", "title"} & set(self.open):
            self.words.append(data)

    @property
    def said(self):
        """What is read, on one line."""
        return " ".join(" ".join(self.words).split())

    def all(self, tag, **attributes):
        """Return the attributes of the elements *tag* that have these."""
        return [
            found
            for name, found in self.found
            if name == tag and all(found.get(key) == value for key, value in attributes.items())
        ]


def see(client, address, **headers):
    """Return a page."""
    return Page(client.get(address, headers=headers))


def do(client, address, **form):
    """Send a form; return the page that it leads to."""
    answer = client.post(address, data=form)
    assert answer.status_code == 303, answer.text
    return see(client, answer.headers["Location"])


# --- who gets in -------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [*PAGES, "/ui/events", "/static/page.js"])
def test_a_stranger_is_told_how_to_get_in(world, address):
    """And sees nothing else, not even whether there is such a page."""
    page = see(Browser(world.stranger()), address)
    assert page.status == 401
    assert "zoomsync open" in page.said
    assert "tray" in page.said
    assert page.all("a", href="/ui/recordings") == []
    assert page.all("script") == []


def test_what_that_page_looks_like_is_open_to_all(world):
    """Its style and its mark hold no secret."""
    for address in ("/static/page.css", "/static/icon.svg"):
        assert Browser(world.stranger()).get(address).status_code == 200


def test_no_form_can_be_sent_by_another_site(world, client):
    """Though the browser would bring its cookie."""
    answer = client.post(
        "/ui/pause", data={"for": "ever"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403
    assert world.control.snapshot().state == "idle"


# --- every page --------------------------------------------------------------------------------


@pytest.mark.parametrize("address", PAGES)
def test_every_page_keeps_its_own_policy(client, address):
    """One heading, a place in the navigation, nothing inline, nothing from elsewhere."""
    page = see(client, address)
    assert page.open == []
    assert page.status == (404 if address == "/ui/nothing" else 200)
    assert len(page.all("h1")) == 1
    assert page.all("html", lang="en")
    assert page.all("main", id="main")
    assert len(page.all("a", **{"aria-current": "page"})) == (page.status == 200)
    assert all("style" not in attributes for _, attributes in page.found)
    assert not any(key.startswith("on") for _, found in page.found for key in found)
    assert all(found.get("src", "").startswith("/static/") for found in page.all("script"))
    for _, found in page.found:
        for key in ("src", "href", "action"):
            assert not urlsplit(found.get(key) or "").netloc
    ids = [found["id"] for _, found in page.found if "id" in found]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("address", PAGES[:-1])
def test_a_script_is_given_only_what_changes(client, address):
    """Title and content, without the frame."""
    page = see(client, address, **{"X-Fragment": "live"})
    assert page.open == []
    assert page.found[0][0] == "title"
    assert page.all("html") == page.all("nav", **{"aria-label": "Pages"}) == []


def test_every_answer_gives_back_the_databases(world, client, monkeypatch):
    """Also one that is a refusal: the server's threads go on to the next request."""
    given = []
    monkeypatch.setattr(type(world.desk), "release", lambda _self: given.append(1))
    for address in ("/", "/ui/nothing", "/ui/recordings/none"):
        client.get(address)
    assert len(given) >= 3


# --- overview ----------------------------------------------------------------------------------


def test_the_state_is_said_in_one_sentence(world, client):
    """The core's, with its word in the title."""
    page = see(client, "/")
    assert world.control.snapshot().sentence in page.said
    assert "<title>All safe · Overview" in page.text
    assert page.all("p", id="sentence")[0]["role"] == "status"
    enqueue(world, "Weekly")
    assert "<title>Working · " in see(client, "/").text


def test_an_agent_that_is_not_set_up_leads_to_the_setup(home, tmp_path):
    """And offers nothing else to do."""
    with PageWorld(home, tmp_path, is_held=True) as world:
        page = see(Browser(world.client()), "/")
    assert page.all("a", href="/ui/setup")
    assert page.all("form", action="/ui/look") == []


def test_what_moves_is_shown_with_its_progress(world, client):
    """Per cent, bytes, and what is to be expected once something has been measured."""
    enqueue(world, "Weekly", state=State.RUNNING, size=2_000_000, sent=500_000)
    page = see(client, "/")
    assert page.all("progress", max="2000000", value="500000")
    assert "25 %" in page.said
    assert "500.0 KB of 2.0 MB" in page.said
    assert "left" not in page.said


def test_speed_and_time_left_are_those_of_the_last_minutes(world, client, monkeypatch):
    """What the meter has seen."""
    enqueue(world, "Weekly", state=State.RUNNING, size=2_000_000, sent=500_000)
    monkeypatch.setattr(type(world.desk), "speeds", lambda _self: [0.0] * 8 + [50_000.0] * 4)
    said = see(client, "/").said
    assert "50.0 KB/s · about 30 s left" in said
    assert "50.0 KB/s now; the most in the last minute was" in said


def test_five_hundred_files_with_one_reason_are_one_line(world, client):
    """With a count; fifty of them are named."""
    for number in range(500):
        enqueue(world, f"Weekly {number}", state=State.BLOCKED, code="destination_full")
    page = see(client, "/")
    assert page.said.count("The archive is full (500) ") == 1
    (group,) = page.all("details", id="files-blocked-destination_full")
    assert "open" not in group
    assert len(set(re.findall(r"Weekly \d+", page.said))) == 50


@pytest.mark.parametrize("title", ["<script>alert(1)</script>", "\"><b id='x'>", "{{ 7 * 7 }}"])
def test_titles_are_shown_as_they_are(world, client, title):
    """Whatever they hold."""
    enqueue(world, title)
    world.add(title)
    for address in ("/", "/ui/recordings"):
        page = see(client, address)
        assert title in page.said
        assert page.open == []


# --- what can be done --------------------------------------------------------------------------


def test_a_pause_is_begun_and_ended(world, client):
    """For an hour, until tomorrow, until it is ended."""
    for how_long in ("hour", "tomorrow", "ever"):
        page = do(client, "/ui/pause", **{"for": how_long})
        assert NOTES["paused"][0] in page.said
        assert world.control.snapshot().state == "paused"
        assert page.all("form", action="/ui/resume")
        assert do(client, "/ui/resume").all("form", action="/ui/pause")
        assert world.control.snapshot().state == "idle"
    assert client.post("/ui/pause", data={"for": "a while"}).status_code == 409


def test_monitoring_is_stopped_and_begun(world, client):
    """What is said is what holds."""
    page = do(client, "/ui/monitor/stop")
    assert not world.control.is_watching
    assert "Not monitoring" in page.said
    assert page.all("form", action="/ui/resume") == []
    do(client, "/ui/monitor/start")
    assert world.control.is_watching


def test_files_are_tried_again_and_left_out(world, client):
    """One, several, all."""
    first, second, third = (
        enqueue(world, f"Weekly {n}", state=State.FAILED, code="source_damaged") for n in range(3)
    )
    assert "1 file is tried again." in do(client, "/ui/retry", jobs=f"{first}").said
    assert [state_of(world, job) for job in (first, second)] == [State.READY, State.FAILED]
    page = do(client, "/ui/cancel", jobs=f"{first},{second}")
    assert "2 files are not uploaded." in page.said
    assert state_of(world, second) is State.CANCELLED
    assert page.all("input", name="jobs", value=f"{first},{second}")
    assert "1 file is tried again." in do(client, "/ui/retry").said
    assert state_of(world, third) is State.READY
    assert state_of(world, first) is State.CANCELLED


def test_nothing_but_numbers_of_jobs_is_taken(world, client):
    """A path would name a whole folder; and nothing named is nothing cancelled."""
    job = enqueue(world, "Weekly")
    for jobs in ("", str(world.recordings), "1;2", "-1"):
        assert client.post("/ui/cancel", data={"jobs": jobs}).status_code in (404, 409)
    assert client.post("/ui/cancel", data={"jobs": "999"}).status_code == 404
    assert state_of(world, job) is State.READY


def test_a_look_is_asked_for(world, client):
    """What is blocked is tried again at once."""
    job = enqueue(world, "Weekly", state=State.BLOCKED, code="destination_full")
    assert NOTES["looking"][0] in do(client, "/ui/look").said
    assert state_of(world, job) is State.READY


def test_signing_in_to_zoom_leaves_by_a_page_of_its_own(world, client, monkeypatch):
    """The page's policy lets no form be led to another site."""
    asked = []

    def begin(_self, uri):
        asked.append(uri)
        return "https://zoom.us/oauth?state=x"

    monkeypatch.setattr(type(world.desk), "begin_zoom", begin)
    answer = client.post("/ui/zoom/sign-in")
    page = Page(answer)
    assert page.status == 200
    assert asked == ["http://127.0.0.1/auth/zoom/callback"]
    assert page.all("a", href="https://zoom.us/oauth?state=x")
    assert page.all("meta", content="0; url=https://zoom.us/oauth?state=x")


@pytest.mark.parametrize(
    "query",
    [
        "note=<b>",
        "note=hello",
        "note=retried&n=<b>",
        "note=retried&n=-1",
        "n=5",
        "note=retried&n=1e9",
    ],
)
def test_no_text_of_an_address_is_said(client, query):
    """Nobody can make the page say something by a link."""
    page = see(client, f"/?{query}")
    said = page.all("p", id="note")
    assert not said or "1 file is tried again." in page.said
    assert "hello" not in page.said


def test_forms_lead_back_to_pages_of_ours_alone(world, client):
    """Also if somebody makes one that names another."""
    for back, led in (
        ("/ui/recordings/abc", "/ui/recordings/abc"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/ui/../\\evil", "/"),
    ):
        job = enqueue(world, "Weekly", state=State.FAILED, code="source_damaged")
        answer = client.post("/ui/retry", data={"jobs": job, "back": back})
        assert answer.headers["Location"].split("?")[0] == led


# --- recordings --------------------------------------------------------------------------------


def test_recordings_are_found_filtered_and_sorted(world, client):
    """By a plain form, whose choices stay chosen."""
    world.add("Budget", transcription_text=TALK, started_at=1_750_000_000.0)
    world.add("Hiring", kind=Kind.AUDIO, source="zoom", started_at=1_760_000_000.0)
    world.add("Lost", status=ProcessingStatus.FAILED, started_at=1_740_000_000.0)

    def found(query):
        page = see(client, f"/ui/recordings?{query}")
        return [title for title in ("Budget", "Hiring", "Lost") if page.all_titles(title)]

    Page.all_titles = lambda page, title: f">{title}</a>" in page.text
    assert found("") == ["Budget", "Hiring", "Lost"]
    assert found("q=morning") == ["Budget"]
    assert found("kind=audio") == found("source=zoom") == ["Hiring"]
    assert found("status=failed") == ["Lost"]
    assert found("since=2025-07-01") == ["Hiring"]
    assert found("until=2025-03-01") == ["Lost"]
    assert found("kind=nonsense&status=&since=yesterday&sort=x") == ["Budget", "Hiring", "Lost"]
    assert found("q=nothing+like+it") == []
    page = see(client, "/ui/recordings?q=a%22b&kind=audio")
    assert page.all("input", id="q")[0]["value"] == 'a"b'
    assert page.all("option", value="audio")[0].keys() >= {"selected"}
    order = [
        see(client, f"/ui/recordings?sort={one}").text.index(">Lost</a>") for one in ("", "oldest")
    ]
    assert order[0] > order[1]


def test_a_hit_leads_to_its_second(world, client):
    """Marked, escaped, and with the words that were looked for."""
    row = world.add("Weekly", transcription_text=TALK)
    page = see(client, "/ui/recordings?q=budget")
    assert "<mark>budget</mark>" in page.text
    assert "<b>budget" not in page.text
    assert page.all("a", href=f"/ui/recordings/{row.recording_id}?q=budget&t=3#player")


def test_pages_follow_each_other(world, client):
    """Every recording is on one of them."""
    for number in range(120):
        world.add(f"Weekly {number}.", started_at=1_700_000_000.0 + number)
    seen, address = set(), "/ui/recordings"
    for _ in range(3):
        page = see(client, address)
        assert "120 recordings" in page.said
        titles = set(re.findall(r"Weekly \d+\.", page.said))
        assert not titles & seen
        seen |= titles
        following = page.all("a", rel="next")
        address = following[0]["href"] if following else ""
    assert len(seen) == 120
    assert address == ""
    assert page.all("a", href="/ui/recordings", **{"class": "button"})
    assert client.get("/ui/recordings?cursor=nonsense").status_code == 422


def test_recordings_of_one_meeting_are_one_entry(world, client):
    """Its title once, the others as what else was recorded."""
    for kind, source in ((Kind.VIDEO, "local"), (Kind.AUDIO, "local"), (Kind.VIDEO, "zoom")):
        world.add("Budget", kind=kind, source=source, meeting="m")
    world.add("Other", started_at=1.0)
    page = see(client, "/ui/recordings")
    assert page.text.count(">Budget</a>") == 1
    assert page.said.count("Also recorded:") == 2
    assert "from Zoom’s cloud" in page.said
    assert len(page.all("tbody")) == 2


def test_an_empty_list_says_what_comes(world, client):
    """And one that is only filtered how to see the rest."""
    assert "No recordings yet" in see(client, "/ui/recordings").said
    world.add("Weekly")
    page = see(client, "/ui/recordings?q=nothing+like+it")
    assert "Nothing fits" in page.said
    assert page.all("a", href="/ui/recordings")


# --- one recording -----------------------------------------------------------------------------


def address_of(row, more=""):
    """Return the page of a recording."""
    return f"/ui/recordings/{row.recording_id}{more}"


def test_a_recording_is_shown_with_all_that_belongs_to_it(world, client):
    """What was said, what it comes to, what else there is, where it lies."""
    row = world.add(
        "Budget",
        content=VIDEO,
        meeting="m",
        transcription_text=TALK,
        summary="It is tight.",
        action_items=("Ask Ann",),
    )
    other = world.add("Budget", content=AUDIO, name="a.m4a", kind=Kind.AUDIO, meeting="m")
    page = see(client, address_of(row, "?q=budget&t=3"))
    assert page.all("video", src=address_of(row, "/content#t=3"))
    assert page.all("track", src=address_of(row, "/captions.vtt"))
    assert page.all("a", href=address_of(row, "?t=1#player"))
    assert "<mark>budget</mark>" in page.text
    for said in ("It is tight.", "Ask Ann", row.sha256, "1 of 2 lines", "Good morning."):
        assert said in page.said
    assert page.all("a", href=address_of(other))
    assert str(world.archive) in page.said
    assert see(client, address_of(other)).all("audio", src=address_of(other, "/content"))


def test_a_transcript_is_searched_without_a_script(world, client):
    """Only the lines that hold the words, and a way back."""
    row = world.add("Budget", content=VIDEO, transcription_text=TALK)
    page = see(client, address_of(row, "?q=budget&only=1"))
    assert "Good morning" not in page.said
    assert "is tight." in page.said
    assert page.all("a", href=address_of(row, "#transcript"))


def test_the_bytes_come_whole_or_in_part(world, client):
    """As players ask for them; nothing is kept by the browser or shown as a page."""
    row = world.add("Budget", content=VIDEO)
    whole = client.get(address_of(row, "/content"))
    assert (whole.status_code, whole.data) == (200, VIDEO.read_bytes())
    assert whole.headers["Cache-Control"] == "no-store"
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    part = client.get(address_of(row, "/content"), headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.data) == (206, VIDEO.read_bytes()[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{VIDEO.stat().st_size}"
    beyond = client.get(address_of(row, "/content"), headers={"Range": "bytes=999999999-"})
    assert beyond.status_code == 416
    saved = client.get(address_of(row, "/content?download=1"))
    assert saved.headers["Content-Disposition"].startswith("attachment; filename=")
    page = world.add("Page", name="page.html", content=b"<script>alert(1)</script>")
    assert client.get(address_of(page, "/content")).mimetype == "application/octet-stream"


def test_a_recording_elsewhere_is_played_from_there(world, client, monkeypatch):
    """By a link that ends."""
    row = world.add("Budget", content=VIDEO)
    monkeypatch.setattr(
        type(world.desk), "playable", lambda _self, _row: _Link("https://s3.example/a?sig=1")
    )
    answer = client.get(address_of(row, "/content"))
    assert (answer.status_code, answer.headers["Location"]) == (303, "https://s3.example/a?sig=1")


class _Link:
    path = None

    def __init__(self, url):
        self.url = url


def test_what_is_not_in_the_archive_is_not_played(world, client):
    """Neither what is not there yet, nor what a row claims to be elsewhere on this computer."""
    row = world.add("Budget", status=ProcessingStatus.UPLOADING)
    assert client.get(address_of(row, "/content")).status_code == 409
    assert see(client, address_of(row)).all("video") == []
    secret = world.home.data / "secret.mp4"
    secret.write_bytes(b"secret")
    other = world.add("Odd")
    world.catalog.publish(replace(other, file_url=secret.as_uri(), updated_at=time.time()))
    answer = client.get(address_of(other, "/content"))
    assert answer.status_code == 409
    assert b"secret" not in answer.data.replace(b"secret.mp4", b"")


def test_why_a_recording_is_not_uploaded_is_said(world, client):
    """With what can be done about it; the form leads back here."""
    row = world.add("Budget", status=ProcessingStatus.UPLOADING)
    job = enqueue(world, "Budget", state=State.FAILED, code="source_damaged", sha256=row.sha256)
    page = see(client, address_of(row))
    assert page.all("input", name="jobs", value=str(job))
    page = do(client, "/ui/retry", jobs=str(job), back=address_of(row))
    assert "1 file is tried again." in page.said
    assert row.sha256 in page.said
    assert state_of(world, job) is State.READY


def test_a_meeting_gets_another_title(world, client):
    """For all of its recordings; no title is refused, and nothing is lost."""
    row = world.add("Budget", meeting="m")
    other = world.add("Budget", meeting="m", kind=Kind.AUDIO)
    page = do(client, address_of(row, "/rename"), title="Budget <2027>")
    assert NOTES["renamed"][0] in page.said
    assert "Budget <2027>" in page.said
    assert world.control.recording(other.recording_id).meeting_title == "Budget <2027>"
    assert client.post(address_of(row, "/rename"), data={"title": " "}).status_code in (409, 422)
    assert world.control.recording(row.recording_id).meeting_title == "Budget <2027>"


def test_a_link_is_made_and_shown_but_in_no_address(world, client):
    """For as long as was chosen."""
    row = world.add("Budget", content=VIDEO)
    answer = client.post(address_of(row, "/link"), data={"life": "3600"})
    page = Page(answer)
    assert page.status == 200
    (made,) = page.all("input", id="made")
    assert made["value"] == row.file_url
    assert "readonly" in made
    assert page.all("body", **{"data-live-url": address_of(row)})
    assert client.post(address_of(row, "/link"), data={"life": "99999999"}).status_code == 409


def test_the_folder_is_opened(world, client, monkeypatch):
    """That of the archive."""
    row = world.add("Budget", content=VIDEO)
    opened = []
    monkeypatch.setattr(opening, "show", opened.append)
    assert NOTES["opened"][0] in do(client, address_of(row, "/folder")).said
    assert [path.read_bytes() for path in opened] == [VIDEO.read_bytes()]


def test_a_recording_that_is_none_is_said_to_be(client):
    """By a page with the core's words."""
    page = see(client, "/ui/recordings/no-such-recording")
    assert page.status == 404
    assert "no recording has an id" in page.said


# --- a recording is handed in ------------------------------------------------------------------


def test_a_recording_is_handed_in(world, client):
    """Byte for byte, with its title and its time, into the queue; also one that is large."""
    large = VIDEO.read_bytes() + struct.pack(">I4s", 200_008, b"free") + bytes(200_000)
    answer = client.post(
        "/ui/upload",
        data={
            "title": "Board",
            "started": "2026-03-01T10:30",
            "file": (BytesIO(large), "board.mp4"),
        },
        content_type="multipart/form-data",
    )
    assert answer.status_code == 303, Page(answer).said
    page = see(client, answer.headers["Location"])
    assert NOTES["received"][0] in page.said
    (waiting,) = world.control.snapshot().waiting
    assert (waiting.meeting_title, waiting.size) == ("Board", len(large))
    kept = list((world.home.data / "inbox").rglob("*.mp4"))
    assert [one.read_bytes() for one in kept] == [large]


def test_what_is_no_recording_is_refused(world, client):
    """With the reason; nothing is kept."""
    for content, name in ((b"hello", "notes.mp4"), (b"", "")):
        answer = client.post(
            "/ui/upload",
            data={"title": "x", "file": (BytesIO(content), name)},
            content_type="multipart/form-data",
        )
        assert answer.status_code == 409
        assert "back" in Page(answer).said
    assert world.control.snapshot().waiting == ()


def test_other_forms_are_short(client):
    """Only a recording may be large."""
    answer = client.post("/ui/retry", data={"jobs": "1" * 200_000})
    assert answer.status_code == 413


# --- activity, health, news --------------------------------------------------------------------


def test_the_journal_tells_what_was_done(world, client):
    """The newest first, and by kind."""
    do(client, "/ui/pause", **{"for": "hour"})
    do(client, "/ui/resume")
    page = see(client, "/ui/activity")
    assert len(page.all("li", **{"class": "event"})) == 2
    assert len(see(client, "/ui/activity?kind=done").all("li", **{"class": "event"})) == 2
    page = see(client, "/ui/activity?kind=trouble")
    assert page.all("li", **{"class": "event"}) == []
    assert page.all("option", value="trouble")[0].keys() >= {"selected"}
    assert "Nothing of the kind" in page.said


def test_the_journal_has_pages(world, client):
    """And a way back to the newest."""
    for _ in range(60):
        world.control.pause(60)
        world.control.resume()
    first = see(client, "/ui/activity?kind=done")
    older = first.all("a", rel="next")[0]["href"]
    assert "kind=done" in older
    second = see(client, older)
    assert len(second.all("li", **{"class": "event"})) == 20
    assert second.all("a", rel="next") == []
    assert second.all("a", href="/ui/activity?kind=done")


def test_health_looks_here_at_once_and_elsewhere_when_asked(world, client, monkeypatch):
    """What is wrong comes first, with what mends it."""
    asked = []

    def look(_self):
        asked.append(1)
        return [problem("policy", "Nobody may read.", "Run this.", "create policy x;")]

    monkeypatch.setattr(type(world.desk), "remote_findings", look)
    page = see(client, "/ui/health")
    assert asked == []
    assert str(world.archive) in page.said
    page = Page(client.post("/ui/health"))
    assert asked == [1]
    assert "1 problem found." in page.said
    assert "create policy x;" in page.said
    assert page.all("button", **{"data-copy": "sql-1"})[0].keys() >= {"hidden"}


def test_the_head_of_the_news_takes_up_no_place(world, client):
    """Nobody would ever close it."""
    for _ in range(MOST_STREAMS + 1):
        assert world.client().head("/ui/events", base_url="http://127.0.0.1").status_code == 200
    assert world.site.pulse._streams == []


def test_news_is_a_stream_and_has_an_end(world, client):
    """The next one takes the place of the one that has looked longest, which is told so."""
    answer = client.get("/ui/events", buffered=False)
    assert answer.mimetype == "text/event-stream"
    pieces = answer.iter_encoded()
    assert next(pieces).startswith(b"retry:")
    assert b"event: snapshot" in next(pieces)
    more = [client.get("/ui/events", buffered=False) for _ in range(MOST_STREAMS)]
    assert {one.status_code for one in more} == {200}
    assert "event: full" in b"".join(pieces).decode()
    for one in (answer, *more):
        one.close()
    assert client.get("/ui/events", buffered=False).status_code == 200
