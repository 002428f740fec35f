"""A screen that nobody sees, with a window manager and Xfce's panel, hands and eyes.

Where the programs are not installed the tests that need them are skipped, which is a failure in CI.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pytest
from PIL import Image, ImageChops

from tests.fakes.process import wait_for
from tests.fakes.tray.bus import SessionBus

PROGRAMS: Final = ("Xvfb", "openbox", "xfce4-panel", "xdotool", "dbus-daemon")
WIDTH: Final = 1024
HEIGHT: Final = 600
PANEL_HEIGHT: Final = 36
ICON_SIZE: Final = 24
_KEPT_IN: Final = os.environ.get("ZOOMSYNC_SCREENSHOTS", "")
"""Asked for while this is loaded: tests do not see the settings of whoever runs them."""
_PANEL: Final = """<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="dark-mode" type="bool" value="{dark}"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="{height}"/>
      <property name="icon-size" type="uint" value="{icon}"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
        <value type="int" value="3"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-2" type="string" value="systray">
      <property name="icon-size" type="int" value="{icon}"/>
      <property name="square-icons" type="bool" value="true"/>
    </property>
    <property name="plugin-3" type="string" value="clock"/>
  </property>
</channel>
"""


class Screen:
    """A desktop; a context manager.

    Args:
        is_dark: whether its panel is dark.
    """

    def __init__(self, *, is_dark: bool = False) -> None:
        self._is_dark = is_dark
        self._ending = contextlib.ExitStack()
        self._display: Any = None
        self.environment: dict[str, str] = {}
        """What makes a process one of this desktop."""

    def __enter__(self) -> Self:
        for program in PROGRAMS:
            if shutil.which(program) is None:
                pytest.skip(f"{program} is not installed")
        with contextlib.ExitStack() as ending:
            place = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="screen")))
            self.environment = self._environment_in(place)
            number = self._start_server(ending)
            self.environment["DISPLAY"] = f":{number}"
            bus = ending.enter_context(SessionBus(place, self.environment))
            self.environment["DBUS_SESSION_BUS_ADDRESS"] = bus.address
            self._start(ending, "openbox", "--sm-disable")
            self._panel = ending.enter_context(contextlib.ExitStack())
            self._display = self._connected(number)
            ending.callback(self._display.close)
            self.start_panel()
            self._ending = ending.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.close()

    # --- the panel -------------------------------------------------------------------------

    def start_panel(self) -> None:
        """Start the panel and wait until it is to be seen."""
        bare = self.picture().getpixel((WIDTH // 2, 2))
        self._start(self._panel, "xfce4-panel", "--disable-wm-check")

        def is_there() -> bool:
            return self.picture().getpixel((WIDTH // 2, 2)) != bare

        wait_for("the panel is there", is_there)
        wait_for("it is at rest", self._is_at_rest)

    def stop_panel(self) -> None:
        """Let the panel end."""
        self._panel.close()

    # --- eyes ------------------------------------------------------------------------------

    def picture(self) -> Image.Image:
        """Return what is on the screen."""
        from Xlib import X  # type: ignore[import-untyped]

        root = self._display.screen().root
        raw = root.get_image(0, 0, WIDTH, HEIGHT, X.ZPixmap, 0xFFFFFFFF)
        return Image.frombytes("RGB", (WIDTH, HEIGHT), raw.data, "raw", "BGRX")

    def find(self, drawn: Image.Image, most: float = 6.0) -> tuple[int, int] | None:
        """Return where on the panel a picture is, by its upper left corner; None where it is not.

        Args:
            drawn: what is looked for, with clear parts.
            most: so much may a pixel differ on average, of 255.
        """
        seen = self.picture().crop((0, 0, WIDTH, PANEL_HEIGHT))
        ground = seen.getpixel((WIDTH // 2, 4))
        expected = Image.new("RGB", drawn.size, ground)
        expected.paste(drawn, (0, 0), drawn)
        band = seen.crop((0, 2, WIDTH, PANEL_HEIGHT - 2))
        box = ImageChops.difference(band, Image.new("RGB", band.size, ground)).getbbox()
        if box is None:
            return None
        side = drawn.width
        best: tuple[float, tuple[int, int]] = (255.0, (0, 0))
        for top in range(PANEL_HEIGHT - side + 1):
            for left in range(max(0, box[0] - side), min(WIDTH - side, box[2]) + 1):
                part = seen.crop((left, top, left + side, top + side))
                best = min(best, (_difference(part, expected), (left, top)))
        return best[1] if best[0] <= most else None

    def wait_to_see(self, drawn: Image.Image) -> tuple[int, int]:
        """Wait until a picture is on the panel; return the middle of it."""
        wait_for("the icon is on the panel", lambda: self.find(drawn), 20)
        wait_for("it is at rest", self._is_at_rest)
        left, top = wait_for("the icon is on the panel", lambda: self.find(drawn), 20)
        return left + drawn.width // 2, top + drawn.height // 2

    def windows(self) -> list[tuple[int, int, int, int]]:
        """Return where menus are: x, y, width and height, the last one opened last."""
        from Xlib import X

        found = []
        for window in self._display.screen().root.query_tree().children:
            with contextlib.suppress(Exception):  # it may have closed meanwhile
                seen = window.get_attributes()
                if seen.map_state == X.IsViewable and self._is_menu(window):
                    at = window.get_geometry()
                    found.append((at.x, at.y, at.width, at.height))
        return found

    def _is_menu(self, window: Any) -> bool:
        """Whether it says that it is one: what is said where the pointer rests is a window too."""
        from Xlib import Xatom

        told = window.get_full_property(
            self._display.intern_atom("_NET_WM_WINDOW_TYPE"), Xatom.ATOM
        )
        kinds = [self._display.get_atom_name(one) for one in told.value] if told else []
        return any(kind.endswith("_MENU") for kind in kinds)

    def rows(self, window: tuple[int, int, int, int]) -> list[tuple[int, int]]:
        """Return where the lines of text of a menu are: the middle of each, from the top down."""
        x, y, width, height = window
        seen = self.picture().crop((x, y, x + width, y + height)).convert("L")
        ground = seen.crop((width // 2, 3, width // 2 + 1, 4)).tobytes()[0]
        marks = []
        for row in range(height):
            line = seen.crop((12, row, width - 24, row + 1))
            shades = line.tobytes()
            marks.append(max(abs(one - ground) for one in shades) > 60)
        rows, began = [], None
        for row, is_marked in enumerate([*marks, False]):
            if is_marked and began is None:
                began = row
            elif not is_marked and began is not None:
                if row - began >= 5:
                    rows.append((x + 60, y + (began + row) // 2))
                began = None
        return rows

    # --- hands -----------------------------------------------------------------------------

    def click(self, at: tuple[int, int], button: int = 1) -> None:
        """Move the pointer there, rest a moment, and click."""
        self.hands("mousemove", str(at[0]), str(at[1]), "sleep", "0.15", "click", str(button))

    def open_menu(self, at: tuple[int, int]) -> tuple[int, int, int, int]:
        """Click there; return the menu that opens, once it is at rest.

        A panel that has not read the menu yet opens none: then it is clicked again, as people do.
        """
        before = self.windows()
        for seconds in (2.0, 2.0, 10.0):
            self.click(at)
            with contextlib.suppress(AssertionError):
                wait_for("a menu opens", lambda: len(self.windows()) > len(before), seconds)
                break
        if len(self.windows()) <= len(before):
            self.keep("no-menu")
            raise AssertionError(f"no menu opens at {at}; before there were {before}")
        wait_for("it is at rest", self._is_at_rest)
        return next(one for one in self.windows() if one not in before)

    def close_menus(self) -> None:
        """Close whatever is open, and take the pointer away."""
        self.hands("mousemove", str(WIDTH // 3), str(HEIGHT // 2))
        for _ in range(4):
            if not self.windows():
                return
            self.hands("key", "Escape")
            time.sleep(0.1)

    def hands(self, *what: str) -> None:
        """Let xdotool do something."""
        program = shutil.which("xdotool") or "xdotool"
        subprocess.run([program, *what], env=self.environment, check=True, timeout=20)

    def keep(self, name: str) -> None:
        """Keep a picture of the screen where `ZOOMSYNC_SCREENSHOTS` says."""
        if _KEPT_IN:
            Path(_KEPT_IN).mkdir(parents=True, exist_ok=True)
            self.picture().save(Path(_KEPT_IN) / f"tray-{name}.png")

    # --- what it is made of ----------------------------------------------------------------

    def _environment_in(self, place: Path) -> dict[str, str]:
        folders = {
            "HOME": place / "home",
            "XDG_RUNTIME_DIR": place / "run",
            "XDG_CONFIG_HOME": place / "config",
            "XDG_DATA_HOME": place / "data",
            "XDG_CACHE_HOME": place / "cache",
        }
        for folder in folders.values():
            folder.mkdir(mode=0o700)
        channel = folders["XDG_CONFIG_HOME"] / "xfce4" / "xfconf" / "xfce-perchannel-xml"
        channel.mkdir(parents=True)
        (channel / "xfce4-panel.xml").write_text(
            _PANEL.format(dark=str(self._is_dark).lower(), height=PANEL_HEIGHT, icon=ICON_SIZE),
            "utf-8",
        )
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        named = {name: str(folder) for name, folder in folders.items()}
        return (
            kept
            | named
            | {
                "XDG_CURRENT_DESKTOP": "XFCE",
                "NO_AT_BRIDGE": "1",
                "GTK_CSD": "0",
                "TZ": "UTC",
            }
        )

    def _start_server(self, ending: contextlib.ExitStack) -> int:
        here, there = os.pipe()
        try:
            self._start(
                ending,
                "Xvfb",
                "-displayfd",
                str(there),
                "-screen",
                "0",
                f"{WIDTH}x{HEIGHT}x24",
                "-nolisten",
                "tcp",
                keeps=(there,),
            )
        finally:
            os.close(there)
        with os.fdopen(here) as told:
            return int(told.readline())

    def _start(
        self,
        ending: contextlib.ExitStack,
        program: str,
        *arguments: str,
        keeps: tuple[int, ...] = (),
    ) -> None:
        process = subprocess.Popen(
            [shutil.which(program) or program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self.environment,
            start_new_session=True,
            pass_fds=keeps,
        )
        ending.callback(_end, process)

    def _connected(self, number: int) -> Any:
        from Xlib import display

        return wait_for("the screen is there", lambda: display.Display(f":{number}"))

    def _is_at_rest(self) -> bool:
        before = self.picture()
        time.sleep(0.12)
        return ImageChops.difference(before, self.picture()).getbbox() is None


@contextlib.contextmanager
def screen(*, is_dark: bool = False) -> Iterator[Screen]:
    """Give a desktop to one test or to many."""
    with Screen(is_dark=is_dark) as one:
        yield one


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a process with all that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(3)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def _difference(one: Image.Image, other: Image.Image) -> float:
    """Return by how much two pictures differ, a pixel and channel on average."""
    histogram = ImageChops.difference(one, other).convert("L").histogram()
    return sum(value * count for value, count in enumerate(histogram)) / sum(histogram)
