"""How fast a recording reaches a project, beside another client of the same protocol.

Every upload runs in a process of its own against one stand-in in another process, which counts
bytes and keeps none. Both clients send the same file in chunks of 6 MiB; ours hashes it on the way
(SHA-256, and MD5 where it is to prove the ETag), the other one does not.
"""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.clients import agent_peaks, ended, killed, more_memory, stand_in, started
from tests.benchmarks.copying import random_file
from tests.benchmarks.figures import Figure
from tests.benchmarks.measuring import MIB, median
from tests.fakes.supabase_server import SupabaseServer
from zoomsync_agent.core.recording import Outgoing

_CHUNK: Final = 6 * MIB
_CPU_SECONDS: Final = 1.6
_ROUNDS: Final = 5
_STAND_IN: Final = "tests.fakes.supabase_server"
_OURS: Final = """
import json, resource, sys, time
from pathlib import Path
from zoomsync_agent.core.recording import ObjectKey, Outgoing, Progress
from zoomsync_agent.destinations.supabase import SupabaseDestination
from zoomsync_agent.supabase.access import ServiceAccess
from zoomsync_agent.supabase.project import Project

told = json.loads(sys.argv[1])
path = Path(told["path"])
stat = path.stat()
key = ObjectKey(f"{told['user_id']}/{told['name']}")
outgoing = Outgoing(path, key, stat.st_size, stat.st_mtime_ns, told["sha256"], "video/mp4")
project = Project(told["url"], "recordings")
destination = SupabaseDestination(
    project, ServiceAccess(lambda: told["service_key"], told["user_id"]),
    proves_etag=told["proves_etag"],
)
project.http
saved = told.get("resume")
def report(progress):
    if told["reports"]:
        print(json.dumps([progress.offset, progress.resume_token]), flush=True)
before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
receipt = destination.send(
    outgoing, resume_from=Progress(*saved) if saved else None, report=report,
    stop=lambda: False, pace=lambda count: None,
)
wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
assert receipt is not None
cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
print(json.dumps({"wall": wall, "cpu": cpu}))
"""
_OTHER: Final = """
import json, resource, sys, time
from tusclient.client import TusClient

told = json.loads(sys.argv[1])
headers = {"Authorization": "Bearer " + told["service_key"], "apikey": told["service_key"]}
client = TusClient(told["url"] + "/storage/v1/upload/resumable", headers=headers)
before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
with open(told["path"], "rb") as stream:
    client.uploader(
        file_stream=stream, chunk_size=told["chunk"],
        metadata={
            "bucketName": "recordings", "objectName": told["user_id"] + "/" + told["name"],
            "contentType": "video/mp4", "cacheControl": "3600",
        },
    ).upload()
wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
print(json.dumps({"wall": wall, "cpu": cpu}))
"""


def measure(place: Path, *, quick: bool) -> list[Figure]:
    """Send one large file by turns, kill one upload, and look at memory over sizes."""
    outgoing = random_file(place / "large.mp4", (16 if quick else 1024) * MIB)
    figures = [
        *_side_by_side(outgoing, rounds=1 if quick else _ROUNDS),
        _sent_again(outgoing),
    ]
    outgoing.path.unlink()
    sizes = (8, 16) if quick else (102, 1024, 10_240)
    return [*figures, *_memory(place, [size * MIB for size in sizes])]


# --- side by side --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Way:
    name: str
    script: str
    proves_etag: bool = False


_WAYS: Final = (
    _Way("SHA-256 and ETag", _OURS, proves_etag=True),
    _Way("SHA-256", _OURS),
    _Way("tuspy", _OTHER),
)


def _side_by_side(outgoing: Outgoing, *, rounds: int) -> list[Figure]:
    results: dict[str, list[dict[str, float]]] = {way.name: [] for way in _WAYS}
    with stand_in(_STAND_IN, "--no-hash") as server:
        for turn in range(rounds):
            for way in _WAYS:
                name = f"{turn}/{way.name.replace(' ', '-')}.mp4"
                results[way.name].append(ended(_started(way, outgoing, server, name)))
    wall = {name: median([one["wall"] for one in told]) for name, told in results.items()}
    cpu = {name: median([one["cpu"] for one in told]) for name, told in results.items()}
    gib = outgoing.size / (1024 * MIB)
    note = f"{outgoing.size // MIB:,} MiB, medians of {rounds} rounds taken alternately"
    figures = []
    for way in _WAYS[:2]:
        speed = outgoing.size / MIB / wall[way.name]
        figures += [
            Figure(f"upload: {way.name}", speed, "MiB/s", note=note),
            Figure(f"upload: {way.name} ÷ tuspy", wall[way.name] / wall["tuspy"], "×", 1.0),
            Figure(
                f"upload: {way.name}, processor per GiB",
                cpu[way.name] / gib,
                "s",
                None if way.proves_etag else _CPU_SECONDS,
            ),
        ]
    tuspy = outgoing.size / MIB / wall["tuspy"]
    note = f"{cpu['tuspy'] / gib:.2f} s of processor per GiB, hashes nothing"
    return [*figures, Figure("upload: tuspy", tuspy, "MiB/s", note=note)]


def _started(
    way: _Way, outgoing: Outgoing, server: dict[str, Any], name: str, **more: Any
) -> "subprocess.Popen[bytes]":
    told = {
        "path": str(outgoing.path),
        "sha256": outgoing.sha256,
        "url": server["url"],
        "service_key": server["service_key"],
        "user_id": server["user_id"],
        "name": name,
        "chunk": _CHUNK,
        "proves_etag": way.proves_etag,
        "reports": False,
        **more,
    }
    return started(way.script, told)


# --- after a kill --------------------------------------------------------------------------


def _sent_again(outgoing: Outgoing) -> Figure:
    """Kill an upload in the middle, go on in another process, and count what came twice."""
    with SupabaseServer(keep_bytes=False) as project:
        user = project.add_user("somebody@example.org")
        server = {"url": project.url, "service_key": project.service_key, "user_id": user.id}
        first = _started(_WAYS[0], outgoing, server, "killed.mp4", reports=True)
        saved = killed(first, outgoing.size // 2)
        ended(_started(_WAYS[0], outgoing, server, "killed.mp4", resume=saved, reports=True))
        time.sleep(0.1)  # the stand-in notes a request when it has ended
        came = sum(seen.body_bytes for seen in project.seen("PATCH"))
    return Figure(
        "upload: sent again after kill -9",
        (came - outgoing.size) / MIB,
        "MiB",
        _CHUNK / MIB,
        f"killed after {saved[0] // MIB:,} of {outgoing.size // MIB:,} MiB",
    )


# --- memory --------------------------------------------------------------------------------


def _memory(place: Path, sizes: list[int]) -> list[Figure]:
    """Let the whole agent upload files of growing size, and compare its peaks."""
    with stand_in(_STAND_IN, "--no-hash") as server:
        settings = {
            "ZOOMSYNC_DESTINATION": "supabase",
            "SUPABASE_URL": server["url"],
            "SUPABASE_SERVICE_KEY": server["service_key"],
            "ZOOMSYNC_USER_ID": server["user_id"],
        }
        return [more_memory("upload", sizes, agent_peaks(place, sizes, settings))]
