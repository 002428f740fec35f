"""Whether memory depends on the size of a recording."""

import shutil
from pathlib import Path
from typing import Final

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
_ROOM: Final = 3
"""The file, its copy, and as much again, must find room on the disk."""


def measure(place: Path, *, quick: bool) -> list[Figure]:
    """Send a small and a large recording, each with an agent of its own, and compare the peaks."""
    small, large = 10 * MIB, (64 if quick else 4096) * MIB
    if shutil.disk_usage(place).free < _ROOM * large:
        raise AssertionError(f"{_ROOM * large / 1e9:.0f} GB must be free below {place}")
    peaks = []
    for size in (small, large):
        here = place / str(size)
        here.mkdir()
        peaks.append(_peak(here, size))
        shutil.rmtree(here)
    note = f"{small // MIB} MiB: {peaks[0]:.1f} MiB, {large // MIB:,} MiB: {peaks[1]:.1f} MiB"
    return [
        Figure("memory: peak with a large recording", peaks[1], "MiB"),
        Figure("memory: more than with a small one", peaks[1] - peaks[0], "MiB", MORE_MIB, note),
    ]


def _peak(place: Path, size: int) -> float:
    agent = agent_in(place)
    big_mp4(meeting_folder(agent.recordings, 1) / "video1000000001.mp4", size)
    with agent, agent.agent() as process:
        Queue(agent).wait_for_done(1)
        return memory_mib(process.pid)
