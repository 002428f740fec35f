"""Brings one file from Zoom's cloud into the spool, over whatever happens on the way."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Final

from zoomsync_agent.core.errors import (
    DownloadDamaged,
    DownloadRefused,
    NetworkUnavailable,
    OtherAccount,
    RecordingDeleted,
    RemoteUnavailable,
    SourceChanged,
)
from zoomsync_agent.core.facts import ZOOM
from zoomsync_agent.core.readiness import Completeness
from zoomsync_agent.core.recording import FileIdentity
from zoomsync_agent.ports import Clock, CloudStore, FileRecord
from zoomsync_agent.sources.media import probe
from zoomsync_agent.sources.zoom_cloud.late import transcript_file
from zoomsync_agent.sources.zoom_cloud.origin import (
    TRANSCRIPT_ID,
    Origin,
    identity_of,
    true_size,
)
from zoomsync_agent.sources.zoom_cloud.spool import Part, Spool
from zoomsync_agent.zoom.client import ZoomClient
from zoomsync_agent.zoom.downloads import Downloads, RangeRefused, Stream
from zoomsync_agent.zoom.models import CloudFile, CloudMeeting

_TRIES: Final = 4
"""So often in a row a download is gone on with that has brought nothing new."""
_ASK_SECONDS: Final = 1.0
"""How often a download looks whether somebody is still signed in."""
_FRESH_SECONDS: Final = 60.0
"""Files of one meeting are fetched one after the other; it is asked for once."""
_MOST_TOO_MUCH: Final = 1 << 30
"""So far beyond what Zoom tells a file is followed, should the telling be wrong."""
_MEDIA: Final = ("MP4", "M4A")
_MARKS: Final = {"VTT": (b"WEBVTT",), "JPG": (b"\xff\xd8\xff",)}
_PAGES: Final = (b"<!doctype html", b"<html")


class ZoomOrigin:
    """`Origin` in Zoom's cloud. Thread-safe.

    Args:
        client: asks Zoom where a file is.
        downloads: brings bytes.
        spool: gets them.
        cloud: remembers of which files Zoom tells a wrong size.
        clock: the time.
        found: told of a meeting that was asked for by itself, which tells more than a list, and
            for which account.
    """

    name = ZOOM

    def __init__(
        self,
        client: ZoomClient,
        downloads: Downloads,
        spool: Spool,
        cloud: CloudStore,
        *,
        clock: Clock,
        found: Callable[[CloudMeeting, str], None],
    ) -> None:
        self._client = client
        self._downloads = downloads
        self._spool = spool
        self._cloud = cloud
        self._clock = clock
        self._found = found
        self._guard = threading.Lock()
        self._asked: tuple[str, float, CloudMeeting, str] | None = None

    def fetch(
        self, file: FileRecord, *, stop: Callable[[], bool], pace: Callable[[int], None]
    ) -> bool:
        """Bring *file* to its path; see `Origin`."""
        if self._spool.holds(file.path, file.identity):
            return True
        origin = Origin.read(file.origin)
        if origin.account != self._client.user_id:
            raise OtherAccount(f"{self._client.email or 'somebody else'} is signed in now")
        with self._spool.room_for(file.path, file.identity.size):
            return self._fetch(origin, file, stop=stop, pace=pace)

    def _fetch(
        self,
        origin: Origin,
        file: FileRecord,
        *,
        stop: Callable[[], bool],
        pace: Callable[[int], None],
    ) -> bool:
        meeting, listed, token = self._listed(origin, file)
        with self._spool.writing(file.path) as part:
            if not self._bring(listed, token, part, file, stop=stop, pace=pace):
                return False
            self._prove(part, meeting, listed, file, origin)
            part.finish(file.identity)
        return True

    def release(self, file: FileRecord) -> None:
        """Free the room that *file* takes here."""
        self._spool.release(file.path)

    # --- where it is -----------------------------------------------------------------------

    def _listed(self, origin: Origin, file: FileRecord) -> tuple[CloudMeeting, CloudFile, str]:
        """Return the file as Zoom has it now, and a token for it where Zoom gives one.

        Raises:
            RecordingDeleted: Zoom does not have it any more.
            SourceChanged: Zoom has another version, or is still at work on it.
        """
        meeting, token = self._meeting(origin)
        listed = next((one for one in meeting.files if one.id == origin.file_id), None)
        if origin.file_id == TRANSCRIPT_ID:
            url = self._client.transcript(origin.uuid)
            listed = transcript_file(url, file.identity.size) if url else None
        if listed is None:
            raise RecordingDeleted(f"{file.path.name} of {meeting.topic}")
        size = true_size(listed, file.path, self._cloud.real_sizes())
        if not listed.is_finished or identity_of(meeting, listed, size) != file.identity:
            self._found(meeting, origin.account)
            raise SourceChanged(f"Zoom has another version of {file.path.name} by now")
        return meeting, listed, token

    def _meeting(self, origin: Origin) -> tuple[CloudMeeting, str]:
        uuid = origin.uuid
        with self._guard:
            asked, now = self._asked, self._clock.monotonic()
            if asked is not None and asked[0] == uuid and 0 <= now - asked[1] < _FRESH_SECONDS:
                return asked[2], asked[3]
        told = self._client.meeting(uuid)
        if told is None:
            raise RecordingDeleted("Zoom has no such recording any more")
        meeting, token = told
        with self._guard:
            self._asked = (uuid, self._clock.monotonic(), meeting, token)
        if any(one.name for one in meeting.files):
            self._found(meeting, origin.account)
        return meeting, token

    def _forget(self) -> None:
        with self._guard:
            self._asked = None

    # --- its bytes -------------------------------------------------------------------------

    def _bring(
        self,
        listed: CloudFile,
        token: str,
        part: Part,
        file: FileRecord,
        *,
        stop: Callable[[], bool],
        pace: Callable[[int], None],
    ) -> bool:
        """Bring what is missing of *part*, with as many requests as it takes.

        An answer that ends elsewhere than Zoom's list says is asked to go on. Only where it ends
        there once more, that is where the file ends.

        Raises:
            AgentError: it does not come.
        """
        size = file.identity.size
        if part.offset > size:
            part.begin_at(0)
        failures, ending = 0, _Ending(size)
        is_whole = part.offset == size
        while not is_whole:
            before = part.offset
            try:
                with self._opened(listed, token, part) as stream:
                    _expect_same(stream, part)
                    if not _take(stream, part, size, stop=stop, pace=self._paced(pace)):
                        return False
                is_whole = ending.is_there(part, is_anew=not stream.offset)
            except RangeRefused:
                is_whole = ending.is_confirmed(part)
            except (NetworkUnavailable, RemoteUnavailable):
                failures = failures + 1 if part.offset <= before else 0
                if failures >= _TRIES or stop():
                    raise
            except DownloadRefused:
                self._forget()
                raise
        return True

    def _paced(self, pace: Callable[[int], None]) -> Callable[[int], None]:
        """Return *pace*, which ends the download once nobody is signed in any more."""
        asked_at = self._clock.monotonic()

        def take(count: int) -> None:
            nonlocal asked_at
            now = self._clock.monotonic()
            if now - asked_at >= _ASK_SECONDS:
                asked_at = now
                self._client.user_id  # noqa: B018  raises where nobody is signed in
            pace(count)

        return take

    @contextlib.contextmanager
    def _opened(self, listed: CloudFile, token: str, part: Part) -> Iterator[Stream]:
        """Give the bytes that are missing, from whichever token opens them."""
        with contextlib.ExitStack() as opened:
            refused: DownloadRefused | None = None
            # The person's own first: it opens whatever they may see.
            for bearer in filter(None, (self._client.token(), token)):
                try:
                    stream = opened.enter_context(
                        self._downloads.opened(
                            listed.download_url, bearer, part.offset, is_json=_is_json(listed)
                        )
                    )
                except DownloadRefused as exc:
                    refused = refused or exc
                else:
                    yield stream
                    return
            raise refused or DownloadRefused("there is no token for it")

    # --- is it the file? -------------------------------------------------------------------

    def _prove(
        self,
        part: Part,
        meeting: CloudMeeting,
        listed: CloudFile,
        file: FileRecord,
        origin: Origin,
    ) -> None:
        """Make sure that what has come is the file, as far as Zoom tells anything of it.

        Raises:
            DownloadDamaged: it is not; nothing of it is kept.
            SourceChanged: it is, and Zoom tells a wrong size of it, which is known from now on.
        """
        wrong = _wrong(part, listed)
        if wrong:
            part.begin_at(0)
            self._forget()
            raise DownloadDamaged(f"{file.path.name}: {wrong}")
        if part.offset == file.identity.size:
            return
        real = part.offset
        if listed.type not in _MEDIA or _is_whole(part, listed):
            # It ended there twice, and a video or a sound proves itself to be whole: so it is
            # Zoom's list that is wrong.
            self._cloud.correct_size(file.path, listed.size, real)
            part.finish(FileIdentity(real, file.identity.mtime_ns))
            self._found(meeting, origin.account)
            raise SourceChanged(f"Zoom says {listed.size} bytes, and it has {real}")
        part.begin_at(0)
        self._forget()
        raise DownloadDamaged(
            f"{file.path.name}: {real} bytes came, and Zoom says that it has {file.identity.size}"
        )


class _Ending:
    """Tells whether a file ends where an answer did.

    Args:
        size: what Zoom's list says; an answer that ends there needs no second one.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._ended_at: int | None = None
        self._times = 0

    def is_there(self, part: Part, *, is_anew: bool) -> bool:
        """Return whether the file ends where an answer has just ended.

        Raises:
            DownloadDamaged: whole answers end somewhere else each time.
        """
        if part.offset in (self._size, self._ended_at):
            return True
        self._ended_at = part.offset
        self._times += is_anew
        if self._times >= _TRIES:
            part.begin_at(0)
            raise DownloadDamaged("the recording ends somewhere else each time")
        if not part.version:
            part.begin_at(0)  # nothing would tell whether what follows belongs to it
        return False

    def is_confirmed(self, part: Part) -> bool:
        """Return whether there is nothing beyond an end; what is there begins anew otherwise."""
        if part.offset == self._ended_at:
            return True
        part.begin_at(0)
        return False


def _expect_same(stream: Stream, part: Part) -> None:
    """Make sure that two versions do not become one file, also where the agent began anew.

    Raises:
        RemoteUnavailable: what comes is another version than what is here; all of it is to come.
    """
    if stream.offset and stream.etag != part.version:
        part.begin_at(0)
        raise RemoteUnavailable("the recording changed at Zoom while it was downloaded")
    part.begin_at(stream.offset)
    if not stream.offset:
        part.note(stream.etag)


def _take(
    stream: Stream,
    part: Part,
    size: int,
    *,
    stop: Callable[[], bool],
    pace: Callable[[int], None],
) -> bool:
    """Write what comes; return False where it was told to stop.

    Raises:
        AgentError: it ended too soon, or is not the file that is meant.
    """
    for piece in stream.pieces():
        pace(len(piece))
        part.write(piece)
        if part.offset > size + _MOST_TOO_MUCH:
            raise DownloadDamaged(f"more comes than the {size} bytes of which Zoom tells")
        if stop():
            return False
    return True


def _wrong(part: Part, listed: CloudFile) -> str:  # noqa: PLR0911  one return a reason
    """Return what shows that a download is not the file; empty where nothing does."""
    if not part.offset:
        return "nothing came"
    head = part.head(512)
    if head.lstrip()[:16].lower().startswith(_PAGES):
        return "a page came instead of it"
    if listed.type in _MEDIA and head[4:8] != b"ftyp":
        return "it is no MP4"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b'{"status":false'):
        return "a refusal came instead of it"
    if _is_json(listed) and text[:1] not in (b"{", b"["):
        return "it is no JSON"
    marks = _MARKS.get(listed.extension, ())
    if marks and not text.startswith(marks):
        return f"it is no {listed.extension}"
    return ""


def _is_whole(part: Part, listed: CloudFile) -> bool:
    found = probe(part.file, part.offset, f".{listed.type.lower()}")
    part.begin_at(part.offset)
    return found.completeness is Completeness.PROVEN


def _is_json(listed: CloudFile) -> bool:
    return listed.extension == "JSON" or listed.type in ("TIMELINE", "SUMMARY")
