"""Zoom's cloud and the agent's engine around it, driven step by step by a clock that stands."""

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, Self

from tests.fakes.destinations import MemoryDestination
from tests.fakes.http_server import Seen
from tests.fakes.secrets import MemorySecrets
from tests.fakes.workshop import Workshop
from tests.fakes.zoom import Action, Fault, Meeting, RecordingFile, User, ZoomServer, sha256_of
from tests.fakes.zoom.contents import Content
from zoomsync_agent.core.facts import ZOOM_PROBLEM
from zoomsync_agent.core.job import Job, State
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.core.recording import RecordingRow
from zoomsync_agent.engine.intake import Backfill, Intake
from zoomsync_agent.oauth.grants import Grant
from zoomsync_agent.ports import Destination, Origin
from zoomsync_agent.sources.zoom_cloud import Spool, ZoomCloud, ZoomOrigin
from zoomsync_agent.store.cloud import SqliteCloudStore
from zoomsync_agent.store.rows import job_of
from zoomsync_agent.zoom.app import ZoomApp
from zoomsync_agent.zoom.client import ZoomClient
from zoomsync_agent.zoom.downloads import Downloads
from zoomsync_agent.zoom.limits import RateLimits
from zoomsync_agent.zoom.session import ZoomKeeper

HOUR: Final = 3_600.0
DAY: Final = 86_400.0
_QUIET_TURNS: Final = 40
_STEP_SECONDS: Final = 6 * HOUR


RECENT: Final = date(2026, 6, 1)
"""Some months before the clock's time."""
TWO_YEARS: Final = date(2024, 12, 1)
LONG_AGO: Final = date(2013, 1, 1)


class ZoomWorld:
    """Somebody with recordings in Zoom's cloud and an agent, as a context manager.

    Nothing happens by itself: `sweep` asks Zoom, `run` works, `settle` lets days pass.

    Args:
        folder: a place for everything.
        backfill: what happens to what was there before the first sweep.
        since: the first day that is wanted; each month since then is asked for by itself.
        poll_seconds: how often Zoom is asked.
        spool_bytes: how much may wait for its upload.
        stall_seconds: how long nothing may come of a download.
        destination: where recordings go; a memory destination by default.
        server: options of the stand-in.

    Attributes:
        past: hashes of contents that Zoom had once, and has no more.
    """

    def __init__(
        self,
        folder: Path,
        *,
        backfill: Backfill = "all",
        since: date = RECENT,
        poll_seconds: float = 600.0,
        spool_bytes: int = 1 << 40,
        stall_seconds: float = 5.0,
        destination: Destination | None = None,
        **server: Any,
    ) -> None:
        self.folder = folder
        self.memory = MemoryDestination(chunk_bytes=1 << 24)
        self.spool = Spool(folder / "spool", spool_bytes)
        self.secrets = MemorySecrets()
        self.past: set[str] = set()
        self.waits: list[float] = []
        self._options: dict[str, Any] = {
            "backfill": backfill,
            "since": since,
            "poll_seconds": poll_seconds,
            "stall_seconds": stall_seconds,
        }
        self._server = server
        self.shop = Workshop(folder, destination or self.memory, self._wired)
        self._caught = _Caught()

    def _wired(self, shop: Workshop) -> Mapping[str, Origin]:
        """Put Zoom's cloud together, as `app.cloud` does."""
        self.clock = shop.clock
        self.zoom = ZoomServer(clock=self.clock.now, **self._server)
        self.ann = self.zoom.add_user("ann@example.org")
        self.cloud = SqliteCloudStore(shop.db, [shop.destination.name])
        app = ZoomApp(self.zoom.public_client_id, oauth=self.zoom.zoom_url, api=self.zoom.api_url)
        self.keeper = ZoomKeeper(app, self.secrets, self.folder / "zoom.lock", clock=self.clock)
        self.limits = RateLimits(self.clock.now, self.clock.monotonic)
        self.client = ZoomClient(self.keeper, self.limits, self._wait)
        self.downloads = Downloads(self.zoom.zoom_url, stall_seconds=self._options["stall_seconds"])
        self.source = self.new_source(shop)
        self.origin = ZoomOrigin(
            self.client,
            self.downloads,
            self.spool,
            self.cloud,
            clock=self.clock,
            found=lambda *told: self.source.found(*told),  # noqa: PLW0108  the source may be a new one
        )
        return {self.origin.name: self.origin}

    def new_source(self, shop: Workshop | None = None) -> ZoomCloud:
        """Return what finds recordings, as a new start of the agent makes it."""
        shop = shop or self.shop
        intake = Intake(
            shop.files,
            shop.jobs,
            shop.state,
            destinations=[shop.destination.name],
            backfill=self._options["backfill"],
            clock=self.clock,
            bell=shop.bell,
            last_sweep=None,
        )
        return ZoomCloud(
            self.client,
            self.downloads,
            intake,
            self.cloud,
            shop.state,
            self.spool,
            clock=self.clock,
            since=self._options["since"],
            poll_seconds=self._options["poll_seconds"],
            on_news=shop.bell.ring,
        )

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.advance(seconds)

    def __enter__(self) -> Self:
        self.zoom.__enter__()
        self._caught.begin()
        self.sign_in()
        return self

    def __exit__(self, *_raised: object) -> None:
        self.client.close()
        self.downloads.close()
        self.zoom.__exit__(None, None, None)
        self.shop.close()
        self._caught.end()

    def sign_in(self, user: User | None = None, scopes: list[str] | None = None) -> None:
        """Sign *user* in without a browser, Ann if nobody is named."""
        whose = user or self.ann
        told = self.zoom.sign_in(whose, scopes)
        self.keeper.adopt(
            Grant(
                told["access_token"],
                told["refresh_token"],
                told["expires_in"],
                whose.id,
                whose.email,
                told["scope"],
                told.get("api_url", ""),
            )
        )

    # --- driving ---------------------------------------------------------------------------

    def sweep(self) -> None:
        """Let the source take note of what it was told, and ask Zoom now."""
        self.source.look_soon()
        self.source._wait()
        self.source.tick()

    def run(self, turns: int = 10_000) -> int:
        """Work until nothing is due; return how many jobs there were."""
        return self.shop.run(turns)

    def bring_home(self) -> None:
        """Sweep and work, waiting out what is to be tried again, until nothing is left to do."""
        for _ in range(_QUIET_TURNS):
            self.sweep()
            self.shop.run(10_000)
            counts = self.shop.jobs.counts()
            if not counts[State.READY] and not counts[State.BLOCKED] and not self._has_wishes():
                return
            self.clock.advance(300.0)
            self.shop.jobs.release_blocked(self.clock.now(), 30.0)

    def settle(self, days: float = 1.0, *, step_seconds: float = _STEP_SECONDS) -> None:
        """Let days pass, and at each step do all that is due."""
        end = self.clock.now() + days * DAY
        while True:
            self.bring_home()
            if self.clock.now() >= end:
                return
            self.clock.advance(min(step_seconds, max(1.0, end - self.clock.now())))

    def _has_wishes(self) -> bool:
        return not self.source._wishes.empty()

    def restart(self) -> None:
        """Let the agent end and begin again, as far as it remembers nothing in memory."""
        self.source = self.new_source()
        self.origin._asked = None
        self.shop.jobs.recover_interrupted(self.clock.now(), was_orderly=True)

    def fault(
        self,
        matches: Callable[[Seen], bool] | tuple[str, str],
        action: Action,
        times: int = 1,
        *,
        at_cdn: bool = False,
    ) -> Fault:
        """Let something go wrong, and return what tells whether it did."""
        found: Fault = Fault(matches, action, times)
        (self.zoom.cdn if at_cdn else self.zoom).faults.append(found)
        return found

    def replace_data(self, file: RecordingFile, data: bytes | int | Content) -> None:
        """Let a file become another one under the same id."""
        self.past.add(sha256_of(file.content))
        self.zoom.replace_data(file, data)

    def forget(self, meeting: Meeting, file: RecordingFile | None = None) -> None:
        """Delete a recording, or one file of it, for ever."""
        gone = meeting.every_file() if file is None else [file]
        self.past |= {sha256_of(one.content) for one in gone}
        self.zoom.forget(meeting, file)

    # --- what became of it -----------------------------------------------------------------

    @property
    def today(self) -> date:
        """The day at Zoom."""
        return self.day(self.clock.now())

    @staticmethod
    def day(moment: float) -> date:
        """Return the day of a moment, as Zoom counts days."""
        return datetime.fromtimestamp(moment, UTC).date()

    @property
    def problem(self) -> Problem | None:
        """What people are told of Zoom's cloud."""
        text = self.shop.state.get(ZOOM_PROBLEM)
        return Problem.read(text) if text else None

    def stored(self) -> Counter[str]:
        """Return the hashes of what lies in the destination, each as often as it does."""
        return Counter(hashlib.sha256(one).hexdigest() for one in self.memory.objects.values())

    def wanted(self) -> set[str]:
        """Return the hashes of everything that is complete in Zoom's cloud."""
        now = self.clock.now()
        apart = [
            file
            for meeting in self.zoom.meetings.values()
            if meeting.is_shown(now)
            for file in meeting.participants.values()
            if file.is_complete(now)
        ]
        return {sha256_of(one.content) for one in (*self.zoom.complete_files(), *apart)}

    def has(self, file: RecordingFile) -> bool:
        """Return whether exactly the bytes of *file* are safe."""
        return sha256_of(file.content) in self.stored()

    def served(self, file: RecordingFile) -> int:
        """Return how many bytes of *file* Zoom has sent, or was about to."""
        return sum(count for name, _, count in self.zoom.served if name == file.id)

    def jobs(self) -> list[Job]:
        """Return every job."""
        return [job_of(row) for row in self.shop.db.query("SELECT * FROM jobs ORDER BY id")]

    def jobs_of(self, file: RecordingFile) -> list[Job]:
        """Return the jobs of one file, the first one first."""
        rows = self.shop.db.query(
            "SELECT jobs.* FROM jobs JOIN files ON files.id = jobs.file_id "
            "WHERE json_extract(files.origin, '$.file_id') = ? ORDER BY jobs.id",
            (file.id,),
        )
        return [job_of(row) for row in rows]

    def rows(self, file: RecordingFile | None = None) -> list[RecordingRow]:
        """Return the rows of the catalog, or those of one file."""
        found = list(self.shop.catalog.rows.values())
        if file is None:
            return found
        sha256 = sha256_of(file.content)
        return [row for row in found if row.sha256 == sha256]

    def row(self, file: RecordingFile) -> RecordingRow:
        """Return the row of one file."""
        (found,) = self.rows(file)
        return found

    def waiting(self) -> list[Path]:
        """Return what lies in the spool."""
        return [one for one in (self.folder / "spool").rglob("*") if one.is_file()]

    def asked(self, method: str, part: str) -> int:
        """Return how many requests there were with *part* in their path."""
        return sum(seen.method == method and part in seen.path for seen in list(self.zoom.requests))

    # --- what must always hold -------------------------------------------------------------

    def expect_honest(self) -> None:
        """Make sure that what is safe is exactly what Zoom had, and that nothing was told.

        Raises:
            AssertionError: it is not.
        """
        every = {
            sha256_of(file.content)
            for meeting in self.zoom.meetings.values()
            for file in meeting.every_file()
        }
        strange = set(self.stored()) - every - self.past
        assert not strange, f"{len(strange)} objects are no file that Zoom has"
        assert max(self.stored().values(), default=1) == 1
        for row in self.shop.completed():
            assert row.sha256 in every | self.past
        self._expect_silent()

    def _expect_silent(self) -> None:
        kept = b"".join(
            path.read_bytes() for path in self.folder.glob("agent.db*") if path.is_file()
        )
        said = "\n".join(self._said())
        for secret in self._secrets():
            assert secret.encode() not in kept, "a secret lies in the database"
            assert secret not in said, "a secret was said"

    def _said(self) -> Iterator[str]:
        yield from self._caught.lines
        for event in self.shop.log.events:
            yield f"{event.event} {event.fields!r}"

    def _secrets(self) -> Iterator[str]:
        """Yield what opens a recording: tokens, and what addresses are made of."""
        zoom = self.zoom
        yield from ("Signature=", "Key-Pair-Id=")
        for known in (zoom._access, zoom._refresh, zoom._download):
            yield from known
        for meeting in zoom.meetings.values():
            yield from (one.key for one in meeting.every_file())


class _Caught(logging.Handler):
    """Everything that the agent's own modules log."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self._level = logging.NOTSET

    def begin(self) -> None:
        """Listen."""
        logger = logging.getLogger("zoomsync_agent")
        self._level = logger.level
        logger.setLevel(logging.DEBUG)
        logger.addHandler(self)

    def end(self) -> None:
        """Listen no more."""
        logger = logging.getLogger("zoomsync_agent")
        logger.removeHandler(self)
        logger.setLevel(self._level)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(self.format(record))
