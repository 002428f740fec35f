"""What holds for every test: no thread stays, nothing leaks in or out, no skip is hidden."""

import ipaddress
import os
import signal
import socket
import threading
import time
from pathlib import Path

import hypothesis
import pytest

from zoomsync_agent.desktop import paths

NO_SKIP = os.environ.get("ZOOMSYNC_TESTS_NO_SKIP") == "1"
JOIN_SECONDS = 10.0
FOREIGN_PREFIXES = ("ZOOMSYNC_", "ZOOM_", "SUPABASE_", "AWS_", "XDG_CONFIG", "XDG_DATA")
FOREIGN_NAMES = ("LOG_FILE", "XDG_STATE_HOME", "XDG_CACHE_HOME")

# The same examples every time: a failure belongs to the change that is being tested.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None, database=None)
# New examples every time, and more of them: for looking for what nobody has thought of.
hypothesis.settings.register_profile("explore", max_examples=2_000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("ZOOMSYNC_TESTS_HYPOTHESIS", "steady"))


class NetworkForbiddenError(RuntimeError):
    """A test tried to leave this machine. No OSError: nothing may take it for a bad network."""


def _is_loopback(family, address):
    if family not in (socket.AF_INET, socket.AF_INET6):
        return True
    host = address[0]
    if host in ("localhost", ""):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _guarded(original):
    def connect(self, address):
        if not _is_loopback(self.family, address):
            raise NetworkForbiddenError(f"a test tried to connect to {address!r}")
        return original(self, address)

    return connect


def _hear_signals():
    """Undo what `nohup` and a shell's `&` leave behind: what a process ignores, its children do."""
    for name, usual in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


def pytest_configure(config):
    """Refuse connections to anything but this machine, from the first import on."""
    _hear_signals()
    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", _guarded(socket.socket.connect))
    patch.setattr(socket.socket, "connect_ex", _guarded(socket.socket.connect_ex))
    config.add_cleanup(patch.undo)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep the tests of a group on one worker."""
    from tests.fakes.grouping import ByGroup  # xdist is not there where it is switched off

    return ByGroup(config, log) if config.getvalue("dist") == "loadgroup" else None


def _unskipped(report):
    if NO_SKIP and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped in this run: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """Turn a skipped test into a failed one where everything is meant to run."""
    return _unskipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    """Turn a skipped file into a failed one where everything is meant to run."""
    return _unskipped((yield))


@pytest.fixture(autouse=True)
def no_thread_left_behind():
    """A test that forgets to stop a service fails."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + JOIN_SECONDS
    left = []
    for thread in set(threading.enumerate()) - before - {threading.current_thread()}:
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            left.append(thread.name)
    assert not left, f"still running: {left}"


@pytest.fixture(autouse=True)
def isolated_environment(monkeypatch, tmp_path):
    """No test sees, or touches, the settings and the home of whoever runs it."""
    for name in os.environ:
        foreign = name.startswith(FOREIGN_PREFIXES) or name in FOREIGN_NAMES
        if foreign and not name.startswith("ZOOMSYNC_TESTS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("ZOOMSYNC_HOME", str(tmp_path / "zoomsync-home"))


@pytest.fixture
def home(isolated_environment, tmp_path: Path) -> paths.Home:
    """A home of its own, with its folders."""
    return paths.home(
        {"HOME": str(tmp_path), "ZOOMSYNC_HOME": os.environ["ZOOMSYNC_HOME"]}
    ).ensure()
