"""What comes late: when a meeting is asked again for what Zoom writes about it, and when no more.

Transcripts, captions and chats that come late are files like others, and sweeps find them. A
summary is no file, so each meeting is asked for it.
"""

from dataclasses import dataclass
from typing import Final

from zoomsync_agent.core.errors import DownloadRefused, RemoteUnavailable, ScopeMissing, ZoomDenied
from zoomsync_agent.ports import Clock, CloudMeetingRecord, CloudStore
from zoomsync_agent.sources.zoom_cloud.origin import TRANSCRIPT_ID
from zoomsync_agent.zoom.app import SUMMARY, TRANSCRIPT
from zoomsync_agent.zoom.client import ZoomClient
from zoomsync_agent.zoom.downloads import Downloads
from zoomsync_agent.zoom.models import CloudFile
from zoomsync_agent.zoom.summaries import MeetingSummary

LOOKS_SECONDS: Final = (600.0, 3_600.0, 14_400.0, 43_200.0, 86_400.0, 259_200.0, 604_800.0)
"""When to ask, counted from a meeting's end. Whatever is not there after a week will not come."""


_AGAIN_SECONDS: Final = 3_600.0
"""A meeting that gave no proper answer is asked again after so long."""


def first_look(meeting: CloudMeetingRecord, now: float) -> float:
    """Return when to ask for what comes late, in epoch seconds."""
    return max(now, (meeting.ended_at or now) + LOOKS_SECONDS[0])


def transcript_file(url: str, size: int) -> CloudFile:
    """Return a transcript that has an address of its own as a file like others."""
    return CloudFile(
        id=TRANSCRIPT_ID,
        type="TRANSCRIPT",
        extension="VTT",
        recording_type="audio_transcript",
        size=size,
        download_url=url,
        status="completed",
    )


def next_look(meeting: CloudMeetingRecord, now: float) -> float | None:
    """Return when to ask again after nothing was there; None once nothing will come."""
    ended_at = meeting.ended_at or now
    return next((ended_at + wait for wait in LOOKS_SECONDS if ended_at + wait > now), None)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a meeting said: a summary, a transcript that no list shows, or that there is none.

    `is_final` says that it need not be asked again, `is_failed` that it gave no proper answer.
    """

    meeting: CloudMeetingRecord
    summary: MeetingSummary | None = None
    transcript: CloudFile | None = None
    is_final: bool = False
    is_failed: bool = False


class LateTexts:
    """Asks meetings for their summaries, and for transcripts that no list shows.

    Args:
        client: asks Zoom.
        downloads: asks how large a transcript is.
        cloud: remembers what is still expected.
        clock: the time.
    """

    def __init__(
        self, client: ZoomClient, downloads: Downloads, cloud: CloudStore, *, clock: Clock
    ) -> None:
        self._client = client
        self._downloads = downloads
        self._cloud = cloud
        self._clock = clock
        self._refused: set[str] = set()

    @property
    def is_allowed(self) -> bool:
        """Whether anything may be asked for."""
        return self._allows(SUMMARY) or self._allows(TRANSCRIPT)

    def _allows(self, scope: str) -> bool:
        return scope not in self._refused and self._client.allows(scope)

    def begin_anew(self) -> None:
        """Ask again for what was not allowed: somebody may have signed in with more scopes."""
        self._refused.clear()

    def ask(self, meeting: CloudMeetingRecord) -> Answer:
        """Ask one meeting; from any thread.

        Raises:
            AgentError: Zoom does not tell; the meeting is asked again.
        """
        try:
            summary, is_final = self._summary(meeting)
            transcript = None if meeting.has_transcript else self._transcript(meeting)
        except RemoteUnavailable:
            return Answer(meeting, is_failed=True)  # one odd meeting must not hide the others
        return Answer(meeting, summary, transcript, is_final=is_final)

    def _summary(self, meeting: CloudMeetingRecord) -> tuple[MeetingSummary | None, bool]:
        """Return the summary, and whether there is no use in asking again."""
        if not self._allows(SUMMARY):
            return None, False
        try:
            return self._client.summary(meeting.uuid), False
        except ZoomDenied:
            # A summary that is not for this person, or not in this plan.
            return None, True
        except ScopeMissing:
            self._refused.add(SUMMARY)
            return None, False

    def _transcript(self, meeting: CloudMeetingRecord) -> CloudFile | None:
        if not self._allows(TRANSCRIPT):
            return None
        try:
            url = self._client.transcript(meeting.uuid)
            size = self._downloads.size_of(url, self._client.token()) if url else None
        except ScopeMissing:
            self._refused.add(TRANSCRIPT)
            return None
        except (ZoomDenied, DownloadRefused):
            return None
        return transcript_file(url, size) if url and size else None

    def keep(self, answer: Answer) -> int:
        """Keep what a meeting said; return how many rows are to be told."""
        meeting, found, now = answer.meeting, answer.summary, self._clock.now()
        told = 0
        if found is not None:
            told = self._cloud.save_summary(meeting.key, found.text, found.next_steps, now)
        # People edit what was written, so a summary that is there is looked at again, too.
        if answer.is_failed:
            self._cloud.put_off(meeting.key, now + _AGAIN_SECONDS)
            return 0
        again = None if answer.is_final else next_look(meeting, now)
        self._cloud.put_off(meeting.key, again)
        return told
