"""The real process with a desktop that shows notices: one is shown, and a click opens the page."""

import os
import stat
import tempfile
import urllib.request
from pathlib import Path

import pytest

from tests.fakes.bus_services import BusService, NotificationDaemon
from tests.fakes.process import Zoomsync, wait_for
from tests.fakes.tray.bus import SessionBus
from tests.fakes.tree import ZoomTree

pytestmark = pytest.mark.slow

NETWORK = "org.freedesktop.NetworkManager"


@pytest.fixture
def bus():
    """Give a bus; its socket lies at a short path."""
    with tempfile.TemporaryDirectory() as folder, SessionBus(Path(folder)) as found:
        yield found


@pytest.fixture
def opened(tmp_path):
    """Give the file into which the browser writes what it is to open."""
    return tmp_path / "opened"


@pytest.fixture
def zoomsync(tmp_path, bus, opened):
    """Give a home in a session with that bus and a browser that only notes addresses."""
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >> {opened}\n')
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    settings = {
        "DBUS_SESSION_BUS_ADDRESS": bus.address,
        "DBUS_SYSTEM_BUS_ADDRESS": bus.address,
        "BROWSER": f"{browser} %s",
        "ZOOMSYNC_PAUSE_ON_METERED": "yes",
        "ZOOMSYNC_DESTINATION": "s3",
        "S3_BUCKET": "mine",
        "S3_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PATH": os.environ["PATH"],
    }
    with Zoomsync(tmp_path, settings) as found:
        yield found


def test_a_notice_is_shown_and_a_click_opens_the_page(zoomsync, bus, opened):
    """With a link that lets the user's own browser in."""
    with NotificationDaemon(bus.address) as daemon, zoomsync.agent():
        zoomsync.run("notices", "test")
        (shown,) = daemon.wait_shown(1)
        daemon.click(shown["id"])
        wait_for("the page is opened", opened.exists)
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with browser.open(opened.read_text().strip()) as answer:
            assert answer.status == 200
            assert b"<h1>" in answer.read()


def test_a_phone_as_the_network_is_noticed_by_itself(zoomsync, bus):
    """Over the system's bus, and its end, too."""
    path = "/org/freedesktop/NetworkManager"
    values = {"State": ("u", 70), "Connectivity": ("u", 4), "Metered": ("u", 4)}
    ZoomTree(zoomsync.recordings).meeting("Weekly")
    with (
        BusService(
            bus.address, NETWORK, path, {NETWORK: {**values, "PrimaryConnection": ("o", "/1")}}
        ) as manager,
        zoomsync.agent(),
    ):
        wait_for("it is tried", lambda: zoomsync.json("status")["state"] == "offline")
        manager.change(NETWORK, Metered=3)
        wait_for("it is held", lambda: "metered" in zoomsync.json("status")["held"])
        manager.change(NETWORK, Metered=4)
        wait_for("it is not held", lambda: not zoomsync.json("status")["held"])
