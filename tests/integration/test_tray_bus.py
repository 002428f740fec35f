"""The tray over D-Bus alone: a real bus, a panel that is played."""

import os
import signal
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from tests.fakes.log import RecordingLog
from tests.fakes.process import wait_for
from tests.fakes.tray.bus import FakePanel, SessionBus
from tests.fakes.tray.desk import FakeDesk, active_of, snapshot_of, view_of
from zoomsync_agent.core.errors import NotAllowed
from zoomsync_agent.core.snapshot import AgentState
from zoomsync_agent.tray import Tray
from zoomsync_agent.tray.status_notifier.icon import Icon, Listeners
from zoomsync_agent.tray.status_notifier.items import Item

ITEM, MENU = "org.kde.StatusNotifierItem", "com.canonical.dbusmenu"


@pytest.fixture
def bus(monkeypatch):
    """A bus with a short path: the path of a socket has little room."""
    with tempfile.TemporaryDirectory() as place, SessionBus(Path(place)) as bus:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
        monkeypatch.delenv("DISPLAY", raising=False)
        monkeypatch.setenv("XDG_CURRENT_DESKTOP", "XFCE")
        yield bus


class Running:
    """A tray that runs, and what it told."""

    def __init__(self, desk, **options):
        self.desk = desk
        self.ended = threading.Event()
        desk.ends(self.ended.set)
        self.reasons, self.troubles, self.shown = [], [], []
        self.log = RecordingLog()
        options = {"look_seconds": 0.05, "patience": 0.3} | options
        self.tray = Tray(
            desk,
            log=self.log,
            on_no_tray=self.reasons.append,
            on_tray=lambda: self.shown.append(time.monotonic()),
            on_trouble=self.troubles.append,
            platform="linux",
            **options,
        )
        self.thread = threading.Thread(
            target=self.tray.run, args=(self.ended,), name="main-stand-in"
        )

    def end(self):
        """End it; return the seconds that this took."""
        began = time.monotonic()
        self.ended.set()
        self.thread.join(10)
        assert not self.thread.is_alive()
        return time.monotonic() - began


@contextmanager
def running(desk=None, **options):
    """Run a tray."""
    one = Running(desk or FakeDesk(), **options)
    one.thread.start()
    try:
        yield one
    finally:
        one.end()
    assert not one.log.of_level("exception")


def has_called(desk, what):
    """Wait until the desk was asked for something."""
    wait_for(f"the desk does {what}", lambda: what in desk.calls)


def test_the_icon_registers_and_says_what_it_is(bus):
    """Name, sentence, pictures in every size, state, and where the menu is."""
    with FakePanel(bus.address) as panel, running() as one:
        panel.wait_for_icon()
        wait_for("it is known to be shown", lambda: one.shown)
        properties = panel.properties()
        assert properties["Id"] == properties["Title"] == "zoomsync"
        assert properties["Status"] == "Active"
        assert properties["ItemIsMenu"] is True
        assert properties["ToolTip"][2:] == (
            "zoomsync",
            "All finished recordings are safe: 12 files (3.4 GB).",
        )
        sizes = [(width, height) for width, height, _ in properties["IconPixmap"]]
        assert sizes == [(n, n) for n in (16, 22, 24, 32, 48, 64)]
        assert all(len(data) == w * h * 4 for w, h, data in properties["IconPixmap"])
        assert not one.reasons
        assert one.tray.is_shown


EVERY_CLICK = [
    ("Open status page", "open_page"),
    ("Open archive folder", "open_archive"),
    ("board_meeting · 11 Nov", "open_recording rec-2"),
    ("Stop monitoring", "watch False"),
    ("Pause for 1 hour", "pause 3600"),
    ("Change recordings folder…", "choose_folder"),
    ("Signed in to Zoom as you@example.org", "open_page ui/settings"),
    ("Start at login", "set_at_login True"),
    ("Quit", "end"),
]


@pytest.mark.parametrize(("label", "call"), EVERY_CLICK)
def test_a_click_leads_to_the_desk(bus, monkeypatch, label, call):
    """Every item does what it says, on a thread that may wait."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    with FakePanel(bus.address) as panel, running() as one:
        panel.wait_for_icon()
        panel.click(label)
        has_called(one.desk, call)
        assert one.desk.threads == {"tray-click"}
        wait_for("the thread gave back", lambda: "tray-click" in one.desk.released)


def test_what_a_click_does_is_seen_in_the_menu(bus):
    """Paused: Resume takes the place of both pauses; then they are back."""
    with FakePanel(bus.address) as panel, running() as one:
        panel.wait_for_icon()
        panel.click("Pause until tomorrow, 8:00")
        wait_for("Resume is there", lambda: "Resume" in panel.labels())
        assert "Pause for 1 hour" not in panel.labels()
        panel.click("Resume")
        wait_for("Pause is back", lambda: "Pause for 1 hour" in panel.labels())
        assert one.desk.calls[1] == "resume"


def test_an_open_menu_changes_in_place(bus):
    """Progress changes texts: the same numbers, no new layout, only what changed is told."""
    desk = FakeDesk(view_of(snapshot_of(AgentState.WORKING, active=(active_of(10),))))
    with FakePanel(bus.address) as panel, running(desk):
        panel.wait_for_icon()
        before = panel.menu()
        number = panel.number_of("Uploading Weekly planning · 10 %")
        path = panel.properties()["Menu"]
        assert panel.call(path, MENU, "AboutToShow", "i", 0) is False
        panel.forget()
        desk.shows(snapshot_of(AgentState.WORKING, active=(active_of(42),)))
        told = wait_for("the text is told", lambda: panel.told("ItemsPropertiesUpdated"))
        label = ("s", "Uploading Weekly planning · 42 %")
        assert told == [([(number, {"label": label})], [])]
        assert not panel.told("LayoutUpdated")
        assert [row["number"] for row in panel.menu()] == [row["number"] for row in before]


def test_who_opens_the_menu_has_it_fresh(bus):
    """It is answered at once, and looked at once: not only at the next turn."""
    desk = FakeDesk()
    with FakePanel(bus.address) as panel, running(desk, look_seconds=30.0):
        panel.wait_for_icon()
        desk.shows(snapshot_of(sentence="Fresh & <new>."))
        assert panel.call(panel.properties()["Menu"], MENU, "AboutToShow", "i", 0) is False
        wait_for("it is fresh", lambda: panel.labels()[0] == "Fresh & <new>.", 5)
        assert panel.properties()["ToolTip"][3] == "Fresh &amp; &lt;new&gt;."


def test_items_keep_their_numbers_when_others_come_and_go(bus):
    """A layout that is another one is told once, and what stays keeps its number."""
    with FakePanel(bus.address) as panel, running() as one:
        panel.wait_for_icon()
        before = {row["label"]: row["number"] for row in panel.menu() if "label" in row}
        panel.forget()
        one.desk.shows(snapshot_of(AgentState.WORKING, active=(active_of(1),)))
        wait_for("the layout is told", lambda: panel.told("LayoutUpdated"))
        after = {row["label"]: row["number"] for row in panel.menu() if "label" in row}
        assert {label: after.get(label) for label in before} == before
        assert len(panel.told("LayoutUpdated")) == 1


def test_nothing_is_told_while_nothing_changes(bus):
    """A desk that stirs without anything to be seen costs the panel nothing."""
    with FakePanel(bus.address) as panel, running() as one:
        panel.wait_for_icon()
        wait_for("it is shown", lambda: one.shown)
        panel.forget()
        seen = one.desk.views
        one.desk.becomes(view_of())
        wait_for("it was looked", lambda: one.desk.views > seen)
        panel.menu()
        assert not panel.signals


def test_state_and_picture_follow_the_agent(bus):
    """Somebody is needed: the state says so, with a picture of its own; then it is calm again."""
    with FakePanel(bus.address) as panel, running() as one:
        panel.wait_for_icon()
        calm = panel.properties()
        one.desk.shows(snapshot_of(AgentState.NEEDS_YOU, "Sign in again."))
        wait_for("it is told", lambda: ("NeedsAttention",) in panel.told("NewStatus"))
        wait_for("the picture is told", lambda: panel.told("NewIcon"))
        urgent = panel.properties()
        assert urgent["Status"] == "NeedsAttention"
        assert urgent["AttentionIconPixmap"] == urgent["IconPixmap"] != calm["IconPixmap"]
        panel.forget()
        one.desk.shows(snapshot_of())
        wait_for("calm is told", lambda: ("Active",) in panel.told("NewStatus"))
        assert panel.properties()["IconPixmap"] == calm["IconPixmap"]
        assert panel.properties()["AttentionIconPixmap"] == []


def test_profiles_are_told_apart(bus):
    """Two icons: each with its own name, and a letter in the picture."""
    with FakePanel(bus.address) as panel, running():
        panel.wait_for_icon()
        usual = panel.properties()
        with running(FakeDesk(view_of(profile="work"))):
            panel.wait_for_icon(2)
            other = panel.properties()
    assert (other["Id"], other["Title"]) == ("zoomsync-work", "zoomsync (work)")
    assert other["IconPixmap"] != usual["IconPixmap"]


def test_it_registers_again_when_the_panel_restarts(bus):
    """A panel that comes back has the icon again; nobody is told that there is no tray."""
    with running(patience=20) as one:
        for _ in range(3):
            with FakePanel(bus.address) as panel:
                panel.wait_for_icon()
                assert "Quit" in panel.labels()
            wait_for("it is missed", lambda: not one.tray.is_shown)
        assert not one.reasons


def test_it_appears_when_the_panel_comes_late(bus):
    """At login the panel may come after the agent: it is waited for, and then there."""
    with running(patience=20) as one:
        time.sleep(0.3)
        with FakePanel(bus.address) as panel:
            panel.wait_for_icon()
            wait_for("it is shown", lambda: one.shown)
        assert not one.reasons


def test_without_a_tray_it_is_said_once_and_one_is_awaited(bus):
    """GNOME without its extension: told why, the run goes on, and a tray that comes is used."""
    with running(patience=0.1) as one:
        reasons = wait_for("it is told", lambda: one.reasons)
        assert "GNOME" in reasons[0]
        time.sleep(0.3)
        assert one.thread.is_alive()
        with FakePanel(bus.address) as panel:
            panel.wait_for_icon()
            wait_for("it is shown", lambda: one.shown)
        assert len(reasons) == 1


def test_a_watcher_without_a_host_is_no_tray(bus):
    """Somebody keeps a list of icons, but nobody shows them; until somebody does."""
    with FakePanel(bus.address, has_host=False) as panel, running(patience=0.1) as one:
        panel.wait_for_icon()
        reasons = wait_for("it is told", lambda: one.reasons)
        assert "panel" in reasons[0]
        assert not one.tray.is_shown
        panel.show_icons(has_host=True)
        wait_for("it is shown", lambda: one.shown)
        panel.show_icons(has_host=False)
        wait_for("it is hidden", lambda: not one.tray.is_shown)


def test_without_a_bus_it_goes_on(monkeypatch, tmp_path):
    """A remote shell: no bus at all. It is said, and the run goes on until its end."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with running(patience=0.1) as one:
        reasons = wait_for("it is told", lambda: one.reasons)
        assert "no desktop session" in reasons[0]
        assert one.thread.is_alive()
        assert one.end() < 5.0


def test_it_comes_back_when_the_bus_died(bus):
    """The daemon dies: the run goes on, and finds the bus again."""
    with running(patience=20) as one:
        with FakePanel(bus.address) as panel:
            panel.wait_for_icon()
            bus.kill()
            wait_for("it is noticed", lambda: one.log.named("tray lost its bus"))
        assert one.thread.is_alive()
        bus.start()
        with FakePanel(bus.address) as panel:
            panel.wait_for_icon()
            panel.click("Open status page")
            has_called(one.desk, "open_page")


def test_it_ends_at_once(bus):
    """Whoever sets the end, the main thread is free within a moment, and the icon is gone."""
    with FakePanel(bus.address) as panel, running(look_seconds=1.0) as one:
        panel.wait_for_icon()
        wait_for("it is shown", lambda: one.shown)
        assert one.end() < 0.3
        with pytest.raises(RuntimeError, match=r"ServiceUnknown|NoReply|Disconnected"):
            panel.properties()


def test_the_default_of_the_icon_itself(bus):
    """A click that is no menu's opens the page; wheel and middle button do nothing."""
    with FakePanel(bus.address) as panel, running() as one:
        panel.wait_for_icon()
        path = panel.registered[-1][1]
        panel.call(path, ITEM, "Scroll", "is", 120, "vertical")
        panel.call(path, ITEM, "SecondaryActivate", "ii", 1, 1)
        panel.call(path, ITEM, "Activate", "ii", 1, 1)
        has_called(one.desk, "open_page")
        assert one.desk.calls == ["open_page"]


def test_plasma_gets_the_page_on_a_left_click(bus, monkeypatch):
    """There a left click is the program's own, and the menu is on the other button."""
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "KDE")
    with FakePanel(bus.address) as panel, running():
        panel.wait_for_icon()
        assert panel.properties()["ItemIsMenu"] is False


def test_a_click_that_waits_does_not_hold_up_the_menu(bus):
    """A dialog is open for long: the menu answers, others work, the same one is not done twice."""
    desk = FakeDesk()
    with FakePanel(bus.address) as panel, running(desk) as one:
        panel.wait_for_icon()
        desk.hold = threading.Event()
        panel.click("Change recordings folder…")
        panel.click("Change recordings folder…")
        wait_for("it is being done", lambda: desk.threads)
        assert "Quit" in panel.labels()
        desk.hold.set()
        has_called(desk, "choose_folder")
        panel.click("Open archive folder")
        has_called(desk, "open_archive")
        assert desk.calls == ["choose_folder", "open_archive"]
        assert not one.troubles


def test_what_goes_wrong_is_told_and_stands_in_the_menu(bus):
    """In a sentence; until the next click."""
    desk = FakeDesk()
    with FakePanel(bus.address) as panel, running(desk) as one:
        panel.wait_for_icon()
        desk.fault = NotAllowed("Nothing has been kept yet")
        panel.click("Open archive folder")
        assert "Nothing has been kept yet" in wait_for("it is told", lambda: one.troubles)[0]
        wait_for("it is in the menu", lambda: "Nothing has been kept yet" in panel.labels()[0])
        panel.click("Open archive folder")
        has_called(desk, "open_archive")
        wait_for("it is gone", lambda: "Nothing has been kept yet" not in panel.labels()[0])


def test_what_cannot_be_told_is_an_error_for_who_asks(bus):
    """A label that D-Bus cannot carry: it is noted, who asks is answered, the icon stays."""
    faults = []
    item = Item("bad", "half \ud800")
    icon = Icon(
        "x",
        lambda size: Image.new("RGBA", (size, size)),
        menu=(item,),
        listeners=Listeners(on_fault=faults.append),
    )
    thread = threading.Thread(target=icon.run)
    with FakePanel(bus.address) as panel:
        thread.start()
        panel.wait_for_icon()
        with pytest.raises(RuntimeError, match="Failed"):
            panel.menu()
        assert faults
        icon.menu = (Item("good", "whole"),)
        wait_for("it is well again", lambda: icon._table.items[0].key == "good")
        assert panel.labels() == ["whole"]
        icon.stop()
        thread.join(10)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (("/MenuBar", MENU, "GetLayout", "iias", 999, -1, []), "InvalidArgs"),
        (("/MenuBar", MENU, "GetLayout", "s", "x"), "InvalidArgs"),
        (("/MenuBar", MENU, "Event", "isvu", 999, "clicked", ("i", 0), 0), "InvalidArgs"),
        (("/MenuBar", MENU, "Explode", ""), "UnknownMethod"),
        (("/MenuBar", ITEM, "Activate", "ii", 0, 0), "UnknownInterface"),
        (("/Nowhere", MENU, "GetLayout", "iias", 0, -1, []), "UnknownObject"),
        (("/StatusNotifierItem", ITEM, "Activate", "ss", "a", "b"), "InvalidArgs"),
    ],
)
def test_bad_calls_are_answered_with_errors(bus, call, error):
    """The caller is told; the tray goes on."""
    with FakePanel(bus.address) as panel, running():
        panel.wait_for_icon()
        with pytest.raises(RuntimeError, match=error):
            panel.call(*call)
        assert "Quit" in panel.labels()


def test_a_signal_in_the_main_thread_ends_it(bus):
    """SIGTERM while the main thread waits for the bus: its handler is run at once."""
    ended = threading.Event()
    tray = Tray(FakeDesk(), log=RecordingLog(), platform="linux", patience=20)
    before = signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM))
        timer.start()
        began = time.monotonic()
        tray.run(ended)
        assert 0.2 < time.monotonic() - began < 0.8
        timer.join()
    finally:
        signal.signal(signal.SIGTERM, before)
