import json
import os
import signal
import stat
import subprocess
import sys
import threading

import pytest

from zoomsync_agent.core.errors import AlreadyRunning, FolderInvalid
from zoomsync_agent.desktop import single_instance
from zoomsync_agent.desktop.single_instance import Holder, InstanceLock, holder

CHILD = """
import os, sys
from zoomsync_agent.desktop import paths
from zoomsync_agent.desktop.single_instance import InstanceLock
lock = InstanceLock(paths.home(os.environ)).acquire()
lock.announce(port=4711, url="http://127.0.0.1:4711/")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other_agent(home):
    """Another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def info_file(home):
    """Return what the holder says of itself."""
    return home.lock_file.with_name("agent.lock.json")


def test_nobody_holds_a_new_home(home):
    """Asking changes nothing."""
    assert holder(home) is None
    assert list(home.data.iterdir()) == []


def test_the_second_agent_is_told_about_the_first(home, other_agent):
    """The error names the process and since when; the first goes on."""
    with pytest.raises(AlreadyRunning) as caught:
        InstanceLock(home).acquire()

    told = holder(home)
    assert f"process {other_agent.pid} since 20" in caught.value.detail
    assert told.pid == other_agent.pid
    assert (told.port, told.url) == (4711, "http://127.0.0.1:4711/")
    assert other_agent.poll() is None


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_a_killed_agent_leaves_no_lock(home, other_agent):
    """After kill -9 the file that it left says nothing, and the next agent starts."""
    other_agent.send_signal(signal.SIGKILL)
    other_agent.wait()
    assert info_file(home).exists()

    assert holder(home) is None
    with InstanceLock(home):
        assert holder(home).pid == os.getpid()


def test_what_is_announced_can_be_read_and_is_private(home):
    """Later announcements add to earlier ones; release takes all of it away."""
    with InstanceLock(home) as lock:
        lock.announce(port=1)
        lock.announce(url="u")
        told = holder(home)
        assert (told.pid, told.port, told.url) == (os.getpid(), 1, "u")
        assert told.command
        if sys.platform != "win32":
            assert stat.S_IMODE(info_file(home).stat().st_mode) == 0o600
            assert stat.S_IMODE(home.lock_file.stat().st_mode) == 0o600

    assert holder(home) is None
    assert not info_file(home).exists()
    assert [p.name for p in home.data.iterdir() if p.suffix == ".tmp"] == []


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"pid": "x", "started_at": 1}', '{"pid": 0}', "\x00"]
)
def test_a_holder_that_says_nothing_is_still_one(home, text, monkeypatch):
    """A damaged file does not make the lock free."""
    monkeypatch.setattr(single_instance, "GRACE_SECONDS", 0)
    with InstanceLock(home):
        info_file(home).write_text(text)
        assert holder(home) == Holder()
        with pytest.raises(AlreadyRunning, match="another process"):
            InstanceLock(home).acquire()


def test_a_dead_process_is_never_named(home):
    """A file from before belongs to no holder of now."""
    with InstanceLock(home):
        done = subprocess.Popen([sys.executable, "-c", ""])
        done.wait()
        info_file(home).write_text(json.dumps({"pid": done.pid, "started_at": 1.0}))
        assert holder(home) == Holder()


def test_the_lock_can_be_taken_again_and_released_elsewhere(home):
    """Whichever thread ends the agent gives the lock back; twice is once."""
    lock = InstanceLock(home)
    for _ in range(2):
        lock.acquire()
        thread = threading.Thread(target=lock.release)
        thread.start()
        thread.join()
        assert holder(home) is None
    lock.release()


def test_only_the_holder_announces(home):
    """Who does not hold the lock has nothing to say."""
    with pytest.raises(RuntimeError):
        InstanceLock(home).announce(port=1)


def test_asking_does_not_stop_a_start(home):
    """An agent that starts while somebody just looks who runs gets its lock."""
    look = single_instance._lock(home)
    look.acquire()
    over = threading.Timer(0.1, look.release)
    over.start()
    with InstanceLock(home):
        assert holder(home).pid == os.getpid()
    over.join()


def test_a_home_without_a_lock_file_is_refused(home):
    """What stands in the way is named."""
    home.lock_file.mkdir()
    with pytest.raises(FolderInvalid, match=r"agent\.lock"):
        InstanceLock(home).acquire()
    with pytest.raises(FolderInvalid, match=r"agent\.lock"):
        holder(home)
