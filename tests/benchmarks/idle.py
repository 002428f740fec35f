"""What the agent costs while nothing happens."""

import time
from pathlib import Path
from typing import Final

import psutil

from tests.benchmarks.figures import Figure
from tests.benchmarks.measuring import (
    Queue,
    agent_in,
    fill_meeting,
    meeting_folder,
    memory_mib,
)

CPU_PERCENT: Final = 0.5
_JOBS_EACH: Final = 3
_REST_SECONDS: Final = 2.0
"""After its start, until it is at rest."""


def measure(place: Path, *, quick: bool) -> list[Figure]:
    """Let an agent that knows a thousand meetings rest."""
    folders, seconds = (5, 1.0) if quick else (1000, 60.0)
    agent = agent_in(place)
    for number in range(folders):
        fill_meeting(meeting_folder(agent.recordings, number), number)
    queue = Queue(agent)
    with agent, agent.agent():
        queue.wait_for_done(folders * _JOBS_EACH)
    began = time.time()
    with agent, agent.agent() as process:
        queue.wait_for_sweep(began)
        time.sleep(_REST_SECONDS)
        watched = psutil.Process(process.pid)
        before, since = sum(watched.cpu_times()[:2]), time.monotonic()
        time.sleep(seconds)
        used, passed = sum(watched.cpu_times()[:2]) - before, time.monotonic() - since
        note = f"{folders:,} known folders, {seconds:.0f} s, {watched.num_threads()} threads"
        return [
            Figure("idle: share of one core", used / passed * 100, "%", CPU_PERCENT, note),
            Figure("idle: resident memory", memory_mib(process.pid, "Rss"), "MiB"),
            Figure("idle: memory, shared pages in parts", memory_mib(process.pid, "Pss"), "MiB"),
        ]
