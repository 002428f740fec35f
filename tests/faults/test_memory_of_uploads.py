"""A large recording costs no more memory than a small one."""

import contextlib
import hashlib
import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

MIB = 1 << 20
SIZES = [1 * MIB, 7 * MIB, 100 * MIB, 1024 * MIB]
MORE_KIB = 16 * 1024
CHILD = """
import json, resource, sys
from pathlib import Path
from zoomsync_agent.core.recording import ObjectKey, Outgoing
from zoomsync_agent.destinations.supabase import SupabaseDestination
from zoomsync_agent.supabase.access import ServiceAccess
from zoomsync_agent.supabase.project import Project

told = json.loads(sys.argv[1])
project = Project(told["url"], "recordings")

def peak():
    status = Path("/proc/self/status")
    if status.exists():
        # On Linux getrusage starts at the peak of whoever started this process.
        (line,) = (one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
        return int(line.split()[1])
    unit = 1024 if sys.platform == "darwin" else 1
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit

access = ServiceAccess(lambda: told["service_key"], told["user_id"])
destination = SupabaseDestination(project, access, small_bytes=0)
for path, sha256 in told["files"]:
    path = Path(path)
    stat = path.stat()
    key = ObjectKey(told["user_id"] + "/" + path.name)
    outgoing = Outgoing(path, key, stat.st_size, stat.st_mtime_ns, sha256, "video/mp4")
    receipt = destination.send(
        outgoing, resume_from=None, report=lambda progress: None, stop=lambda: False,
        pace=lambda count: None,
    )
    print(json.dumps([receipt.size, peak()]), flush=True)
project.close()
"""


@contextlib.contextmanager
def _running_server():
    """Give a stand-in in a process of its own that forgets what it is sent."""
    command = [sys.executable, "-m", "tests.fakes.supabase_server", "--sink", "--no-hash"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        yield json.loads(server.stdout.readline())
        server.stdin.close()


def _sparse(path, size):
    """Write a file of nothing, and return its name and its hash."""
    with path.open("wb") as file:
        file.truncate(size)
    with path.open("rb") as file:
        return str(path), hashlib.file_digest(file, "sha256").hexdigest()


@pytest.mark.skipif(sys.platform == "win32", reason="no getrusage there")
def test_a_gibibyte_needs_no_more_memory_than_a_small_file(tmp_path):
    """After one chunk and two, 100 MiB and 1 GiB raise the peak by 16 MiB at most."""
    files = [_sparse(tmp_path / f"{size}.mp4", size) for size in SIZES]
    with _running_server() as told:
        child = subprocess.run(
            [sys.executable, "-c", CHILD, json.dumps(told | {"files": files})],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=100,
        )
    sent, peaks = zip(*map(json.loads, child.stdout.splitlines()), strict=True)
    assert list(sent) == SIZES
    small, _, hundred, gibibyte = peaks
    assert hundred - small <= MORE_KIB
    assert gibibyte - small <= MORE_KIB
