"""Builds what people install: `python installer/build.py [PART]…`; installer/README.md tells more.

Without a part, all that this system makes. Exit codes: 0 made · 1 something failed · 2 wrong use ·
3 a part cannot be made on this machine.
"""

import argparse
import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from installer import bundle, deb, dmg, product, windows_setup
from installer.product import BuildFailed, CannotBuildHere

DONE, FAILED, USAGE, NOT_HERE = 0, 1, 2, 3

PARTS: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "bundle": (("linux", "windows", "macos"), "the folder with everything; on macOS the .app"),
    "portable": (("linux", "windows", "macos"), "the bundle, packed: .tar.gz, on Windows .zip"),
    "deb": (("linux",), "the package for Debian and Ubuntu"),
    "setup": (("windows",), "the installer for Windows"),
    "dmg": (("macos",), "the disk image for macOS"),
    "sums": (("linux", "windows", "macos"), "SHA256SUMS of what was made"),
}
_PACKAGES: Final = ("*.tar.gz", "*.zip", "*.deb", "*-setup.exe", "*.dmg")


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made, of what, and where.

    Attributes:
        system: this one.
        version: of the program.
        bundle: what is packed.
        dist: where what was made goes.
        work: where what is needed on the way goes.
        feed: the address that tells of releases.
    """

    system: str
    version: str
    bundle: Path
    dist: Path
    work: Path
    feed: str


def main(arguments: list[str] | None = None, system: str | None = None) -> int:
    """Build, and return the exit code."""
    here = system or product.system()
    usual = [name for name, (systems, _) in PARTS.items() if here in systems]
    parser = argparse.ArgumentParser(
        prog="installer/build.py",
        description="Builds what people install.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="parts:\n"
        + "\n".join(f"  {name:9} {told} ({', '.join(on)})" for name, (on, told) in PARTS.items())
        + "\n\nexit codes: 0 made, 1 something failed, 2 wrong use, 3 cannot be made here",
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"default: {' '.join(usual)}")
    parser.add_argument("--dist", type=Path, default=product.DIST, help="where it goes")
    parser.add_argument("--work", type=Path, default=product.WORK, help="where it is made")
    parser.add_argument("--bundle", type=Path, help="pack this bundle instead of the one in --dist")
    parser.add_argument(
        "--expect", metavar="TAG", help="stop unless this is the tag of the version, as in v1.2.3"
    )
    parser.add_argument(
        "--feed", default="", metavar="URL", help="where the program asks for newer versions"
    )
    told = parser.parse_args(arguments)
    unknown = [name for name in told.parts if name not in PARTS]
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)} (known: {', '.join(PARTS)})")
    version = product.version()
    if told.expect and told.expect.removeprefix("v") != version:
        _say(f"the tag is {told.expect}, and zoomsync_agent/__init__.py says {version}", sys.stderr)
        return USAGE
    dist, work = told.dist.resolve(), told.work.resolve()
    lies = told.bundle.resolve() if told.bundle else bundle.place(dist, here)
    order = Order(here, version, lies, dist, work, told.feed)
    try:
        for name in sorted(told.parts or usual, key=list(PARTS).index):
            _make(name, order)
    except CannotBuildHere as exc:
        _say(f"cannot be made here: {exc}", sys.stderr)
        return NOT_HERE
    except (BuildFailed, OSError, ValueError) as exc:
        _say(f"failed: {exc}", sys.stderr)
        return FAILED
    return DONE


def _make(name: str, order: Order) -> None:
    order.dist.mkdir(parents=True, exist_ok=True)
    order.work.mkdir(parents=True, exist_ok=True)
    made = _MAKERS[name](order)
    size = bundle.size_of(made) if made.is_dir() else made.stat().st_size
    _say(f"{name}: {made} ({size / 1e6:.1f} MB)")


def _bundle(order: Order) -> Path:
    return bundle.build(order.dist, order.work, order.system, order.feed)


def _portable(order: Order) -> Path:
    return bundle.archive(_there(order), order.dist, order.version, order.system)


def _deb(order: Order) -> Path:
    if order.system != "linux":
        raise CannotBuildHere("a .deb is made on Linux: it holds the bundle for Linux")
    return deb.build(_there(order), order.dist, order.work, order.version)


def _setup(order: Order) -> Path:
    return windows_setup.build(_there(order), order.dist, order.work, order.version)


def _dmg(order: Order) -> Path:
    if order.system != "macos":
        raise CannotBuildHere("a .dmg is made on a Mac alone: hdiutil is a part of macOS")
    return dmg.build(_there(order), order.dist, order.work, order.version)


def _sums(order: Order) -> Path:
    return write_sums(order.dist)


def _there(order: Order) -> Path:
    if not order.bundle.is_dir():
        raise BuildFailed(f"there is no bundle at {order.bundle}; build the part bundle first")
    return order.bundle


def write_sums(dist: Path) -> Path:
    """Write the SHA-256 of every package in *dist*, as `sha256sum --check` reads it.

    Raises:
        BuildFailed: there is none.
    """
    packages = sorted({path for pattern in _PACKAGES for path in dist.glob(pattern)})
    if not packages:
        raise BuildFailed(f"there is no package in {dist}")
    lines = []
    for path in packages:
        with path.open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n")
    sums = dist / "SHA256SUMS"
    sums.write_text("".join(lines), "utf-8", newline="\n")
    return sums


def _say(text: str, stream: object = None) -> None:
    print(text, file=stream or sys.stdout, flush=True)  # type: ignore[arg-type]


_MAKERS: Final[dict[str, Callable[[Order], Path]]] = {
    "bundle": _bundle,
    "portable": _portable,
    "deb": _deb,
    "setup": _setup,
    "dmg": _dmg,
    "sums": _sums,
}

if __name__ == "__main__":
    sys.exit(main())
