"""Tells those who look that something has changed; costs next to nothing while nobody does.

Source: HTML Living Standard, "Server-sent events".
"""

import contextlib
import json
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from zoomsync_agent.core.errors import AgentError

if TYPE_CHECKING:
    from zoomsync_agent.web.desk import Desk

MOST_STREAMS: Final = 8
"""So many pages are told at a time, for each takes up a thread of the server."""
_LOOK_SECONDS: Final = 1.0
_BEAT_SECONDS: Final = 15.0
"""After so long without news something is sent: else nobody notices that the other end is gone."""
_PATIENCE_SECONDS: Final = 2.0
_WAITING_SHOWN: Final = 50
CONTENT_TYPE: Final = "text/event-stream"


class Pulse:
    """Streams of the snapshot, made once for all who look.

    Args:
        desk: tells whether something may have changed, and what.
        look_seconds: how often it is asked.
    """

    def __init__(self, desk: "Desk", *, look_seconds: float = _LOOK_SECONDS) -> None:
        self._desk = desk
        self._look_seconds = look_seconds
        self._changed = threading.Condition()
        self._streams: list[_Stream] = []
        self._number = 0
        self._text = ""
        self._is_closed = False
        self._watcher: threading.Thread | None = None

    def close(self) -> None:
        """End all streams."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            watcher = self._watcher
        if watcher is not None:
            watcher.join(_PATIENCE_SECONDS)

    def stream(self) -> Iterator[bytes] | None:
        """Return the events of one who looks: the snapshot now, and whenever it is another one.

        Where too many look already, the one that has looked longest is told so and ended: its tab
        may be gone, which only shows when something is sent. None at the end of the server.
        """
        with self._changed:
            if self._is_closed:
                return None
            if len(self._streams) >= MOST_STREAMS:
                self._streams.pop(0).is_over = True
            stream = _Stream(self)
            self._streams.append(stream)
            self._changed.notify_all()
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="pulse", daemon=True)
                self._watcher.start()
        return stream

    def events(self, stream: "_Stream") -> Iterator[bytes]:
        """Yield what one stream is told."""
        seen = 0
        yield b"retry: 3000\n\n"
        while True:
            number, text = self._next(stream, seen)
            if number is None:
                if stream.is_over:
                    yield b"event: full\ndata: {}\n\n"
                return
            if number == seen:
                yield b": still here\n\n"
            else:
                seen = number
                yield f"id: {number}\nevent: snapshot\ndata: {text}\n\n".encode()

    def _next(self, stream: "_Stream", seen: int) -> tuple[int | None, str]:
        """Return what is new after *seen*, or the same after a while; None at the end."""

        def is_over() -> bool:
            return stream.is_over or self._is_closed

        with self._changed:
            self._changed.wait_for(lambda: self._number != seen or is_over(), _BEAT_SECONDS)
            return (None if is_over() else self._number), self._text

    def left(self, stream: "_Stream") -> None:
        """Make room for another one."""
        with self._changed:
            if stream in self._streams:
                self._streams.remove(stream)
            self._changed.notify_all()

    def _watch(self) -> None:
        """Look as long as somebody listens."""
        before: int | None = None
        try:
            while True:
                with self._changed:
                    if self._is_closed or not self._streams:
                        self._watcher = None
                        return
                # While the agent begins anew its databases may be away: the next look will tell.
                with contextlib.suppress(AgentError):
                    now = self._desk.changes()
                    if now != before:
                        self._tell(self._snapshot())
                        before = now
                with self._changed:
                    self._changed.wait_for(lambda: self._is_closed, self._look_seconds)
        finally:
            with self._changed:
                if self._watcher is threading.current_thread():
                    self._watcher = None
            self._desk.release()

    def _snapshot(self) -> str:
        return json.dumps(snapshot_of(self._desk), ensure_ascii=False)

    def _tell(self, text: str) -> None:
        with self._changed:
            if text != self._text:
                self._text = text
                self._number += 1
                self._changed.notify_all()


class _Stream:
    """One stream; closed by the server when the other end is gone."""

    def __init__(self, pulse: Pulse) -> None:
        self.is_over = False
        self._pulse = pulse
        self._events = pulse.events(self)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._events)

    def close(self) -> None:
        """Make room for another one."""
        self._pulse.left(self)


def snapshot_of(desk: "Desk", limit: int = _WAITING_SHOWN) -> dict[str, Any]:
    """Return what people see now, as plain values, with the speed of the last minutes."""
    speeds = desk.speeds()
    seen = desk.control.snapshot(limit=limit).as_dict()
    return {**seen, "speed": round(speeds[-1]) if speeds else 0}
