"""The setup as a new user goes through it: from nothing to a recording that is safe."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.fakes.chromium import SCREENSHOTS, chromium
from tests.fakes.process import Zoomsync, wait_for
from tests.fakes.tree import ZoomTree

pytestmark = pytest.mark.slow

LINK = re.compile(r"http://127\.0\.0\.1:\d+/\S*")


@pytest.fixture
def shots(tmp_path):
    """Give the folder for pictures."""
    folder = Path(SCREENSHOTS or tmp_path / "shots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def zoomsync(tmp_path):
    """Give a user who has just installed it, and has recordings where Zoom puts them."""
    place = tmp_path / "ann"
    place.mkdir()
    with Zoomsync(place, settings={"ZOOM_RECORDINGS_PATH": ""}) as found:
        yield found


@pytest.fixture
def tree(zoomsync):
    """Give their recordings."""
    found = ZoomTree(zoomsync.place / "Documents" / "Zoom")
    found.meeting("First")
    found.meeting("Second", chat="Hello")
    return found


def _look(page, shots, name):
    """Take a picture, and let axe look at the page."""
    page.screenshot(path=shots / f"setup-{name}.png", full_page=True)
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_from_nothing_to_a_recording_that_is_safe(zoomsync, tree, tmp_path, shots, has_scripts):
    """Nothing is done before the last step; then everything, and the page shows it."""
    running = zoomsync.start("setup", "--no-browser")
    link = wait_for("the link is printed", lambda: LINK.search(running.out))[0]
    archive = zoomsync.place / "My archive"
    with chromium(tmp_path / "browser", scripts=has_scripts) as page:
        said = []
        page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
        page.goto(link)
        assert page.url.endswith("/ui/setup")
        assert "2 recordings" in page.content()
        if has_scripts:
            _look(page, shots, "1-folder")
        page.get_by_role("button", name="Continue").click()

        if has_scripts:
            _look(page, shots, "2-archive")
        page.get_by_role("link", name="A folder").click()
        page.get_by_role("textbox", name="Folder").fill(str(tree.root / "inside"))
        page.get_by_role("button", name="Try it and continue").click()
        assert "within" in page.content()
        if has_scripts:
            _look(page, shots, "3-archive-refused")
        page.get_by_role("textbox", name="Folder").fill(str(archive))
        page.get_by_role("button", name="Try it and continue").click()

        page.get_by_role("heading", name="Zoom’s cloud").wait_for()
        if has_scripts:
            _look(page, shots, "4-zoom")
        page.get_by_role("link", name="Not now").click()

        if has_scripts:
            _look(page, shots, "5-backlog")
        assert "2 files" in page.content(), page.content()
        page.get_by_label("All of them").check()
        page.get_by_role("button", name="Continue").click()

        assert str(archive) in page.content()
        if has_scripts:
            _look(page, shots, "6-done")
        assert not archive.exists()
        assert zoomsync.json("recordings", "list")["recordings"] == []
        page.get_by_role("button", name="Begin").click()
        page.get_by_text("Everything is set up").wait_for()

        wait_for("both are safe", lambda: len(zoomsync.rows()) == 2)
        if has_scripts:
            page.get_by_text("All finished recordings are safe").wait_for()
        assert {row["sha256"] for row in zoomsync.rows()} == set(tree.finished)
        assert all(row["file_url"].startswith(archive.as_uri()) for row in zoomsync.rows())
        assert said == []
    assert running.stop().code == 0
    with zoomsync.agent():
        assert zoomsync.json("status")["recordings_path"] == str(tree.root)


def test_a_folder_is_looked_for_on_the_page(zoomsync, tree, tmp_path, shots):
    """Step by step through the user's own folders, and no further."""
    (zoomsync.place / "Videos" / "Zoom meetings").mkdir(parents=True)
    running = zoomsync.start("setup", "--no-browser")
    link = wait_for("the link is printed", lambda: LINK.search(running.out))[0]
    with chromium(tmp_path / "browser") as page:
        page.goto(link)
        page.get_by_role("link", name="Look for it").click()
        while page.get_by_role("link", name="The folder above").count():
            page.get_by_role("link", name="The folder above").click()
        assert page.get_by_text(str(zoomsync.place), exact=True).count() == 1
        page.get_by_role("link", name="Videos").click()
        page.get_by_role("link", name="Zoom meetings").click()
        _look(page, shots, "browse")
        page.get_by_role("button", name="Take this folder").click()
        assert str(zoomsync.place / "Videos" / "Zoom meetings") in page.content()


def test_settings_are_changed_on_the_page(zoomsync, tree, tmp_path, shots):
    """A mistake is said at its field and nothing is written; what is right is taken up at once."""
    with zoomsync.agent(), chromium(tmp_path / "browser") as page:
        wait_for("the page is there", lambda: zoomsync.json("status")["url"])
        page.goto(zoomsync.run("open", "settings", "--print").out.strip())
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        _look(page, shots, "settings")
        page.get_by_label("Uploads at a time").fill("many")
        page.get_by_label("Name of this computer").fill("Ann's laptop")
        page.get_by_role("button", name="Save").click()
        field = page.get_by_label("Uploads at a time")
        assert field.get_attribute("aria-invalid") == "true"
        assert field.input_value() == "many"
        _look(page, shots, "settings-refused")
        shown = zoomsync.json("config", "show")["settings"]
        assert shown["device"]["value"] != "Ann's laptop"
        field.fill("3")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("2 settings are saved").wait_for()
        shown = zoomsync.json("config", "show")["settings"]
        assert (shown["workers"]["value"], shown["device"]["value"]) == (3, "Ann's laptop")
        wait_for("it is taken up", lambda: "settings changed" in zoomsync.log)
        assert (
            page.get_by_label("Port of this page").count() == 0
        )  # the environment decides about it
        assert "ZOOMSYNC_PORT" in page.content()
