"""Notices on a Linux desktop: with a daemon of the tests, and with a real one before a screen."""

import html
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
from jeepney import DBusAddress, HeaderFields, message_bus, new_error, new_signal
from jeepney.io.blocking import open_dbus_connection

from tests.fakes.bus_services import NotificationDaemon
from tests.fakes.log import RecordingLog
from tests.fakes.process import wait_for
from tests.fakes.tray.bus import SessionBus
from zoomsync_agent.core.notices import Notice
from zoomsync_agent.desktop import notifying
from zoomsync_agent.desktop.notifying import BusNotifier, CallableNotifier

FAILED = Notice(
    "failed", "1 recording could not be uploaded", "“A <b> & C”: no.", "ui/health", True
)
SAFE = Notice("safe", "12 recordings uploaded", "“A” and 11 more.", "ui/recordings")


@pytest.fixture
def bus():
    """Give a bus; its socket lies at a short path."""
    with tempfile.TemporaryDirectory() as folder, SessionBus(Path(folder)) as found:
        yield found


@pytest.fixture
def log():
    """Give a log."""
    return RecordingLog()


@pytest.fixture
def opened():
    """Give the pages that were opened."""
    return []


@pytest.fixture
def notifier(bus, log, opened):
    """Give a notifier on that bus."""
    found = BusNotifier(opened.append, log, address=bus.address)
    yield found
    found.close(10.0)
    assert not found.is_alive
    assert found.failure is None


def test_a_notice_is_shown_with_all_that_belongs_to_it(bus, notifier):
    """What somebody should not miss stays until it is closed."""
    with NotificationDaemon(bus.address) as daemon:
        assert not notifier.is_alive
        notifier.tell(FAILED)
        notifier.tell(SAFE)
        failed, safe = daemon.wait_shown(2)
    assert failed["summary"] == FAILED.title
    assert failed["body"] == "“A &lt;b&gt; &amp; C”: no."
    assert failed["actions"] == ["default", "Open"]
    assert (failed["hints"]["urgency"], safe["hints"]["urgency"]) == (2, 1)
    assert failed["hints"]["desktop-entry"] == "zoomsync"
    assert safe["id"] != failed["id"]
    assert failed["timeout"] == -1


def test_a_daemon_without_markup_is_given_plain_text(bus, notifier):
    """Else people read “&amp;lt;”."""
    with NotificationDaemon(bus.address, ("body",)) as daemon:
        notifier.tell(FAILED)
        (shown,) = daemon.wait_shown(1)
    assert shown["body"] == FAILED.text
    assert shown["actions"] == []


def test_a_notice_takes_the_place_of_the_former_of_its_group(bus, notifier):
    """One in the corner, and not twelve; one that somebody has closed is not replaced."""
    with NotificationDaemon(bus.address) as daemon:
        notifier.tell(SAFE)
        notifier.tell(FAILED)
        notifier.tell(SAFE)
        first, _, second = daemon.wait_shown(3)
        assert second["replaces"] == first["id"]
        daemon.dismiss(first["id"])
        wait_for("the closing is known", lambda: "safe" not in notifier._ids)
        notifier.tell(SAFE)
        assert daemon.wait_shown(4)[3]["replaces"] == 0


def test_a_click_opens_the_page_that_helps(bus, notifier, opened):
    """Also one on an earlier notice; one of another program's is none of ours."""
    with NotificationDaemon(bus.address) as daemon:
        notifier.tell(FAILED)
        notifier.tell(SAFE)
        failed, safe = daemon.wait_shown(2)
        daemon.click(99)
        daemon.click(safe["id"])
        daemon.click(failed["id"])
        wait_for("both pages are open", lambda: len(opened) == 2)
    assert sorted(opened) == ["ui/health", "ui/recordings"]


def test_a_browser_that_does_not_start_ends_nothing(bus, log):
    """The next notice is shown all the same."""
    failed = threading.Event()

    def fail(_page):
        failed.set()
        raise RuntimeError("no browser")

    notifier = BusNotifier(fail, log, address=bus.address)
    with NotificationDaemon(bus.address) as daemon:
        notifier.tell(FAILED)
        daemon.click(daemon.wait_shown(1)[0]["id"])
        assert failed.wait(10.0)
        notifier.tell(SAFE)
        daemon.wait_shown(2)
        wait_for("it is logged", lambda: log.named("page not opened"))
    notifier.close(10.0)


def test_without_a_daemon_it_is_said_once_and_shown_to_the_one_that_comes(
    bus, log, notifier, monkeypatch
):
    """At login the agent may be there before the desktop is."""
    monkeypatch.setattr(notifying, "_AGAIN_SECONDS", 0.05)
    for _ in range(50):
        notifier.tell(SAFE)
    wait_for("it is logged", lambda: log.named("notices cannot be shown"))
    assert len(notifier._waiting) <= notifying._MOST_WAITING
    with NotificationDaemon(bus.address) as daemon:
        assert daemon.wait_shown(1)
    assert len(log.named("notices cannot be shown")) == 1


def test_without_a_bus_nothing_fails_and_nothing_waits(log, tmp_path):
    """On a server."""
    notifier = BusNotifier(pytest.fail, log, address=f"unix:path={tmp_path}/none")
    notifier.tell(FAILED)
    wait_for("it is logged", lambda: log.named("notices cannot be shown"))
    notifier.close(5.0)
    assert not notifier.is_alive
    notifier.tell(FAILED)
    assert not notifier.is_alive


def test_a_daemon_that_comes_back_is_used_again(bus, notifier, monkeypatch):
    """The ids of the one before mean nothing to it."""
    monkeypatch.setattr(notifying, "_AGAIN_SECONDS", 0.05)
    with NotificationDaemon(bus.address) as daemon:
        notifier.tell(SAFE)
        daemon.wait_shown(1)
    bus.kill()
    bus.start()
    wait_for("it has noticed", lambda: not notifier._ids or notifier.tell(FAILED))
    with NotificationDaemon(bus.address) as daemon:
        notifier.tell(SAFE)
        assert daemon.wait_shown(1)[0]["replaces"] == 0


def test_where_nothing_can_be_shown_the_tries_become_rare(log, tmp_path, monkeypatch):
    """A session bus may start a daemon for each, which fails without a screen."""
    waits = []

    def wait(seconds):
        waits.append(seconds)
        return len(waits) >= 9 and notifier._stopping.set()

    notifier = BusNotifier(pytest.fail, log, address=f"unix:path={tmp_path}/none")
    monkeypatch.setattr(notifier._stopping, "wait", wait)
    notifier.tell(FAILED)
    wait_for("it has ended", lambda: not notifier.is_alive)
    assert waits[:3] == [60.0, 120.0, 240.0]
    assert waits[-1] == 3_600.0
    notifier.close(1.0)


def test_a_tray_is_handed_title_and_text(log):
    """Where there is one, and it works."""
    notifier, shown = CallableNotifier(log), []
    notifier.tell(FAILED)
    notifier.clicked()
    notifier.show = lambda title, text: shown.append((title, text))
    notifier.tell(FAILED)
    assert shown == [(FAILED.title, FAILED.text)]

    def fail(_title, _text):
        raise RuntimeError

    notifier.show = fail
    notifier.tell(FAILED)
    assert log.named("notice not shown")


def test_a_click_on_the_trays_notice_opens_its_page(log):
    """That of the last one."""
    pages = queue.Queue()
    notifier = CallableNotifier(log, pages.put)
    notifier.show = lambda _title, _text: True
    notifier.tell(SAFE)
    notifier.tell(FAILED)
    notifier.clicked()
    assert pages.get(timeout=10.0) == "ui/health"


@pytest.fixture
def stranger(bus):
    """Give a program of the session that has nothing to do with notices."""
    with open_dbus_connection(bus.address) as found:
        yield found


@pytest.mark.parametrize("is_to_all", [True, False])
@pytest.mark.parametrize(
    ("signature", "body"), [("us", (1, "default")), (None, ()), ("s", ("x",)), ("au", ([1],))]
)
def test_signals_of_others_end_and_open_nothing(
    bus, notifier, opened, stranger, is_to_all, signature, body
):
    """Whatever they hold, and whether they are sent to all or to the agent alone."""
    with NotificationDaemon(bus.address) as daemon:
        notifier.tell(FAILED)
        notifier.tell(SAFE)
        failed, safe = (one["id"] for one in daemon.wait_shown(2))
        emitter = DBusAddress(notifying.PATH, interface=notifying.SERVICE)
        for member in ("ActionInvoked", "NotificationClosed", "Other"):
            signal = new_signal(emitter, member, signature, body)
            if not is_to_all:
                signal.header.fields[HeaderFields.destination] = daemon.asker
            stranger.send(signal)
        stranger.send_and_get_reply(message_bus.GetId())
        daemon.click(safe)
        wait_for("the page is open", lambda: opened)
        assert opened == ["ui/recordings"]
        daemon.click(failed)  # it was not closed either
        wait_for("the other page is open", lambda: len(opened) == 2)


@pytest.mark.parametrize(("signature", "body"), [(None, ()), ("s", ("x",)), ("au", ([1],))])
def test_odd_signals_of_the_daemon_itself_end_nothing(bus, notifier, opened, signature, body):
    """Each is passed over."""
    with NotificationDaemon(bus.address) as daemon:
        notifier.tell(FAILED)
        number = daemon.wait_shown(1)[0]["id"]
        for member in ("ActionInvoked", "NotificationClosed"):
            daemon.tell(notifying.SERVICE, member, signature, body)
        daemon.click(number)
        wait_for("the page is open", lambda: opened)


def test_a_signal_that_fails_here_ends_nothing(bus, log, notifier, opened, monkeypatch):
    """It is noted, and the next one is taken."""
    faults = [RuntimeError("no thread")]
    beside = notifying._open_beside

    def failing(*told):
        if faults:
            raise faults.pop()
        beside(*told)

    monkeypatch.setattr(notifying, "_open_beside", failing)
    with NotificationDaemon(bus.address) as daemon:
        notifier.tell(FAILED)
        number = daemon.wait_shown(1)[0]["id"]
        daemon.click(number)
        daemon.click(number)
        wait_for("the page is open", lambda: opened)
    assert log.named("signal of notices not understood")


@pytest.mark.parametrize("odd", [(None, ()), ("s", ("x",)), ("uu", (1, 2))])
@pytest.mark.parametrize("method", ["GetCapabilities", "Notify"])
def test_odd_answers_end_nothing(bus, notifier, odd, method):
    """What was shown counts as shown, even where nobody knows its number."""
    shown = threading.Semaphore(0)
    with NotificationDaemon(bus.address) as daemon:
        daemon.methods[method] = lambda *_told: odd
        for _ in range(2):
            notifier.tell(FAILED, shown.release)
            assert shown.acquire(timeout=10.0)
    assert notifier.is_alive


def test_a_daemon_in_place_of_another_is_got_to_know(bus, notifier, opened):
    """On the same bus: it can other things, and its clicks count."""
    with NotificationDaemon(bus.address) as daemon:
        notifier.tell(FAILED)
        daemon.wait_shown(1)
    with NotificationDaemon(bus.address, ("actions",)) as daemon:
        notifier.tell(FAILED)
        (shown,) = daemon.wait_shown(1)
        assert (shown["replaces"], shown["body"]) == (0, FAILED.text)
        daemon.click(shown["id"])
        wait_for("the page is open", lambda: opened)


def test_a_notice_that_is_refused_holds_up_no_other(bus, log, notifier, monkeypatch):
    """It is given up when a fresh connection has not helped."""
    monkeypatch.setattr(notifying, "_AGAIN_SECONDS", 0.05)
    tries = []
    with NotificationDaemon(bus.address) as daemon:
        show = daemon.methods["Notify"]

        def notify(*told):
            if told[3] == "refused":
                tries.append(told)
                raise RuntimeError
            return show(*told)

        answer = daemon._answer

        def refusing(message):
            try:
                return answer(message)
            except RuntimeError:
                return new_error(message, "org.freedesktop.Notifications.Error.Refused")

        daemon.methods["Notify"], daemon._answer = notify, refusing
        notifier.tell(Notice("odd", "refused", "x"), pytest.fail)
        notifier.tell(SAFE)
        assert daemon.wait_shown(1)[0]["summary"] == SAFE.title
    assert len(tries) == 2
    assert log.named("notice given up")


def test_what_waited_for_too_long_is_not_shown(bus, log, opened, monkeypatch):
    """Hours later it is news no more; nor where the clock was set back."""
    monkeypatch.setattr(notifying, "_AGAIN_SECONDS", 0.05)
    now = [10_000.0]
    notifier = BusNotifier(opened.append, log, address=bus.address, now=lambda: now[0])
    for at in (10_000.0, 20_000.0, 13_000.0):
        now[0] = at
        notifier.tell(Notice(f"{at}", f"of {at}", "x"))
    wait_for("it is logged", lambda: log.named("notices cannot be shown"))
    now[0] = 14_000.0
    with NotificationDaemon(bus.address) as daemon:
        assert [one["summary"] for one in daemon.wait_shown(1)] == ["of 13000.0"]
        wait_for("none waits", lambda: not notifier._waiting)
        assert len(daemon.shown) == 1
    notifier.close(10.0)


def test_what_is_forgotten_is_not_shown(bus, log, notifier, monkeypatch):
    """Somebody wants no notices meanwhile."""
    monkeypatch.setattr(notifying, "_AGAIN_SECONDS", 0.05)
    notifier.tell(FAILED, pytest.fail)
    wait_for("it is logged", lambda: log.named("notices cannot be shown"))
    notifier.forget()
    with NotificationDaemon(bus.address) as daemon:
        notifier.tell(SAFE)
        assert daemon.wait_shown(1)[0]["summary"] == SAFE.title


@pytest.fixture
def dunst(tmp_path):
    """Give the variables of a session with a screen that nobody sees and a real daemon."""
    for program in ("Xvfb", "dunst", "dunstctl", "dbus-daemon"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    with tempfile.TemporaryDirectory() as folder, SessionBus(Path(folder)) as bus:
        reading, writing = os.pipe()
        screen = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-nolisten", "tcp"],  # noqa: S607  found above
            pass_fds=[writing],
            stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        try:
            with os.fdopen(reading) as told:
                display = told.readline().strip()
            variables = {
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "DISPLAY": f":{display}",
                "DBUS_SESSION_BUS_ADDRESS": bus.address,
            }
            daemon = subprocess.Popen(
                ["dunst"],  # noqa: S607  found above
                env=variables,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                yield variables
            finally:
                daemon.terminate()
                daemon.wait(10)
        finally:
            screen.terminate()
            screen.wait(10)


def _ask(variables, *words):
    done = subprocess.run(
        ["dunstctl", *words],  # noqa: S607  found above
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    return done.stdout


@pytest.mark.slow
def test_a_real_daemon_shows_grouped_notices(dunst, log, monkeypatch):
    """Two groups are two notices, however many there were of each."""
    monkeypatch.setattr(notifying, "_AGAIN_SECONDS", 0.1)
    notifier = BusNotifier(pytest.fail, log, address=dunst["DBUS_SESSION_BUS_ADDRESS"])
    for count in range(1, 6):
        notifier.tell(Notice("safe", f"{count} recordings uploaded", "“A” & more."))
    notifier.tell(FAILED)
    wait_for("they are shown", lambda: "Currently displayed: 2" in _ask(dunst, "count"))
    wait_for("all are sent", lambda: not notifier._waiting)
    _ask(dunst, "close-all")
    history = json.loads(_ask(dunst, "history"))["data"][0]
    shown = {one["summary"]["data"]: one["body"]["data"] for one in history}
    notifier.close(10.0)
    assert set(shown) == {"5 recordings uploaded", FAILED.title}
    assert html.unescape(shown["5 recordings uploaded"]) == "“A” & more."
