"""The package for Debian and what derives from it."""

import gzip
import os
import platform
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

from installer import bundle, product
from installer.product import BuildFailed, CannotBuildHere

HOME: Final = Path("usr/lib") / product.NAME
ICON_SIZES: Final = (16, 22, 24, 32, 48, 64, 128, 256, 512)
_TEMPLATES: Final = product.HERE / "linux"
_PROGRAM, _FILE = 0o755, 0o644


def build(folder: Path, dist: Path, work: Path, version: str) -> Path:
    """Make the package of the bundle in *folder*; return where it lies.

    Raises:
        CannotBuildHere: dpkg-deb is missing.
        BuildFailed: it refused.
    """
    program = shutil.which("dpkg-deb")
    if program is None:
        raise CannotBuildHere("dpkg-deb is not installed: a .deb is made on Debian or Ubuntu")
    tree = work / "deb"
    lay_out(folder, tree, version)
    name = f"{product.NAME}_{product.debian_version(version)}_{_architecture()}.deb"
    command = [program, "--root-owner-group", "-Zxz", "--build", str(tree), str(dist / name)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(bundle.moment())}
    if subprocess.run(command, check=False, env=environment, stdout=subprocess.DEVNULL).returncode:
        raise BuildFailed("dpkg-deb refused the tree; what it says stands above")
    return dist / name


def lay_out(folder: Path, tree: Path, version: str) -> None:
    """Make the tree of the package.

    Args:
        folder: the bundle.
        tree: where the tree is to be; what is there goes.
        version: of the program.
    """
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(folder, tree / HOME, symlinks=True)
    link = tree / "usr/bin" / product.NAME
    link.parent.mkdir(parents=True)
    link.symlink_to(f"../lib/{product.NAME}/{product.NAME}")
    share = tree / "usr/share"
    told = {
        "VERSION": product.debian_version(version),
        "ARCHITECTURE": _architecture(),
        "GLIBC": ".".join(map(str, bundle.newest_glibc(folder))),
        "DATE": time.strftime("%Y-%m-%d", time.gmtime(bundle.moment())),
        "PROGRAM": f"/{HOME / product.NAME}",
    }
    _write(share / "applications" / f"{product.NAME}.desktop", _template("zoomsync.desktop", told))
    metainfo = _template("metainfo.xml", told | {"VERSION": version})
    _write(share / "metainfo" / f"{product.APP_ID}.metainfo.xml", metainfo)
    _icons(share / "icons/hicolor")
    _documents(share / "doc" / product.NAME, told)
    for path in bundle.entries(tree):
        if not path.is_symlink():
            is_program = path.is_dir() or path.stat().st_mode & 0o111
            path.chmod(_PROGRAM if is_program else _FILE)
    told["KIB"] = str(bundle.size_of(tree) // 1024)
    for name, mode in (("control", _FILE), ("prerm", _PROGRAM), ("postinst", _PROGRAM)):
        _write(tree / "DEBIAN" / name, _template(name, told))
        (tree / "DEBIAN" / name).chmod(mode)
    (tree / "DEBIAN").chmod(_PROGRAM)


def _icons(theme: Path) -> None:
    pictures = product.ROOT / "assets/app"
    for size in ICON_SIZES:
        into = theme / f"{size}x{size}" / "apps" / f"{product.NAME}.png"
        into.parent.mkdir(parents=True)
        shutil.copyfile(pictures / f"{product.NAME}-{size}.png", into)
    into = theme / "scalable/apps" / f"{product.NAME}.svg"
    into.parent.mkdir(parents=True)
    shutil.copyfile(pictures / f"{product.NAME}.svg", into)


def _documents(into: Path, told: dict[str, str]) -> None:
    licence = (product.ROOT / "LICENSE").read_text("utf-8")
    also = f"The licences of all parts that are in the package: /{HOME}/_internal/licences\n"
    _write(into / "copyright", f"{licence}\n{also}")
    _write(into / "README.Debian", _template("README.Debian", told))
    shutil.copyfile(product.ROOT / "assets/env.example", into / "env.example")
    changes = (product.ROOT / "CHANGELOG.md").read_bytes()
    (into / "changelog.gz").write_bytes(gzip.compress(changes, 9, mtime=0))


def _template(name: str, told: dict[str, str]) -> str:
    text = (_TEMPLATES / name).read_text("utf-8")
    for key, value in told.items():
        text = text.replace(f"@{key}@", value)
    return text


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="\n")


def _architecture() -> str:
    return product.architecture(platform.machine())
