"""Recordings folders as Zoom leaves them, and what must become of them in the archive."""

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.fakes import media

_ROW: Final = 1 << 20


def sha256(path: Path) -> str:
    """Return the hash of a file's content in lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def video(note: str, size: int = 20_000) -> bytes:
    """Return a complete MP4 of about *size* bytes that no other *note* gives."""
    head = note.encode() + b"\1"
    return media.mp4(head + media.filler(max(1, size - len(head))))


@dataclass(slots=True)
class ZoomTree:
    """A recordings folder that remembers which recordings are finished in it.

    `finished` holds the SHA-256 of every finished recording that was ever put there, with its
    size; deleting or renaming an original does not take it out.
    """

    root: Path
    finished: dict[str, int] = field(default_factory=dict)
    _count: int = 0

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)

    def meeting(
        self,
        topic: str,
        *,
        size: int = 20_000,
        name: str = "",
        chat: str = "",
        captions: str = "",
        age_seconds: float = 0.0,
    ) -> Path:
        """Make a meeting that Zoom has finished and return its folder.

        The files come under temporary names first, so that none is ever seen half.
        """
        self._count += 1
        minute, hour = self._count % 60, 9 + self._count // 60 % 12
        folder = self.root / f"2024-03-{1 + self._count // 720:02} {hour:02}.{minute:02}.00 {topic}"
        folder.mkdir()
        if chat:
            (folder / "chat.txt").write_text(
                f"{hour:02}:{minute:02}:04\t From Ann to Everyone: {chat}\n", "utf-8"
            )
        if captions:
            said = f"[Bo Li] {hour:02}:{minute:02}:09\n{captions}\n\n"
            (folder / "meeting_saved_closed_caption.txt").write_text(said, "utf-8")
        path = folder / (name or f"video1{self._count:09}.mp4")
        self.put(path, video(f"{self._count} {topic}", size))
        conf: dict[str, Any] = {"items": [{"audio": "", "video": path.name, "process": 100}]}
        (folder / "recording.conf").write_text(json.dumps(conf), "utf-8")
        if age_seconds:
            for one in folder.iterdir():
                then = one.stat().st_mtime - age_seconds
                os.utime(one, (then, then))
        return folder

    def put(self, path: Path, content: bytes) -> Path:
        """Put a finished recording to *path* in one move and remember it."""
        half = path.with_name(f".{path.name[:60]}.half")
        half.write_bytes(content)
        half.rename(path)
        self.finished[hashlib.sha256(content).hexdigest()] = len(content)
        return path


@dataclass(slots=True)
class ArchiveView:
    """Looks at an archive from outside, as a person with a file browser does."""

    root: Path
    _hashes: dict[tuple[int, int, int, int], str] = field(default_factory=dict)

    def media(self) -> dict[Path, str]:
        """Return every file that is visible as a recording, with the hash of its content."""
        return {p: self._hash(p) for p in self._visible() if p.suffix not in (".json", ".txt")}

    def sidecars(self) -> dict[Path, Any]:
        """Return what every description says; one that is half-written raises."""
        return {p: json.loads(p.read_text("utf-8")) for p in self._visible(".json")}

    def leftovers(self) -> list[Path]:
        """Return half-written files, hidden as they are."""
        return sorted(self.root.rglob("*.partial")) if self.root.exists() else []

    def stamps(self) -> dict[Path, tuple[int, int]]:
        """Return inode and time of every recording: a file that is sent again gets others."""
        return {p: (p.stat().st_ino, p.stat().st_mtime_ns) for p in self.media()}

    def _visible(self, suffix: str = "") -> list[Path]:
        if not self.root.exists():
            return []
        return [
            p
            for p in sorted(self.root.rglob("*"))
            if p.is_file() and not p.name.startswith(".") and p.name.endswith(suffix)
        ]

    def _hash(self, path: Path) -> str:
        seen = path.stat()
        key = (seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)
        if key not in self._hashes:
            self._hashes[key] = sha256(path)
        return self._hashes[key]
