"""Plays what Zoom does on disk, step by step, from the first minute to the finished files."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from zoomsync_agent.demo.samples import sample

_MAGIC: Final = "399019170"
_STUB_BYTES: Final = 40_000
_RAW_PIECE: Final = 200_000

CHAT: Final = (
    "00:00:04\t From Ann Smith to Everyone: Good morning! The agenda is in the invitation.",
    "00:00:09\t From Bo Li to Everyone: Numbers for October are ready.",
)
CAPTIONS: Final = (
    ("Ann Smith", 1, "Welcome to the weekly sync."),
    ("Bo Li", 3, "Storage grew by four per cent, all recordings are safe."),
    ("Ann Smith", 5, "Then let us close. Bo sends the report on Friday."),
)


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting to be played.

    `pace` stretches every wait: 1 is as in the demo's terminal, 0 is as fast as the disk.
    """

    folder: Path
    started_at: datetime
    pace: float = 1.0

    def play(self, wait: Callable[[float], object] = time.sleep) -> Iterator[str]:
        """Do one thing after another as Zoom does, yielding what happened."""
        video = sample(".mp4", self.folder.name)
        audio = sample(".m4a", self.folder.name)
        names = f"video1{_MAGIC}.mp4", f"audio1{_MAGIC}.m4a"
        raw = self.folder / "double_click_to_convert_01.zoom"

        self.folder.mkdir(parents=True)
        self._conf(0)
        for _ in range(4):
            with raw.open("ab") as file:
                file.write(b"\x00\x5a\x4f\x4f\x4d" * (_RAW_PIECE // 5))
            wait(0.4 * self.pace)
        self._chat()
        yield "recording the meeting"

        partial = self.folder / f"{names[0]}.tmp"
        partial.write_bytes(video[:_STUB_BYTES])
        self._conf(37)
        yield "converting, 37 %"
        wait(1.2 * self.pace)
        half = len(video) * 7 // 10
        partial.write_bytes(video[:half])
        self._conf(70)
        yield "converting, 70 %"
        wait(1.0 * self.pace)

        with partial.open("r+b") as file:
            file.write(video)
        (self.folder / names[1]).write_bytes(audio)
        partial.rename(self.folder / names[0])
        self._conf(100, *names)
        raw.unlink()
        (self.folder / f"playback1{_MAGIC}.m3u").write_text(f"{names[0]}\n", "utf-8")
        self._captions()
        yield "finished, the files are there"

    def _conf(self, percent: int, video: str = "", audio: str = "") -> None:
        items = [{"audio": audio, "prefix": "", "process": percent, "video": video}]
        conf = {"items": items, "magic_number": _MAGIC}
        (self.folder / "recording.conf").write_text(json.dumps(conf), "utf-8")

    def _chat(self) -> None:
        lines = (self._clock(line[:8]) + line[8:] for line in CHAT)
        (self.folder / "chat.txt").write_text("\r\n".join(lines) + "\r\n", "utf-8")

    def _captions(self) -> None:
        text = "".join(
            f"[{speaker}] {self._clock(f'00:00:{second:02}')}\n{said}\n\n"
            for speaker, second, said in CAPTIONS
        )
        (self.folder / "meeting_saved_closed_caption.txt").write_text(text, "utf-8")

    def _clock(self, offset: str) -> str:
        seconds = int(offset[-2:])
        return datetime.fromtimestamp(self.started_at.timestamp() + seconds).strftime("%H:%M:%S")  # noqa: DTZ006  Zoom writes local time


def finished_earlier(root: Path, name: str, video: str = "video1399019171.mp4") -> Path:
    """Make a meeting that was converted long ago, and return its folder."""
    folder = root / name
    folder.mkdir(parents=True)
    (folder / video).write_bytes(sample(".mp4", name))
    conf = {"items": [{"audio": "", "prefix": "", "process": 100, "video": video}]}
    (folder / "recording.conf").write_text(json.dumps(conf), "utf-8")
    return folder


def never_converted(root: Path, name: str) -> Path:
    """Make a meeting that Zoom never converted, and return its folder."""
    folder = root / name
    folder.mkdir(parents=True)
    raw = folder / "double_click_to_convert_01.zoom"
    raw.write_bytes(b"\x00\x5a\x4f\x4f\x4d" * 20_000)
    conf = {"items": [{"audio": "", "prefix": "", "process": 0, "video": ""}]}
    (folder / "recording.conf").write_text(json.dumps(conf), "utf-8")
    return folder
