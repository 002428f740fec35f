"""What every `Surroundings` and every `Notifier` promises: no error, no wait, no invention."""

import itertools
import tempfile
import threading
import time
from pathlib import Path

import pytest

from tests.fakes.bus_services import NotificationDaemon
from tests.fakes.log import RecordingLog
from tests.fakes.surroundings import FakeNotifier, FakeSurroundings
from tests.fakes.tray.bus import SessionBus
from zoomsync_agent.core.notices import Notice
from zoomsync_agent.core.surroundings import Aspect, Conditions
from zoomsync_agent.desktop.notifying import BusNotifier, CallableNotifier
from zoomsync_agent.desktop.surroundings import ThisComputer

FIELDS = {
    Aspect.BATTERY: "on_battery",
    Aspect.METERED: "is_metered",
    Aspect.MEETING: "in_meeting",
}
ASKED = [frozenset(some) for count in range(4) for some in itertools.combinations(Aspect, count)]
NOTICE = Notice("failed", "1 recording could not be uploaded", "“A”: no.", "ui/health")


@pytest.fixture(params=["fake", "computer", "computer without a bus"])
def surroundings(request, tmp_path):
    """Give each in turn."""
    if request.param == "fake":
        return FakeSurroundings(on_battery=True, is_metered=False, in_meeting=None)
    if request.param == "computer":
        return ThisComputer()
    return ThisComputer(f"unix:path={tmp_path}/none")


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: "+".join(sorted(asked)) or "nothing")
def test_only_what_is_asked_is_told(surroundings, asked):
    """Everything else is not known; and what is known is yes or no."""
    found = surroundings.look(asked)
    assert isinstance(found, Conditions)
    for aspect, field in FIELDS.items():
        assert getattr(found, field) in ((True, False, None) if aspect in asked else (None,))


def test_a_look_ends_soon(surroundings):
    """Whoever looks holds up the bytes."""
    began = time.monotonic()
    surroundings.look(frozenset(Aspect))
    assert time.monotonic() - began < 5.0


def test_a_listener_begins_and_ends_or_is_none(surroundings):
    """Although there may be nothing to listen to."""
    listener = surroundings.listener(lambda _sign: None)
    if listener is None:
        return
    listener.start()
    assert listener.is_alive
    listener.stop(5.0)
    assert not listener.is_alive


def _failing(_title, _text):
    raise RuntimeError("no tray")


SHOWN_BY = {
    "tray": lambda _title, _text: True,
    "tray that cannot": lambda _title, _text: False,
    "tray that fails": _failing,
}
THAT_SHOW = ["fake", "tray", "daemon"]
THAT_DO_NOT = [
    "no daemon on a fake",
    "no tray yet",
    "tray that cannot",
    "tray that fails",
    "no bus",
]


@pytest.fixture(params=[*THAT_SHOW, *THAT_DO_NOT])
def notifier(request, tmp_path):
    """Give each in turn."""
    if "fake" in request.param:
        found = FakeNotifier()
        found.is_there = request.param == "fake"
        yield found
    elif request.param == "daemon":
        with (
            tempfile.TemporaryDirectory() as folder,
            SessionBus(Path(folder)) as bus,
            NotificationDaemon(bus.address),
        ):
            found = BusNotifier(pytest.fail, RecordingLog(), address=bus.address)
            yield found
            found.close(5.0)
    elif request.param == "no bus":
        found = BusNotifier(pytest.fail, RecordingLog(), address=f"unix:path={tmp_path}/none")
        yield found
        found.close(5.0)
    else:
        found = CallableNotifier(RecordingLog())
        found.show = SHOWN_BY.get(request.param)
        yield found


def test_to_tell_raises_nothing_and_waits_for_nothing(notifier):
    """Whatever the desktop is like, and however much there is to tell."""
    began = time.monotonic()
    for _ in range(200):
        notifier.tell(NOTICE)
    assert time.monotonic() - began < 2.0


@pytest.mark.parametrize("notifier", THAT_SHOW, indirect=True)
@pytest.mark.parametrize("text", ["“A”: no.", "nul \0 half \ud800 turned \u202e", "x" * 1_000_000])
def test_what_was_shown_is_told_once(notifier, text):
    """Whatever characters it holds, and also where whoever is told fails."""
    shown = threading.Semaphore(0)
    notifier.tell(Notice("failed", text, text), shown.release)
    assert shown.acquire(timeout=10.0)
    notifier.tell(NOTICE)
    assert not shown.acquire(timeout=0.2)


@pytest.mark.parametrize("notifier", THAT_DO_NOT, indirect=True)
def test_what_was_not_shown_is_never_told(notifier):
    """Who takes note of it would never try again."""
    notifier.tell(NOTICE, pytest.fail)
    time.sleep(0.1)
    notifier.forget()
    notifier.tell(NOTICE)


def test_to_forget_raises_nothing(notifier):
    """Whether or not something waits."""
    notifier.forget()
    notifier.tell(NOTICE)
    notifier.forget()
