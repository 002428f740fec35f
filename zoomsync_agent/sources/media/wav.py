"""WAV (RIFF, RIFX, RF64): chunk sizes against the size of the file."""

from typing import Final

from zoomsync_agent.core.readiness import Completeness, Structure
from zoomsync_agent.sources.media.reader import Reader

_MAX_CHUNKS: Final = 64
_OPEN: Final = 0xFFFFFFFF
_HEADER: Final = 12


def probe(reader: Reader) -> Structure:
    """Compare what the header announces with what is there."""
    head = reader.at(0, _HEADER)
    if len(head) < _HEADER:
        return Structure(Completeness.INCOMPLETE, "its header is not there yet")
    if head[:4] not in (b"RIFF", b"RIFX", b"RF64") or head[8:12] != b"WAVE":
        return Structure(Completeness.FOREIGN, "it does not begin like a WAV sound")
    return _Wav(reader, head).verdict()


class _Wav:
    def __init__(self, reader: Reader, head: bytes) -> None:
        self._reader = reader
        self._big = head[:4] == b"RIFX"
        self._riff = self._number(head[4:8])
        self._wide_data = 0
        self._byte_rate = 0
        self._data: int | None = None
        self._end = _HEADER  # of the chunks that were followed
        self._walk()

    def _number(self, raw: bytes) -> int:
        return int.from_bytes(raw, "big" if self._big else "little")

    def _walk(self) -> None:
        for _ in range(_MAX_CHUNKS):
            head = self._reader.at(self._end, 36)
            if len(head) < 8:  # noqa: PLR2004 - name and size
                return
            name, size = head[:4], self._number(head[4:8])
            if name == b"ds64" and len(head) >= 24:  # noqa: PLR2004 - two 64-bit sizes
                # RF64: the 32-bit fields hold all ones, the true sizes stand here.
                self._riff = self._number(head[8:16])
                self._wide_data = self._number(head[16:24])
            elif name == b"fmt " and len(head) >= 20:  # noqa: PLR2004 - up to the byte rate
                self._byte_rate = self._number(head[16:20])
            elif name == b"data":
                size = self._wide_data if size == _OPEN and self._wide_data else size
                self._data = size
            self._end += 8 + size + size % 2
            if self._end >= self._reader.size:
                return

    def verdict(self) -> Structure:
        size, riff, data = self._reader.size, self._riff, self._data
        if data is None:
            return Structure(Completeness.INCOMPLETE, "its sound is not there yet")
        if _OPEN in (data, riff):
            # Programs that write to a pipe leave it so for ever.
            return Structure(Completeness.UNKNOWN, "its header does not say how long it is")
        if data == 0 or riff == 0:
            return Structure(Completeness.INCOMPLETE, "its length has not been entered yet")
        seconds = data / self._byte_rate if self._byte_rate else None
        announced = 8 + riff
        missing = max(announced, self._end - (data % 2)) - size
        if missing > 0:
            detail = f"{missing:,} bytes are missing at its end"
            return Structure(Completeness.INCOMPLETE, detail)
        if size - announced > riff % 2:
            return Structure(Completeness.UNKNOWN, "it goes on behind its announced end", seconds)
        return Structure(Completeness.PROVEN, "it is exactly as long as its header says", seconds)
