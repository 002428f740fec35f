"""The bundle: one folder with the program and everything that it needs, made by PyInstaller."""

import compileall
import gzip
import os
import platform
import py_compile
import re
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterable
from importlib import util
from pathlib import Path
from typing import Final

from installer import contents, product
from installer.product import BuildFailed, CannotBuildHere

SPEC: Final = product.HERE / "zoomsync.spec"
_MODE_PROGRAM, _MODE_FILE = 0o755, 0o644
_OLDEST_ZIP: Final = 315_532_800
"""1980: a zip file knows no earlier time."""


def place(dist: Path, system: str) -> Path:
    """Return where the bundle lies, or will lie."""
    return dist / (f"{product.NAME}.app" if system == "macos" else product.NAME)


def program_in(bundle: Path, system: str) -> Path:
    """Return the program that people start in a terminal."""
    if system == "macos":
        return bundle / "Contents" / "MacOS" / product.NAME
    return bundle / (f"{product.NAME}.exe" if system == "windows" else product.NAME)


def build(dist: Path, work: Path, system: str, feed: str = "") -> Path:
    """Build the bundle and return where it lies.

    Args:
        dist: the folder in which it is to lie.
        work: where what is needed on the way goes.
        system: this one.
        feed: the address that tells of releases, which the program asks for newer ones.

    Raises:
        CannotBuildHere: PyInstaller is missing.
        BuildFailed: PyInstaller said so, or something is not in the bundle that must be.
    """
    if util.find_spec("PyInstaller") is None:
        raise CannotBuildHere(
            "PyInstaller is not installed for this Python; in a checkout: python3 -m uv sync, then "
            "python3 -m uv run python installer/build.py"
        )
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    command += ["--distpath", str(dist), "--workpath", str(work), str(SPEC)]
    environment = {**os.environ, "PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": str(moment())}
    if feed:
        told = work / "release_feed.txt"
        told.write_text(f"{feed}\n", "utf-8")
        environment[contents.FEED_VARIABLE] = str(told)
    if subprocess.run(command, check=False, env=environment, cwd=product.ROOT).returncode:
        raise BuildFailed("PyInstaller failed; what it says stands above")
    bundle = place(dist, system)
    if system == "macos":
        shutil.rmtree(dist / product.NAME)  # the same once more, outside of the app
        return bundle
    _compile_replaceable(bundle)
    if system == "linux":
        _strip(bundle)
        unmet = unmet_libraries(bundle)
        if unmet:
            raise BuildFailed(f"libraries that neither the bundle nor libc6 has: {sorted(unmet)}")
    return bundle


def moment() -> int:
    """Return the time that everything in the packages bears, in epoch seconds.

    It is that of the last commit unless `SOURCE_DATE_EPOCH` says another, so that the same source
    makes the same archives.
    """
    told = os.environ.get("SOURCE_DATE_EPOCH", "")
    if told.isdigit():
        return int(told)
    git = shutil.which("git")
    if git is not None:
        done = subprocess.run(
            [git, "log", "-1", "--format=%ct"],
            cwd=product.ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.stdout.strip().isdigit():
            return int(done.stdout)
    return int((product.ROOT / product.PROJECT / "__init__.py").stat().st_mtime)


def _compile_replaceable(bundle: Path) -> None:
    """Compile what lies there as source; a file that somebody replaces is compiled anew."""
    for name in contents.REPLACEABLE:
        for folder in bundle.rglob(f"_internal/{name}"):
            compileall.compile_dir(
                folder,
                quiet=1,
                stripdir=str(bundle),
                invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH,
            )


def _strip(bundle: Path) -> None:
    """Take the debugger's tables out of Python itself: 25 MB.

    Wheels bring libraries that are stripped already, and some of them bear it only once.
    """
    strip = shutil.which("strip")
    if strip is None:
        raise CannotBuildHere("strip is not installed (package binutils)")
    inside = bundle / "_internal"
    files = [*inside.glob("libpython*.so*"), *inside.glob("python3*/lib-dynload/*.so")]
    subprocess.run([strip, "--strip-unneeded", *map(str, files)], check=True)


# --- what it needs of the system (Linux) ---------------------------------------------------------

_OF_LIBC: Final = frozenset(
    {
        "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1",
        "libresolv.so.2", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
    }
)  # fmt: skip


def unmet_libraries(bundle: Path) -> set[str]:
    """Return libraries that something in *bundle* needs and that are neither in it nor libc's.

    Raises:
        CannotBuildHere: objdump is missing.
    """
    objdump = shutil.which("objdump")
    if objdump is None:
        raise CannotBuildHere("objdump is not installed (package binutils)")
    libraries = [path for path in bundle.rglob("*") if path.is_file() and is_elf(path)]
    done = subprocess.run(
        [objdump, "-p", *map(str, libraries)], capture_output=True, text=True, check=True
    )
    lines = (line.split() for line in done.stdout.splitlines())
    needed = {words[1] for words in lines if len(words) == 2 and words[0] == "NEEDED"}  # noqa: PLR2004
    return needed - {path.name for path in bundle.rglob("*")} - _OF_LIBC


def newest_glibc(bundle: Path) -> tuple[int, int]:
    """Return the newest version of the C library of which something in *bundle* uses a symbol."""
    found = {(2, 17)}
    for path in bundle.rglob("*"):
        if path.is_file() and is_elf(path):
            for major, minor in re.findall(rb"\0GLIBC_(\d+)\.(\d+)", path.read_bytes()):
                found.add((int(major), int(minor)))
    return max(found)


def is_elf(path: Path) -> bool:
    """Whether a file is a program or a library of Linux."""
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


# --- the portable archive ------------------------------------------------------------------------


def archive(bundle: Path, dist: Path, version: str, system: str) -> Path:
    """Pack the bundle so that it can be unpacked and run anywhere; return where that lies."""
    machine = product.architecture(platform.machine())
    stem = f"{product.NAME}-{version}-{system}-{machine}"
    if system == "windows":
        found = dist / f"{stem}.zip"
        _zip(bundle, found)
    else:
        found = dist / f"{stem}.tar.gz"
        _tar(bundle, found)
    return found


def entries(folder: Path) -> Iterable[Path]:
    """Return everything in *folder*, itself first, in an order that is the same everywhere."""
    return [folder, *sorted(folder.rglob("*"))]


def _tar(bundle: Path, into: Path) -> None:
    when = moment()

    def plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.uid = info.gid = 0
        info.uname = info.gname = "root"
        info.mtime = when
        if info.isfile():
            info.mode = _MODE_PROGRAM if info.mode & 0o111 else _MODE_FILE
        elif info.isdir():
            info.mode = _MODE_PROGRAM
        return info

    into.unlink(missing_ok=True)
    with (
        into.open("wb") as raw,
        gzip.GzipFile("", "wb", 6, raw, mtime=when) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in entries(bundle):
            tar.add(path, path.relative_to(bundle.parent), recursive=False, filter=plain)


def _zip(bundle: Path, into: Path) -> None:
    when = time.gmtime(max(moment(), _OLDEST_ZIP))[:6]
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
        for path in entries(bundle):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(bundle.parent).as_posix(), when)
                packed.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)


def size_of(folder: Path) -> int:
    """Return how many bytes the files in *folder* have."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
