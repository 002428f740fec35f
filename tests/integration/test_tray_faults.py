"""Faults of the tray over D-Bus: each concerns one message or one picture, and is told."""

import tempfile
import threading
from pathlib import Path

import pytest
from jeepney import DBusAddress, new_method_call
from PIL import Image

from tests.fakes.process import wait_for
from tests.fakes.tray.bus import FakePanel, SessionBus
from zoomsync_agent.tray.status_notifier.icon import Icon, Listeners
from zoomsync_agent.tray.status_notifier.line import Unsendable

ITEM = "org.kde.StatusNotifierItem"


@pytest.fixture
def bus():
    """A bus with a short path: the path of a socket has little room."""
    with tempfile.TemporaryDirectory() as place, SessionBus(Path(place)) as bus:
        yield bus


def failing(function, times=1, fault=ZeroDivisionError):
    """Return *function*, which fails so many times first."""
    left = [fault] * times

    def wrapped(*args, **options):
        if left:
            raise left.pop()
        return function(*args, **options)

    return wrapped


def update_fails(icon, _panel):
    """What is to be seen cannot be taken up."""
    icon._face.update = failing(icon._face.update)
    icon.wake()


def hearing_fails(icon, _panel):
    """The whole way to it fails."""
    loop = icon._loop
    object.__setattr__(loop._hearing, "update", failing(loop._hearing.update))
    icon.wake()


def panel_fails(icon, panel):
    """A signal of the panel is not understood."""
    icon._loop._panel.heard = failing(icon._loop._panel.heard)
    panel.show_icons(has_host=True)


def answer_fails(icon, panel):
    """An answer cannot be written down, and neither can it be said that it cannot."""
    icon._loop._line.send = failing(icon._loop._line.send, 2, Unsendable("half a character"))
    sender, path = panel.registered[-1]
    panel._send(new_method_call(DBusAddress(path, sender, ITEM), "Activate", "ii", (0, 0)))


def turn_fails(icon, panel):
    """Something that nobody has thought of; it begins anew with a fresh connection."""
    icon._loop._wait = failing(icon._loop._wait)
    icon.wake()
    panel.wait_for_icon(2)


@pytest.mark.parametrize(
    "fault", [update_fails, hearing_fails, panel_fails, answer_fails, turn_fails]
)
def test_no_fault_ends_the_loop(bus, fault):
    """The icon stays, or comes back, and follows what is to be seen."""
    faults = []
    icon = Icon(
        "zoomsync",
        icon=Image.new("RGB", (8, 8), "red"),
        title="before",
        find_bus=lambda: bus.address,
        # Whoever is told may fail, too.
        listeners=Listeners(
            on_hosted=failing(lambda: None), on_lost=failing(int), on_fault=faults.append
        ),
    )
    thread = threading.Thread(target=icon.run)
    with FakePanel(bus.address) as panel:
        thread.start()
        try:
            panel.wait_for_icon()
            wait_for("who was told has failed", lambda: faults)
            faults.clear()
            fault(icon, panel)
            wait_for("it is told", lambda: faults)
            icon.title = "after"
            wait_for("it goes on", lambda: panel.properties()["Title"] == "after")
            wait_for("it is in the tray", lambda: icon.is_hosted)
        finally:
            icon.stop()
            thread.join(10)
    assert not thread.is_alive()
