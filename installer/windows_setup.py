"""The installer for Windows: compiles `windows/zoomsync.nsi` over the files of a bundle."""

import platform
import shutil
import subprocess
from pathlib import Path, PureWindowsPath
from typing import Final

from installer import bundle, product
from installer.product import BuildFailed, CannotBuildHere

SCRIPT: Final = product.HERE / "windows" / "zoomsync.nsi"
PROGRAMS: Final = ("zoomsync.exe", "zoomsyncw.exe")


def build(folder: Path, dist: Path, work: Path, version: str) -> Path:
    """Make the installer of the bundle in *folder*; return where it lies.

    Raises:
        CannotBuildHere: makensis is missing, or the bundle is none for Windows.
        BuildFailed: makensis refused.
    """
    missing = [name for name in PROGRAMS if not (folder / name).is_file()]
    if missing:
        raise CannotBuildHere(
            f"{folder} is no bundle for Windows ({', '.join(missing)} is not in it): PyInstaller "
            "makes that on Windows alone; --bundle names one that was made there"
        )
    program = shutil.which("makensis")
    if program is None:
        raise CannotBuildHere("makensis is not installed (NSIS 3; on Debian the package nsis)")
    machine = product.architecture("amd64")
    out = dist / f"{product.NAME}-{version}-windows-{machine}-setup.exe"
    lists = work / "nsis"
    write_lists(folder, lists)
    command = [program, "-V2", "-WX", *definitions(folder, out, lists, version), str(SCRIPT)]
    if subprocess.run(command, check=False).returncode:
        raise BuildFailed("makensis refused the script; what it says stands above")
    return out


def definitions(folder: Path, out: Path, lists: Path, version: str) -> list[str]:
    """Return what the script is told."""
    told = {
        "VERSION": version,
        "NUMBERS": ".".join(map(str, product.version_numbers(version))),
        "OUT": str(out),
        "ASSETS": str(product.ROOT / "assets" / "app"),
        "LICENCE": str(product.ROOT / "LICENSE"),
        "LISTS": str(lists),
        "KIB": str(bundle.size_of(folder) // 1024),
    }
    found = [f"-D{name}={value}" for name, value in told.items()]
    if platform.system() != "Windows":
        # A compiler on Windows knows this by itself, and an older one there not the word.
        found.append("-DTARGET_64=1")
    return found


def write_lists(folder: Path, into: Path) -> None:
    """Write the files of the bundle as instructions: those that install, and those that remove.

    Nothing is removed but what was put there: people may choose a folder that has other things.
    """
    into.mkdir(parents=True, exist_ok=True)
    folders = sorted(
        path.relative_to(folder) for path in [folder, *folder.rglob("*")] if path.is_dir()
    )
    install, remove = [], []
    for inner in folders:
        files = sorted(path for path in (folder / inner).iterdir() if path.is_file())
        place = _windows(inner)
        install.append(f'SetOutPath "{place}"')
        install += [f'File "{path}"' for path in files]
        remove += [f'Delete "{place}\\{_escaped(path.name)}"' for path in files]
        # Python may have compiled what it found as source.
        if any(path.suffix == ".py" for path in files):
            remove += [f'Delete "{place}\\__pycache__\\*.pyc"', f'RMDir "{place}\\__pycache__"']
    remove += [f'RMDir "{_windows(inner)}"' for inner in reversed(folders) if inner.parts]
    (into / "install.nsh").write_text("\n".join(install) + "\n", "utf-8")
    (into / "remove.nsh").write_text("\n".join(remove) + "\n", "utf-8")


def _windows(inner: Path) -> str:
    return str(PureWindowsPath("$INSTDIR", *map(_escaped, inner.parts)))


def _escaped(text: str) -> str:
    return text.replace("$", "$$")
