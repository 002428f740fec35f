"""`python -m tests.benchmarks [names] [--quick] [--json]`: measure, print, leave nothing behind."""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from tests.benchmarks import (
    bucket,
    cloud,
    copying,
    desktop,
    idle,
    latency,
    memory,
    page,
    scale,
    starting,
    uploading,
)
from tests.benchmarks.figures import Figure, table


class Benchmark(Protocol):
    """Measures in an empty folder of its own and yields figures."""

    def __call__(self, place: Path, *, quick: bool) -> list[Figure]:
        """Measure; *quick* is for seeing that it works, not for figures to rely on."""
        ...


BENCHMARKS: Final[dict[str, Benchmark]] = {
    "start": starting.measure,
    "latency": latency.measure,
    "scale": scale.measure,
    "copy": copying.measure,
    "idle": idle.measure,
    "memory": memory.measure,
    "upload": uploading.measure,
    "bucket": bucket.measure,
    "cloud": cloud.measure,
    "page": page.measure,
    "desktop": desktop.measure,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmarks that are named, or all; a target that is missed is no failure."""
    chosen = _chosen(arguments)
    names = chosen.names or list(BENCHMARKS)
    results: dict[str, list[Figure]] = {}
    for name in names:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="zoomsync-bench-", dir=chosen.dir) as place:
            results[name] = BENCHMARKS[name](Path(place), quick=chosen.quick)
        _say(f"{name}: {time.monotonic() - began:.0f} s")
    if chosen.json:
        told = {name: [one.as_dict() for one in figures] for name, figures in results.items()}
        machine = {"system": platform.platform(), "python": platform.python_version()}
        cores = {"cores": os.cpu_count(), "quick": chosen.quick}
        sys.stdout.write(json.dumps({**machine, **cores, "benchmarks": told}, indent=2) + "\n")
    else:
        sys.stdout.write(table([one for figures in results.values() for one in figures]) + "\n")


def _chosen(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of: {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="small numbers: does it work?")
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    parser.add_argument("--dir", type=Path, help="where to measure; the temporary folder if unset")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}")
    return chosen


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
