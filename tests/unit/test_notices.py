"""Which notices there are, and when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync_agent.core.activity import Happening
from zoomsync_agent.core.errors import leaves
from zoomsync_agent.core.job import Step
from zoomsync_agent.core.notices import (
    AGAIN_SECONDS,
    AT_MOST_EVERY_SECONDS,
    GRACE_SECONDS,
    GROUP_SECONDS,
    Happened,
    Memory,
    Wanted,
    decide,
    needs_of,
)
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.core.snapshot import Active, AgentState, Amount, Rows, Snapshot

SIGNED_OUT = Problem("sign_in_required", "the session was ended")
FULL = Problem("destination_full", "the disk is full")
OFFLINE = Problem("network_unavailable", "no route")
BUSY = Active(1, "a.mp4", "A", Step.TRANSFER, 10, 5)


def view(**what):
    """Return what people see."""
    plain = {
        "state": AgentState.IDLE,
        "sentence": "",
        "recordings_path": "/r",
        "root_problem": "",
        "destination": "folder",
        "archive": "/a",
        "synced": Amount(),
        "queued": Amount(),
        "history": Amount(),
        "counts": {"failed": 1, "blocked": 0},
    }
    return Snapshot(**(plain | what))


class Desk:
    """Somebody who is told, while time passes."""

    def __init__(self, wanted=Wanted.PROBLEMS):
        self.memory, self.now, self.wanted = Memory(0), 1_800_000_000.0, wanted
        self.seen, self.is_snoozed, self._entries = view(), False, 0

    def hear(self, *happened):
        """Return the notices that come of what happened."""
        self.memory, notices = decide(
            self.memory,
            happened,
            self.seen,
            wanted=self.wanted,
            now=self.now,
            is_snoozed=self.is_snoozed,
        )
        # What is kept is what the next start reads.
        assert Memory.read(self.memory.text) == self.memory
        return list(notices)

    def wait(self, seconds):
        """Let time pass, and return the notices of its end."""
        self.now += seconds
        return self.hear()

    def event(self, happening, meeting="m", title="Weekly", code=None):
        """Return something that happens."""
        self._entries += 1
        return Happened(self._entries, happening, meeting, title, code)

    def failed(self, meeting="m", title="Weekly", code="verification_failed"):
        """Return a failure."""
        return self.event(Happening.FAILED, meeting, title, code)

    def safe(self, meeting="m", title="Weekly"):
        """Return a success."""
        return self.event(Happening.SAFE, meeting, title)


@pytest.fixture
def desk():
    """Give somebody who wants problems."""
    return Desk()


@pytest.fixture
def curious():
    """Give somebody who wants all."""
    return Desk(Wanted.ALL)


def test_a_failure_is_told_with_its_reason(desk):
    """At once, and once."""
    (notice,) = desk.hear(desk.failed())
    assert notice.title == "1 recording could not be uploaded"
    assert notice.text.startswith("“Weekly”: ")
    assert notice.is_problem
    assert desk.hear() == []
    assert desk.wait(AGAIN_SECONDS) == []


def test_many_failures_are_one_notice(desk):
    """Five thousand windows made people turn such things off."""
    many = [desk.failed(f"m{n}", f"Meeting {n}") for n in range(5_000)]
    (notice,) = desk.hear(*many)
    assert notice.title == "5,000 recordings could not be uploaded"
    assert "“Meeting 0”, “Meeting 1” and 4,998 more" in notice.text
    assert len(desk.memory.text) < 20_000


def test_what_comes_soon_after_adds_up(desk):
    """No two notices of a kind in five minutes; the second takes the place of the first."""
    (first,) = desk.hear(desk.failed("m1"))
    assert desk.hear(desk.failed("m2")) == []
    assert desk.wait(AT_MOST_EVERY_SECONDS - 1) == []
    (second,) = desk.wait(1)
    assert second.title == "2 recordings could not be uploaded"
    assert second.group == first.group


def test_what_comes_much_later_is_counted_anew(desk):
    """Nobody remembers this morning's."""
    desk.hear(desk.failed("m1"))
    desk.now += GROUP_SECONDS
    (notice,) = desk.hear(desk.failed("m2"))
    assert notice.title.startswith("1 recording ")


def test_files_of_a_meeting_count_once(desk):
    """Video, sound and chat are one recording to people."""
    (notice,) = desk.hear(desk.failed(), desk.failed(), desk.failed())
    assert notice.title.startswith("1 recording ")


def test_what_went_well_after_all_is_not_told(desk):
    """It was tried again before anybody could be told."""
    desk.hear(desk.failed("m1"))
    desk.hear(desk.failed("m2"))
    desk.seen = view(counts={"failed": 0, "blocked": 0})
    assert desk.wait(AT_MOST_EVERY_SECONDS) == []


def test_successes_are_silent_by_default(desk):
    """Nothing is to be done about them."""
    assert desk.hear(desk.safe()) == []


def test_successes_are_told_together_when_all_is_done(curious):
    """Not one by one, and not in the middle."""
    curious.seen = view(queued=Amount(3, 30), active=(BUSY,))
    assert curious.hear(*[curious.safe(f"m{n}", f"Meeting {n}") for n in range(12)]) == []
    assert curious.wait(3_600) == []
    curious.seen = view()
    (notice,) = curious.hear()
    assert notice.title == "12 recordings uploaded"
    assert not notice.is_problem
    assert curious.wait(AGAIN_SECONDS) == []


def test_a_loss_is_a_problem(desk):
    """Even though the agent mends it where it can."""
    (one,) = desk.hear(desk.event(Happening.LOST))
    assert "1 recording is no longer in the archive" in one.title
    desk.now += GROUP_SECONDS
    (two,) = desk.hear(desk.event(Happening.LOST, "a"), desk.event(Happening.LOST, "b"))
    assert "2 recordings are no longer" in two.title


def test_off_is_off(desk):
    """Also for errors; and who turns it on again is not told of what is old."""
    desk.wanted, desk.seen = Wanted.OFF, view(problem=SIGNED_OUT)
    assert desk.hear(desk.failed()) == []
    assert desk.wait(AGAIN_SECONDS) == []
    desk.wanted, desk.seen = Wanted.PROBLEMS, view()
    assert desk.wait(AGAIN_SECONDS) == []


def test_a_snooze_puts_off_and_forgets_nothing(desk):
    """Grouped at its end."""
    desk.is_snoozed = True
    desk.seen = view(problem=SIGNED_OUT)
    assert desk.hear(desk.failed("m1")) == []
    assert desk.wait(7_200) == []
    assert desk.hear(desk.failed("m2")) == []
    desk.is_snoozed = False
    told = desk.hear()
    assert [one.title for one in told] == [
        "2 recordings could not be uploaded",
        "Nothing can be uploaded",
    ]


def test_what_needs_somebody_is_told_after_a_grace(desk):
    """A keyring that opens ten seconds after the login is nothing to be told of."""
    desk.seen = view(problem=SIGNED_OUT)
    assert desk.hear() == []
    assert desk.wait(GRACE_SECONDS - 1) == []
    (notice,) = desk.wait(1)
    assert notice.is_problem
    assert notice.page == "ui/settings"
    assert "session was ended" in notice.text
    assert desk.wait(3_600) == []


def test_what_is_over_within_the_grace_is_not_told(desk):
    """And begins anew when it comes back."""
    desk.seen = view(problem=SIGNED_OUT)
    desk.hear()
    desk.seen = view()
    desk.wait(GRACE_SECONDS - 1)
    desk.seen = view(problem=SIGNED_OUT)
    assert desk.wait(10) == []
    assert desk.wait(GRACE_SECONDS - 1) == []
    assert len(desk.wait(1)) == 1


def test_what_still_needs_somebody_is_told_once_a_day(desk):
    """Not at each start, and not never again."""
    desk.seen = view(problem=FULL)
    desk.hear()
    assert len(desk.wait(GRACE_SECONDS)) == 1
    assert desk.wait(AGAIN_SECONDS - 1) == []
    assert len(desk.wait(1)) == 1


def test_what_comes_back_is_told_again(desk):
    """It was mended, and broke once more."""
    desk.seen = view(problem=FULL)
    desk.hear()
    desk.wait(GRACE_SECONDS)
    desk.seen = view()
    desk.wait(AT_MOST_EVERY_SECONDS)
    desk.seen = view(problem=FULL)
    assert desk.wait(1) == []
    assert len(desk.wait(GRACE_SECONDS)) == 1


def test_what_flickers_is_told_once(desk):
    """A drive with a loose plug."""
    desk.seen = view(problem=FULL)
    desk.hear()
    assert len(desk.wait(GRACE_SECONDS)) == 1
    for _ in range(8):
        desk.seen = view()
        assert desk.wait(15) == []
        desk.seen = view(problem=FULL)
        assert desk.wait(15) == []


@pytest.mark.parametrize(
    ("seen", "page"),
    [
        ({"root_problem": "The folder does not exist."}, "ui/settings"),
        ({"problem": SIGNED_OUT}, "ui/settings"),
        ({"problem": FULL}, "ui/health"),
        ({"cloud": Problem("zoom_sign_in_required")}, "ui/settings"),
        ({"cloud": Problem("scope_missing", "recording:read")}, "ui/health"),
        ({"rows": Rows(3, 1, Problem("row_refused", "too long"))}, "ui/health"),
    ],
)
def test_each_need_leads_to_the_place_that_helps(seen, page):
    """With a sentence that says what is wrong."""
    (need,) = needs_of(view(**seen))
    assert need.page == page
    assert need.text


@pytest.mark.parametrize(
    "seen",
    [
        {},
        {"problem": OFFLINE},
        {"cloud": OFFLINE},
        {"rows": Rows(3, 0, OFFLINE)},
        {"root_problem": "The folder does not exist.", "is_watching": False},
        {"is_paused": True},
    ],
)
def test_what_passes_by_itself_needs_nobody(seen):
    """Offline is no error, and who has stopped the monitoring knows."""
    assert not needs_of(view(**seen))


@pytest.mark.parametrize("happening", [Happening.FAILED, Happening.BLOCKED])
def test_what_is_told_as_a_need_is_not_told_of_each_file_too(desk, happening):
    """The file that found the door shut says the same once more."""
    desk.seen = view(problem=SIGNED_OUT)
    assert desk.hear(desk.event(happening, code="sign_in_required")) == []
    assert len(desk.hear(desk.event(happening, code="verification_failed"))) == 1


@pytest.mark.parametrize("cls", list(leaves()))
def test_every_error_can_be_told(desk, cls):
    """On one line, and not longer than a desktop shows."""
    (notice,) = desk.hear(desk.failed(code=cls.code, title="x" * 500))
    assert cls.title in notice.text
    for need in needs_of(view(problem=Problem(cls.code, "detail " * 100))):
        assert len(need.text) <= 300
        assert "\n" not in need.text


@pytest.mark.parametrize("text", [None, "", "x", "{}", "[]", '{"last_id": 1, "groups": 2}'])
def test_a_memory_that_cannot_be_read_is_none(text):
    """The agent begins anew then, with what is new."""
    assert Memory.read(text) is None


def test_a_clock_that_was_set_back_silences_nothing(desk):
    """For ever, that is."""
    desk.hear(desk.failed("m1"))
    desk.now -= 86_400.0
    assert len(desk.hear(desk.failed("m2"))) == 1


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["failed", "safe", "lost", "problem", "fine", "busy", "idle"]),
        st.floats(0, 400),
    ),
    max_size=60,
)


@given(_STEPS, st.sampled_from(list(Wanted)))
def test_there_is_no_flood_whatever_happens(steps, wanted):
    """No two notices of a group within five minutes, and none at all that nobody wants."""
    desk, last = Desk(wanted), {}
    for number, (what, seconds) in enumerate(steps):
        happened = []
        if what in ("failed", "safe", "lost"):
            happened = [desk.event(Happening(what), f"m{number}")]
        elif what in ("problem", "fine"):
            desk.seen = view(problem=FULL if what == "problem" else None)
        else:
            desk.seen = view(queued=Amount(1, 1) if what == "busy" else Amount())
        for notice in desk.hear(*happened):
            assert wanted is not Wanted.OFF
            assert notice.group != "safe" or wanted is Wanted.ALL
            assert desk.now - last.get(notice.group, 0.0) >= AT_MOST_EVERY_SECONDS
            last[notice.group] = desk.now
        desk.now += seconds
