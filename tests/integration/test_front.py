"""What people are told beside the menu, and how a run ends with the session."""

import threading

import pytest
from click.testing import CliRunner

from tests.fakes.log import RecordingLog
from tests.fakes.process import wait_for
from tests.fakes.surroundings import FakeNotifier
from zoomsync_agent import app, settings
from zoomsync_agent.app import checks, front
from zoomsync_agent.app.desk import AppDesk
from zoomsync_agent.app.ending import Ending
from zoomsync_agent.app.front import run_with_tray
from zoomsync_agent.app.no_tray import NoTray
from zoomsync_agent.app.surroundings import Around
from zoomsync_agent.cli import zoomsync
from zoomsync_agent.core.errors import StoreDamaged
from zoomsync_agent.desktop import logs
from zoomsync_agent.desktop.notifying import CallableNotifier
from zoomsync_agent.doctor import Level

WHY = "This desktop has no tray for icons."


class Person:
    """Somebody with a home and a desk, whose desktop has no tray."""

    def __init__(self, home, folder):
        self.home, self.folder = home, folder
        self.notifier = FakeNotifier()
        self.start()

    def start(self, **chosen):
        """Let the agent begin."""
        self.settings = settings.load(self.home, {}, cwd=self.folder, overrides=chosen)
        self.desk = AppDesk(self.home, self.settings)
        self.front = front._Front(self.desk, self.home, Around(None, self.notifier))

    def finding(self):
        """Return what the Health page says of the tray."""
        found = [one for one in self.desk.findings() if one.name == "tray"]
        return found[0] if found else None


@pytest.fixture
def person(home, tmp_path):
    """Give them."""
    found = Person(home.ensure(), tmp_path)
    yield found
    found.desk.close()


def test_that_there_is_no_tray_is_told_once(person):
    """And again only when there was one meanwhile."""
    person.front.tell_absent(WHY)
    person.front.tell_absent(WHY)
    (told,) = person.notifier.told
    assert WHY in told.text
    assert "zoomsync open" in told.text
    person.front.forget_absent()
    person.front.tell_absent(WHY)
    assert len(person.notifier.told) == 2


def test_what_nobody_was_shown_is_told_again(person):
    """At the next login; until there is something that shows notices."""
    person.notifier.is_there = False
    person.front.tell_absent(WHY)
    person.front.tell_absent(WHY)
    assert len(person.notifier.told) == 2
    person.notifier.come()
    person.front.tell_absent(WHY)
    assert len(person.notifier.told) == 2


@pytest.mark.parametrize("how", ["off", "snooze", "no notifier"])
def test_who_wants_no_notices_is_told_none(person, how):
    """Neither of that nor of a click that failed; later they are told of it."""
    if how == "off":
        person.start(notify="off")
    elif how == "snooze":
        person.desk.control.quiet.snooze(3_600.0)
    else:
        person.front._around = Around()
    person.front.tell_absent(WHY)
    person.front.tell_trouble("That went wrong.")
    assert person.notifier.told == []
    person.desk.control.quiet.snooze(0.0)
    person.start()
    person.front.tell_absent(WHY)
    person.front.tell_trouble("That went wrong.")
    assert len(person.notifier.told) == 2


def test_a_snooze_that_cannot_be_read_is_none(person, monkeypatch):
    """Rather one notice too many."""

    def fail(_self):
        raise StoreDamaged("agent.db")

    monkeypatch.setattr(AppDesk, "control", property(fail))
    person.front.tell_trouble("That went wrong.")
    assert person.notifier.told


def test_health_says_why_there_is_no_icon(person):
    """With what helps; it is nothing that is wrong with recordings."""
    assert person.finding() is None
    person.front.tell_absent(WHY)
    found = person.finding()
    assert WHY in found.sentence
    assert "GNOME" in found.mend
    assert found.level is Level.OK
    assert checks.is_in_order([found])
    person.front.forget_absent()
    assert person.finding() is None


def test_marks_that_cannot_be_written_or_read_end_nothing(person):
    """A folder in their place."""
    for name in ("no-tray", "no-tray.told"):
        (person.home.data / name / "x").mkdir(parents=True)
    marks = NoTray(person.home)
    marks.note(WHY)
    marks.note_told()
    marks.forget()
    assert marks.why == ""


class FakeTray:
    """A tray whose desktop does as the test says."""

    made = None

    def __init__(self, _desk, **told):
        self.told = told
        self.made.append(self)

    def run(self, ended):
        """Hold the thread."""
        assert ended.wait(20)

    def wake(self):
        """Do nothing."""

    def notify(self, _title, _text):
        """Show it."""
        return True


@pytest.fixture
def tray(monkeypatch):
    """Give the trays that were made."""
    monkeypatch.setattr("zoomsync_agent.tray.Tray", FakeTray)
    monkeypatch.setattr(FakeTray, "made", [])
    return FakeTray.made


def _run(person, work, ended, **more):
    told = {
        "around": Around(None, person.notifier),
        "log": RecordingLog(),
        "on_no_tray": lambda _why: None,
        **more,
    }
    thread = threading.Thread(
        target=run_with_tray, args=(work, person.desk, person.home, ended), kwargs=told
    )
    thread.start()
    return thread


def test_an_end_of_the_session_waits_for_the_work(person, tray):
    """Which is asked to end; the system ends the process after that."""
    ended, may_end, order = Ending(), threading.Event(), []

    def work():
        assert ended.wait(20)
        assert may_end.wait(20)
        order.append("work")

    thread = _run(person, work, ended)
    (one,) = wait_for("it runs", lambda: tray)

    def system():
        one.told["on_session_end"]()
        order.append("end")

    asking = threading.Thread(target=system)
    asking.start()
    assert ended.wait(10)
    assert order == []
    may_end.set()
    asking.join(10)
    thread.join(10)
    assert order == ["work", "end"]


def test_an_end_of_the_session_is_not_held_up_for_ever(person, tray, monkeypatch):
    """The system would not wait either."""
    monkeypatch.setattr(front, "_SESSION_END_SECONDS", 0.05)
    ended, may_end = Ending(), threading.Event()
    thread = _run(person, lambda: may_end.wait(20), ended)
    (one,) = wait_for("it runs", lambda: tray)
    one.told["on_session_end"]()
    assert ended.is_set()
    may_end.set()
    thread.join(10)


def test_a_click_on_the_trays_notice_opens_its_page(person, tray):
    """Where the tray shows notices."""
    opened, ended, log = threading.Event(), Ending(), RecordingLog()
    notifier = CallableNotifier(log, lambda _page: opened.set())
    thread = _run(person, lambda: ended.wait(20), ended, around=Around(None, notifier))
    (one,) = wait_for("it runs", lambda: tray)
    one.told["on_trouble"]("That went wrong.")
    one.told["on_notice"]()
    assert opened.wait(10)
    ended.set()
    thread.join(10)


@pytest.fixture
def no_tray(monkeypatch):
    """Let an agent find at once that there is no tray, and end."""

    def run(_settings, _home, *, on_no_tray, **_told):
        on_no_tray(WHY)

    monkeypatch.setattr(app, "run", run)
    yield
    logs.close()


SAID = f"No icon: {WHY} Its page: zoomsync open"


@pytest.mark.parametrize(
    ("words", "is_said"),
    [
        (["setup"], True),
        (["run"], True),
        (["run", "--at-login"], False),
        (["run", "--json"], False),
        (["run", "--headless"], False),
    ],
)
def test_a_terminal_says_that_there_is_no_icon(home, no_tray, monkeypatch, words, is_said):
    """And nothing says it to a program, nor where nobody reads."""
    monkeypatch.setattr("os.nice", lambda _by: 0)
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _self: True)
    done = CliRunner().invoke(zoomsync, words)
    assert done.exit_code == 0, done.output
    assert (SAID in " ".join(done.output.split())) is is_said
