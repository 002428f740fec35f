"""Ten thousand meetings: the first look, the look at every later start, and the memory."""

import time
from pathlib import Path
from typing import Final

from tests.benchmarks.figures import Figure
from tests.benchmarks.measuring import (
    LONG_SECONDS,
    Queue,
    agent_in,
    fill_meeting,
    meeting_folder,
    memory_mib,
)
from tests.fakes.process import Zoomsync, wait_for

RECONCILE_SECONDS: Final = 3.0
PEAK_MIB: Final = 150.0
_JOBS_EACH: Final = 3


def measure(place: Path, *, quick: bool) -> list[Figure]:
    """Queue everything while the agent is paused, so that nothing but looking is measured."""
    folders = 50 if quick else 10_000
    agent = agent_in(place)
    for number in range(folders):
        fill_meeting(meeting_folder(agent.recordings, number), number)
    with agent:
        agent.run("pause")
        return [*_first_start(agent, folders), *_later_start(agent, folders)]


def _first_start(agent: Zoomsync, folders: int) -> list[Figure]:
    queue = Queue(agent)
    began = time.time()
    process = agent.start("run", "--headless")
    swept = queue.wait_for_sweep(began) - began
    wanted = folders * _JOBS_EACH
    wait_for("every file is queued", lambda: queue.jobs() >= wanted, LONG_SECONDS)
    queued = time.time() - began
    peak = memory_mib(process.pid)
    process.stop()
    return [
        Figure(
            "scale: first look", swept, "s", note=f"{folders:,} folders, process start included"
        ),
        Figure(
            "scale: all queued",
            queued,
            "s",
            note=f"{wanted:,} jobs; texts wait for two seconds of quiet",
        ),
        Figure("scale: peak memory, first start", peak, "MiB", PEAK_MIB),
    ]


def _later_start(agent: Zoomsync, folders: int) -> list[Figure]:
    queue = Queue(agent)
    times, peak = [], 0.0
    for _ in range(3):
        began = time.time()
        process = agent.start("run", "--headless")
        times.append(queue.wait_for_sweep(began) - began)
        peak = max(peak, memory_mib(process.pid))
        process.stop()
    times.sort()
    note = f"{folders:,} folders known, median of 3, process start included"
    return [
        Figure("scale: start-up reconcile", times[1], "s", RECONCILE_SECONDS, note),
        Figure("scale: peak memory, later start", peak, "MiB", PEAK_MIB),
    ]
