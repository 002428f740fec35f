"""pystray as the tray uses it, over platforms that are played: limits, threads and faults."""

import signal
import sys
import threading
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace

import pytest

from tests.fakes.process import wait_for
from tests.fakes.tray.desk import active_of, snapshot_of, view_of
from tests.fakes.tray.platform import WM_LBUTTONUP, WM_RBUTTONUP, Platform
from zoomsync_agent.core.snapshot import AgentState
from zoomsync_agent.tray import gates, looks, menu
from zoomsync_agent.tray.front import Scene
from zoomsync_agent.tray.menu import Action
from zoomsync_agent.tray.pystray_front import PystrayFront


def scene_of(snapshot=None, tip="", **more):
    """Return what is to be seen."""
    view = view_of(snapshot, **more)
    said = tip or looks.sentence_of(view)
    return Scene(looks.look_of(view), looks.name_of(view.profile), said, menu.build(view))


def gate_of(kind, platform):
    """Return the gate of a platform."""
    if kind == "win32":
        return gates.WindowsGate(platform.win32())
    if kind == "darwin":
        return gates.MacGate(platform.queue.put, platform.observers.append)
    return gates.GtkGate(platform.queue.put)


QUERY_END_SESSION, END_SESSION, BALLOON_CLICKED = 0x11, 0x16, 0x405
KINDS = ["win32", "darwin", "linux"]


class Front:
    """A front that runs, on a thread that stands for the main one."""

    def __init__(self, kind, scene):
        self.platform = Platform()
        self.pressed, self.shown = [], []
        self.gate = gate_of(kind, self.platform)
        self.front = PystrayFront(
            self.platform.library(),
            self.gate,
            scene,
            self.pressed.append,
            lambda: self.shown.append(threading.current_thread()),
            platform=kind,
            on_notice=lambda: self.pressed.append("notice"),
            on_session_end=self.end_session,
        )
        self.ends, self.may_end = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.front.run, name="main-stand-in")

    def end_session(self):
        """Note that the session ends, and take the time that it takes."""
        self.ends.set()
        assert self.may_end.wait(10)

    @property
    def done(self):
        """What reached the desktop, in order."""
        return self.platform.done

    def told(self, what):
        """Return the last of what reached the desktop under this name."""
        return [value for name, value in self.done if name == what][-1]


@contextmanager
def running(kind, scene=None):
    """Run a front; nothing that the platform refuses may have happened."""
    one = Front(kind, scene or scene_of())
    one.thread.start()
    try:
        wait_for("it is shown", lambda: one.shown)
        yield one
    finally:
        one.front.stop()
        one.thread.join(10)
    assert not one.thread.is_alive()
    assert one.platform.faults == []


@pytest.mark.parametrize("kind", KINDS)
def test_everything_happens_on_the_loops_thread(kind):
    """What is shown, from whatever thread it comes."""
    with running(kind) as one:
        for share in (10, 50, 90):
            working = snapshot_of(AgentState.WORKING, active=(active_of(share),))
            one.front.show(scene_of(working, tip=f"{share}"))
        wait_for("the last one is shown", lambda: one.told("title") == "zoomsync: 90")
        assert one.shown == [one.thread]
        assert one.told("icon").size == (64, 64)
    assert one.done[-1][0] != "notice"


@pytest.mark.parametrize("kind", KINDS)
def test_texts_fit(kind):
    """As Windows counts them; also where a character has two halves. A title is always given."""
    long = "🎥" * 300
    with running(kind, scene_of(tip=long)) as one:
        assert one.told("title").startswith("zoomsync: 🎥")
        assert one.told("title").endswith("…")
        one.front.show(scene_of(tip=f"x{long}"))
        wait_for("it is shown", lambda: one.told("title").startswith("zoomsync: x"))
        if kind == "win32":
            assert one.front.notify(long, long)
            wait_for("the notice is there", lambda: "notice title" in dict(one.done))
            assert len(one.told("notice").encode("utf-16-le")) // 2 <= 255
            assert one.front.notify("", "")
            wait_for("a title is given", lambda: one.told("notice title") == "zoomsync")


def test_windows_menu_is_made_when_it_opens():
    """It is fresh, stays as it is while it is open, and follows when it has closed."""
    with running("win32") as one:
        one.front.show(scene_of(snapshot_of(sentence="Fresh.")))
        one.platform.press_button(WM_RBUTTONUP)
        opened = wait_for("it opens", lambda: dict(one.done).get("opened"))
        assert opened[0] == "Fresh."
        built = len(one.platform.menus)
        one.front.show(scene_of(snapshot_of(sentence="Later.")))
        wait_for("the tip is told", lambda: one.told("title") == "zoomsync: Later.")
        assert one.gate.is_menu_open
        assert len(one.platform.menus) == built
        one.platform.close_menu()
        wait_for("it follows", lambda: one.platform.menus[-1][0] == "Later.")
        assert not one.gate.is_menu_open


def test_windows_labels_show_what_is_meant():
    """A single & would mark a letter; elsewhere it is one."""
    entries = view_of(zoom_who="R & J")
    for kind, label in (("win32", "Zoom as R && J"), ("darwin", "Zoom as R & J")):
        one = Front(kind, Scene(looks.look_of(entries), "n", "t", menu.build(entries)))
        texts = [str(item.text) for item in one.platform.icon.menu.items]
        assert [text for text in texts if label in text]


def test_a_left_click_on_windows_is_the_default():
    """The page."""
    with running("win32") as one:
        one.platform.press_button(WM_LBUTTONUP)
        wait_for("it is pressed", lambda: one.pressed)
        assert one.pressed[0].action is Action.OPEN_PAGE


@pytest.mark.parametrize("kind", KINDS)
def test_every_entry_is_there(kind):
    """With its mark, its submenu, and what a click asks for."""
    one = Front(kind, scene_of(is_at_login=True))
    found = list(one.platform.icon.menu.items)
    assert [item.checked for item in found if item.text == "Start at login"] == [True]
    (last,) = [item for item in found if item.text == "Last recordings"]
    below = list(last.submenu.items)
    assert len(below) == 5
    below[1](one.platform.icon)
    assert one.pressed[0].argument == "rec-1"
    assert [str(item.text) for item in found if item.default] == ["Open status page"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_menu_is_made_anew_only_when_it_is_another_one(kind):
    """A new one closes one that is open; so not for a new tip."""
    with running(kind) as one:
        wait_for("it rests", one.platform.queue.empty)
        built = len(one.platform.menus)
        one.front.show(scene_of(tip="another tip"))
        wait_for("the tip is told", lambda: one.told("title") == "zoomsync: another tip")
        assert len(one.platform.menus) == built


@pytest.mark.parametrize("kind", KINDS)
def test_a_loop_that_does_not_begin_leaves_nothing(kind):
    """Its error is raised; no thread waits for ever, which would hold up the end of the process."""
    one = Front(kind, scene_of())
    one.platform.fails_to_run = True
    with pytest.raises(RuntimeError, match="no loop"):
        one.front.run()
    wait_for("its thread has ended", lambda: not one.platform.icon._setup_thread.is_alive(), 5)
    assert not one.shown
    assert not one.front.notify("a", "b")


@pytest.mark.parametrize("kind", KINDS)
def test_stopped_before_it_runs(kind):
    """It returns at once, and nothing is shown."""
    one = Front(kind, scene_of())
    one.front.stop()
    one.thread.start()
    one.thread.join(10)
    assert not one.thread.is_alive()
    assert not one.shown


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_shown_while_the_gate_opens_is_shown(kind):
    """Nobody may go through it before: on Windows there is no window yet to post to."""
    one = Front(kind, scene_of(tip="before"))
    opened = one.gate.opened

    def slow(*told):
        one.front.show(scene_of(tip="meanwhile"))
        opened(*told)

    one.gate.opened = slow
    one.thread.start()
    try:
        wait_for("it is shown", lambda: one.shown)
        assert one.told("title") == "zoomsync: meanwhile"
    finally:
        one.front.stop()
        one.thread.join(10)
    assert one.platform.faults == []


@pytest.mark.parametrize("make", [lambda post: gates.MacGate(post, id), gates.GtkGate])
def test_ctrl_c_is_given_back(make):
    """The handler of pystray would end the process at once; the one from before is set again."""

    def mine(*_):
        """Stand for the agent's own."""

    before = signal.signal(signal.SIGINT, mine)
    try:
        waiting = []
        gate = make(waiting.append)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        gate.opened(None, gates.Hooks(int, int, int, int))
        for do in waiting:
            do()
        assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, before)


def test_windows_may_end_the_session_and_waits_for_the_agent():
    """It is asked first; when somebody has changed their mind, nothing happens."""
    with running("win32") as one:
        assert one.platform.send_message(QUERY_END_SESSION) == 1
        assert one.platform.send_message(END_SESSION, 0) == 0
        assert not one.ends.is_set()
        answers = []
        system = threading.Thread(
            target=lambda: answers.append(one.platform.send_message(END_SESSION, 1))
        )
        system.start()
        assert one.ends.wait(10)
        assert not answers  # the process would be ended by now
        one.may_end.set()
        system.join(10)
        assert answers == [0]


def test_macos_waits_for_the_agent_before_it_ends_the_process():
    """As at a logout; observed on the main thread, once the loop runs."""
    with running("darwin") as one:
        (ends,) = wait_for("it is observed", lambda: one.platform.observers)
        one.may_end.set()
        ends()
        assert one.ends.is_set()


def test_macos_is_observed_by_its_own_centre(monkeypatch):
    """When the application is about to be ended: not when somebody merely asks for a logout."""
    observed = []

    class Centre:
        """The centre of notifications."""

        @staticmethod
        def addObserverForName_object_queue_usingBlock_(name, whose, where, block):  # noqa: N802
            """Keep who observes what."""
            observed.append((name, whose, where, block))

    foundation, kit = ModuleType("Foundation"), ModuleType("AppKit")
    foundation.NSNotificationCenter = SimpleNamespace(defaultCenter=Centre)
    kit.NSApplicationWillTerminateNotification = "will terminate"
    monkeypatch.setitem(sys.modules, "Foundation", foundation)
    monkeypatch.setitem(sys.modules, "AppKit", kit)
    ended = []
    gates._observe_end_on_macos(lambda: ended.append(1))
    ((name, whose, where, block),) = observed
    assert (name, whose, where) == ("will terminate", None, None)
    block("the notification")
    assert ended == [1]


def test_a_click_on_a_notice_of_windows_is_told():
    """It is none on the icon."""
    with running("win32") as one:
        one.platform.press_button(BALLOON_CLICKED)
        wait_for("it is told", lambda: one.pressed)
        assert one.pressed == ["notice"]


def test_gtk_does_it_once():
    """What returns True is called again by GLib, for ever."""
    waiting = []
    gates.GtkGate(waiting.append).post(lambda: True)
    assert waiting[0]() is False


def test_each_platform_has_its_gate(monkeypatch):
    """From the libraries of that platform; without them it is an ImportError."""
    helper = ModuleType("PyObjCTools.AppHelper")
    helper.callAfter = lambda do: do()
    monkeypatch.setitem(sys.modules, "PyObjCTools", ModuleType("PyObjCTools"))
    monkeypatch.setitem(sys.modules, "PyObjCTools.AppHelper", helper)
    assert isinstance(gates.of_platform("darwin"), gates.MacGate)
    monkeypatch.setitem(sys.modules, "gi.repository.GLib", None)
    with pytest.raises(ImportError):
        gates.of_platform("linux")
