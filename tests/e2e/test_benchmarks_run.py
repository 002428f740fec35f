"""The benchmarks themselves work; how fast anything is, is not asked here."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import BENCHMARKS

ROOT = Path(__file__).parents[2]
NAMES = {
    *("start", "latency", "scale", "copy", "idle", "memory", "upload", "bucket", "cloud", "page"),
    "desktop",
}


def _run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(sys.platform != "linux", reason="the benchmarks read /proc")
@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_benchmark_yields_figures_and_leaves_nothing_behind(tmp_path, name):
    """With small numbers each of them comes to its end, and its folder is gone."""
    done = _run(name, "--quick", "--json", "--dir", str(tmp_path))

    assert done.returncode == 0, done.stderr
    (figures,) = json.loads(done.stdout)["benchmarks"].values()
    assert figures
    for figure in figures:
        assert math.isfinite(figure["value"]), figure
        assert (figure["met"] is None) == (figure["target"] is None), figure
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_no_benchmark_is_refused():
    """The names that there are stand in the answer to --help."""
    done = _run("speed")

    assert done.returncode == 2
    assert "no benchmark is called speed" in done.stderr
    told = _run("--help").stdout
    assert all(name in told for name in NAMES)
    assert set(BENCHMARKS) == NAMES
