"""Moves what is safe here to the cloud's own trash, where the user asked for that.

A recording is only moved against proof: every file that the cloud lists of its meeting has a
receipt, the destination has just been asked whether that still holds, and nothing more is
expected. The cloud keeps it in its trash for 30 days, and it can be taken back from there.
"""

from typing import Final

from zoomsync_agent.core.errors import (
    AgentError,
    NetworkUnavailable,
    RemoteUnavailable,
    StoreDamaged,
    ZoomDenied,
)
from zoomsync_agent.core.facts import TRASH_PROBLEM
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.core.recording import MeetingKey
from zoomsync_agent.engine.audit import AfterAudit
from zoomsync_agent.engine.worker import Log
from zoomsync_agent.ports import (
    Clock,
    CloudMeetingRecord,
    CloudStore,
    CloudTrash,
    Destination,
    FileRecord,
    ObjectStore,
    StateStore,
)

_DAY_SECONDS: Final = 86_400.0
_AT_ONCE: Final = 100


class Trashing(AfterAudit):
    """The service that moves cloud copies to the cloud's trash.

    Args:
        cloud: remembers meetings.
        trash: moves them.
        objects: the receipts.
        destination: where everything must be.
        state: told what stands in the way.
        days: how many days after its end a meeting is moved.
        clock: the time.
        log: where events go.
    """

    def __init__(
        self,
        cloud: CloudStore,
        trash: CloudTrash,
        objects: ObjectStore,
        destination: Destination,
        state: StateStore,
        *,
        days: int,
        clock: Clock,
        log: Log,
    ) -> None:
        super().__init__("trashing", state)
        self._cloud = cloud
        self._trash = trash
        self._objects = objects
        self._destination = destination
        self._days = days
        self._clock = clock
        self._log = log
        self._refused: dict[MeetingKey, float] = {}

    def tick(self) -> None:
        """Move what may be moved."""
        problem: Problem | None = None
        try:
            account, now = self._trash.account, self._clock.now()
            self._make_sure(account)
            self._refused = {
                key: at for key, at in self._refused.items() if 0 <= now - at < _DAY_SECONDS
            }
            before = now - self._days * _DAY_SECONDS
            for meeting in self._cloud.trashable(account, before, _AT_ONCE, but=self._refused):
                if self._stopping.is_set():
                    return
                if not self._is_moved(meeting):
                    self._refused[meeting.key] = now
        except StoreDamaged:
            raise
        except AgentError as exc:
            problem = Problem.of(exc)
            self._log.warning("nothing moved to the cloud's trash", detail=exc.detail)
        self._state.set(TRASH_PROBLEM, problem.text if problem else None)

    def _make_sure(self, account: str) -> None:
        """Find out what became of moves whose answer never came."""
        for meeting in self._cloud.unsure(account):
            if self._trash.has(meeting):
                self._cloud.set_trashed(meeting.key, None)
            else:
                self._cloud.set_trashed(meeting.key, meeting.trashed_at, is_moved=True)

    def _is_moved(self, meeting: CloudMeetingRecord) -> bool:
        """Move one meeting, if it may be moved; return whether it was."""
        files = self._cloud.files_of(meeting.key)
        if not files or not all(map(self._is_safe, files)):
            return False
        if not self._trash.holds_only(meeting, files):
            return False
        # Noted first: whatever happens now, it is among those that can be taken back.
        now = self._clock.now()
        self._cloud.set_trashed(meeting.key, now)
        try:
            # Should there be nothing by now, an earlier try of this very request has moved it.
            self._trash.move(meeting)
        except (NetworkUnavailable, RemoteUnavailable):
            raise  # it may have been moved; the next turn finds out
        except ZoomDenied as exc:
            self._cloud.set_trashed(meeting.key, None)
            self._log.warning("not moved to the cloud's trash", detail=exc.detail)
            return False
        except AgentError:
            self._cloud.set_trashed(meeting.key, None)
            raise
        self._cloud.set_trashed(meeting.key, now, is_moved=True)
        self._log.info("moved to the cloud's trash", meeting=meeting.key, files=len(files))
        return True

    def _is_safe(self, file: FileRecord) -> bool:
        """Return whether the destination has just said that it has the whole file."""
        if file.sha256 is None:
            return False
        scope = "" if file.kind.is_media else file.meeting.key
        stored = self._objects.find(self._destination.name, file.sha256, scope)
        if stored is None or stored.receipt is None or stored.receipt.size != file.identity.size:
            return False
        return self._destination.check(stored.receipt) is not None
