"""A desk that shows what a test wants, and can be asked what it was told."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from zoomsync_agent.core.job import Step
from zoomsync_agent.core.snapshot import Active, AgentState, Amount, Snapshot
from zoomsync_agent.tray.desk import Recent, View


def snapshot_of(state: AgentState = AgentState.IDLE, sentence: str = "", **more: Any) -> Snapshot:
    """Return a snapshot of somebody's agent."""
    said = sentence or "All finished recordings are safe: 12 files (3.4 GB)."
    values: dict[str, Any] = {
        "recordings_path": "/home/you/Documents/Zoom",
        "root_problem": "",
        "destination": "folder",
        "archive": "/home/you/ZoomArchive",
        "synced": Amount(12, 3_400_000_000),
        "queued": Amount(),
        "history": Amount(),
    }
    return Snapshot(state=state, sentence=said, **(values | more))


def active_of(sent: int, size: int = 100, title: str = "Weekly planning") -> Active:
    """Return a file that is on its way."""
    return Active(1, "video.mp4", title, Step.TRANSFER, size, sent)


def recents(count: int = 5) -> tuple[Recent, ...]:
    """Return the last recordings, a day apart."""
    titles = ("Weekly planning", "Interview with R. & J.", "board_meeting", "Retrospective", "Demo")
    return tuple(
        Recent(f"rec-{n}", titles[n % len(titles)], 1_763_000_000.0 - n * 86_400)
        for n in range(count)
    )


def view_of(snapshot: Snapshot | None = None, **more: Any) -> View:
    """Return what there is to show."""
    values: dict[str, Any] = {
        "recent": recents(),
        "zoom_who": "you@example.org",
        "can_sign_in": True,
        "is_at_login": False,
    }
    return View(snapshot=snapshot or snapshot_of(), **(values | more))


class FakeDesk:
    """`TrayDesk` that keeps what it was told.

    Attributes:
        calls: what was asked for, in words.
        fault: raised by whatever is asked for next, once.
        hold: where set, whatever is asked for waits for it.
        threads: the names of the threads that asked.
    """

    def __init__(self, view: View | None = None) -> None:
        self.calls: list[str] = []
        self.threads: set[str] = set()
        self.released: set[str] = set()
        self.fault: Exception | None = None
        self.view_fault: Exception | None = None
        self.hold: threading.Event | None = None
        self.views = 0
        self.on_call: Callable[[str], None] = lambda _: None
        self._view = view or view_of()
        self._number = 1
        self._on_end: Callable[[], None] = lambda: None

    def becomes(self, view: View) -> None:
        """Let there be something else to show."""
        self._view = view
        self._number += 1

    def shows(self, snapshot: Snapshot, **more: Any) -> None:
        """Let there be another snapshot to show."""
        self.becomes(replace(self._view, snapshot=snapshot, **more))

    def ends(self, end: Callable[[], None]) -> None:
        """Let *end* be called by Quit."""
        self._on_end = end

    def changes(self) -> int:
        """Return the number of what there is to show."""
        return self._number

    def view(self) -> View:
        """Return what there is to show."""
        self.views += 1
        if self.view_fault is not None:
            raise self.view_fault
        return self._view

    def release(self) -> None:
        """Note whose thread gave back what it held."""
        self.released.add(threading.current_thread().name)

    def watch(self, *, wanted: bool) -> None:
        """Note it."""
        self._did(f"watch {wanted}")
        self.shows(replace(self._view.snapshot, is_watching=wanted))

    def pause(self, seconds: float) -> None:
        """Note it."""
        self._did(f"pause {seconds:.0f}")
        paused = replace(
            self._view.snapshot,
            state=AgentState.PAUSED,
            is_paused=True,
            sentence="Paused; 0 files waiting, 12 files safe (3.4 GB). Go on: zoomsync resume",
        )
        self.shows(paused)

    def resume(self) -> None:
        """Note it."""
        self._did("resume")
        self.shows(snapshot_of())

    def choose_folder(self) -> None:
        """Note it."""
        self._did("choose_folder")

    def open_page(self, page: str = "") -> None:
        """Note it."""
        self._did(f"open_page {page}".strip())

    def open_archive(self) -> None:
        """Note it."""
        self._did("open_archive")

    def open_recording(self, recording_id: str) -> None:
        """Note it."""
        self._did(f"open_recording {recording_id}")

    def sign_in_zoom(self) -> None:
        """Note it."""
        self._did("sign_in_zoom")

    def set_at_login(self, *, wanted: bool) -> None:
        """Note it."""
        self._did(f"set_at_login {wanted}")
        self.becomes(replace(self._view, is_at_login=wanted))

    def end(self) -> None:
        """Note it, and end what a test wants to be ended."""
        self._did("end")
        self._on_end()

    def _did(self, what: str) -> None:
        self.threads.add(threading.current_thread().name)
        if self.hold is not None:
            assert self.hold.wait(20), "nobody let go"
        fault, self.fault = self.fault, None
        if fault is not None:
            raise fault
        self.calls.append(what)
        self.on_call(what)
