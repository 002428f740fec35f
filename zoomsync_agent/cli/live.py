"""A live view of the agent in a terminal: what is converted, read, uploaded."""

import contextlib
import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from zoomsync_agent.cli.output import console
from zoomsync_agent.control import Sweeps
from zoomsync_agent.core.errors import AgentError, SourceMissing
from zoomsync_agent.core.job import State
from zoomsync_agent.core.snapshot import AgentState, Snapshot
from zoomsync_agent.core.units import readable_size

if TYPE_CHECKING:
    from rich.console import RenderableType

    from zoomsync_agent.control import Control

_REFRESH_SECONDS = 0.25
_SHOWN = 6
_JSON_LIMIT = 200
_BAR_WIDTH = 28
_HINT = "Ctrl-C stops · zoomsync status says why · zoomsync open shows the page"


class Follower(ABC):
    """Shows snapshots from a thread of its own while the context lasts."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._ended = threading.Event()
        self._control: Control | None = None
        self._thread = threading.Thread(target=self._follow, name="follower", daemon=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def show_always(self, control: "Control") -> None:
        """Show what *control* tells; called again, what the new one tells."""
        self._control = control
        if not self._thread.is_alive():
            self._thread.start()

    def _follow(self) -> None:
        while not self._ended.wait(_REFRESH_SECONDS):
            # An agent that ends, or repairs its database, has nothing to tell for a moment.
            with contextlib.suppress(AgentError):
                if self._control is not None:
                    self._show(self._control.snapshot(limit=self._limit))

    def say(self, text: str) -> None:  # noqa: B027  programs are told by snapshots alone
        """Say something beside the snapshots, where people read them."""

    @abstractmethod
    def _show(self, seen: Snapshot) -> None:
        """Show one snapshot."""


class JsonLines(Follower):
    """Prints the snapshot as a line of JSON whenever it has changed."""

    def __init__(self) -> None:
        super().__init__(limit=_JSON_LIMIT)
        self._last: Snapshot | None = None

    def _show(self, seen: Snapshot) -> None:
        if seen != self._last:
            self._last = seen
            click.echo(json.dumps(seen.as_dict(), default=str))


class LiveView(Follower):
    """Draws snapshots on stderr while the context lasts.

    Args:
        enabled: without it nothing is drawn, and waiting works the same.
        hint: the last line, for those who wonder what they can do.
    """

    def __init__(self, *, enabled: bool = True, hint: str = _HINT) -> None:
        super().__init__(limit=_SHOWN)
        self._enabled = enabled
        self._hint = hint
        self._latest: Snapshot | None = None

    def __enter__(self) -> Self:
        if self._enabled:
            from rich.live import Live

            self._live = Live(
                get_renderable=self._render,
                console=console(stderr=True),
                transient=True,
                refresh_per_second=1 / _REFRESH_SECONDS,
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        if self._enabled:
            self._live.stop()

    def show_always(self, control: "Control") -> None:
        """Draw what *control* tells until the view is closed."""
        if self._enabled:
            super().show_always(control)

    def _show(self, seen: Snapshot) -> None:
        self._latest = seen

    def wait_until_idle(
        self,
        control: "Control",
        after: Sweeps | None,
        *,
        check: Callable[[], None],
        patience: float,
        is_called_off: Callable[[], bool] = lambda: False,
    ) -> Snapshot:
        """Return the snapshot in which nothing more goes on by itself.

        Args:
            control: the agent, here or in another process.
            after: names sweeps; every source must have been looked through after them. None: what
                is in the queue is all there is to do.
            check: called now and then; may raise to end the wait.
            patience: a retry that is due within so many seconds is waited for.
            is_called_off: tells whether nobody will look through the sources.
        """
        began = time.monotonic()
        while True:
            self._latest = control.snapshot(limit=200)
            if self._latest.root_problem and time.monotonic() - began > 1.0:
                return self._latest
            has_looked = (
                after is None
                or is_called_off()
                or (control.sweeps().are_newer_than(after) and control.has_audited())
            )
            is_paused = self._latest.state is AgentState.PAUSED and not self._latest.active
            if has_looked and (is_paused or not control.is_busy(patience)):
                return control.snapshot(limit=200)
            check()
            time.sleep(_REFRESH_SECONDS if self._enabled else 0.05)

    def say(self, text: str) -> None:
        """Print a line that stays, above what is drawn."""
        if self._enabled:
            self._live.console.print(text, soft_wrap=True)
        else:
            click.echo(text, err=True)

    def follow_while(self, control: "Control", is_going: Callable[[], bool]) -> None:
        """Draw what *control* shows, at least once and for as long as *is_going* says so."""
        while True:
            self._latest = control.snapshot(limit=_SHOWN)
            if not is_going():
                return
            time.sleep(_REFRESH_SECONDS)

    @staticmethod
    def is_incomplete(seen: Snapshot) -> bool:
        """Return whether something finished could not be uploaded, or its row not delivered."""
        if seen.rows.waiting or seen.rows.refused or seen.cloud is not None:
            return True
        return any(
            waiting.state in (State.FAILED, State.BLOCKED, State.READY)
            and waiting.code != SourceMissing.code
            for waiting in seen.waiting
        )

    def _render(self) -> "RenderableType":
        from rich.text import Text

        seen = self._latest
        if seen is None:
            return Text("Starting…", style="dim")
        lines = Text()
        lines.append(f"{seen.sentence}\n", style="bold")
        for active in seen.active[:_SHOWN]:
            share = active.sent / active.size if active.size else 0.0
            filled = round(share * _BAR_WIDTH)
            lines.append("  ")
            lines.append("━" * filled, style="green")
            lines.append("━" * (_BAR_WIDTH - filled), style="dim")
            lines.append(
                f" {share:4.0%} {active.label.lower()} {active.meeting_title} · {active.file_name}"
                f" ({readable_size(active.size)})\n"
            )
        # The files of one meeting mostly wait for the same thing.
        told = dict.fromkeys(f"{one.label}: {one.meeting_title}" for one in seen.waiting)
        for text in list(told)[:_SHOWN]:
            lines.append(f"  {text}\n", style="yellow")
        lines.append(f"  {self._hint}", "dim")
        return lines
