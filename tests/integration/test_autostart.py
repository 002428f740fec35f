"""The start at login: what is written on each system, what is read back, what is wrong with it."""

import os
import plistlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync_agent.core.errors import NotAllowed
from zoomsync_agent.desktop import paths
from zoomsync_agent.desktop.autostart import Autostart, command_of, entry_of, program_of
from zoomsync_agent.desktop.login_entries import (
    APPROVED_KEY,
    RUN_KEY,
    DesktopEntry,
    LaunchAgent,
    RunValue,
    exec_line,
    exec_parsed,
)

ODD = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=20
)
SHELLISH = st.text("a \\\"'`$%=;&|<>~*?#()\n\t\r", min_size=1, max_size=12)


class MemoryRegistry:
    """`Registry` in a dictionary."""

    def __init__(self):
        self.values = {}

    def get(self, key, name):
        """Return a value."""
        return self.values.get((key, name))

    def set(self, key, name, value):
        """Write a value."""
        self.values[key, name] = value

    def delete(self, key, name):
        """Remove a value."""
        self.values.pop((key, name), None)


@pytest.fixture
def program(tmp_path):
    """Give a program that is there."""
    path = tmp_path / "bin" / "zoomsync"
    path.parent.mkdir()
    path.touch()
    return str(path)


@pytest.fixture(params=["desktop entry", "launch agent", "registry"])
def entry(request, tmp_path):
    """Give the entry of each system."""
    match request.param:
        case "desktop entry":
            return DesktopEntry(tmp_path / "config" / "autostart" / "zoomsync.desktop", "zoomsync")
        case "launch agent":
            return LaunchAgent(tmp_path / "LaunchAgents" / "org.zoomsync.zoomsync.plist")
        case _:
            return RunValue("zoomsync", MemoryRegistry())


def _autostart(entry, *command):
    return Autostart(paths.Home(Path(), Path(), Path()), entry=entry, command=command)


def by_the_specification(value):
    """Parse a value of Exec by the letter of the Desktop Entry Specification, character by char.

    First the escapes of every string, then quoted arguments, then `%%`. Written apart from the
    program's own reader.
    """
    text, at = [], 0
    while at < len(value):
        if value[at] == "\\":
            text.append({"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}[value[at + 1]])
            at += 2
        else:
            assert value[at] not in "\n\r", "a line ends there"
            text.append(value[at])
            at += 1
    line, arguments, at = "".join(text), [], 0
    reserved = " \t\n\"'\\><~|&;$*?#()`"
    while at < len(line):
        argument = ""
        if line[at] == '"':
            at += 1
            while line[at] != '"':
                if line[at] == "\\":
                    at += 1
                    assert line[at] in '"`$\\', "nothing else is escaped"
                else:
                    assert line[at] not in "`$", "it must be escaped"
                argument += line[at]
                at += 1
            at += 1
        else:
            while at < len(line) and line[at] != " ":
                assert line[at] not in reserved, "it must be quoted"
                argument += line[at]
                at += 1
        assert at == len(line) or line[at] == " ", "arguments are separated by a space"
        at += 1
        assert not re.search(r"%", argument.replace("%%", "")), "a lone % is a field code"
        arguments.append(argument.replace("%%", "%"))
    return arguments


@given(st.lists(ODD | SHELLISH, min_size=1, max_size=4))
def test_every_command_is_read_as_it_was_meant(command):
    """By the specification, and by the program itself."""
    line = exec_line(command)
    assert by_the_specification(line) == command
    assert exec_parsed(line) == command


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("zoomsync run", ["zoomsync", "run"]),
        ('"/a b/zoomsync"  run ', ["/a b/zoomsync", "run"]),
        ("", []),
        ('"/never ended', []),
    ],
)
def test_what_somebody_else_has_written_is_read(line, command):
    """As far as it is a command."""
    assert exec_parsed(line) == command


def test_on_off_and_on_again(entry, program):
    """And each twice, which changes nothing."""
    found = _autostart(entry, program, "--profile", "my work", "run", "--at-login")
    assert not found.status().is_on
    for wanted in (True, True, False, False, True):
        found.set(wanted=wanted)
        assert found.status().is_on is wanted
        assert found.status().problem == ""
        assert entry.place in found.status().place


def test_a_program_that_moved_is_noticed_and_mended(entry, program, tmp_path):
    """The entry leads nowhere until it is written anew."""
    old = tmp_path / "old" / "zoomsync"
    _autostart(entry, str(old), "run", "--at-login").set(wanted=True)
    found = _autostart(entry, program, "run", "--at-login")
    assert found.status().is_on
    assert "not there any more" in found.status().problem
    assert str(old) in found.status().problem
    found.set(wanted=True)
    assert found.status().problem == ""


def test_another_version_is_noticed(entry, program, tmp_path):
    """Which is there, and is not this program."""
    other = tmp_path / "other"
    other.touch()
    _autostart(entry, str(other), "run").set(wanted=True)
    assert "Another program" in _autostart(entry, program, "run", "--at-login").status().problem


def test_what_the_desktop_asks_for(tmp_path, program):
    """The real validator has nothing to say of a file with an odd path."""
    path = tmp_path / "zoomsync.desktop"
    DesktopEntry(path, "zoomsync (work)").write([f'{program} "x" `$y`\\', "100%", "run"])
    validator = shutil.which("desktop-file-validate")
    if validator is None:
        pytest.skip("desktop-file-utils is not installed")
    told = subprocess.run([validator, str(path)], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout + told.stderr) == (0, "")


def test_a_desktop_starts_what_the_entry_says(tmp_path):
    """As GLib, which most desktops use, reads it."""
    gtk_launch = shutil.which("gio")
    if gtk_launch is None:
        pytest.skip("gio is not installed")
    program = tmp_path / 'odd " $name `x`\\' / "zoomsync"
    program.parent.mkdir()
    out = tmp_path / "out"
    program.write_text(f'#!/bin/sh\nprintf "%s|" "$@" > {out}.new && mv {out}.new {out}\n')
    program.chmod(0o755)
    entry = DesktopEntry(tmp_path / "zoomsync.desktop", "zoomsync")
    entry.write([str(program), "--profile", "a b 50%", "run", "--at-login"])
    done = subprocess.run(
        [gtk_launch, "launch", entry.place], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for _ in range(200):
        if out.exists():
            break
        subprocess.run(["sleep", "0.02"], check=True)  # noqa: S607
    assert out.read_text() == "--profile|a b 50%|run|--at-login|"


@pytest.mark.parametrize("line", ["Hidden=true", "X-GNOME-Autostart-enabled=false"])
def test_an_entry_that_the_desktop_switched_off_is_off(tmp_path, program, line):
    """And on again when somebody asks for it here."""
    path = tmp_path / "zoomsync.desktop"
    found = _autostart(DesktopEntry(path, "zoomsync"), program, "run")
    found.set(wanted=True)
    kept = [one for one in path.read_text().splitlines() if not one.startswith("X-GNOME")]
    path.write_text("\n".join([*kept, line, ""]))
    assert not found.status().is_on
    found.set(wanted=True)
    assert found.status().is_on


@pytest.mark.parametrize("program", ["/a=b/zoomsync", "/50%/zoomsync"])
def test_a_program_that_no_desktop_can_start_is_refused(tmp_path, program):
    """Before anything is written."""
    entry = DesktopEntry(tmp_path / "zoomsync.desktop", "zoomsync")
    with pytest.raises(NotAllowed, match=program):
        entry.write([program, "run"])
    assert list(tmp_path.iterdir()) == []


def test_what_launchd_asks_for(tmp_path):
    """Label, program, at load; and nothing that starts it again when it ended."""
    path = tmp_path / "org.zoomsync.zoomsync.plist"
    LaunchAgent(path).write(["/Apps/a & b <c>/zoomsync", "run", "--at-login"])
    told = plistlib.loads(path.read_bytes())
    assert told["Label"] == "org.zoomsync.zoomsync"
    assert told["ProgramArguments"] == ["/Apps/a & b <c>/zoomsync", "run", "--at-login"]
    assert told["RunAtLoad"] is True
    assert "KeepAlive" not in told
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("data", [b"", b"<plist>", b"no plist", plistlib.dumps([1])])
def test_a_damaged_list_is_told_and_mended(tmp_path, program, data):
    """Nothing starts until then."""
    path = tmp_path / "a.plist"
    path.write_bytes(data)
    found = _autostart(LaunchAgent(path), program, "run")
    assert "damaged" in found.status().problem
    found.set(wanted=True)
    assert found.status().problem == ""


def test_a_list_that_is_disabled_is_off(tmp_path):
    """As launchd takes it."""
    path = tmp_path / "a.plist"
    told = {"Label": "a", "ProgramArguments": ["/x"], "RunAtLoad": True, "Disabled": True}
    path.write_bytes(plistlib.dumps(told))
    assert LaunchAgent(path).read() is None


def test_a_value_that_windows_switched_off_is_off(program):
    """In the task manager; and on again when somebody asks for it here."""
    registry = MemoryRegistry()
    found = _autostart(RunValue("zoomsync", registry), program, "run")
    found.set(wanted=True)
    registry.values[APPROVED_KEY, "zoomsync"] = bytes([3, 0, 0, 0])
    assert not found.status().is_on
    found.set(wanted=True)
    assert found.status().is_on
    registry.values[APPROVED_KEY, "zoomsync"] = bytes([2, 0, 0, 0])
    assert found.status().is_on


def test_what_windows_reads(tmp_path):
    """A path with blanks is quoted."""
    registry = MemoryRegistry()
    RunValue("zoomsync", registry).write([r"C:\Program Files\zoomsync.exe", "run", "--at-login"])
    assert registry.values[RUN_KEY, "zoomsync"] == (
        r'"C:\Program Files\zoomsync.exe" run --at-login'
    )


@given(st.lists(st.text('ab \\:-"', min_size=1, max_size=12), min_size=1, max_size=4))
def test_a_command_line_of_windows_is_read_back(command):
    """With blanks and backslashes, as paths have them."""
    entry = RunValue("zoomsync", MemoryRegistry())
    entry.write(command)
    assert entry.read() == command


def test_a_command_that_windows_would_cut_is_refused():
    """Rather than start something else."""
    registry = MemoryRegistry()
    with pytest.raises(NotAllowed, match="260"):
        RunValue("zoomsync", registry).write(["C:\\" + "x" * 260, "run"])
    assert registry.values == {}


def test_a_place_that_cannot_be_written_is_told(tmp_path, program):
    """A file where the folder is to be."""
    (tmp_path / "autostart").touch()
    found = _autostart(DesktopEntry(tmp_path / "autostart" / "a.desktop", "a"), program, "run")
    with pytest.raises(NotAllowed, match=r"a\.desktop"):
        found.set(wanted=True)


# --- which program -----------------------------------------------------------------------------


def _home(**environ):
    return paths.home({"HOME": "/u", **environ})


def test_the_script_beside_the_interpreter_is_started(tmp_path):
    """It is the same installation."""
    (tmp_path / "zoomsync").touch()
    command = command_of(
        _home(), executable=str(tmp_path / "python3"), platform="linux", is_frozen=False
    )
    assert command == [str(tmp_path / "zoomsync"), "run", "--at-login"]


def test_without_a_script_the_module_is_started(tmp_path):
    """Say, in a checkout."""
    python = str(tmp_path / "python3")
    command = command_of(_home(), executable=python, platform="linux", is_frozen=False)
    assert command == [python, "-m", "zoomsync_agent", "run", "--at-login"]


def test_windows_opens_no_console(tmp_path):
    """Where there is the interpreter that has none."""
    (tmp_path / "zoomsync.exe").touch()
    python, windowless = tmp_path / "python.exe", tmp_path / "pythonw.exe"
    tail = ["-m", "zoomsync_agent", "run", "--at-login"]

    def told():
        return command_of(_home(), executable=str(python), platform="win32", is_frozen=False)

    assert told() == [str(python), *tail]
    windowless.touch()
    assert told() == [str(windowless), *tail]


def test_a_bundle_starts_itself():
    """And an AppImage the file that is mounted to be run, not the mount."""
    options = {"executable": "/opt/zoomsync/zoomsync", "platform": "linux", "is_frozen": True}
    assert command_of(_home(), environ={}, **options) == [
        "/opt/zoomsync/zoomsync",
        "run",
        "--at-login",
    ]
    told = command_of(_home(), environ={"APPIMAGE": "/u/Zoomsync.AppImage"}, **options)
    assert told[0] == "/u/Zoomsync.AppImage"


def test_a_bundle_on_windows_opens_no_console_either(tmp_path):
    """Whichever of its two programs writes the entry."""
    (tmp_path / "zoomsyncw.exe").touch()
    for name in ("zoomsync.exe", "zoomsyncw.exe"):
        told = command_of(
            _home(), executable=str(tmp_path / name), platform="win32", is_frozen=True, environ={}
        )
        assert told == [str(tmp_path / "zoomsyncw.exe"), "run", "--at-login"]
    (tmp_path / "zoomsync.exe").touch()
    for name in ("zoomsync.exe", "zoomsyncw.exe"):  # what is asked for an answer can give one
        told = program_of(
            _home(), executable=str(tmp_path / name), platform="win32", is_frozen=True, environ={}
        )
        assert told == [str(tmp_path / "zoomsync.exe")]
    alone = str(tmp_path / "elsewhere" / "zoomsync.exe")
    told = command_of(_home(), executable=alone, platform="win32", is_frozen=True, environ={})
    assert told[0] == alone


def test_the_same_home_and_profile_are_started(tmp_path):
    """Whatever the environment at login says."""
    options = {"executable": "/z", "platform": "linux", "is_frozen": True, "environ": {}}
    home = _home(ZOOMSYNC_HOME=str(tmp_path), ZOOMSYNC_PROFILE="Work")
    assert command_of(home, **options) == [
        *("/z", "--home", str(tmp_path), "--profile", "work", "run", "--at-login")
    ]


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_each_home_has_an_entry_of_its_own(tmp_path, platform):
    """Below the user's own folder."""
    homes = [
        _home(),
        _home(ZOOMSYNC_PROFILE="work"),
        _home(ZOOMSYNC_PROFILE="other"),
        _home(ZOOMSYNC_HOME="/h"),
        _home(ZOOMSYNC_HOME="/h", ZOOMSYNC_PROFILE="work"),
    ]
    places = [entry_of(one, environ={"HOME": "/u"}, platform=platform).place for one in homes]
    assert len(set(places)) == len(homes)
    assert all(one.startswith(f"/u{os.sep}") for one in places)


def test_xdg_config_home_counts(tmp_path):
    """If it is a path at all."""
    told = {"HOME": "/u", "XDG_CONFIG_HOME": str(tmp_path)}
    assert entry_of(_home(), environ=told, platform="linux").place.startswith(str(tmp_path))
    told["XDG_CONFIG_HOME"] = "relative"
    assert entry_of(_home(), environ=told, platform="linux").place.startswith("/u/.config/")
