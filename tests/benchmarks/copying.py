"""How fast bytes reach the archive, beside `cp` and `sha256sum` in the same minute."""

import hashlib
import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final
from unittest import mock

from tests.benchmarks.figures import Figure
from tests.benchmarks.measuring import (
    MIB,
    Queue,
    Spent,
    agent_in,
    median,
    meeting_folder,
    spending,
)
from tests.fakes import media
from zoomsync_agent.core.recording import ObjectKey, Outgoing
from zoomsync_agent.destinations.folder import FolderDestination
from zoomsync_agent.destinations.folder import destination as folder_module

_FLUSHED: Final = (
    'cp "$1" "$2" && sync "$2" && dd of="$2" oflag=nocache conv=notrunc count=0 status=none'
)
"""A copy that is durable and no longer in memory, so that what is read next is on the disk."""
_WAYS: Final = {
    "cp": 'cp "$1" "$2"',
    "cp + sha256sum": 'cp "$1" "$2" && sha256sum "$2" >/dev/null',
    "cp + sync + sha256sum from disk": f'{_FLUSHED} && sha256sum "$2" >/dev/null',
}
_FAST_WAYS: Final = {
    "cp + openssl": 'cp "$1" "$2" && openssl dgst -sha256 "$2" >/dev/null',
    "cp + sync + openssl from disk": f'{_FLUSHED} && openssl dgst -sha256 "$2" >/dev/null',
}
"""Many builds of `sha256sum` leave the processor's SHA instructions unused; openssl uses them, as
the agent does, and is therefore the fair peer."""


def measure(place: Path, *, quick: bool) -> list[Figure]:
    """Send one large file, then a thousand small ones through the whole agent."""
    return [*_large(place, quick=quick), *_small(place / "small", quick=quick)]


# --- one large file ------------------------------------------------------------------------


def _large(place: Path, *, quick: bool) -> list[Figure]:
    size = 16 * MIB if quick else 1024 * MIB
    rounds = 1 if quick else 5
    outgoing = random_file(place / "large.mp4", size)
    ways = _WAYS | (_FAST_WAYS if shutil.which("openssl") else {})
    results: dict[str, list[Spent]] = {"send": [], **{way: [] for way in ways}}
    proving: list[float] = []
    durable: list[float] = []
    for _ in range(rounds):
        for way, command in ways.items():
            results[way].append(_timed(place, partial(_shell, command, outgoing, place)))
        parts: dict[str, float] = {}
        results["send"].append(_timed(place, partial(_send, place, outgoing, parts)))
        proving.append(parts["hash"])
        durable.append(parts["flush"])
    wall = {way: median([one.wall for one in spent]) for way, spent in results.items()}
    cpu = {way: median([one.cpu for one in spent]) for way, spent in results.items()}
    outgoing.path.unlink()
    figures = [
        Figure("copy: send", size / MIB / wall["send"], "MiB/s", note=_note(size, rounds)),
        Figure("copy: send, processor", cpu["send"], "s"),
        Figure("copy: send, share of reading back and hashing", median(proving) / wall["send"], ""),
        Figure("copy: send, share of flushing", median(durable) / wall["send"], ""),
    ]
    for way in ways:
        figures += [
            Figure(f"copy: send ÷ ({way})", wall["send"] / wall[way], "×"),
            Figure(f"copy: {way}", size / MIB / wall[way], "MiB/s", note=f"{cpu[way]:.2f} s CPU"),
        ]
    return figures


def _note(size: int, rounds: int) -> str:
    return f"{size // MIB:,} MiB, medians of {rounds} rounds taken alternately, source in memory"


def random_file(path: Path, size: int) -> Outgoing:
    """Write *size* bytes that no file system can compress, and describe the file."""
    digest = hashlib.sha256()
    rng = random.Random(1)  # noqa: S311  content that no file system can compress
    with path.open("wb") as file:
        for _ in range(size // MIB):
            piece = rng.randbytes(MIB)
            digest.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    stat = path.stat()
    return Outgoing(
        path=path,
        key=ObjectKey("2026/large.mp4"),
        size=size,
        mtime_ns=stat.st_mtime_ns,
        sha256=digest.hexdigest(),
        content_type="video/mp4",
    )


def _timed(place: Path, work: Callable[[], object]) -> Spent:
    """Time *work* from an equal beginning: no copy there, nothing left to be written."""
    shutil.rmtree(place / "target", ignore_errors=True)
    (place / "target").mkdir()
    os.sync()
    with spending() as spent:
        work()
    return spent


def _shell(command: str, outgoing: Outgoing, place: Path) -> None:
    target = place / "target" / "copy.mp4"
    arguments = ["sh", "-c", command, "sh", str(outgoing.path), str(target)]
    subprocess.run(arguments, check=True)


def _send(place: Path, outgoing: Outgoing, parts: dict[str, float]) -> None:
    parts |= {"hash": 0.0, "flush": 0.0}
    with (
        mock.patch.object(folder_module, "_sha256", _adding(folder_module._sha256, parts, "hash")),
        mock.patch.object(os, "fsync", _adding(os.fsync, parts, "flush")),
        mock.patch.object(os, "fdatasync", _adding(os.fdatasync, parts, "flush")),
    ):
        receipt = FolderDestination(place / "target").send(
            outgoing,
            resume_from=None,
            report=lambda _progress: None,
            stop=lambda: False,
            pace=lambda _count: None,
        )
    if receipt is None or receipt.sha256 != outgoing.sha256:
        raise AssertionError("the file was not sent")


def _adding(original: Callable[..., Any], parts: dict[str, float], part: str) -> Any:
    def timed(*arguments: Any) -> Any:
        began = time.perf_counter()
        try:
            return original(*arguments)
        finally:
            parts[part] += time.perf_counter() - began

    return timed


# --- many small files ----------------------------------------------------------------------


def _small(place: Path, *, quick: bool) -> list[Figure]:
    count = 10 if quick else 1000
    place.mkdir()
    agent = agent_in(place)
    for number in range(count):
        content = media.mp4(f"{number:09}".encode() + media.filler(MIB))
        (meeting_folder(agent.recordings, number) / f"video1{number:09}.mp4").write_bytes(content)
    os.sync()
    queue = Queue(agent)
    with agent:
        began = time.monotonic()
        process = agent.start("run", "--headless")
        queue.wait_for_sweep(1.0)
        first = time.monotonic()
        queue.wait_for_done(count)
        ended = time.monotonic()
        process.stop()
    note = f"{count:,} of 1 MiB, process start included; first look after {first - began:.1f} s"
    speed = count / (ended - began)
    return [Figure("copy: small files through the agent", speed, "files/s", note=note)]
