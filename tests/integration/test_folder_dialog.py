"""The dialog for folders: over a portal on a real bus, and over programs that stand in."""

import os
import time
from pathlib import Path

import pytest
from jeepney import DBusAddress, HeaderFields, message_bus, new_signal
from jeepney.io.blocking import open_dbus_connection

from tests.fakes.bus_services import BusService
from tests.fakes.tray.bus import SessionBus
from zoomsync_agent.core.errors import NotAllowed
from zoomsync_agent.desktop import folder_dialog
from zoomsync_agent.desktop.folder_dialog import choose

TITLE = "Where? “$HOME” `id`"
HANDLE = "/org/freedesktop/portal/desktop/request/1_1/x"
CHOOSER = "org.freedesktop.portal.FileChooser"
REQUEST = "org.freedesktop.portal.Request"


class FakePortal(BusService):
    """A portal whose user answers as told: with a code and addresses, or not at all."""

    def __init__(self, address, answer, version=4, delay=0.0):
        super().__init__(
            address,
            "org.freedesktop.portal.Desktop",
            "/org/freedesktop/portal/desktop",
            {CHOOSER: {"version": ("u", version)}},
        )
        self.answer = answer
        self.delay = delay
        self.asked = []
        self.closed = 0
        self.methods = {"OpenFile": self._open, "Close": self._close}

    def _open(self, parent, title, options):
        self.asked.append((title, options))
        if self.answer is not None:
            self._respond("/some/other/request", (0, {"uris": ("as", ["file:///wrong"])}))
            code, uris = self.answer
            # Before its own reply, as some portals do.
            self._respond(HANDLE, (code, {"uris": ("as", uris)}))
        time.sleep(self.delay)
        return "o", (HANDLE,)

    def _respond(self, path, body):
        emitter = DBusAddress(path, interface=REQUEST)
        self._connection.send(new_signal(emitter, "Response", "ua{sv}", body))

    def _close(self):
        self.closed += 1
        return None, ()


@pytest.fixture
def bus(tmp_path_factory):
    """Give a bus of its own."""
    with SessionBus(tmp_path_factory.mktemp("b")) as found:
        yield found


@pytest.fixture
def environ(bus, tmp_path):
    """Give the environment of a desktop without programs."""
    (tmp_path / "bin").mkdir()
    return {
        "DISPLAY": ":9",
        "DBUS_SESSION_BUS_ADDRESS": bus.address,
        "PATH": str(tmp_path / "bin"),
        "OUT": str(tmp_path / "out"),
    }


def _program(environ, name, script):
    path = Path(environ["PATH"], name)
    path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$0" "$@" > "$OUT"\n{script}\n')
    path.chmod(0o755)


def _asked(environ):
    return Path(environ["OUT"]).read_text().splitlines()


# --- the portal --------------------------------------------------------------------------------


def test_the_portal_is_asked_for_a_folder(bus, environ, tmp_path):
    """Beginning at the nearest one that is there; its answer may have blanks and other letters."""
    chosen = tmp_path / "Zoom ü 100%"
    with FakePortal(bus.address, (0, [chosen.as_uri()])) as portal:
        found = choose(TITLE, tmp_path / "none" / "there", environ=environ, platform="linux")
    assert found == chosen
    ((title, options),) = portal.asked
    assert title == TITLE
    assert options["directory"] == ("b", True)
    assert bytes(options["current_folder"][1]) == os.fsencode(tmp_path) + b"\0"


def test_who_cancels_chooses_nothing(bus, environ, tmp_path):
    """And is not asked again by another dialog."""
    _program(environ, "zenity", "echo /never")
    with FakePortal(bus.address, (1, [])) as portal:
        assert choose(TITLE, tmp_path, environ=environ, platform="linux") is None
    assert len(portal.asked) == 1
    assert not Path(environ["OUT"]).exists()


def test_a_dialog_that_nobody_answers_is_closed(bus, environ, tmp_path):
    """After the time that it has."""
    began = time.monotonic()
    with FakePortal(bus.address, None) as portal:
        told = choose(TITLE, tmp_path, timeout=0.2, environ=environ, platform="linux")
    assert told is None
    assert portal.closed == 1
    assert time.monotonic() - began < 5.0


def test_a_folder_of_another_computer_is_refused(bus, environ, tmp_path):
    """Nothing could be watched there."""
    with FakePortal(bus.address, (0, ["smb://nas/zoom"])), pytest.raises(NotAllowed, match="smb"):
        choose(TITLE, tmp_path, environ=environ, platform="linux")


@pytest.mark.parametrize("is_to_all", [True, False])
def test_nobody_else_answers_for_the_user(bus, environ, tmp_path, is_to_all):
    """Any program of the session may send what looks like the answer."""
    with (
        FakePortal(bus.address, (0, [(tmp_path / "mine").as_uri()])) as portal,
        open_dbus_connection(bus.address) as stranger,
    ):
        respond = portal._respond

        def told_first(path, body):
            if path != HANDLE:
                return
            emitter = DBusAddress(path, interface=REQUEST)
            wrong = (0, {"uris": ("as", ["file:///wrong"])})
            lie = new_signal(emitter, "Response", "ua{sv}", wrong)
            if not is_to_all:
                lie.header.fields[HeaderFields.destination] = portal.asker
            stranger.send(lie)
            stranger.send_and_get_reply(message_bus.GetId())
            odd = new_signal(emitter, "Response", "s", ("odd",))
            portal._connection.send(odd)
            respond(path, body)

        portal._respond = told_first
        found = choose(TITLE, tmp_path, environ=environ, platform="linux")
    assert found == tmp_path / "mine"


def test_a_portal_may_take_its_time_to_open_the_dialog(bus, environ, tmp_path):
    """No second dialog is opened beside the first."""
    _program(environ, "zenity", "echo /never")
    with FakePortal(bus.address, (0, [tmp_path.as_uri()]), delay=2.5):
        assert choose(TITLE, tmp_path, environ=environ, platform="linux") == tmp_path
    assert not Path(environ["OUT"]).exists()


def test_a_portal_that_never_opens_it_is_told(bus, environ, tmp_path, monkeypatch):
    """As an error: its dialog may come any moment."""
    monkeypatch.setattr(folder_dialog, "_OPENING_SECONDS", 0.1)
    _program(environ, "zenity", "echo /never")
    with (
        FakePortal(bus.address, None, delay=0.5),
        pytest.raises(NotAllowed, match="does not open"),
    ):
        choose(TITLE, tmp_path, environ=environ, platform="linux")
    assert not Path(environ["OUT"]).exists()


@pytest.mark.parametrize("kind", ["old", "fails", "none"])
def test_without_a_portal_that_can_a_program_is_asked(bus, environ, tmp_path, kind):
    """One that is too old, whose dialog ends otherwise, or that is not there."""
    _program(environ, "zenity", f'printf "%s\\n" "{tmp_path}/a b"')
    if kind == "none":
        found = choose(TITLE, tmp_path, environ=environ, platform="linux")
    else:
        answer, version = ((0, ["file:///x"]), 2) if kind == "old" else ((2, []), 4)
        with FakePortal(bus.address, answer, version) as portal:
            found = choose(TITLE, tmp_path, environ=environ, platform="linux")
        assert len(portal.asked) == (kind == "fails")
    assert found == tmp_path / "a b"


# --- programs ----------------------------------------------------------------------------------


def test_a_title_is_no_command(environ, tmp_path):
    """It is one argument, whatever it looks like."""
    _program(environ, "zenity", "echo /chosen")
    assert choose(TITLE, tmp_path, environ=environ, platform="linux") == Path("/chosen")
    assert _asked(environ)[1:] == [
        "--file-selection",
        "--directory",
        f"--title={TITLE}",
        f"--filename={tmp_path}/",
    ]


@pytest.mark.parametrize(("desktop", "name"), [("KDE", "kdialog"), ("GNOME", "zenity")])
def test_each_desktop_has_its_own_program(environ, tmp_path, desktop, name):
    """Where both are there."""
    _program(environ, "zenity", "echo /chosen")
    _program(environ, "kdialog", "echo /chosen")
    told = {**environ, "XDG_CURRENT_DESKTOP": desktop}
    assert choose(TITLE, tmp_path, environ=told, platform="linux") == Path("/chosen")
    assert _asked(environ)[0].endswith(name)


@pytest.mark.parametrize("name", ["zenity", "kdialog"])
def test_a_cancelled_program_chooses_nothing(environ, tmp_path, name):
    """Which both tell by their exit code."""
    _program(environ, name, "exit 1")
    assert choose(TITLE, tmp_path, environ=environ, platform="linux") is None
    assert _asked(environ)


def test_a_program_that_hangs_is_ended(environ, tmp_path):
    """After the time that it has."""
    _program(environ, "zenity", "exec /bin/sleep 60")
    began = time.monotonic()
    assert choose(TITLE, tmp_path, timeout=0.3, environ=environ, platform="linux") is None
    assert _asked(environ)
    assert time.monotonic() - began < 10.0


@pytest.mark.parametrize("script", ["echo no display >&2; exit 5", "exit 0", "echo relative"])
def test_a_program_that_fails_is_told(environ, tmp_path, script):
    """With what it said."""
    _program(environ, "zenity", script)
    with pytest.raises(NotAllowed, match="no dialog"):
        choose(TITLE, tmp_path, environ=environ, platform="linux")
    assert _asked(environ)


def test_a_folder_whose_name_is_no_text_is_chosen(environ, tmp_path):
    """And one that ends with a line."""
    _program(environ, "zenity", r'printf "/a\377b\n\n"')
    found = choose(TITLE, tmp_path, environ=environ, platform="linux")
    assert os.fsencode(found) == b"/a\xffb\n"


def test_without_a_desktop_nothing_is_opened(environ, tmp_path):
    """Nor waited for."""
    _program(environ, "zenity", "echo /never")
    told = {name: value for name, value in environ.items() if name != "DISPLAY"}
    with pytest.raises(NotAllowed):
        choose(TITLE, tmp_path, environ=told, platform="linux")
    assert not Path(environ["OUT"]).exists()


def test_a_desktop_without_any_dialog_is_told(environ, tmp_path):
    """So that the page can ask."""
    with pytest.raises(NotAllowed, match="no dialog"):
        choose(TITLE, tmp_path, environ=environ, platform="linux")


# --- the other systems -------------------------------------------------------------------------


@pytest.fixture
def path(environ, monkeypatch):
    """Let programs be found in the fake folder alone, as on those systems."""
    monkeypatch.setenv("PATH", f"{environ['PATH']}:/bin:/usr/bin")
    monkeypatch.setenv("OUT", environ["OUT"])
    return environ


def test_macos_is_asked_by_arguments(path, tmp_path):
    """None of which is part of the script."""
    _program(path, "osascript", "echo /Users/ann/Zoom/")
    found = choose(TITLE, tmp_path, platform="darwin")
    assert found == Path("/Users/ann/Zoom")
    assert _asked(path)[-2:] == [TITLE, str(tmp_path)]
    assert TITLE not in "".join(_asked(path)[:-2])


def test_who_cancels_on_macos_chooses_nothing(path, tmp_path):
    """The number says so in every language."""
    _program(path, "osascript", 'echo "execution error: Abgebrochen. (-128)" >&2; exit 1')
    assert choose(TITLE, tmp_path, platform="darwin") is None
    _program(path, "osascript", 'echo "execution error: -1743" >&2; exit 1')
    with pytest.raises(NotAllowed, match="-1743"):
        choose(TITLE, tmp_path, platform="darwin")


def test_windows_is_asked_by_variables(path, tmp_path):
    """None of which is part of the script."""
    script = 'printf "%s\\n" "$ZOOMSYNC_DIALOG_TITLE" "$ZOOMSYNC_DIALOG_START" >> "$OUT"'
    system = tmp_path / "Windows" / "System32" / "WindowsPowerShell" / "v1.0"
    system.mkdir(parents=True)
    its = {**path, "PATH": str(system)}
    _program(its, "powershell.exe", f"{script}\nprintf /C/Zoom")
    _program(path, "powershell.exe", "printf /somebody/elses")
    told = {**os.environ, "SYSTEMROOT": str(tmp_path / "Windows")}
    assert choose(TITLE, tmp_path, environ=told, platform="win32") == Path("/C/Zoom")
    assert _asked(path)[-2:] == [TITLE, str(tmp_path)]
    assert TITLE not in "".join(_asked(path)[:-2])
    _program(its, "powershell.exe", "exit 0")
    assert choose(TITLE, tmp_path, environ=told, platform="win32") is None
