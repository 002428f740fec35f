"""What is known of an icon that has no tray to be in: why, and whether somebody was told of it."""

import contextlib

from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.doctor import Finding, Level

_MEND = (
    "All that it would show and do is on the page: zoomsync open. On GNOME the extension "
    "“AppIndicator and KStatusNotifierItem Support” makes room for icons."
)


class NoTray:
    """Two marks in a home, for the next start and for other processes.

    Args:
        home: where they lie.
    """

    def __init__(self, home: Home) -> None:
        self._why = home.data / "no-tray"
        self._told = home.data / "no-tray.told"

    @property
    def why(self) -> str:
        """Why the icon of the last run is in no tray, as a sentence; empty where it was in one."""
        try:
            return self._why.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    @property
    def was_told(self) -> bool:
        """Whether somebody was shown a notice of it: that is done once, and not at each login."""
        return self._told.exists()

    def note(self, why: str) -> None:
        """Take note that there is no tray."""
        with contextlib.suppress(OSError):
            self._why.write_text(f"{why}\n", encoding="utf-8")

    def note_told(self) -> None:
        """Take note that somebody was shown a notice of it."""
        with contextlib.suppress(OSError):
            self._told.touch()

    def forget(self) -> None:
        """Take note that there is a tray: should it go for good, that is news again."""
        for mark in (self._why, self._told):
            with contextlib.suppress(OSError):
                mark.unlink(missing_ok=True)


def tray_findings(home: Home) -> list[Finding]:
    """Return why there is no icon, where that is so; nothing that keeps recordings from anybody."""
    why = NoTray(home).why
    return (
        [Finding("tray", Level.OK, f"The agent works without an icon. {why}", _MEND)] if why else []
    )
