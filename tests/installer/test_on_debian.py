"""The packages for Linux, for real: built, installed in a clean Debian, used, and removed again."""

import contextlib
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path

import pytest

from installer import build, contents, smoke
from tests.fakes.debian_tree import DebianTree
from tests.fakes.process import wait_for
from tests.fakes.tray.bus import FakePanel, SessionBus
from tests.fakes.tray.screen import ICON_SIZE, Screen
from zoomsync_agent import __version__
from zoomsync_agent.tray import art
from zoomsync_agent.tray.looks import Face, Look

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="packages for Linux"),
    pytest.mark.xdist_group("installer"),
    pytest.mark.timeout(900),
]
TRAY_SECONDS = 2.5
"""From its start to the icon in the tray, as is promised."""
FEED = "https://127.0.0.1:9/releases/latest"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Give a folder with bundle, archive, package and sums; and a clean Debian."""
    place = tmp_path_factory.mktemp("installer")
    tree = DebianTree(place / "tree")
    problems = []

    def make_tree():
        try:
            tree.make()
        except BaseException as exc:  # noqa: BLE001  a skip too is told where it is to be
            problems.append(exc)

    beside = threading.Thread(target=make_tree)
    beside.start()
    dist, work = place / "dist", place / "work"
    command = [sys.executable, "installer/build.py", "--dist", str(dist), "--work", str(work)]
    command += ["--feed", FEED]
    # How well it is packed is not asked here, and costs a minute of processor.
    environment = {**os.environ, "HOME": str(place), "DPKG_DEB_COMPRESSOR_LEVEL": "1"}
    done = subprocess.run(
        command,
        cwd=Path(build.__file__).parents[1],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    beside.join()
    print(done.stdout)
    assert done.returncode == build.DONE, done.stderr[-3000:]
    if problems:
        raise problems[0]
    yield dist, tree
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def unpacked(made, tmp_path):
    """The portable archive, where somebody unpacked it."""
    dist, _ = made
    (archive,) = dist.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path / "some where", filter="data")
    return tmp_path / "some where" / "zoomsync"


def test_the_sums_are_right(made):
    """As whoever downloads it checks them."""
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], check=False, cwd=made[0]
    )
    assert done.returncode == 0


def test_the_portable_archive_runs_where_it_was_unpacked(unpacked, capfd):
    """In a folder with a blank in its name; as large and as slow as is promised, and no more."""
    told = [str(unpacked / "zoomsync"), "--bundle", str(unpacked), "--expect", __version__]
    code = smoke.main([*told, "--strict"])
    shown = capfd.readouterr()
    sys.stdout.write(shown.out)
    assert code == 0, shown


def test_a_part_under_the_lgpl_can_be_replaced(unpacked):
    """Each lies there as files; another one in its place is what runs."""
    for name in contents.REPLACEABLE:
        assert list((unpacked / "_internal" / name).rglob("*.py")), name
    (unpacked / "_internal" / "psycopg" / "__init__.py").write_text("raise SystemExit(77)\n")
    environment = {
        "HOME": str(unpacked.parent),
        "PATH": os.environ["PATH"],
        "DATABASE_URL": "postgresql://you:secret@127.0.0.1:9/postgres",
    }
    done = subprocess.run(
        [unpacked / "zoomsync", "schema", "--apply"],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 77, done


def test_it_asks_for_newer_versions_where_it_was_released(unpacked):
    """As whoever built it said; nobody answers there."""
    environment = {"HOME": str(unpacked.parent), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [unpacked / "zoomsync", "update"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "127.0.0.1 takes no connections" in done.stderr


def test_its_icon_is_seen_on_a_screen(unpacked):
    """On a real panel, and a real click opens its menu; then it ends as it is told to."""
    home = unpacked.parent / "user"
    (home / "Documents" / "Zoom").mkdir(parents=True)
    with Screen() as screen:
        environment = {**screen.environment, "HOME": str(home), "PATH": os.environ["PATH"]}
        process = subprocess.Popen(
            [unpacked / "zoomsync", "run", "--at-login"], env=environment, cwd=home
        )
        try:
            at = screen.wait_to_see(art.draw(Look(Face.IDLE), ICON_SIZE))
            opened = screen.open_menu(at)
            screen.keep("bundle-menu")
            assert len(screen.rows(opened)) > 8
        finally:
            process.terminate()
            code = process.wait(10)
    assert code == 0


def test_the_licences_of_everything_are_in_the_bundle(unpacked):
    """Of the packages whose files are there."""
    folder = unpacked / "_internal" / "licences"
    index = (folder / "INDEX.txt").read_text("utf-8")
    for name in ("pystray", "python-xlib", "psycopg", "Flask", "botocore", "Python", "pyinstaller"):
        assert f"\n{name} " in index
        assert list(folder.glob(f"{name}-*/*")), name
    assert (folder / "zoomsync-LICENSE.txt").is_file()


class Person:
    """Somebody who uses that Debian; a context manager that gives their programs.

    Args:
        tree: the Debian.
        bus: their session's.
    """

    def __init__(self, tree, bus):
        self.tree = tree
        self.home = tree.root / "home" / "ann"
        self.variables = {
            "HOME": "/home/ann",
            "PATH": "/usr/sbin:/usr/bin:/bin",
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path=/{bus.relative_to(tree.root)}/bus",
            "WAYLAND_DISPLAY": "wayland-of-nobody",
            "BROWSER": "/home/ann/browser",
            "ZOOMSYNC_QUIET_SECONDS": "1",
            "ZOOMSYNC_PORT": "0",
        }

    def __enter__(self):
        (self.home / "Documents" / "Zoom").mkdir(parents=True)
        browser = self.home / "browser"
        browser.write_text('#!/bin/sh\necho "$1 ${LD_LIBRARY_PATH-none}" >>/home/ann/told\n')
        browser.chmod(0o755)
        (self.home / "told").touch()
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.home)

    def start(self, *arguments):
        """Start a command of theirs."""
        return subprocess.Popen(
            [*smoke.within(self.tree.root), *arguments],
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments):
        """Run a command of theirs to its end and return what it said."""
        with self.start(*arguments) as process:
            out = process.communicate(timeout=60)[0]
        assert process.returncode == 0, out
        return out


@contextlib.contextmanager
def ending(process):
    """Give a process, and end it should it still run."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_it_is_installed_used_and_removed(made, tmp_path, capfd):
    """On a Debian that has no Python; what stays is what people keep, and nothing else."""
    dist, tree = made
    (package,) = dist.glob("*.deb")
    place = Path("tmp") / package.name
    shutil.copy(package, tree.root / place)
    before = tree.files()
    tree.run("apt-get", "install", "-y", "--no-install-recommends", f"/{place}")
    assert not (tree.root / "usr/bin/python3").exists()

    program = ["/usr/bin/zoomsync", "--root", str(tree.root), "--expect", __version__]
    code = smoke.main([*program, "--bundle", str(tree.root / "usr/lib/zoomsync"), "--strict"])
    shown = capfd.readouterr()
    sys.stdout.write(shown.out)
    assert code == 0, shown

    bus = tree.root / "tmp" / "session"
    bus.mkdir()
    with SessionBus(bus) as session, Person(tree, bus) as ann:
        ann.run("zoomsync", "autostart", "on")
        with FakePanel(session.address) as panel:
            icons = 0
            for last in (False, False, True):  # a busy machine is no slow program
                begun = time.monotonic()
                with ending(ann.start("zoomsync", "run", "--at-login")) as agent:
                    icons += 1
                    panel.wait_for_icon(icons)
                    took = time.monotonic() - begun
                    print(f"tray: {took:.2f} s")
                    agent.terminate()
                    assert agent.wait(15) == 0
                if took <= TRAY_SECONDS:
                    break
                assert not last, f"the tray took {took:.2f} s"
            with ending(ann.start("zoomsync", "run")) as agent:
                panel.wait_for_icon(icons + 1)
                wait_for("the menu", lambda: "Stop monitoring" in panel.labels())
                panel.click("Open status page")
                told = ann.home / "told"
                wait_for("the browser", lambda: "http://127.0.0.1:" in told.read_text())
                assert told.read_text().split()[1] == "none", "a library path of the bundle"

                tree.run("apt-get", "purge", "-y", "zoomsync")
                assert agent.wait(15) == 0, "the removal ends what runs, in an orderly way"
        kept = {str(path.relative_to(ann.home)) for path in ann.home.rglob("*")}
        assert {".config/autostart/zoomsync.desktop", ".local/share/zoomsync/agent.db"} <= kept
    shutil.rmtree(bus)
    left = tree.files() - before
    assert {name for name in left if not name.startswith("home/")} == set()
