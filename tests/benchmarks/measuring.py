"""What several benchmarks need: clocks, memory, a queue seen from outside, recordings on disk."""

import os
import resource
import sqlite3
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.fakes import media
from tests.fakes.process import Zoomsync, wait_for

MIB: Final = 1 << 20
LONG_SECONDS: Final = 900.0
"""Nothing that is measured takes so long; it only ends a benchmark that hangs."""
_PERCENT: Final = 100


@dataclass(slots=True)
class Spent:
    """Seconds on the clock and on the processor; known once the context has ended."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def spending() -> Iterator[Spent]:
    """Measure this process and the children that end meanwhile."""
    spent = Spent()
    wall, cpu = time.perf_counter(), _cpu_seconds()
    yield spent
    spent.wall, spent.cpu = time.perf_counter() - wall, _cpu_seconds() - cpu


def _cpu_seconds() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that *percent* of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // _PERCENT) - 1)]


def median(values: Sequence[float]) -> float:
    """Return the middle value."""
    return float(statistics.median(values))


def memory_mib(pid: int, field: str = "VmHWM") -> float:
    """Return a field of a process's memory in MiB: VmHWM is the peak, VmRSS what it has now.

    Rss and Pss are taken from smaps_rollup; Pss counts shared pages in parts.
    """
    source = "status" if field.startswith("Vm") else "smaps_rollup"
    for line in Path(f"/proc/{pid}/{source}").read_text("ascii").splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) / 1024
    raise LookupError(f"the system does not tell {field} of process {pid}")


def agent_in(place: Path, **settings: str) -> Zoomsync:
    """Return an agent with everything of its own below *place*."""
    agent = Zoomsync(place, {"ZOOMSYNC_QUIET_SECONDS": "30", **settings})
    agent.recordings.mkdir(parents=True, exist_ok=True)
    return agent


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue of an agent, read from outside while it works."""

    agent: Zoomsync

    def number(self, sql: str) -> float:
        """Return the one number that *sql* asks for; 0 while there is nothing."""
        found = next(self.agent.home.rglob("agent.db"), None)
        if found is None:
            return 0.0
        try:
            with closing(sqlite3.connect(f"file:{found}?mode=ro", uri=True, timeout=5)) as conn:
                row = conn.execute(sql).fetchone()
        except sqlite3.OperationalError:
            return 0.0  # the agent is still making it
        return float(row[0] or 0) if row else 0.0

    def last_sweep(self) -> float:
        """Return when the folder was last looked through, in epoch seconds."""
        return self.number("SELECT value FROM state WHERE name = 'last_sweep'")

    def jobs(self) -> int:
        """Return how many jobs were ever made."""
        return int(self.number("SELECT max(id) FROM jobs"))

    def done(self) -> int:
        """Return how many jobs are done."""
        return int(self.number("SELECT count(*) FROM jobs WHERE state = 'done'"))

    def wait_for_sweep(self, since: float) -> float:
        """Wait until the folder was looked through after *since* and return when that was."""
        return wait_for(
            "the folder is looked through",
            lambda: now if (now := self.last_sweep()) >= since else None,
            LONG_SECONDS,
        )

    def wait_for_done(self, count: int) -> None:
        """Wait until *count* jobs are done."""
        wait_for(f"{count} jobs are done", lambda: self.done() >= count, LONG_SECONDS)


def meeting_folder(root: Path, number: int) -> Path:
    """Make the folder of one meeting, named as Zoom names it, and return it."""
    day, rest = divmod(number, 24 * 60)
    year, day = divmod(day, 28 * 12)
    month, day = divmod(day, 28)
    hour, minute = divmod(rest, 60)
    name = f"{2020 + year}-{month + 1:02}-{day + 1:02} {hour:02}.{minute:02}.00 Weekly {number}"
    folder = root / name
    folder.mkdir()
    return folder


def fill_meeting(folder: Path, number: int) -> None:
    """Put into *folder* what Zoom leaves there: two recordings, the chat and two notes."""
    mark = f"{number:012}".encode()
    film = media.mp4(mark + media.filler(1500), duration=60.0)
    (folder / f"video1{number:09}.mp4").write_bytes(film)
    sound = media.mp4(b"sound" + mark + media.filler(700), duration=60.0)
    (folder / f"audio1{number:09}.m4a").write_bytes(sound)
    (folder / "chat.txt").write_text(f"10:00:0{number % 10}\t From Ann : hello {number}\n", "utf-8")
    conf = (
        f'{{"items":[{{"audio":"audio1{number:09}.m4a","process":100,'
        f'"video":"video1{number:09}.mp4"}}]}}'
    )
    (folder / "recording.conf").write_text(conf, "utf-8")
    (folder / "playback.m3u").write_text(f"#EXTM3U\nvideo1{number:09}.mp4\n", "utf-8")


def big_mp4(path: Path, size: int) -> None:
    """Make a complete MP4 of *size* bytes whose blocks are all allocated, without writing them."""
    start = media.box(b"ftyp", b"isom\0\0\2\0isomiso2mp41")
    index = media.moov(3600.0)
    content = size - len(start) - len(index)
    with path.open("wb") as file:
        file.write(start + b"\0\0\0\1mdat" + content.to_bytes(8, "big"))
        os.posix_fallocate(file.fileno(), 0, size)
        file.seek(size - len(index) - 16)
        file.write(b"the end of film\n" + index)
