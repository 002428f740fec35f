"""The real agent with its tray, over D-Bus alone: what the menu says, and what its clicks do."""

import time

import pytest

from tests.fakes.process import Zoomsync, wait_for
from tests.fakes.tray.bus import FakePanel, SessionBus
from tests.fakes.tree import ArchiveView, ZoomTree

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("screen")]

QUIT_SECONDS = 5.0
SIZE = 12_000_000


@pytest.fixture
def bus(tmp_path):
    """A session bus of its own."""
    with SessionBus(tmp_path) as found:
        yield found


@pytest.fixture
def told(tmp_path):
    """Give what a browser and a file manager were told, each line a program and its argument."""
    path = tmp_path / "told"
    path.touch()
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name in ("browser", "xdg-open"):
        program = bin_folder / name
        program.write_text(f'#!/bin/sh\necho "{name} $1" >>{path}\n')
        program.chmod(0o755)
    return path


@pytest.fixture
def zoomsync(bus, tmp_path, told):
    """A home of somebody who sits before a desktop."""
    programs = told.with_name("bin")
    with Zoomsync(tmp_path) as found:
        found.settings = {
            "DBUS_SESSION_BUS_ADDRESS": bus.address,
            "BROWSER": str(programs / "browser"),
            "PATH": f"{programs}:/usr/bin:/bin",
            "WAYLAND_DISPLAY": "wayland-of-nobody",
        }
        yield found


def has(panel, *labels):
    """Return whether the menu has these lines."""
    return set(labels) <= set(panel.labels())


def test_the_menu_does_what_it_says(bus, zoomsync, told):
    """Page, archive, pause, monitoring, recordings; and Quit ends it with 0 within 5 seconds."""
    ZoomTree(zoomsync.recordings).meeting("Budget")
    with FakePanel(bus.address) as panel:
        running = zoomsync.start("run")
        panel.wait_for_icon()
        wait_for("it is safe", lambda: "Last recordings" in panel.labels())
        assert any(label.startswith("Budget") for label in panel.labels())

        panel.click("Open status page")
        wait_for("the browser", lambda: "browser http://127.0.0.1:" in told.read_text())
        panel.click("Open archive folder")
        opened = f"xdg-open {zoomsync.archive}"
        wait_for("the file manager", lambda: opened in told.read_text())

        panel.click("Pause for 1 hour")
        wait_for("it is paused", lambda: has(panel, "Resume"))
        assert zoomsync.json("status")["is_paused"]
        panel.click("Resume")
        wait_for("it goes on", lambda: has(panel, "Pause for 1 hour"))

        panel.click("Stop monitoring")
        wait_for("it rests", lambda: has(panel, "Start monitoring"))
        assert not zoomsync.json("status")["is_watching"]

        panel.click("Start at login")
        entry = zoomsync.place / ".config" / "autostart"
        wait_for("it starts at login", lambda: entry.is_dir() and list(entry.iterdir()))
        # Who clicks before the mark is there asks for the same once more.
        wait_for("it is marked", lambda: panel.is_marked("Start at login"))
        panel.click("Start at login")
        wait_for("it does not", lambda: not list(entry.iterdir()))

        clicked_at = time.monotonic()
        panel.click("Quit")
        done = running.ended(QUIT_SECONDS)
        assert done.code == 0, done.err
        assert time.monotonic() - clicked_at < QUIT_SECONDS


def test_quit_in_the_middle_of_an_upload_keeps_what_is_there(bus, zoomsync):
    """It ends within 5 seconds, and the copy goes on from there."""
    zoomsync.settings = {**zoomsync.settings, "ZOOMSYNC_BANDWIDTH_LIMIT": "1M"}
    ZoomTree(zoomsync.recordings).meeting("Long", size=SIZE)
    view = ArchiveView(zoomsync.archive)

    def half():
        found = view.leftovers()
        return found[0] if found and found[0].stat().st_size > 1_000_000 else None

    with FakePanel(bus.address) as panel:
        running = zoomsync.start("run")
        panel.wait_for_icon()
        part = wait_for("the copy is under way", half)
        wait_for("the menu tells how far", lambda: any("%" in one for one in panel.labels()))
        panel.click("Quit")
        assert running.ended(QUIT_SECONDS).code == 0
    inode = part.stat().st_ino
    zoomsync.settings = {}
    zoomsync.json("sync")
    (copy,) = view.media()
    assert copy.stat().st_ino == inode


def test_the_tray_outlives_the_agents_of_a_run(bus, zoomsync):
    """Settings that change end one and begin the next; the icon stays the same."""
    zoomsync.recordings.mkdir()
    with FakePanel(bus.address) as panel:
        running = zoomsync.start("run")
        panel.wait_for_icon()
        wait_for("it works", lambda: has(panel, "Stop monitoring"))
        begun = zoomsync.log.count("agent started")
        zoomsync.run("config", "set", "workers", "1")
        wait_for("another agent", lambda: zoomsync.log.count("agent started") > begun)
        panel.click("Pause for 1 hour")
        wait_for("it is paused", lambda: has(panel, "Resume"))
        assert len(panel.registered) == 1
        assert running.stop().code == 0


def test_without_any_tray_the_agent_works_and_says_so(zoomsync):
    """No panel, no display: recordings come home all the same."""
    ZoomTree(zoomsync.recordings).meeting("Budget")
    running = zoomsync.start("run", "--at-login")
    view = ArchiveView(zoomsync.archive)
    wait_for("it is safe", view.media)
    wait_for("it says so", lambda: "no tray" in zoomsync.log)
    assert running.is_alive
    assert running.stop().code == 0
    assert (running.out, running.err) == ("", "")


def test_without_a_session_bus_the_agent_works_too(bus, zoomsync):
    """As in a remote shell, or where the bus has died."""
    bus.kill()
    ZoomTree(zoomsync.recordings).meeting("Budget")
    running = zoomsync.start("run", "--at-login")
    wait_for("it is safe", ArchiveView(zoomsync.archive).media)
    assert running.is_alive
    assert running.stop().code == 0
