"""A clean Debian in a folder: what is installed into it has nothing but what it brings along."""

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from installer.smoke import within

_SOURCES: Final = Path("/etc/apt")
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class DebianTree:
    """A tree made by debootstrap, from where this machine itself is installed from.

    Args:
        root: the folder; it is made.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def make(self) -> None:
        """Make it; where this cannot be done, the test is skipped, which is a failure in CI."""
        program = shutil.which("debootstrap") or shutil.which("debootstrap", path="/usr/sbin")
        if program is None:
            pytest.skip("debootstrap is not installed")
        if os.geteuid() != 0:
            pytest.skip("only root can make a tree of Debian")
        release, mirror = told_release(), told_mirror()
        if not (release and mirror):
            pytest.skip("this machine has no sources of Debian packages")
        command = [program, "--variant=minbase", release, str(self.root), mirror]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{done.stdout[-2000:]}{done.stderr[-2000:]}"
        if self.run("true", code=None).returncode:
            pytest.skip("nothing can be mounted here")

    def run(self, *command: str, code: int | None = 0) -> "subprocess.CompletedProcess[str]":
        """Run a command within; it must end with *code*, if one is given."""
        environment = {"PATH": _PATH, "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(
            [*within(self.root), *command],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if code is not None:
            assert done.returncode == code, f"{command}: {done.stdout}{done.stderr}"
        return done

    def files(self) -> set[str]:
        """Return all files, but for what the package system keeps for itself."""
        found = set()
        for folder, folders, names in os.walk(self.root):
            inner = Path(folder).relative_to(self.root)
            if inner.parts[:1] in (("proc",), ("sys",), ("dev",)):
                folders.clear()
                continue
            found |= {str(inner / name) for name in [*names, *folders]}
        kept = re.compile(r"var/(?:lib/(?:dpkg|apt)|log|cache)/|etc/ld\.so\.cache")
        return {name for name in found if not kept.match(name)}


def told_release() -> str:
    """Return the release of Debian that this machine has; empty where it is another system."""
    try:
        told = platform.freedesktop_os_release()
    except OSError:
        return ""
    return told.get("VERSION_CODENAME", "") if told.get("ID") == "debian" else ""


def told_mirror(sources: Path = _SOURCES) -> str:
    """Return where this machine's own packages come from, as apt is told; empty where nowhere."""
    files = [sources / "sources.list", *sorted((sources / "sources.list.d").glob("*"))]
    texts = [path.read_text("utf-8", "replace") for path in files if path.is_file()]
    for text in texts:
        for found in re.finditer(
            r"^(?:deb(?:\s+\[[^\]]*\])?|URIs:)\s+(\S+)", text, re.MULTILINE | re.IGNORECASE
        ):
            if "security" not in found[1]:
                return found[1]
    return ""
