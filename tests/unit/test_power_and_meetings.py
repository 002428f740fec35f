"""What the operating system knows of power, meetings and what the network costs."""

import subprocess
import sys

import pytest

from tests.fakes.clock import ManualClock
from zoomsync_agent.core.surroundings import Aspect, Conditions
from zoomsync_agent.desktop.surroundings import ThisComputer, meeting, network, power

BATTERY = {"type": "Battery", "status": "Discharging"}
FULL = {"type": "Battery", "status": "Full"}
IDLE = {"type": "Battery", "status": "Not charging"}
MOUSE = {"type": "Battery", "status": "Discharging", "scope": "Device"}
PLUGGED = {"type": "Mains", "online": "1"}
UNPLUGGED = {"type": "Mains", "online": "0"}
USB = {"type": "USB", "online": "1"}


@pytest.mark.parametrize(
    ("supplies", "expected"),
    [
        ([], False),
        ([PLUGGED], False),
        ([BATTERY], True),
        ([FULL], False),
        ([IDLE], False),
        ([BATTERY, UNPLUGGED], True),
        ([BATTERY, PLUGGED], False),
        ([IDLE, UNPLUGGED], True),
        ([BATTERY, UNPLUGGED, USB], False),
        ([MOUSE], False),
        ([MOUSE, FULL, PLUGGED], False),
        ([FULL, {"type": "Mains"}], False),
    ],
)
def test_linux_tells_whether_it_runs_on_battery(tmp_path, supplies, expected):
    """A mouse's battery is not the computer's, and a desktop has none."""
    for number, supply in enumerate(supplies):
        folder = tmp_path / f"supply{number}"
        folder.mkdir()
        for name, value in supply.items():
            (folder / name).write_text(f"{value}\n")
    assert power.of_linux(tmp_path) is expected


def test_where_there_is_no_sysfs_it_cannot_be_told(tmp_path):
    """In some containers."""
    assert power.of_linux(tmp_path / "none") is None


def test_what_a_supply_does_not_tell_is_passed_over(tmp_path):
    """Drivers fail to answer, with all kinds of errors; a folder in place of a file is one."""
    (tmp_path / "BAT0" / "status").mkdir(parents=True)
    (tmp_path / "BAT0" / "type").write_bytes(b"\xff\xfe")
    assert power.of_linux(tmp_path) is False


class Battery:
    """What psutil tells of a battery."""

    def __init__(self, plugged):
        self.power_plugged = plugged


@pytest.mark.parametrize(
    ("told", "expected"),
    [(Battery(True), False), (Battery(False), True), (Battery(None), None), (None, False)],
)
def test_elsewhere_psutil_tells_it(monkeypatch, told, expected):
    """A computer without a battery does not run on one."""
    monkeypatch.setattr("psutil.sensors_battery", lambda: told)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert power.on_battery() is expected


@pytest.mark.parametrize("error", [OSError, ValueError, NotImplementedError])
def test_what_psutil_cannot_tell_is_not_known(monkeypatch, error):
    """On machines that it has never met."""

    def fail():
        raise error

    monkeypatch.setattr("psutil.sensors_battery", fail)
    monkeypatch.setattr(sys, "platform", "win32")
    assert power.on_battery() is None


@pytest.mark.parametrize(
    ("platform", "names", "expected"),
    [
        ("linux", ["systemd", "zoom", "ZoomWebviewHost"], False),
        ("linux", ["zoom", "aomhost"], True),
        ("linux", ["cpthost"], True),
        ("darwin", ["zoom.us", "CptHost"], True),
        ("darwin", ["zoom.us", "aomhost"], False),
        ("win32", ["Zoom.exe", "CptHost.exe"], True),
        ("win32", ["Zoom.exe", "aomhost64.exe", ""], False),
    ],
)
def test_a_meeting_is_told_by_the_helper_that_zoom_starts_for_it(
    monkeypatch, platform, names, expected
):
    """Zoom itself runs all day."""
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(meeting, "_of_linux", lambda: iter(names))
    monkeypatch.setattr(meeting, "_of_others", lambda: iter(names))
    assert meeting.in_meeting() is expected


def test_processes_of_linux_are_listed_by_their_names(tmp_path):
    """Some end while they are looked at, and not everything in /proc is a process."""
    for number, name in (("1", b"init\n"), ("22", b"\xffzoom\n")):
        (tmp_path / number).mkdir()
        (tmp_path / number / "comm").write_bytes(name)
    (tmp_path / "33").mkdir()
    (tmp_path / "44" / "comm").mkdir(parents=True)
    (tmp_path / "self").mkdir()
    assert sorted(meeting._of_linux(str(tmp_path))) == ["init", "�zoom"]


@pytest.mark.skipif(sys.platform != "linux", reason="there is a /proc on Linux alone")
def test_this_very_process_is_found():
    """By the name that the system gives it."""
    with open("/proc/self/comm", encoding="utf-8") as comm:  # noqa: PTH123  as the code does
        name = comm.read().strip().lower()
    assert meeting.is_among(frozenset({name}), meeting._of_linux())


def test_where_processes_cannot_be_listed_it_is_not_known(monkeypatch):
    """A hardened system without a /proc."""

    def fail():
        raise PermissionError

    monkeypatch.setattr(meeting, "_of_linux", fail)
    monkeypatch.setattr(meeting, "_of_others", fail)
    assert meeting.in_meeting() is None


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Unrestricted\r\n", False),
        ("Fixed\n", True),
        ("Variable", True),
        ("Unknown", None),
        ("", None),
    ],
)
def test_windows_tells_what_the_network_costs(answer, expected):
    """By the type of the cost."""
    assert network._Windows(lambda: answer, ManualClock().monotonic)() is expected


def test_windows_is_asked_by_its_own_program(monkeypatch):
    """And not by one of the same name that lies in the current folder."""
    commands = []

    def run(command, **_options):
        commands.append(command)
        return subprocess.CompletedProcess(command, 0, "Fixed", "")

    monkeypatch.setattr(subprocess, "run", run)
    for root, program in (("/win", "/win/System32"), ("here", "C:\\Windows/System32")):
        monkeypatch.setenv("SYSTEMROOT", root)
        assert network._ask_windows() == "Fixed"
        assert commands[-1][0] == f"{program}/WindowsPowerShell/v1.0/powershell.exe"


def test_windows_is_not_asked_all_the_time():
    """Each question starts a program."""
    clock, answers = ManualClock(), iter(["Fixed", "Unrestricted"])
    windows = network._Windows(lambda: next(answers), clock.monotonic)
    assert [windows(), windows()] == [True, True]
    clock.advance(301.0)
    assert windows() is False


@pytest.mark.parametrize(
    "error",
    [FileNotFoundError(), subprocess.TimeoutExpired("x", 1), subprocess.CalledProcessError(1, "x")],
)
def test_a_windows_that_does_not_answer_is_not_waited_for_again(error):
    """Its answer is unknown until the next time."""
    asked = []

    def ask():
        asked.append(1)
        raise error

    windows = network._Windows(ask, ManualClock().monotonic)
    assert [windows(), windows()] == [None, None]
    assert len(asked) == 1


def test_macos_cannot_tell(monkeypatch):
    """And nobody is asked."""
    monkeypatch.setattr(sys, "platform", "darwin")
    assert network.is_metered("unix:path=/nowhere") is None
    assert ThisComputer().listener(lambda _sign: None) is None


def test_only_what_is_asked_is_looked_at(monkeypatch):
    """The rest stays unknown."""
    monkeypatch.setattr(power, "on_battery", lambda: True)
    monkeypatch.setattr(meeting, "in_meeting", lambda: True)
    monkeypatch.setattr(network, "is_metered", lambda _bus: True)
    computer = ThisComputer()
    assert computer.look(frozenset()) == Conditions()
    assert computer.look(frozenset({Aspect.BATTERY})) == Conditions(on_battery=True)
    assert computer.look(frozenset(Aspect)) == Conditions(True, True, True)
