"""Which folders a page may look into and choose."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from zoomsync_agent.core.errors import NotAllowed, SettingsError
from zoomsync_agent.desktop import places
from zoomsync_agent.settings import SPECS


class Reach:
    """The user's own folders and drives, and what a command or a file has chosen before.

    Args:
        chosen: folders that were chosen otherwise than on a page.
    """

    def __init__(self, *chosen: Path) -> None:
        self._chosen = chosen

    def add(self, path: Path) -> None:
        """Take note that *path* was chosen otherwise than on a page."""
        self._chosen = (*self._chosen, path)

    def expect(self, path: Path) -> Path:
        """Return *path*, with links resolved.

        Raises:
            NotAllowed: it lies outside.
        """
        found = places.resolved(path)
        if found is None or not places.is_within(found, self._roots()):
            raise NotAllowed(
                f"{path} lies outside of your own folders and drives; only a command can choose "
                "it: zoomsync config set NAME FOLDER"
            )
        return found

    def expect_all(self, values: Mapping[str, str]) -> None:
        """Refuse settings that name folders or files outside.

        Raises:
            SettingsError: one does.
        """
        for name, value in values.items():
            if name in SPECS and SPECS[name].is_path and value.strip():
                try:
                    self.expect(Path(value.strip()))
                except NotAllowed as exc:
                    raise SettingsError(f"{name}: {exc.detail}") from exc

    def around(self, path: Path) -> tuple[Path | None, Sequence[Path]]:
        """Return the folder above *path*, None at a root, and the folders in it.

        Raises:
            NotAllowed: *path* lies outside.
        """
        here = self.expect(path)
        above = here.parent
        is_root = above == here or not places.is_within(above, self._roots())
        return (None if is_root else above), places.folders_in(here)

    def _roots(self) -> Sequence[Path]:
        return [*places.roots(), *self._chosen]
