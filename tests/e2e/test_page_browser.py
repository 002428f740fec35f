"""The pages in a real browser: seen, heard, used by keyboard, live, and without scripts."""

import contextlib
import itertools
import os
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.fakes.chromium import chromium
from tests.fakes.page_world import AUDIO, VIDEO, PageWorld
from tests.fakes.queued import enqueue, looked, send, state_of
from zoomsync_agent.core.job import State, Step
from zoomsync_agent.core.recording import Kind, ProcessingStatus
from zoomsync_agent.doctor.findings import problem, warning
from zoomsync_agent.web import guard

pytestmark = pytest.mark.slow

SCREENSHOTS = os.environ.get("ZOOMSYNC_SCREENSHOTS")
"""Where pictures of the pages are kept to be looked at; read before a test takes it away."""
TALK = "\n".join(
    f"[00:00:{second:02}] {('Ann Smith', 'Bob')[second % 2]}: {said}"
    for second, said in enumerate(
        (
            "Good morning everybody, let us begin.",
            "The costs of travel are higher than planned.",
            "That is what I feared.",
            "So we look at the budget of next year again.",
            "Agreed, on Friday.",
        )
    )
)
MODES = {
    "light": ("light", 1100),
    "dark": ("dark", 1100),
    "phone": ("light", 360),
}
TOO_WIDE = """width => document.documentElement.scrollWidth <= width ? [] :
  [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > width)
    .map((one) => `${one.localName}.${one.className}#${one.id}`)"""
WATCH = """
window.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
});
"""


@pytest.fixture
def world(home, tmp_path):
    """Give an agent that has looked through its empty folder, with its page."""
    with PageWorld(home, tmp_path / "ann") as found:
        (tmp_path / "ann").mkdir()
        looked(found)
        yield found


@pytest.fixture
def base(world):
    """Give the address at which it is served."""
    with world.serving() as link:
        yield link.partition("?")[0]


@pytest.fixture
def complaints():
    """Give what the browser complains about; at the end there must be nothing."""
    found = []
    yield found
    assert found == []


@pytest.fixture
def page(world, base, complaints, tmp_path):
    """Give a page of a browser that was let in."""
    with chromium(tmp_path / "browser") as found:
        let_in(found, world, base)
        hear(found, complaints)
        yield found


def let_in(page, world, base):
    """Open the overview by a link that works once."""
    page.goto(base)  # the first request makes the guard, which knows no older links
    page.goto(guard.link(base, world.token))


def hear(page, complaints):
    """Note what the browser complains about from now on."""
    page.add_init_script(WATCH)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda told: complaints.append(told.text) if told.type in ("error", "warning") else None,
    )


@contextlib.contextmanager
def without_scripts(page):
    """Give a page of the same browser, let in, in which no script runs."""
    state = page.context.storage_state()
    context = page.context.browser.new_context(java_script_enabled=False, storage_state=state)
    try:
        yield context.new_page()
    finally:
        context.close()


def furnish(world, monkeypatch):
    """Let there be something of everything; return the pages that show it."""
    budget = {"started_at": 1_764_000_000.0, "meeting": "m", "duration_seconds": 3725.0}
    row = world.add(
        "Budget of next year",
        content=VIDEO,
        transcription_text=TALK,
        summary="Travel is more expensive than planned.\nThe budget is looked at again.",
        action_items=("Ann asks the supplier for a new offer", "Bob sends the figures"),
        device="ann-laptop",
        **budget,
    )
    world.add("Budget of next year", content=AUDIO, name="audio.m4a", kind=Kind.AUDIO, **budget)
    world.add("Budget of next year", source="zoom", **budget)
    for number in range(60):
        world.add(
            f"Weekly {number} with <b>everybody</b>",
            started_at=1_763_000_000.0 - number * 86_400,
            duration_seconds=1800.0 + number,
            status=list(ProcessingStatus)[number % 3],
        )
    enqueue(world, "Board", state=State.RUNNING, size=1_200_000_000, sent=450_000_000)
    enqueue(world, "Hiring", state=State.RUNNING, step=Step.IDENTIFY, size=90_000_000)
    enqueue(world, "Broken", state=State.FAILED, code="source_damaged", detail="no moov box")
    enqueue(world, "Unwanted", state=State.CANCELLED)
    for number in range(80):
        enqueue(world, f"Waiting {number}")
    speeds = [0.0] * 20 + [4e6 + 1e6 * (n % 7) for n in range(40)]
    monkeypatch.setattr(type(world.desk), "speeds", lambda _self: speeds)
    monkeypatch.setattr(
        type(world.desk),
        "remote_findings",
        lambda _self: [
            problem("policy", "Nobody may read their own recordings.", "Run this.", "create x;"),
            warning("bucket", "The bucket has no limit of size."),
        ],
    )
    world.control.pause(60)
    world.control.resume()
    address = f"ui/recordings/{row.recording_id}"
    return {
        "overview": "",
        "recordings": "ui/recordings",
        "filters": "ui/recordings?q=budget&sort=oldest",
        "nothing": "ui/recordings?q=nothinglikeit",
        "recording": f"{address}?q=budget",
        "upload": "ui/upload",
        "activity": "ui/activity",
        "health": "ui/health",
        "space": "ui/space",
        "settings": "ui/settings",
        "missing": "ui/nothing",
    }


# --- seen and heard ------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_every_page_can_be_seen_and_heard(
    world, base, page, complaints, tmp_path, mode, monkeypatch
):
    """No rule of axe is broken, nothing is cut off, and there is a picture of each to look at."""
    scheme, width = MODES[mode]
    folder = Path(SCREENSHOTS or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    pages = furnish(world, monkeypatch)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    for name, address in pages.items():
        page.goto(f"{base}{address}")
        if name == "health":
            page.get_by_role("button", name="Look at the archive").click()
            expect(page.get_by_text("1 problem found.")).to_be_visible()
        page.screenshot(path=folder / f"{name}-{mode}.png", full_page=True)
        for opened in page.locator("details").all():
            opened.evaluate("one => one.open = true")
        found = Axe().run(page)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
        for narrow in {width, 320} if mode == "phone" else {width}:
            page.set_viewport_size({"width": narrow, "height": 900})
            assert page.evaluate(TOO_WIDE, narrow) == [], name
        page.set_viewport_size({"width": width, "height": 900})
    complaints[:] = [one for one in complaints if "404" not in one]


def test_a_stranger_sees_how_to_get_in(base, tmp_path):
    """In a page that is as accessible as the others."""
    complaints = []
    with chromium(tmp_path / "browser") as page:
        page.add_init_script(WATCH)
        page.on("console", lambda told: complaints.append(told.text))
        page.goto(base)
        expect(page.get_by_role("heading", level=1)).to_have_text("This page is yours alone")
        assert Axe().run(page).violations_count == 0
    assert all("401" in one for one in complaints)
    assert len(complaints) == 1


# --- used by keyboard ------------------------------------------------------------------------


def tab_to(page, **role):
    """Press Tab until something has the focus, as those do who use no mouse."""
    wanted = page.get_by_role(role.pop("role"), **role).first
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("one => one === document.activeElement"):
            ring = wanted.evaluate("one => getComputedStyle(one).outlineStyle")
            assert ring != "none", "nobody sees where the focus is"
            return
    pytest.fail(f"no Tab leads to {role}")


def test_the_keyboard_is_enough(world, base, page):
    """To skip to the content, pause, resume, try again, and find a recording."""
    job = enqueue(world, "Broken", state=State.FAILED, code="source_damaged")
    world.add("Budget", content=VIDEO, transcription_text=TALK)
    page.goto(base)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    summary = page.locator("#pause > summary")
    for _ in range(20):
        page.keyboard.press("Tab")
        if summary.evaluate("one => one === document.activeElement"):
            break
    page.keyboard.press("Enter")
    tab_to(page, role="button", name="For 1 hour")
    page.keyboard.press("Escape")
    expect(summary).to_be_focused()
    expect(page.get_by_role("button", name="For 1 hour")).to_be_hidden()
    page.keyboard.press("Enter")
    tab_to(page, role="button", name="Until I resume")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Paused")
    tab_to(page, role="button", name="Resume")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Uploads go on.")).to_be_visible()
    tab_to(page, role="button", name=re.compile("^Try again"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 file is tried again.")).to_be_visible()
    assert state_of(world, job) is State.READY
    tab_to(page, role="link", name="Recordings", exact=True)
    page.keyboard.press("Enter")
    tab_to(page, role="searchbox", name="Search")
    page.keyboard.type("budget")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 recording found")).to_be_visible()
    tab_to(page, role="link", name=re.compile("^at "))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Budget")
    tab_to(page, role="link", name="0:01")


# --- live --------------------------------------------------------------------------------------


def test_the_page_follows_the_work(world, base, page):
    """Without being loaded anew; what somebody has opened, focused and scrolled to stays."""
    job = enqueue(world, "Board", state=State.RUNNING, size=1_000_000, sent=100_000)
    waiting = [enqueue(world, f"Waiting {number}") for number in range(40)]
    page.goto(base)
    page.evaluate("window.mine = true")
    bar = page.locator("#now progress")
    expect(bar).to_have_attribute("value", "100000")
    files = page.locator("#files-ready-ready")
    files.locator("summary").click()
    files.get_by_role("button", name="Do not upload (Waiting 9)").focus()
    page.evaluate("scrollTo(0, 300)")

    send(world, job, 730_000)
    enqueue(world, "New one")
    world.control.cancel([str(waiting[3])])  # all below it move up

    expect(bar).to_have_attribute("value", "730000")
    expect(page.locator("#now .percent")).to_have_text("73 %")
    expect(files).to_contain_text("New one")
    expect(files).to_have_attribute("open", "")
    expect(files.get_by_role("button", name="Do not upload (Waiting 9)")).to_be_focused()
    assert page.evaluate("scrollY") == 300
    assert page.evaluate("window.mine")


def test_the_title_tells_the_state(world, base, page):
    """On every page, so that a tab in the background tells it too."""
    page.goto(f"{base}ui/activity")
    expect(page).to_have_title(re.compile("^All safe · Activity"))
    world.control.pause()
    expect(page).to_have_title(re.compile("^Paused · Activity"))
    expect(page.get_by_role("listitem").filter(has_text="ause")).not_to_have_count(0)


def test_a_page_asks_at_most_once_a_second(base, page):
    """However fast it is told that something has changed."""
    told = []
    page.route(
        "**/ui/events",
        lambda route: (
            told.append(route),
            route.fulfill(
                content_type="text/event-stream", body="retry: 30\n\nevent: snapshot\ndata: {}\n\n"
            ),
        ),
    )
    # By the page's own clock: how soon a request reaches anybody else is the machine's affair.
    page.add_init_script(
        "const real = window.fetch; window.asked = [];"
        "window.fetch = (...all) => { window.asked.push(Date.now()); return real(...all); };"
    )
    page.goto(base)
    _wait_in(page, "window.asked.length >= 5")
    asked = page.evaluate("window.asked")
    assert all(b - a >= 995 for a, b in itertools.pairwise(asked))  # timers round
    assert len(told) > 2 * len(asked)


def _wait_in(page, expression):
    """Wait until *expression* holds; `wait_for_function` may `eval`, which the policy forbids."""
    for _ in range(600):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"it did not happen: {expression}")


def is_live(request):
    """Whether a script asks for what has changed."""
    return request.headers.get("x-fragment") == "live"


def test_a_page_in_the_background_costs_nothing(world, base, page):
    """It asks for nothing until it is looked at again."""
    asked = []
    job = enqueue(world, "Board", state=State.RUNNING, size=1_000_000)
    page.goto(base)
    expect(page.locator("#now progress")).to_have_attribute("value", "0")
    page.evaluate(
        "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    page.on("request", lambda request: asked.append(request.url))
    send(world, job, 500_000)
    page.wait_for_timeout(2500)
    assert asked == []
    page.evaluate(
        "Object.defineProperty(document, 'hidden', {value: false, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    expect(page.locator("#now progress")).to_have_attribute("value", "500000")


def test_a_page_says_when_the_agent_is_gone(world, tmp_path):
    """And takes it back when there is one again."""
    with chromium(tmp_path / "browser") as page:
        with world.serving() as link:
            let_in(page, world, link.partition("?")[0])
            page.wait_for_timeout(1500)  # until its stream is open
        gone = page.get_by_text("The agent does not answer.")
        expect(gone).to_be_visible()
        page.evaluate("window.fetch = async () => new Response('<title>Back</title>')")
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(gone).to_be_hidden()
        expect(page).to_have_title("Back")


# --- recordings --------------------------------------------------------------------------------


def at(page):
    """Return where the player is."""
    return page.locator("#player video").evaluate("one => one.currentTime")


def test_a_search_leads_to_the_second(world, base, page):
    """From the words to the place in the recording where they were said."""
    world.add("Budget", content=VIDEO, transcription_text=TALK)
    page.goto(f"{base}ui/recordings")
    page.get_by_role("searchbox", name="Search").fill("friday")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".hit mark")).to_have_text("Friday")
    page.get_by_role("link", name="at 0:04").click()
    expect(page.locator("#cues mark")).to_have_text("Friday")
    _wait_in(page, "document.querySelector('#player video').readyState >= 1")
    _wait_in(page, "document.querySelector('#player video').currentTime > 0")
    assert at(page) == pytest.approx(4.0, abs=0.3)
    expect(page.locator("#cues [aria-current]")).to_contain_text("Agreed")


def test_player_and_transcript_follow_each_other(world, base, page):
    """A line seeks; what is played is marked; what is typed filters."""
    row = world.add("Budget", content=VIDEO, transcription_text=TALK)
    page.goto(f"{base}ui/recordings/{row.recording_id}")
    _wait_in(page, "document.querySelector('#player video').readyState >= 1")
    page.get_by_role("link", name="0:03").click()
    expect(page.locator("#cues [aria-current]")).to_contain_text("budget of next year")
    assert page.url.endswith(row.recording_id)
    expect(page.locator("#cues [aria-current]")).to_contain_text("Agreed", timeout=5000)
    page.locator("#player video").evaluate("one => { one.pause(); one.currentTime = 1.5 }")
    expect(page.locator("#cues [aria-current]")).to_contain_text("travel")
    assert page.locator("#cues [aria-current]").count() == 1
    page.get_by_role("searchbox", name="Find in the transcript").fill("year bud")
    expect(page.locator("#hits")).to_have_text("1 of 5 lines")
    expect(page.locator("#cues li:visible")).to_have_count(1)
    expect(page.locator("#cues mark")).to_have_count(2)
    page.get_by_role("searchbox", name="Find in the transcript").fill("")
    expect(page.locator("#cues li:visible")).to_have_count(5)
    expect(page.locator("#cues mark")).to_have_count(0)


def test_a_recording_that_is_played_is_not_disturbed(world, base, page):
    """News changes what is beside it; the player plays on."""
    row = world.add("Budget", content=VIDEO, transcription_text=TALK)
    page.goto(f"{base}ui/recordings/{row.recording_id}")
    _wait_in(page, "document.querySelector('#player video').readyState >= 1")
    page.locator("#player video").evaluate(
        "one => { window.mine = one; one.muted = true; one.play() }"
    )
    world.control.library.rename(row, "Renamed")
    expect(page.get_by_role("heading", level=1)).to_have_text("Renamed")
    assert page.evaluate("window.mine === document.querySelector('#player video')")
    assert at(page) > 0


def test_what_can_be_done_with_a_recording(world, base, page):
    """It gets another title, and its path is copied."""
    row = world.add("Budget", content=VIDEO)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{base}ui/recordings/{row.recording_id}")
    page.get_by_label("Title of the meeting").fill("Budget 2027")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Budget 2027")
    expect(page.get_by_text("The meeting has its new title.")).to_be_visible()
    assert "note" not in page.url
    path = str(world.desk.playable(row).path)
    assert page.get_by_label("Path on this computer").input_value() == path
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == path
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download").click()
    assert Path(saved.value.path()).read_bytes() == VIDEO.read_bytes()


def test_a_recording_is_handed_in_with_its_progress(world, base, page, complaints):
    """And refused with the reason where it is none."""
    bad = world.archive / "bad.mp4"
    bad.parent.mkdir(parents=True, exist_ok=True)
    bad.write_bytes(b"hello")
    page.goto(f"{base}ui/recordings")
    page.get_by_role("link", name="Add a recording").click()
    page.get_by_label("File", exact=True).set_input_files(bad)
    page.get_by_role("button", name="Add it").click()
    expect(page.locator("[data-upload-state] p")).to_contain_text("this is no whole recording")
    assert [one for one in complaints if "409" not in one] == []
    complaints.clear()
    page.get_by_label("Title of the meeting").fill("Board")
    page.get_by_label("File", exact=True).set_input_files(VIDEO)
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("The recording is here and waits for its upload.")).to_be_visible()
    assert [one.meeting_title for one in world.control.snapshot().waiting] == ["Board"]


def test_every_action_of_the_overview(world, base, page):
    """Is one click, says what it did, and did it."""
    job = enqueue(world, "Broken", state=State.FAILED, code="source_damaged")
    page.goto(base)
    page.get_by_role("button", name=re.compile("^Try again")).first.click()
    expect(page.get_by_text("1 file is tried again.")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Do not upload")).click()
    expect(page.get_by_text("1 file is not uploaded.")).to_be_visible()
    assert state_of(world, job) is State.CANCELLED
    page.get_by_role("button", name=re.compile("^Upload after all")).click()
    expect(page.get_by_text("1 file is tried again.")).to_be_visible()
    page.get_by_role("button", name="Look now").click()
    expect(page.get_by_text("is being looked through")).to_be_visible()
    page.get_by_role("button", name="Stop monitoring").click()
    assert not world.control.is_watching
    page.get_by_role("button", name="Start monitoring").click()
    expect(page.get_by_role("button", name="Stop monitoring")).to_be_visible()
    assert world.control.is_watching
    page.locator("#pause > summary").click()
    page.get_by_role("button", name="Until tomorrow, 8:00").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Paused")


# --- without scripts ---------------------------------------------------------------------------


def test_everything_works_without_scripts(world, base, page):
    """Reading, finding, playing from a second, and doing."""
    world.add("Budget", content=VIDEO, transcription_text=TALK)
    job = enqueue(world, "Broken", state=State.FAILED, code="source_damaged")
    with without_scripts(page) as plain:
        plain.goto(base)
        assert plain.locator("noscript meta[http-equiv=refresh]").count() == 1
        plain.get_by_role("button", name=re.compile("^Try again")).first.click()
        expect(plain.get_by_text("1 file is tried again.")).to_be_visible()
        assert state_of(world, job) is State.READY
        plain.locator("#pause > summary").click()
        plain.get_by_role("button", name="For 1 hour").click()
        expect(plain.get_by_role("heading", level=1)).to_have_text("Paused")
        plain.get_by_role("link", name="Recordings", exact=True).click()
        plain.get_by_role("searchbox", name="Search").fill("friday")
        plain.get_by_role("button", name="Search").click()
        plain.get_by_role("link", name="Budget").click()
        plain.get_by_role("link", name="0:03").click()
        expect(plain.locator("#player video")).to_have_attribute("src", re.compile("#t=3$"))
        plain.get_by_role("searchbox", name="Find in the transcript").fill("travel")
        plain.get_by_role("button", name="Find").click()
        expect(plain.locator("#cues li")).to_have_count(1)
        plain.get_by_label("Title of the meeting").fill("Budget 2027")
        plain.get_by_role("button", name="Rename").click()
        expect(plain.get_by_role("heading", level=1)).to_have_text("Budget 2027")
        plain.goto(f"{base}ui/upload")
        plain.get_by_label("File", exact=True).set_input_files(VIDEO)
        plain.get_by_role("button", name="Add it").click()
        expect(plain.get_by_text("The recording is here")).to_be_visible()
        plain.get_by_role("link", name="Activity").click()
        plain.get_by_label("What happened").select_option("Done by you")
        plain.get_by_role("button", name="Show", exact=True).click()
        expect(plain.locator(".event").first).to_be_visible()
        plain.get_by_role("link", name="Health").click()
        plain.get_by_role("button", name="Look at the archive").click()
        expect(plain.get_by_role("button", name="Look again")).to_be_visible()
