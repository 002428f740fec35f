"""What may be freed on this computer: originals that are safe elsewhere, and why others stay."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from zoomsync_agent.core.readiness import printable

DAY_SECONDS: Final = 86_400.0
NEVER: Final = "never"
"""The value of the setting with which nothing is freed by itself."""
USUAL_DAYS: Final = 30
"""How old recordings must be where somebody looks and nothing was chosen."""
MOST_DAYS: Final = 36_500
"""Recordings of a hundred years ago were made by something else."""
_JUNK: Final = frozenset({"recording.conf", ".ds_store", "thumbs.db", "desktop.ini"})
_JUNK_ENDS: Final = (".m3u",)


class Stays(StrEnum):
    """Why an original stays where it is."""

    YOUNG = "young"
    RESTORED = "restored"
    LEFT_OUT = "left_out"
    CANCELLED = "cancelled"
    WAITING = "waiting"
    UNFINISHED = "unfinished"
    CHANGED = "changed"
    IN_CLOUD = "in_cloud"
    LINK = "link"
    OUTSIDE = "outside"
    OPEN = "open"
    ELSEWHERE = "elsewhere"
    LOST = "lost"
    UNREADABLE = "unreadable"
    DIFFERENT = "different"
    SAME_FILE = "same_file"
    OTHER_PROFILE = "other_profile"
    NO_TRASH = "no_trash"


SENTENCES: Final = {
    Stays.YOUNG: "It is more recent than the days that were chosen.",
    Stays.RESTORED: "It was taken back from the trash, so it is left alone for as long again.",
    Stays.LEFT_OUT: "It was left out of the archive by your choice.",
    Stays.CANCELLED: "Its upload was cancelled, so this is the only copy.",
    Stays.WAITING: "It is not in the archive yet.",
    Stays.UNFINISHED: "Another file of the meeting is not finished yet.",
    Stays.CHANGED: "It is not the file any more that is in the archive.",
    Stays.IN_CLOUD: "Its content is only in the cloud, so it takes up no room here.",
    Stays.LINK: "It is a link, not the recording itself.",
    Stays.OUTSIDE: "It lies outside of the recordings folder.",
    Stays.OPEN: "Another program is writing it.",
    Stays.ELSEWHERE: "Its copy lies in another archive than the one that is used now.",
    Stays.LOST: "It is no longer in the archive.",
    Stays.UNREADABLE: "The copy in the archive cannot be read: look at the disk of the archive.",
    Stays.DIFFERENT: "The copy in the archive is not the same: look at the disk of the archive.",
    Stays.SAME_FILE: "The archive holds this very file under a second name, and no copy of it.",
    Stays.OTHER_PROFILE: "Another profile needs it.",
    Stays.NO_TRASH: "It cannot be moved to the trash.",
}
"""What people are told about a file that stays."""
MANY: Final = (Stays.YOUNG, Stays.LEFT_OUT)
"""Reasons that are counted, because they are no news about a single file."""


@dataclass(frozen=True, slots=True)
class Original:
    """One file of the recordings folder, as a plan tells of it. `size` is in bytes."""

    path: Path
    title: str
    size: int

    @property
    def shown(self) -> str:
        """The path for people; undecodable bytes become U+FFFD."""
        return printable(str(self.path))


@dataclass(frozen=True, slots=True)
class Kept:
    """One file that stays, and why; `detail` says it more exactly."""

    original: Original
    why: Stays
    detail: str = ""

    @property
    def sentence(self) -> str:
        """Why it stays, for people."""
        said = SENTENCES[self.why]
        return f"{said[:-1]} ({self.detail})." if self.detail else said


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be moved to the trash, and what stays; or what was moved, and what was not.

    `problem` says why it was broken off; empty where it was not.
    """

    moved: Sequence[Original] = field(default=())
    kept: Sequence[Kept] = field(default=())
    problem: str = ""

    @property
    def size(self) -> int:
        """How many bytes are moved."""
        return sum(one.size for one in self.moved)

    @property
    def digest(self) -> str:
        """Names exactly the files that are moved, in hex; another list has another one."""
        digest = hashlib.sha256()
        for one in self.moved:
            digest.update(repr((str(one.path), one.size)).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()


def is_junk(name: str) -> bool:
    """Return whether a file is one that Zoom or a file manager leaves beside recordings."""
    folded = name.casefold()
    return folded in _JUNK or folded.endswith(_JUNK_ENDS)
