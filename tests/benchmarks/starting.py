"""How long people wait for a command and for the agent."""

import os
import time
from pathlib import Path
from typing import Final

from tests.benchmarks.figures import Figure
from tests.benchmarks.measuring import Queue, agent_in, median
from tests.fakes.process import Zoomsync

VERSION_SECONDS: Final = 0.2


def measure(place: Path, *, quick: bool) -> list[Figure]:
    """Time commands from their start to their end, and the agent to its first look."""
    rounds = 2 if quick else 10
    agent = agent_in(place)
    queue = Queue(agent)
    with agent:
        version = _median_of(agent, rounds, "--version")
        sweeps = []
        for _ in range(rounds):
            began = time.time()
            process = agent.start("run", "--headless")
            sweeps.append(queue.wait_for_sweep(began) - began)
            process.stop()
        status = _median_of(agent, rounds, "status")
    note = f"median of {rounds}"
    return [
        Figure("start: zoomsync --version", version, "s", VERSION_SECONDS, note),
        Figure("start: zoomsync status", status, "s", note=note),
        Figure("start: agent to the first look, very first start", sweeps[0], "s"),
        Figure("start: agent to the first look", median(sweeps[1:]), "s", note=note),
    ]


def _median_of(agent: Zoomsync, rounds: int, *arguments: str) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        process = agent.start(*arguments)
        # Popen.wait with a deadline looks only every 50 ms.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        times.append(time.perf_counter() - began)
        done = process.ended()
        if done.code != 0:
            raise AssertionError(f"{arguments} ended with {done.code}: {done.err}")
    return median(times)
