"""Which cloud recordings are meant: by topic, host, kind of file and length."""

from dataclasses import dataclass
from typing import Final

VIDEO: Final = "video"
AUDIO: Final = "audio"
TEXT: Final = "text"
KINDS: Final = (VIDEO, AUDIO, TEXT)
_OF_TYPE: Final = {
    "MP4": VIDEO,
    "M4A": AUDIO,
    "TRANSCRIPT": TEXT,
    "CC": TEXT,
    "CHAT": TEXT,
    "TIMELINE": TEXT,
    "SUMMARY": TEXT,
}


def kind_of_type(file_type: str) -> str:
    """Return the kind of a file by Zoom's own word for its type; empty for one that is unknown."""
    return _OF_TYPE.get(file_type.upper(), "")


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked for; empty and 0 mean everything.

    `topic` and `host` are parts of a title or an address, in any case. `kinds` are of `KINDS`.
    """

    topic: str = ""
    host: str = ""
    kinds: frozenset[str] = frozenset()
    minutes: int = 0

    def takes_meeting(self, topic: str, host: str, minutes: int) -> bool:
        """Return whether a meeting is among them."""
        return (
            self.topic.casefold() in topic.casefold()
            and self.host.casefold() in host.casefold()
            and minutes >= self.minutes
        )

    def takes_file(self, file_type: str) -> bool:
        """Return whether a file of a meeting that is among them is too."""
        return not self.kinds or kind_of_type(file_type) in self.kinds
