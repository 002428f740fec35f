"""A trash in a folder, and one that refuses."""

from collections.abc import Callable
from pathlib import Path

from zoomsync_agent.core.errors import AgentError, SourceMissing


class FolderTrash:
    """`LocalTrash` in a folder, from which everything can be put back.

    Args:
        folder: where things go; on the file system of the recordings.

    Attributes:
        refusal: why nothing at all is taken; empty where something is.
        before: called with each path before it is moved.
        after: called with each path after it was moved.
        error: raised instead of a move, if set.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.moved: list[tuple[Path, Path]] = []
        self.before: Callable[[Path], object] = lambda _path: None
        self.after: Callable[[Path], object] = lambda _path: None
        self.error: AgentError | None = None
        self.refusal = ""

    def move(self, path: Path) -> None:
        """Move a file to the folder."""
        self.before(path)
        if self.error is not None:
            raise self.error
        self.folder.mkdir(exist_ok=True)
        there = self.folder / f"{len(self.moved)}-{path.name}"
        try:
            path.rename(there)
        except FileNotFoundError as exc:
            raise SourceMissing(str(path)) from exc
        self.moved.append((path, there))
        self.after(path)

    @property
    def names(self) -> list[str]:
        """The names of what was moved, in order."""
        return [path.name for path, _ in self.moved]

    def restore(self) -> None:
        """Put everything back where it was."""
        for path, there in self.moved:
            path.parent.mkdir(parents=True, exist_ok=True)
            there.rename(path)
        self.moved.clear()
