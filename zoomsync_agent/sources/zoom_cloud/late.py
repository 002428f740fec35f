"""What comes late: when a meeting is asked again for what Zoom writes about it, and when no more.

Transcripts, captions and chats that come late are files like others, and sweeps find them. A
summary is no file, so each meeting is asked for it.
"""

from dataclasses import dataclass
from typing import Final

from zoomsync_agent.core.errors import ScopeMissing, ZoomDenied
from zoomsync_agent.ports import Clock, CloudMeetingRecord, CloudStore
from zoomsync_agent.zoom.app import SUMMARY
from zoomsync_agent.zoom.client import ZoomClient
from zoomsync_agent.zoom.summaries import MeetingSummary

LOOKS_SECONDS: Final = (600.0, 3_600.0, 14_400.0, 43_200.0, 86_400.0, 259_200.0, 604_800.0)
"""When to ask, counted from a meeting's end. Whatever is not there after a week will not come."""


def first_look(meeting: CloudMeetingRecord, now: float) -> float:
    """Return when to ask for what comes late, in epoch seconds."""
    return max(now, (meeting.ended_at or now) + LOOKS_SECONDS[0])


def next_look(meeting: CloudMeetingRecord, now: float) -> float | None:
    """Return when to ask again after nothing was there; None once nothing will come."""
    ended_at = meeting.ended_at or now
    return next((ended_at + wait for wait in LOOKS_SECONDS if ended_at + wait > now), None)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a meeting said: a summary, or that there is none, or none for us, or nothing."""

    meeting: CloudMeetingRecord
    summary: MeetingSummary | None = None
    is_refused: bool = False
    is_unknown: bool = False


class LateTexts:
    """Asks meetings for their summaries.

    Args:
        client: asks Zoom.
        cloud: remembers what is still expected.
        clock: the time.
    """

    def __init__(self, client: ZoomClient, cloud: CloudStore, *, clock: Clock) -> None:
        self._client = client
        self._cloud = cloud
        self._clock = clock
        self._refused_scope = False

    @property
    def is_allowed(self) -> bool:
        """Whether summaries may be asked for at all."""
        return not self._refused_scope and self._client.allows(SUMMARY)

    def begin_anew(self) -> None:
        """Ask again for what was not allowed: somebody may have signed in with more scopes."""
        self._refused_scope = False

    def ask(self, meeting: CloudMeetingRecord) -> Answer:
        """Ask one meeting; from any thread.

        Raises:
            AgentError: Zoom does not tell; the meeting is asked again.
        """
        try:
            return Answer(meeting, self._client.summary(meeting.uuid))
        except ZoomDenied:
            # A summary that is not for this person, or not in this plan.
            return Answer(meeting, is_refused=True)
        except ScopeMissing:
            self._refused_scope = True
            return Answer(meeting, is_unknown=True)

    def keep(self, answer: Answer) -> int:
        """Keep what a meeting said; return how many rows are to be told."""
        if answer.is_unknown:
            return 0
        meeting, found, now = answer.meeting, answer.summary, self._clock.now()
        told = 0
        if found is not None:
            told = self._cloud.save_summary(meeting.key, found.text, found.next_steps, now)
        # People edit what was written, so a summary that is there is looked at again, too.
        again = None if answer.is_refused else next_look(meeting, now)
        self._cloud.put_off(meeting.key, again)
        return told
