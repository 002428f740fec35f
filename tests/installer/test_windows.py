"""The installer for Windows: what it writes, and that it takes away again just that."""

import re
import shutil
from pathlib import Path, PureWindowsPath

import pytest

from installer import build, windows_setup
from zoomsync_agent.desktop import paths
from zoomsync_agent.desktop.autostart import command_of
from zoomsync_agent.desktop.login_entries import APPROVED_KEY, RUN_KEY, _arguments

SCRIPT = windows_setup.SCRIPT.read_text("utf-8")
DEFINED = dict(re.findall(r'^!define (\w+) "(.*)"$', SCRIPT, re.MULTILINE))


def expanded(text):
    """Return a text with what the script has defined put in."""
    for _ in range(2):  # what is defined may hold what is defined
        for name, value in DEFINED.items():
            text = text.replace(f"${{{name}}}", value)
    return text


def block(kind, name):
    """Return what stands in a section or function."""
    found = re.search(rf"^{kind} {name}.*?$(.*?)^{kind}End", SCRIPT, re.MULTILINE | re.DOTALL)
    return found[1]


@pytest.fixture
def folder(tmp_path):
    """A bundle as PyInstaller makes it on Windows, as far as names go."""
    found = tmp_path / "dist" / "zoomsync"
    (found / "_internal" / "pystray").mkdir(parents=True)
    (found / "_internal" / "two words").mkdir()
    for name in (
        "zoomsync.exe", "zoomsyncw.exe", "_internal/python311.dll", "_internal/pystray/__init__.py",
        "_internal/two words/a $b", "_internal/zoë.txt",
    ):  # fmt: skip
        (found / name).write_bytes(b"x" * 2000)
    return found


def test_no_administrator_is_needed():
    """It is for one user: in their folders, and in their part of the registry."""
    assert "RequestExecutionLevel user" in SCRIPT
    assert 'InstallDir "$LOCALAPPDATA\\Programs\\zoomsync"' in expanded(SCRIPT)
    assert not re.search(r"\bHKLM\b|\bSHCTX\b|SetShellVarContext|\$PROGRAMFILES", SCRIPT)


def test_the_start_at_login_is_what_the_agent_itself_would_write():
    """So that `autostart status` finds nothing to mend."""
    section = expanded(block("Section", '/o "Start at login"'))
    key, name, line = re.search(r'WriteRegStr HKCU "(.+?)" "(.+?)" \'(.+)\'', section).groups()
    home = paths.home({"HOME": "/u"})
    program = str(PureWindowsPath("C:/Users/Ann/zoomsync/zoomsyncw.exe"))
    assert (key, name) == (RUN_KEY, home.service_name)
    wanted = command_of(home, executable=program, platform="linux", is_frozen=True, environ={})
    assert _arguments(line.replace("$INSTDIR", r"C:\Users\Ann\zoomsync")) == wanted
    assert f'DeleteRegValue HKCU "{APPROVED_KEY}" "zoomsync"' in section


def test_the_start_at_login_is_a_choice():
    """Off unless it is ticked, or said where there is nothing to be ticked."""
    assert 'Section /o "Start at login"' in SCRIPT
    assert '"/LOGIN"' in block("Function", ".onInit")


def test_what_is_written_is_taken_away_again():
    """Every key, value and link; and the start at login only of this very program."""
    written = set(re.findall(r'WriteReg\w+ HKCU "([^"]+)"', expanded(SCRIPT)))
    choices = expanded(block("Function", r"un\.Choices"))
    removed = set(re.findall(r'DeleteRegKey HKCU "([^"]+)"', choices))
    assert written - removed == {RUN_KEY}
    assert f'EnumRegValue $3 HKCU "{RUN_KEY}"' in choices
    assert '${If} $6 == "$INSTDIR\\"' in block("Function", r"un\.Choices")
    links = set(re.findall(r'CreateShortcut "([^"]+)"', expanded(SCRIPT)))
    assert links == set(re.findall(r'Delete "(\$SMPROGRAMS[^"]+)"', choices))


def test_windows_list_of_programs_has_what_it_asks_for():
    """Name, version, size, and how it goes away, with a word and without."""
    names = set(re.findall(r'WriteReg\w+ HKCU "\$\{REMOVE_KEY\}" "(\w+)"', SCRIPT))
    assert names == {
        "DisplayName", "DisplayVersion", "DisplayIcon", "Publisher", "InstallLocation",
        "UninstallString", "QuietUninstallString", "NoModify", "NoRepair", "EstimatedSize",
    }  # fmt: skip


def test_about_data_people_are_asked():
    """The answer that loses nothing is the first one, and the only one without a window."""
    section = block("Section", '"un')
    assert re.search(r"MB_DEFBUTTON2 .*/SD IDNO IDNO keep\s+Call un\.Data\s+keep:", section)


def test_recordings_are_never_taken_away():
    """Only names that the agent gives to what is its own; folders only where they are empty."""
    section = block("Function", r"un\.Folder") + block("Function", r"un\.Data")
    whole = re.findall(r'RMDir /r "(.+)"', section)
    assert whole == ["${DATA}\\Logs"]
    assert SCRIPT.count("RMDir /r") == len(whole)
    for place in ("inbox", "spool"):  # only where they are empty
        assert f'RMDir "$9\\{place}"' in section
    assert "Zoom Archive" not in SCRIPT


def test_agents_are_ended_by_their_folder():
    """Another copy, of somebody who unpacked one, goes on."""
    assert "ExecutablePath.StartsWith($$env:ZS_DIR" in SCRIPT
    assert 'SetEnvironmentVariable(t "ZS_DIR", t "$INSTDIR\\")' in SCRIPT
    assert "taskkill" not in SCRIPT.lower()


def test_just_what_was_put_there_is_removed(folder, tmp_path):
    """People may choose a folder that has other things."""
    windows_setup.write_lists(folder, tmp_path)
    install = (tmp_path / "install.nsh").read_text("utf-8")
    remove = (tmp_path / "remove.nsh").read_text("utf-8")
    sources = re.findall(r'^File "(.+)"$', install, re.MULTILINE)
    assert set(map(Path, sources)) == {path for path in folder.rglob("*") if path.is_file()}
    deleted = set(re.findall(r'^Delete "(.+)"$', remove, re.MULTILINE))
    assert r"$INSTDIR\zoomsync.exe" in deleted
    assert r"$INSTDIR\_internal\two words\a $$b" in deleted
    assert r"$INSTDIR\_internal\pystray\__pycache__\*.pyc" in deleted
    assert len(deleted) == len(sources) + 1
    folders = re.findall(r'^RMDir "(.+)"$', remove, re.MULTILINE)
    assert folders.index(r"$INSTDIR\_internal\pystray") < folders.index(r"$INSTDIR\_internal")
    assert "$INSTDIR" not in folders


def test_the_script_compiles_over_a_bundle(folder, capfd):
    """Without a warning, into a program of Windows."""
    if shutil.which("makensis") is None:
        pytest.skip("makensis is not installed")
    dist = folder.parent
    (folder / "_internal/two words/a $b").rename(folder / "_internal/two words/a b")
    code = build.main(
        ["setup", "--bundle", str(folder), "--dist", str(dist), "--work", str(dist / "work")],
        "linux",
    )
    assert code == build.DONE, capfd.readouterr()
    (made,) = dist.glob("zoomsync-*-windows-amd64-setup.exe")
    data = made.read_bytes()
    assert data[:2] == b"MZ"
    machine = data[int.from_bytes(data[60:64], "little") + 4 :][:2]
    assert machine == b"\x64\x86", "no program for 64 bits"
    assert 'requestedExecutionLevel level="asInvoker"' in data.decode("latin-1")


def test_a_bundle_for_another_system_is_refused(tmp_path, capsys):
    """It would install, and not run."""
    (tmp_path / "zoomsync").mkdir()
    (tmp_path / "zoomsync" / "zoomsync").touch()
    code = build.main(["setup", "--dist", str(tmp_path), "--work", str(tmp_path / "work")], "linux")
    assert code == build.NOT_HERE
    assert "zoomsyncw.exe" in capsys.readouterr().err
