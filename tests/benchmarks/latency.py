"""From a recording's last byte to the first byte that the uploader reads, in the real agent."""

import random
import time
from pathlib import Path
from typing import Final

from tests.benchmarks.figures import Figure
from tests.benchmarks.measuring import Queue, agent_in, median, meeting_folder, percentile
from tests.fakes import media
from tests.fakes.process import ChildFault, wait_for

TARGET_MS: Final = 300.0
_SIZE: Final = 400_000
_PIECES: Final = 8
_PIECE_SECONDS: Final = 0.04
_NOTE_READS: Final = """
import time
from zoomsync_agent.engine.steps import Steps

def _noting(original):
    def hash_noted(work, stop):
        noted = []
        def noting_stop():
            # Asked after the first piece is read and hashed: never earlier than its first byte.
            if not noted:
                noted.append(time.monotonic_ns())
                with open({marks!r}, "a", encoding="utf-8") as file:
                    file.write(f"{{noted[0]}} {{work.file.path.name}}\\n")
            return stop()
        return original(work, noting_stop)
    return hash_noted

Steps._hash = staticmethod(_noting(Steps._hash))
"""


def measure(place: Path, *, quick: bool) -> list[Figure]:
    """Finish recordings one by one in both ways that programs finish files."""
    samples = 3 if quick else 40
    agent = agent_in(place)
    marks = place / "reads"
    agent.fault = ChildFault(_NOTE_READS.format(marks=str(marks)), place / "strikes")
    figures = []
    with agent, agent.agent():
        Queue(agent).wait_for_sweep(1.0)
        number = 0
        for how, finish in (("written in place", _write_in_place), ("renamed", _rename)):
            waits = []
            for _ in range(samples):
                number += 1
                time.sleep(random.uniform(0.05, 0.6))  # noqa: S311  any phase of the agent's clocks
                folder = meeting_folder(agent.recordings, number)
                finished = finish(folder / f"video1{number:09}.mp4", number)
                waits.append(_first_read(marks, f"video1{number:09}.mp4") - finished)
            millis = [wait / 1e6 for wait in waits]
            note = f"{samples} recordings, max {max(millis):.0f} ms"
            figures += [
                Figure(f"latency {how}, median", median(millis), "ms", TARGET_MS, note),
                Figure(f"latency {how}, p95", percentile(millis, 95), "ms"),
            ]
    return figures


def _write_in_place(path: Path, number: int) -> int:
    """Write a recording piece by piece, as a recorder does; return when the last byte was there."""
    content = _content(number)
    piece = len(content) // _PIECES + 1
    file = path.open("wb", buffering=0)
    for begin in range(0, len(content), piece):
        time.sleep(_PIECE_SECONDS)
        file.write(content[begin : begin + piece])
    finished = time.monotonic_ns()
    file.close()
    return finished


def _rename(path: Path, number: int) -> int:
    """Write under a temporary name and rename; return when that began."""
    half = path.with_suffix(".tmp")
    half.write_bytes(_content(number))
    time.sleep(_PIECE_SECONDS)
    finished = time.monotonic_ns()
    half.rename(path)
    return finished


def _content(number: int) -> bytes:
    return media.mp4(f"{number:09}".encode() + media.filler(_SIZE))


def _first_read(marks: Path, name: str) -> int:
    def read_at() -> int | None:
        return next((int(line.split()[0]) for line in _lines(marks) if line.endswith(name)), None)

    return wait_for(f"{name} is read", read_at)


def _lines(marks: Path) -> list[str]:
    # Only whole lines: the last one may be half-written at this moment.
    text = marks.read_text("utf-8") if marks.exists() else ""
    return text[: text.rfind("\n") + 1].splitlines()
