"""How fast recordings reach a bucket, beside rclone and boto3 on the same servers.

Every client runs in a process of its own, by turns, against one server in another process. The
stand-in takes as much work as a store does: it computes the MD5 of everything and compares each
SHA-256. `rclone serve s3`, which nobody here wrote, keeps files. Ours hashes everything on the way,
the whole file and each part, and looks at what has arrived.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.clients import agent_peaks, ended, killed, more_memory, stand_in, started
from tests.benchmarks.copying import random_file
from tests.benchmarks.figures import Figure
from tests.benchmarks.measuring import MIB, median
from tests.fakes import s3_real
from tests.fakes.s3_server import S3Server
from zoomsync_agent.core.recording import Outgoing
from zoomsync_agent.destinations.parted import PARALLEL, PART_BYTES

_PEAK_MIB: Final = 96.0
_SHARE_OF_PROCESSOR: Final = 0.5
_ROUNDS: Final = 5
_STAND_IN: Final = "tests.fakes.s3_server"
_OURS: Final = """
import json, sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from zoomsync_agent.core.recording import ObjectKey, Outgoing, Progress
from zoomsync_agent.destinations.s3 import S3Destination
from zoomsync_agent.s3.bucket import Bucket
from zoomsync_agent.s3.credentials import FixedKeys, Keys
from zoomsync_agent.s3.requests import Requests

told = json.loads(sys.argv[1])
where = told["server"]
bucket = Bucket(where["bucket"], where["region"], where["url"], is_path_style=True)
keys = FixedKeys(Keys(where["access_key"], where["secret_key"]))
requests = Requests(bucket, keys)
# As boto3's client below: everything is loaded.
requests.http, requests.link("", 60)
destination = S3Destination(requests)
saved = told.get("resume")
def report(progress):
    if told.get("reports"):
        print(json.dumps([progress.offset, progress.resume_token]), flush=True)
def send(file):
    path = Path(file["path"])
    stat = path.stat()
    return destination.send(
        Outgoing(
            path, ObjectKey(told["folder"] + "/" + path.name), stat.st_size, stat.st_mtime_ns,
            file["sha256"], "video/mp4",
        ),
        resume_from=Progress(*saved) if saved else None, report=report,
        stop=lambda: False, pace=lambda count: None,
    )
began = time.perf_counter()
with ThreadPoolExecutor(told["threads"]) as threads:
    receipts = list(threads.map(send, told["files"]))
wall = time.perf_counter() - began
assert all(receipts)
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"wall": wall, "peak": int(peak.split()[1]) / 1024}))
"""
_BOTO3: Final = """
import json, sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import boto3
from botocore.config import Config

told = json.loads(sys.argv[1])
where = told["server"]
client = boto3.client(
    "s3", endpoint_url=where["url"], region_name=where["region"],
    aws_access_key_id=where["access_key"], aws_secret_access_key=where["secret_key"],
    config=Config(s3={"addressing_style": "path"}),
)
def send(file):
    path = Path(file["path"])
    client.upload_file(str(path), where["bucket"], told["folder"] + "/" + path.name)
began = time.perf_counter()
with ThreadPoolExecutor(told["threads"]) as threads:
    list(threads.map(send, told["files"]))
wall = time.perf_counter() - began
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"wall": wall, "peak": int(peak.split()[1]) / 1024}))
"""


def measure(place: Path, *, quick: bool) -> list[Figure]:
    """Send one large file and many small ones by turns, kill an upload, look at memory."""
    rounds = 1 if quick else _ROUNDS
    large = _files(place / "large", 1, (24 if quick else 1024) * MIB)
    small = _files(place / "small", 4 if quick else 200, (1 if quick else 5) * MIB)
    figures: list[Figure] = []
    with stand_in(_STAND_IN) as told:
        one = _Case("one file", large, _clients(2), told)
        many = _Case("small files", small, [*_clients(2), _Client("ours, 4", _ours, 4)], told)
        for case in (one, many):
            figures += _figures(case, _by_turns(case, rounds))
    for case in (one, many):
        figures += _elsewhere(place / "served", case, rounds=min(rounds, 3))
    figures.append(_sent_again(large[0], rounds))
    for folder in (large, small):
        shutil.rmtree(folder[0].path.parent)
    sizes = (12, 24) if quick else (102, 1024, 10_240)
    return [*figures, *_memory(place, [size * MIB for size in sizes])]


def _files(folder: Path, count: int, size: int) -> list[Outgoing]:
    folder.mkdir()
    return [random_file(folder / f"video{number:04}.mp4", size) for number in range(count)]


# --- the clients ---------------------------------------------------------------------------

_Start = Callable[[Sequence[Outgoing], dict[str, Any], str, int], "subprocess.Popen[bytes]"]
"""Starts an upload of files to a server, into a folder, with so many threads."""


@dataclass(frozen=True, slots=True)
class _Client:
    name: str
    start: _Start
    threads: int


def _clients(ours: int) -> list[_Client]:
    """Return them, each with as many files at a time as it takes by itself."""
    return [
        _Client("ours", _ours, ours),
        _Client("rclone", _rclone, 4),
        _Client("boto3", _boto3, 4),
    ]


def _ours(
    files: Sequence[Outgoing], server: dict[str, Any], folder: str, threads: int, **more: Any
) -> "subprocess.Popen[bytes]":
    return started(_OURS, {**_told(files, server, folder, threads), **more})


def _boto3(
    files: Sequence[Outgoing], server: dict[str, Any], folder: str, threads: int
) -> "subprocess.Popen[bytes]":
    return started(_BOTO3, _told(files, server, folder, threads))


def _told(
    files: Sequence[Outgoing], server: dict[str, Any], folder: str, threads: int
) -> dict[str, Any]:
    return {
        "files": [{"path": str(file.path), "sha256": file.sha256} for file in files],
        "server": server,
        "folder": folder,
        "threads": threads,
    }


def _rclone(
    files: Sequence[Outgoing], server: dict[str, Any], folder: str, threads: int
) -> "subprocess.Popen[bytes]":
    remote = {
        "TYPE": "s3",
        "PROVIDER": "Other",
        "ENDPOINT": server["url"],
        "REGION": server["region"],
        "ACCESS_KEY_ID": server["access_key"],
        "SECRET_ACCESS_KEY": server["secret_key"],
        "FORCE_PATH_STYLE": "true",
        "LIST_VERSION": "2",
        # Neither server makes a bucket that is there; nor do ours and boto3 ask for one.
        "NO_CHECK_BUCKET": "true",
    }
    program = [
        s3_real.rclone_program(),
        "copy",
        str(files[0].path.parent),
        f"x:{server['bucket']}/{folder}",
        f"--transfers={threads}",
        "--config=/dev/null",
        "--log-level=ERROR",
    ]
    variables = {f"RCLONE_CONFIG_X_{name}": value for name, value in remote.items()}
    return subprocess.Popen(program, env={**os.environ, **variables}, stdout=subprocess.PIPE)


# --- side by side --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Case:
    """What is sent, by whom and to whom."""

    name: str
    files: Sequence[Outgoing]
    clients: Sequence[_Client]
    server: dict[str, Any]

    @property
    def gib(self) -> float:
        return sum(file.size for file in self.files) / (1024 * MIB)


_Results = dict[str, dict[str, float]]
"""By client: the medians of `wall`, `process_cpu` and, where it tells it, `peak`."""


def _by_turns(case: _Case, rounds: int, after: Callable[[], object] = lambda: None) -> _Results:
    """Return the medians; *after* clears away what came in each time."""
    results: dict[str, list[dict[str, float]]] = {client.name: [] for client in case.clients}
    for turn in range(rounds):
        for client in case.clients:
            folder = f"{case.name}-{turn}-{client.name}".replace(", ", "-").replace(" ", "-")
            began = time.perf_counter()
            told = ended(client.start(case.files, case.server, folder, client.threads))
            # A program that does not tell counts from its start on.
            results[client.name].append({"wall": time.perf_counter() - began, **told})
            after()
    return {
        name: {field: median([one[field] for one in told]) for field in told[0]}
        for name, told in results.items()
    }


def _figures(case: _Case, results: _Results) -> list[Figure]:
    title = f"bucket: {case.name}"
    count = f"{len(case.files)} × " if len(case.files) > 1 else ""
    note = f"{count}{case.files[0].size // MIB:,} MiB, medians of rounds taken alternately"
    figures = [
        Figure(
            f"{title}, {name}",
            case.gib * 1024 / told["wall"],
            "MiB/s",
            note=f"{told['process_cpu'] / case.gib:.2f} s of processor per GiB; {note}",
        )
        for name, told in results.items()
    ]
    figures += _ratios(title, results)
    ours, rclone = results["ours"], results["rclone"]
    return [
        *figures,
        Figure(
            f"{title}, processor of ours ÷ rclone's",
            ours["process_cpu"] / rclone["process_cpu"],
            "×",
            _SHARE_OF_PROCESSOR,
            "whole processes, from their start",
        ),
        Figure(
            f"{title}, peak memory of ours",
            ours["peak"],
            "MiB",
            _PEAK_MIB,
            f"boto3 {results['boto3']['peak']:.1f} MiB",
        ),
    ]


def _ratios(title: str, results: _Results) -> list[Figure]:
    fastest = min(("rclone", "boto3"), key=lambda name: results[name]["wall"])
    note = "from the first send to the last receipt; rclone from its start"
    return [
        Figure(
            f"{title}, {name} ÷ {fastest}",
            results[name]["wall"] / results[fastest]["wall"],
            "×",
            1.0 if name == "ours" else None,
            note,
        )
        for name in results
        if name.startswith("ours")
    ]


def _elsewhere(place: Path, case: _Case, *, rounds: int) -> list[Figure]:
    """Compare the clients on a server that keeps what it gets."""
    place.mkdir()
    with s3_real.rclone_over(place) as server:
        bucket = server.new_bucket()
        told = {
            "url": server.url,
            "bucket": bucket,
            "region": s3_real.REGION,
            "access_key": s3_real.KEYS.access_key,
            "secret_key": s3_real.KEYS.secret_key,
        }

        def clear() -> None:
            for folder in (place / bucket).iterdir():
                shutil.rmtree(folder, ignore_errors=True)
            os.sync()

        there = _Case(case.name, case.files, case.clients, told)
        results = _by_turns(there, rounds, clear)
    shutil.rmtree(place)
    return _ratios(f"bucket: {case.name} to rclone serve s3", results)


# --- after a kill --------------------------------------------------------------------------


def _sent_again(outgoing: Outgoing, times: int) -> Figure:
    """Kill uploads in the middle, and tell what came twice of the one that did worst."""
    came = [_came(outgoing) for _ in range(times)]
    return Figure(
        "bucket: sent again after kill -9",
        (max(came) - outgoing.size) / MIB,
        "MiB",
        PARALLEL * PART_BYTES / MIB,
        f"the most of {times}, killed in the middle of {outgoing.size // MIB:,} MiB",
    )


def _came(outgoing: Outgoing) -> int:
    """Kill an upload, go on in another process, and count the bytes that came."""
    with S3Server(keep_bytes=False) as store:
        server = {
            "url": store.url,
            "bucket": store.bucket,
            "region": store.region,
            "access_key": store.access_key,
            "secret_key": store.secret_key,
        }
        first = _ours([outgoing], server, "killed", 1, reports=True)
        saved = killed(first, after=outgoing.size // 2)
        ended(_ours([outgoing], server, "killed", 1, resume=saved))
        time.sleep(0.1)  # the stand-in notes a request when it has ended
        return sum(seen.body_bytes for seen in store.seen("PUT", f"/{store.bucket}/killed/"))


# --- memory --------------------------------------------------------------------------------


def _memory(place: Path, sizes: Sequence[int]) -> list[Figure]:
    """Let the whole agent upload files of growing size, and look at its peaks."""
    with stand_in(_STAND_IN) as server:
        settings = {
            "ZOOMSYNC_DESTINATION": "s3",
            "S3_BUCKET": server["bucket"],
            "S3_ENDPOINT_URL": server["url"],
            "AWS_REGION": server["region"],
            "AWS_ACCESS_KEY_ID": server["access_key"],
            "AWS_SECRET_ACCESS_KEY": server["secret_key"],
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        peaks = agent_peaks(place, sizes, settings)
    return [
        more_memory("bucket", sizes, peaks),
        Figure("bucket: peak memory of the whole agent", max(peaks), "MiB", _PEAK_MIB),
    ]
