"""The tray on a screen with a real panel: seen by its pixels, used by a pointer."""

import contextlib
import json
import queue
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.fakes.process import wait_for
from tests.fakes.tray.desk import view_of
from tests.fakes.tray.program import snapshot_named
from tests.fakes.tray.screen import ICON_SIZE, Screen
from zoomsync_agent.tray import art, menu
from zoomsync_agent.tray.looks import Face, Look, look_of

pytestmark = pytest.mark.xdist_group("screen")

ROOT = Path(__file__).parents[2]
WORDS = ["working:0", "working:40", "paused", "needs_you", "error", "offline", "stopped", "idle"]


@pytest.fixture(scope="module")
def screen():
    """One desktop for all of them."""
    with Screen() as one:
        yield one


class Program:
    """A process that is nothing but its tray."""

    def __init__(self, screen, profile=""):
        self.screen = screen
        self.profile = profile
        self.said = queue.Queue()
        self.facts = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.tray.program", *([profile] if profile else [])],
            cwd=ROOT,
            env=screen.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self):
        for line in self.process.stdout:
            self.facts.append(json.loads(line))

    def becomes(self, word):
        """Let it show a state."""
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()

    def shows(self, word):
        """Let it show a state; return where its icon then is."""
        self.becomes(word)
        return self.screen.wait_to_see(self.drawn(word))

    def drawn(self, word):
        """Return the picture of a state."""
        return art.draw(self.look(word), ICON_SIZE)

    def look(self, word):
        """Return how the icon looks in a state."""
        return look_of(view_of(snapshot_named(word), profile=self.profile))

    def has_called(self, what):
        """Wait until its desk was asked for something."""
        wait_for(f"the desk does {what}", lambda: {"call": what} in self.facts, 10)

    def end(self):
        """Let it end; return its code."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            return self.process.wait(10)
        finally:
            self.process.kill()
            self.process.wait(10)
            self.listener.join(10)
            self.process.stdout.close()


@contextlib.contextmanager
def program(screen, profile=""):
    """Run a tray on the screen."""
    one = Program(screen, profile)
    try:
        yield one
    finally:
        screen.close_menus()
        code = one.end()
    assert code == 0


def labels_of(word, **more):
    """Return the labels of the menu in a state, from its top down."""
    entries = menu.build(view_of(snapshot_named(word), **more))
    return [entry.label for entry in entries if not entry.is_separator]


def row_of(screen, opened, word, label):
    """Return where an item of an open menu is, of which every line must be seen."""
    labels, rows = labels_of(word), screen.rows(opened)
    assert len(rows) == len(labels)
    return rows[labels.index(label)]


def test_each_state_is_seen(screen):
    """Every face is on the panel, pixel for pixel what was drawn, and told from all others."""
    with program(screen) as one:
        for word in WORDS:
            one.shows(word)
            screen.keep(f"state-{word.replace(':', '-')}")
            looks = {other: one.look(other) for other in WORDS}
            others = [look for look in looks.values() if look.face is not looks[word].face]
            assert not [look for look in others if screen.find(art.draw(look, ICON_SIZE))]


def test_a_click_pauses_and_resumes(screen):
    """The menu opens at the icon, an item does what it says, menu and icon follow."""
    with program(screen) as one:
        opened = screen.open_menu(one.shows("idle"))
        screen.keep("menu-idle")
        screen.click(row_of(screen, opened, "idle", "Pause for 1 hour"))
        one.has_called("pause 3600")
        opened = screen.open_menu(screen.wait_to_see(one.drawn("paused")))
        screen.keep("menu-paused")
        screen.click(row_of(screen, opened, "paused", "Resume"))
        one.has_called("resume")
        screen.wait_to_see(one.drawn("idle"))


def test_a_recording_is_opened(screen):
    """In the submenu; a click opens it."""
    with program(screen) as one:
        opened = screen.open_menu(one.shows("idle"))
        submenu = screen.open_menu(row_of(screen, opened, "idle", "Last recordings"))
        screen.keep("menu-recordings")
        rows = screen.rows(submenu)
        assert len(rows) == 5
        screen.click(rows[2])
        one.has_called("open_recording rec-2")


def test_an_open_menu_changes_in_place(screen):
    """While a file is on its way the menu stays open, and its line says how far it is."""
    with program(screen) as one:
        at = one.shows("working:10")
        opened = screen.open_menu(at)
        labels, rows = labels_of("working:10"), screen.rows(opened)
        line = labels.index("Uploading Weekly planning · 10 %")
        assert len(rows) == len(labels)

        def strip(row):
            left, _, width, _ = opened
            y = rows[row][1]
            return screen.picture().crop((left + 4, y - 9, left + width - 4, y + 9))

        before = [strip(row) for row in range(len(rows))]
        for share in (40, 70, 95):
            one.becomes(f"working:{share}")
            wait_for(
                "the line is another one", lambda: strip(line).tobytes() != before[line].tobytes()
            )
            assert screen.windows() == [opened]
        screen.keep("menu-working")
        same = [row for row in range(len(rows)) if strip(row).tobytes() == before[row].tobytes()]
        assert sorted({*range(len(rows))} - {*same}) == [line, line + 1]


def test_needs_you_is_readable(screen):
    """The sentence is whole, on two lines; a click on it opens the page."""
    with program(screen) as one:
        opened = screen.open_menu(one.shows("needs_you"))
        screen.keep("menu-needs-you")
        screen.click(row_of(screen, opened, "needs_you", labels_of("needs_you")[0]))
        one.has_called("open_page")


def test_it_comes_back_with_the_panel(screen):
    """The panel ends and starts again: the icon is there again, and so is its menu."""
    with program(screen) as one:
        one.shows("idle")
        screen.stop_panel()
        assert screen.find(one.drawn("idle")) is None
        screen.start_panel()
        opened = screen.open_menu(screen.wait_to_see(one.drawn("idle")))
        screen.click(row_of(screen, opened, "idle", "Open status page"))
        one.has_called("open_page")
        assert not [fact for fact in one.facts if "no_tray" in fact]


def test_two_profiles_have_two_icons(screen):
    """Each with its letter."""
    with program(screen) as usual, program(screen, "work") as other:
        here, there = usual.shows("idle"), other.shows("idle")
        screen.keep("two-profiles")
        assert here != there


def test_quit_ends_it(screen):
    """By a click; the icon goes, the process ends in order."""
    with program(screen) as one:
        opened = screen.open_menu(one.shows("idle"))
        screen.click(row_of(screen, opened, "idle", "Quit"))
        assert one.process.wait(10) == 0
        wait_for("it is gone", lambda: screen.find(one.drawn("idle")) is None)
        assert {"ended": True} in one.facts


def test_it_is_seen_on_a_dark_panel():
    """The same pictures, on a dark ground."""
    with Screen(is_dark=True) as dark, program(dark) as one:
        red, green, blue = dark.picture().getpixel((500, 10))
        assert red + green + blue < 3 * 80
        for word in ("working:40", "needs_you", "idle"):
            one.shows(word)
            dark.keep(f"dark-{word.replace(':', '-')}")
        assert dark.find(art.draw(Look(Face.PAUSED), ICON_SIZE)) is None
        dark.open_menu(one.shows("idle"))
        dark.keep("dark-menu")
