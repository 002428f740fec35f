"""The package for Debian: what lies where, and what desktops make of it."""

import configparser
import gzip
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from installer import deb, product

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tree(tmp_path):
    """The tree of a package of a bundle that is only played."""
    folder = tmp_path / "zoomsync"
    (folder / "_internal").mkdir(parents=True)
    (folder / "zoomsync").write_bytes(b"\x7fELF\0GLIBC_2.35\0")
    (folder / "zoomsync").chmod(0o700)
    (folder / "_internal" / "data").write_bytes(b"x" * 100_000)
    (folder / "_internal" / "data").chmod(0o600)
    deb.lay_out(folder, tmp_path / "tree", "1.2.3rc1")
    return tmp_path / "tree"


def fields(tree):
    """Return what `control` says."""
    lines = (tree / "DEBIAN" / "control").read_text("utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines if re.match(r"[A-Z][\w-]*: ", line))


def test_the_command_leads_to_the_bundle(tree):
    """And everybody may run it, whoever built it."""
    link = tree / "usr/bin/zoomsync"
    assert str(link.readlink()) == "../lib/zoomsync/zoomsync"
    assert (link.resolve()).stat().st_mode & 0o777 == 0o755
    assert (tree / "usr/lib/zoomsync/_internal/data").stat().st_mode & 0o777 == 0o644
    assert {path.name for path in (tree / "usr").iterdir()} == {"bin", "lib", "share"}


def test_it_asks_for_the_c_library_and_nothing_else(tree):
    """That of the newest symbol in the bundle."""
    told = fields(tree)
    assert told["Depends"] == "libc6 (>= 2.35)"
    assert told["Version"] == "1.2.3~rc1"
    assert int(told["Installed-Size"]) >= 97
    assert not re.search(r"@[A-Z]+@", (tree / "DEBIAN" / "control").read_text("utf-8"))


def test_icons_lie_where_desktops_look(tree):
    """In every size, each drawn for it, and as vectors."""
    theme = tree / "usr/share/icons/hicolor"
    sizes = {int(path.name.partition("x")[0]) for path in theme.iterdir() if "x" in path.name}
    assert sizes - {0} >= {16, 22, 24, 32, 48, 64, 128, 256, 512}
    for size in deb.ICON_SIZES:
        icon = theme / f"{size}x{size}/apps/zoomsync.png"
        assert int.from_bytes(icon.read_bytes()[16:20], "big") == size
    assert (theme / "scalable/apps/zoomsync.svg").is_file()


def test_the_launcher_opens_the_setup_or_the_page(tree):
    """And its menu switches the start at login."""
    path = tree / "usr/share/applications/zoomsync.desktop"
    found = configparser.ConfigParser(interpolation=None)
    found.optionxform = str
    found.read(path, "utf-8")
    assert found["Desktop Entry"]["Exec"] == "zoomsync setup"
    assert found["Desktop Entry"]["Icon"] == "zoomsync"
    commands = {found[name]["Exec"] for name in found.sections()}
    assert {"zoomsync autostart on", "zoomsync autostart off"} <= commands
    if shutil.which("desktop-file-validate") is None:
        pytest.skip("desktop-file-validate is not installed")
    done = subprocess.run(
        ["desktop-file-validate", path], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_software_centres_can_show_it(tree):
    """AppStream's own tool takes what is said there."""
    path = tree / f"usr/share/metainfo/{product.APP_ID}.metainfo.xml"
    root = ET.parse(path).getroot()
    assert root.findtext("launchable") == "zoomsync.desktop"
    assert root.find("releases/release").get("version") == "1.2.3rc1"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", root.find("releases/release").get("date"))
    if shutil.which("appstreamcli") is None:
        pytest.skip("appstreamcli is not installed")
    done = subprocess.run(
        ["appstreamcli", "validate", "--no-net", path], check=False, capture_output=True
    )
    assert done.returncode == 0, done.stdout.decode()


def test_documents_come_along(tree):
    """Licence, changes, and every variable explained."""
    folder = tree / "usr/share/doc/zoomsync"
    assert "MIT License" in (folder / "copyright").read_text("utf-8")
    assert gzip.decompress((folder / "changelog.gz").read_bytes()).startswith(b"# Changelog")
    assert (folder / "env.example").read_text("utf-8").startswith("# All variables")


def test_home_folders_are_nobodys_business(tree):
    """No script of the package names one, and there is none for a purge."""
    scripts = {path.name for path in (tree / "DEBIAN").iterdir()} - {"control"}
    assert scripts == {"prerm", "postinst"}
    for name in scripts:
        text = (tree / "DEBIAN" / name).read_text("utf-8")
        assert not re.search(r"\brm\b|/home|\.config|XDG", text)
        done = subprocess.run(
            ["sh", "-n", str(tree / "DEBIAN" / name)], check=False, capture_output=True
        )
        assert done.returncode == 0
    assert "program=/usr/lib/zoomsync/zoomsync" in (tree / "DEBIAN/prerm").read_text("utf-8")
