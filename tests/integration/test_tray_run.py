"""The tray's run: looking, ending, failing, and which of the desktop's ways it takes."""

import socket
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from jeepney import Parser, message_bus, new_method_return

from tests.fakes.log import RecordingLog
from tests.fakes.process import wait_for
from tests.fakes.tray.desk import FakeDesk, snapshot_of, view_of
from tests.fakes.tray.platform import load_pystray
from zoomsync_agent.core.errors import StoreDamaged
from zoomsync_agent.core.snapshot import AgentState
from zoomsync_agent.tray import Tray, old_tray, pystray_front, sn_front
from zoomsync_agent.tray import tray as tray_module
from zoomsync_agent.tray.looks import Face
from zoomsync_agent.tray.status_notifier import Icon, Item, line
from zoomsync_agent.tray.status_notifier.items import read
from zoomsync_agent.tray.status_notifier.line import LineLost, bus_address


class FakeFront:
    """A front that keeps what it is to show."""

    def __init__(self, scene, on_entry, on_shown):
        self.scenes, self.on_entry = [scene], on_entry
        self.is_over = threading.Event()
        self.fault = self.show_fault = None
        self.notices = []
        self.on_shown = on_shown

    def run(self):
        """Hold the thread."""
        if self.fault:
            raise self.fault
        self.on_shown()
        assert self.is_over.wait(20)

    def show(self, scene):
        """Keep it."""
        if self.show_fault:
            raise self.show_fault
        self.scenes.append(scene)

    def stop(self):
        """Let go."""
        self.is_over.set()

    def notify(self, title, text):
        """Keep it."""
        self.notices.append((title, text))
        return True

    def click(self, key):
        """Click an entry of the menu."""
        self.on_entry(next(one for one in self.scenes[-1].menu if one.key == key))


class Run:
    """A tray over a front that is played, on the platform whose way that is."""

    def __init__(
        self, desk, monkeypatch, *, platform="win32", fault=None, raises=None, profile=None
    ):
        self.desk, self.log, self.fronts = desk, RecordingLog(), []
        self.back_ends, self.reasons, self.troubles = [], [], []
        self.ended = threading.Event()
        desk.ends(self.ended.set)

        def make(scene, on_entry, on_shown, *, platform, back_end, **_told):
            self.back_ends.append((platform, back_end))
            if raises:
                raise raises
            front = FakeFront(scene, on_entry, on_shown)
            front.fault = fault
            self.fronts.append(front)
            return front

        monkeypatch.setattr(pystray_front, "make", make)
        self.tray = Tray(
            desk,
            log=self.log,
            profile=profile,
            on_no_tray=self.reasons.append,
            on_trouble=self.troubles.append,
            platform=platform,
            look_seconds=0.05,
            patience=0.1,
        )
        self.thread = threading.Thread(
            target=self.tray.run, args=(self.ended,), name="main-stand-in"
        )

    @property
    def scene(self):
        """What is shown now."""
        return self.fronts[-1].scenes[-1]

    @contextmanager
    def running(self):
        """Run it."""
        self.thread.start()
        try:
            yield self
        finally:
            self.ended.set()
            self.thread.join(10)
        assert not self.thread.is_alive()


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_windows_and_macos_go_pystrays_way(monkeypatch, platform):
    """With its own choice of a back end; notices go there too."""
    run = Run(FakeDesk(), monkeypatch, platform=platform)
    with run.running():
        wait_for("it is shown", lambda: run.tray.is_shown)
        assert run.back_ends == [(platform, None)]
        assert run.tray.notify("Zoom", "Somebody is needed")
        assert run.fronts[0].notices == [("Zoom", "Somebody is needed")]
    assert not run.tray.notify("too", "late")


def test_what_changes_is_shown_and_nothing_else(monkeypatch):
    """One look a turn; the desk is asked for all of it only when something may have changed."""
    desk = FakeDesk()
    run = Run(desk, monkeypatch)
    with run.running():
        wait_for("it is shown", lambda: run.tray.is_shown)
        shown, views = len(run.fronts[0].scenes), desk.views
        time.sleep(0.3)
        assert (len(run.fronts[0].scenes), desk.views) == (shown, views)
        desk.shows(snapshot_of(AgentState.OFFLINE, "Offline."))
        wait_for("it follows", lambda: run.scene.look.face is Face.OFFLINE)
        assert desk.views == views + 1
    assert "tray" in desk.released


def test_the_icon_does_not_wait_for_the_desk(monkeypatch):
    """A desk that takes long at first: the icon is there before, says so, and can be quit."""
    desk = FakeDesk()
    let_go = threading.Event()
    look = desk.view

    def slow():
        assert let_go.wait(20)
        return look()

    monkeypatch.setattr(desk, "view", slow)
    run = Run(desk, monkeypatch, profile="work")
    with run.running():
        wait_for("it is shown", lambda: run.tray.is_shown)
        assert (run.scene.name, run.scene.look.letter) == ("zoomsync (work)", "W")
        assert "starting" in run.scene.tip
        assert "quit" in [one.key for one in run.scene.menu]
        let_go.set()
        wait_for("it follows", lambda: run.scene.look.face is Face.IDLE)


def test_wake_is_quicker_than_the_next_look(monkeypatch):
    """Whoever knows of something need not wait for the turn."""
    desk = FakeDesk()
    run = Run(desk, monkeypatch)
    run.tray._look_seconds = 30.0
    with run.running():
        wait_for("it is shown", lambda: run.tray.is_shown)
        desk.shows(snapshot_of(AgentState.OFFLINE, "Offline."))
        run.tray.wake()
        wait_for("it follows", lambda: run.scene.look.face is Face.OFFLINE, 3)
        began = time.monotonic()
        run.ended.set()
        run.thread.join(10)
        assert time.monotonic() - began < 0.3


def test_a_desk_that_stumbles_is_forgiven(monkeypatch):
    """Twice, while the agent begins anew; then it is said, and taken back when it is over."""
    desk = FakeDesk()
    run = Run(desk, monkeypatch)
    with run.running():
        wait_for("it is shown", lambda: run.tray.is_shown)
        desk.view_fault = StoreDamaged("agent.db")
        desk.becomes(view_of())
        wait_for("it is said", lambda: run.scene.look.face is Face.ERROR)
        assert desk.views >= 4
        assert "agent.db" in run.scene.tip
        assert [one.key for one in run.scene.menu if one.is_default] == ["page"]
        desk.view_fault = None
        wait_for("it is over", lambda: run.scene.look.face is Face.IDLE)
    assert not run.log.of_level("exception")


def test_a_fault_while_looking_is_noted_once(monkeypatch):
    """It goes on to look."""
    desk = FakeDesk()
    run = Run(desk, monkeypatch)
    with run.running():
        wait_for("it is shown", lambda: run.tray.is_shown)
        desk.view_fault = ZeroDivisionError()
        desk.becomes(view_of())
        views = desk.views
        wait_for("it looks again", lambda: desk.views > views + 3)
        desk.view_fault = None
        desk.shows(snapshot_of(AgentState.OFFLINE, "Offline."))
        wait_for("it follows", lambda: run.scene.look.face is Face.OFFLINE)
    assert run.log.of_level("exception") == ["tray could not look"]


def test_a_front_that_stumbles_is_shown_it_again(monkeypatch):
    """The thread that looks goes on; else the icon would say for ever what it said at first."""
    desk = FakeDesk()
    run = Run(desk, monkeypatch)
    with run.running():
        wait_for("it is shown", lambda: run.tray.is_shown)
        run.fronts[0].show_fault = AttributeError("_hwnd")
        desk.shows(snapshot_of(AgentState.OFFLINE, "Offline."))
        wait_for("it is noted", lambda: run.log.of_level("exception"))
        time.sleep(0.2)
        run.fronts[0].show_fault = None
        wait_for("it follows", lambda: run.scene.look.face is Face.OFFLINE)
    assert run.log.of_level("exception") == ["tray could not show"]


@pytest.mark.parametrize("platform", ["win32", "linux"])
@pytest.mark.parametrize("how", ["raises", "returns"])
def test_a_tray_that_failed_is_tried_again(monkeypatch, platform, how):
    """After a while; with what is to be seen then."""
    monkeypatch.setattr(tray_module, "_AGAIN_SECONDS", 0.05)
    desk = FakeDesk()
    run = Run(desk, monkeypatch, platform=platform)
    made = pystray_front.make

    def make(scene, on_entry, on_shown, **more):
        front = made(scene, on_entry, on_shown, **{"platform": platform, "back_end": None, **more})
        if len(run.fronts) < 3 and how == "raises":
            front.fault = RuntimeError("no loop")
        elif len(run.fronts) < 3:
            front.is_over.set()
        return front

    monkeypatch.setattr(pystray_front, "make", make)
    monkeypatch.setattr(
        sn_front,
        "StatusNotifierFront",
        lambda _id, scene, on_entry, *, listeners, patience: make(
            scene, on_entry, listeners.on_hosted
        ),
    )
    with run.running():
        wait_for("it is tried again", lambda: len(run.fronts) == 3)
        wait_for("it is shown", lambda: run.tray.is_shown)
        desk.shows(snapshot_of(AgentState.OFFLINE, "Offline."))
        wait_for("it follows", lambda: run.scene.look.face is Face.OFFLINE)
    assert run.log.of_level("exception") == ["tray failed"] * 2


def test_a_fault_of_a_click_is_told(monkeypatch):
    """As a sentence that frightens nobody; the log has the rest."""
    desk = FakeDesk()
    run = Run(desk, monkeypatch)
    with run.running():
        wait_for("it is shown", lambda: run.tray.is_shown)
        desk.fault = ZeroDivisionError("secret")
        run.fronts[0].click("archive")
        (said,) = wait_for("it is told", lambda: run.troubles)
        assert "secret" not in said
    assert run.log.of_level("exception") == ["tray action failed"]


def test_quit_ends_the_run(monkeypatch):
    """By the menu."""
    run = Run(FakeDesk(), monkeypatch)
    with run.running():
        wait_for("it is shown", lambda: run.tray.is_shown)
        run.fronts[0].click("quit")
        run.thread.join(10)
        assert run.ended.is_set()


@pytest.mark.parametrize(
    "how", [{"raises": ValueError("Namespace not available")}, {"fault": RuntimeError("no bus")}]
)
def test_pystray_that_fails_ends_nothing(monkeypatch, how):
    """While it is imported, or later: it is said why there is no icon, and the run goes on."""
    run = Run(FakeDesk(), monkeypatch, **how)
    with run.running():
        wait_for("it is told", lambda: run.reasons)
        time.sleep(0.1)
        assert run.thread.is_alive()
        assert not run.tray.is_shown


def test_an_old_tray_is_used_where_there_is_no_other(monkeypatch):
    """Over X11 and with PyGObject: pystray's gtk, once the new kind was waited for in vain."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(old_tray, "is_usable", lambda: True)
    run = Run(FakeDesk(), monkeypatch, platform="linux")
    with run.running():
        wait_for("it is shown", lambda: run.tray.is_shown)
        assert run.back_ends == [("linux", "gtk")]
        assert not run.reasons


def test_an_old_tray_that_fails_leaves_the_new_one_awaited(monkeypatch):
    """It is said that there is none, and the bus is listened to."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(old_tray, "is_usable", lambda: True)
    run = Run(FakeDesk(), monkeypatch, platform="linux", raises=ImportError("gi"))
    with run.running():
        wait_for("it is told", lambda: run.reasons)
        wait_for("the bus is awaited", lambda: len(run.log.named("no tray")) == 3)
        assert run.thread.is_alive()
        assert len(run.reasons) == 1


def test_who_listens_cannot_end_it(monkeypatch):
    """A listener that raises is noted."""
    run = Run(FakeDesk(), monkeypatch, raises=ImportError("x"))

    def fail(_reason):
        raise RuntimeError("not mine")

    run.tray._on_no_tray = fail
    with run.running():
        wait_for("it is noted", lambda: "tray could not tell" in run.log.of_level("exception"))
        assert run.thread.is_alive()


# python-xlib forgets to close the socket of a screen that does not answer.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_no_display_is_no_old_tray(monkeypatch):
    """Nor is one that does not answer, nor one without PyGObject."""
    assert not old_tray.is_usable({})
    assert not old_tray.has_owner(":987")
    assert not old_tray.has_owner("nonsense")
    monkeypatch.setattr(old_tray, "find_spec", lambda name: None)
    assert not old_tray.is_usable({"DISPLAY": ":0"})


def test_the_bus_is_where_the_session_says(tmp_path):
    """Else where systemd keeps it; else nowhere."""
    assert bus_address({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}) == "unix:path=/x"
    (tmp_path / "bus").touch()
    assert bus_address({"XDG_RUNTIME_DIR": str(tmp_path)}) == f"unix:path={tmp_path}/bus"
    for environment in ({}, {"XDG_RUNTIME_DIR": str(tmp_path / "no")}):
        with pytest.raises(LineLost):
            bus_address(environment)


@pytest.fixture
def wire_pair(monkeypatch):
    """A line whose other end is in the test's hand."""
    here, there = socket.socketpair()
    monkeypatch.setattr(line, "prep_socket", lambda *_, **__: here)
    one = line.Line("unix:path=/nowhere")
    there.recv(4096)  # its greeting
    yield one, there
    one.close()
    there.close()


@pytest.mark.parametrize("said", [b"", b"l" * 64, bytes(range(256)), b"B\x02" + b"\xff" * 30])
def test_a_bus_that_talks_nonsense_is_lost(wire_pair, said):
    """It hangs up, or says what nobody understands: one kind of error, so that it is left."""
    one, there = wire_pair
    there.sendall(said)
    there.shutdown(socket.SHUT_WR)
    # Two reads at most: what it said, and that it has hung up.
    with pytest.raises(LineLost):
        one.received() or one.received()


def test_a_bus_that_takes_nothing_is_lost(wire_pair):
    """Whoever does not read is not waited for."""
    one, there = wire_pair
    there.close()
    with pytest.raises(LineLost):
        one.send(message_bus.ListNames())


def test_what_cannot_be_sent_is_named_and_the_line_stays(wire_pair):
    """Half a character: nothing of it leaves."""
    one, there = wire_pair
    with pytest.raises(line.Unsendable):
        one.send(message_bus.NameHasOwner("\ud800"))
    one.send(message_bus.ListNames())
    assert b"ListNames" in there.recv(4096)


def test_answers_go_to_who_asked(wire_pair):
    """And to nobody else; an answer that nobody awaits is left alone."""
    one, there = wire_pair
    answers = []
    question = message_bus.NameHasOwner("a.b")
    one.ask(question, lambda well, body: answers.append((well, body)))
    parser = Parser()
    parser.add_data(there.recv(4096))
    asked = parser.get_next_message()
    for _ in range(2):
        there.sendall(new_method_return(asked, "b", (True,)).serialise(5))
        assert one.received() == []
    assert answers == [(True, (True,))]


def test_a_menu_of_pystrays_is_read():
    """Texts, marks, submenus and lines; what is hidden is not there; items get the icon."""
    pystray = load_pystray()
    menu, item = pystray.Menu, pystray.MenuItem
    called = []
    icon = SimpleNamespace()
    read_items = read(
        menu(
            item("Open", lambda one: called.append(one) or None, default=True),
            item("Hidden", None, visible=False),
            menu.SEPARATOR,
            item("Checked", None, checked=lambda _: True, radio=True),
            item("More", menu(item("Below", None, enabled=False))),
        ),
        icon,
    )
    assert [one.label for one in read_items] == ["Open", "", "Checked", "More"]
    assert read_items[0].is_default
    assert (read_items[2].is_checked, read_items[2].is_radio) == (True, True)
    assert [one.label for one in read_items[3].children] == ["Below"]
    assert not read_items[3].children[0].is_enabled
    assert len({one.key for one in read_items}) == 4
    read_items[0].press()
    assert called == [icon]
    assert read(None, icon) == ()


def test_the_icon_has_pystrays_interface():
    """What is set is had; it is not shown without a picture, and has no notices."""
    pressed = []

    def nowhere():
        raise LineLost("none")

    icon = Icon("name", title="title", find_bus=nowhere)
    assert (icon.name, icon.title, icon.visible, icon.is_hosted) == ("name", "title", False, False)
    with pytest.raises(ValueError, match="without icon"):
        icon.visible = True
    from PIL import Image

    icon.icon = Image.new("RGB", (8, 8), "red")
    icon.visible = True
    icon.menu = (Item("a", "A", is_default=True, press=lambda: pressed.append("a")),)
    with pytest.raises(NotImplementedError):
        icon.notify("text")
    shown = []

    def setup(one):
        shown.append(one.icon.size)
        wait_for("the loop has taken up the menu", lambda: one._table.items)
        one()
        one.stop()

    icon.run(setup)
    assert (pressed, shown) == (["a"], [(8, 8)])
