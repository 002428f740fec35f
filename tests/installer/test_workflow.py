"""The release workflow does what people do by hand."""

import re
from pathlib import Path

import pytest
import yaml

from installer import build

ROOT = Path(__file__).parents[2]
TOLD = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text("utf-8"))
BUILD = TOLD["jobs"]["build"]
RUNS = [step["run"] for step in BUILD["steps"] if "run" in step]


def test_it_builds_with_the_one_command_on_three_systems():
    """The same that the document tells."""
    runners = {one["runner"].partition("-")[0] for one in BUILD["strategy"]["matrix"]["include"]}
    assert runners == {"ubuntu", "windows", "macos"}
    assert any("python installer/build.py" in run for run in RUNS)
    document = (ROOT / "installer" / "README.md").read_text("utf-8")
    assert "python3 -m uv run python installer/build.py" in document


def test_every_bundle_is_tried_before_it_is_attached():
    """And what installs it, where that can be done."""
    names = [step.get("name", "") for step in BUILD["steps"]]
    tried = [at for at, run in enumerate(names) if run.startswith("Smoke test")]
    kept = next(at for at, step in enumerate(BUILD["steps"]) if "upload" in step.get("uses", ""))
    assert len(tried) == 3
    assert max(tried) < kept
    assert sum("installer/smoke.py" in run for run in RUNS) == 3


@pytest.mark.parametrize("pattern", build._PACKAGES)
def test_every_kind_of_package_is_kept_and_attached(pattern):
    """Whoever adds one adds it here."""
    (upload,) = [step for step in BUILD["steps"] if "upload" in step.get("uses", "")]
    attach = TOLD["jobs"]["release"]["steps"][-1]["run"]
    assert f"dist/{pattern}" in upload["with"]["path"]
    assert f"dist/{pattern}" in attach
    assert "dist/SHA256SUMS" in attach


def test_it_may_write_only_where_it_attaches():
    """A build of somebody's libraries gets no right to the repository."""
    assert TOLD["permissions"] == {"contents": "read"}
    writers = [name for name, job in TOLD["jobs"].items() if "permissions" in job]
    assert writers == ["release"]
    assert not re.search(r"secrets\.", "".join(RUNS))


def test_its_sums_need_nothing_installed():
    """The job that attaches has Python alone."""
    runs = [step.get("run", "") for step in TOLD["jobs"]["release"]["steps"]]
    assert "python installer/build.py sums" in runs
    for path in (ROOT / "installer").glob("*.py"):
        if path.name in ("entry.py", "build.py"):
            continue
        top = re.findall(r"^(?:from|import) ([\w.]+)", path.read_text("utf-8"), re.MULTILINE)
        assert not {"PyInstaller", "PIL", "yaml", "zoomsync_agent"} & set(top), path.name
