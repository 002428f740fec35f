"""What benchmarks of uploading share: programs in processes of their own, and whom they send to."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.figures import Figure
from tests.benchmarks.measuring import (
    MIB,
    Queue,
    agent_in,
    big_mp4,
    meeting_folder,
    memory_mib,
)

MORE_MIB: Final = 16.0


@contextlib.contextmanager
def stand_in(module: str, *options: str) -> Iterator[dict[str, Any]]:
    """Give what a stand-in of its own process, which keeps no bytes, tells of itself."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, "--sink", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    if process.stdin is None or process.stdout is None:
        raise AssertionError("pipes were asked for")
    with process, process.stdin:
        yield json.loads(process.stdout.readline())


def started(script: str, told: Mapping[str, Any]) -> "subprocess.Popen[bytes]":
    """Start *script*, which finds what it is told as JSON in its only argument."""
    return subprocess.Popen(
        [sys.executable, "-c", script, json.dumps(told)], stdout=subprocess.PIPE
    )


def ended(process: "subprocess.Popen[bytes]") -> dict[str, float]:
    """Return what a program says in its last line, if anything, and its `process_cpu` seconds.

    These are of the process from its start on, with the children that it waited for.
    """
    if process.stdout is None:
        raise AssertionError("a pipe was asked for")
    with process.stdout as stream:
        lines = stream.read().splitlines()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise AssertionError(f"an upload ended with {process.returncode}")
    told: dict[str, float] = json.loads(lines[-1]) if lines else {}
    return {**told, "process_cpu": usage.ru_utime + usage.ru_stime}


def killed(process: "subprocess.Popen[bytes]", after: int) -> list[Any]:
    """Kill an upload once *after* bytes are durable; return the progress that it reported last."""
    if process.stdout is None:
        raise AssertionError("a pipe was asked for")
    saved: list[Any] = []
    with process.stdout as lines:
        for line in lines:
            saved = json.loads(line)
            if saved[0] >= after:
                break
        process.kill()
        process.wait()
    return saved


def agent_peaks(place: Path, sizes: Sequence[int], settings: Mapping[str, str]) -> list[float]:
    """Let the whole agent upload one file of each size, and return its peaks in MiB."""
    return [_agent_peak(place / f"agent-{size}", size, settings) for size in sizes]


def _agent_peak(place: Path, size: int, settings: Mapping[str, str]) -> float:
    place.mkdir()
    agent = agent_in(place, **settings)
    big_mp4(meeting_folder(agent.recordings, 1) / "video1000000001.mp4", size)
    with agent, agent.agent() as process:
        Queue(agent).wait_for_done(1)
        peak = memory_mib(process.pid)
    shutil.rmtree(place)
    return peak


def more_memory(area: str, sizes: Sequence[int], peaks: Sequence[float]) -> Figure:
    """Return how much more the largest size takes than the smallest."""
    told = ", ".join(
        f"{size // MIB:,} MiB: {peak:.1f} MiB" for size, peak in zip(sizes, peaks, strict=True)
    )
    more = max(peaks) - peaks[0]
    return Figure(f"{area}: more memory with the largest", more, "MiB", MORE_MIB, told)
