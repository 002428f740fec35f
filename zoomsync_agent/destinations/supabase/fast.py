"""The fast way into a project's Storage: its S3 endpoint, several parts at a time.

A project may have it switched off, or know other secrets than we try; resumable upload is there
for everybody, and says better what is wrong. So whatever this way is refused for, the other one is
taken, and this one is left alone for a while.

A file of which parts are durable stays: what stumbles is waited for, even while this way is left
alone for others. That ends when a dozen attempts in a row brought it no further, although the rest
of Storage answered each time, or when the endpoint refuses it: then its upload is ended, so that
nothing is held for nobody, and it begins anew the other way.

Source: Supabase, "S3 Authentication" (session tokens) and the Storage server's own code: the access
key is the project's name, the secret is the same, or on older servers the legacy anon key.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import httpx

from zoomsync_agent.core.errors import AgentError, RemoteUnavailable
from zoomsync_agent.core.recording import ObjectKey, Outgoing, Progress
from zoomsync_agent.destinations.outflow import Outflow, fitting
from zoomsync_agent.destinations.parted import PARALLEL, PART_BYTES, Assurance, Notes, PartedUpload
from zoomsync_agent.destinations.proof import Sent, Stored
from zoomsync_agent.s3.bucket import Bucket
from zoomsync_agent.s3.condition import Unreplaced
from zoomsync_agent.s3.credentials import Credentials, Keys
from zoomsync_agent.s3.multipart import Multipart
from zoomsync_agent.s3.objects import SHA256
from zoomsync_agent.s3.requests import Refused, Requests, is_transient
from zoomsync_agent.supabase.access import Access
from zoomsync_agent.supabase.project import Project

_REGION: Final = "us-east-1"
"""Taken by every project, wherever it lies."""
_OFF_SECONDS: Final = 600.0
_STALLS: Final = 12
"""So many attempts in a row may bring a file no further; by then some ten minutes have passed."""


class SessionKeys:
    """`Credentials` made of a session: the token says who we are, and policies hold.

    Args:
        access: gives the token.
        tenant: what Storage calls the project.
        secrets: what the secret may be, the likeliest first.
    """

    def __init__(self, access: Access, tenant: str, secrets: Sequence[str]) -> None:
        self._access = access
        self._tenant = tenant
        self._secrets = secrets
        self._known = 0
        """Which of the secrets the server takes, as far as is known."""

    def keys(self) -> Keys:
        """Return the keys of the session, with a token that holds for two minutes at least."""
        return Keys(self._tenant, self._secrets[self._known], self._access.token())

    def renewed(self, refused: Keys, reason: str = "") -> Keys | None:
        """Return keys with another token, or with the next secret where it is that which fails."""
        if reason != "SignatureDoesNotMatch":
            return Keys(
                refused.access_key, refused.secret_key, self._access.renew(refused.token or "")
            )
        # In a circle: another time the first one may be right again.
        following = (self._secrets.index(refused.secret_key) + 1) % len(self._secrets)
        if self._secrets[following] == refused.secret_key:
            return None
        self._known = following
        return Keys(refused.access_key, self._secrets[following], refused.token)


class FastPath:
    """Uploads through the S3 endpoint, as long as it is there. Thread-safe.

    Args:
        project: whose Storage.
        credentials: who we are towards the endpoint.
        lists_parts: the endpoint tells which parts it has; to a session it does not.
        part_bytes: how large parts are.
        parallel: so many of them are on their way at a time.
        monotonic: the time for what is remembered for a while.
    """

    def __init__(
        self,
        project: Project,
        credentials: Credentials,
        *,
        lists_parts: bool,
        part_bytes: int = PART_BYTES,
        parallel: int = PARALLEL,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        bucket = Bucket(project.bucket, _REGION, project.s3, is_path_style=True)
        self._requests = Requests(bucket, credentials)
        self._multipart = Multipart(self._requests)
        self._lists_parts = lists_parts
        self._part_bytes = part_bytes
        self._parallel = parallel
        self._monotonic = monotonic
        self._guard = threading.Lock()
        self._off_until = float("-inf")
        self._stalls: dict[ObjectKey, tuple[int, int]] = {}
        """How far files came, in bytes, and how many attempts since brought them no further."""

    @property
    def is_on(self) -> bool:
        """Whether it is worth a try."""
        with self._guard:
            return self._monotonic() >= self._off_until

    def takes(self, notes: Notes | None) -> bool:
        """Return whether a file is to go this way.

        Args:
            notes: what is known of an upload of it; one that has parts is gone on with.
        """
        return self.is_on or (notes is not None and bool(notes.etags))

    def _leave_alone(self) -> None:
        with self._guard:
            self._off_until = self._monotonic() + _OFF_SECONDS

    def send(
        self,
        objects: Stored,
        outgoing: Outgoing,
        flow: Outflow,
        resume_from: Progress | None,
        *,
        proves_content: bool,
        pace: Callable[[int], None],
        bytes_per_second: int,
        completing: Callable[[], contextlib.AbstractContextManager[None]],
        nap: Callable[[float], object],
        report: Callable[[Progress], None],
    ) -> Sent | None:
        """Send a large file; None where it has to go the other way, with its upload ended.

        Raises:
            RemoteUnavailable, httpx.HTTPError: it went well so far, and can be continued.
            As `PartedUpload.run`, but for what the endpoint refuses.
        """
        latest = resume_from
        before = resume_from.offset if resume_from else 0
        furthest = before

        def noted(progress: Progress) -> None:
            nonlocal latest, furthest
            latest, furthest = progress, max(furthest, progress.offset)
            report(progress)

        upload = PartedUpload(
            self._multipart,
            objects,
            outgoing,
            flow,
            wanted_part_bytes=self._part_bytes,
            parallel=fitting(self._parallel, bytes_per_second),
            # Storage signs what it is told of a body and does not look whether it is true.
            assurance=Assurance(proves_content=proves_content, lists_parts=self._lists_parts),
            headers=_headers(outgoing),
            unreplaced=Unreplaced(is_known=False),
            pace=pace,
            bytes_per_second=bytes_per_second,
            completing=completing,
            nap=nap,
            report=noted,
        )
        try:
            sent = upload.run(resume_from)
        except RemoteUnavailable:
            if self._waits(outgoing.key, before, furthest):
                raise
        except (Refused, httpx.HTTPError) as exc:
            notes = _notes_in(latest)
            is_worth_it = notes is not None and bool(notes.etags) and is_transient(exc)
            if is_worth_it and self._waits(outgoing.key, before, furthest):
                if isinstance(exc, Refused):
                    raise RemoteUnavailable(f"upload of {outgoing.key}: {exc.answer.text}") from exc
                raise
        else:
            self._forget(outgoing.key)
            return sent
        self._give_up(outgoing.key, latest, report)
        return None

    def _give_up(
        self, key: ObjectKey, latest: Progress | None, report: Callable[[Progress], None]
    ) -> None:
        """Leave this way alone, and nothing behind: neither an upload nor notes of it."""
        self._leave_alone()
        self._forget(key)
        notes = _notes_in(latest)
        if notes is not None:
            self.abandon(key, notes)
            report(Progress(0, ""))

    def _waits(self, key: ObjectKey, before: int, furthest: int) -> bool:
        """Return whether a file is to be tried this way again after an attempt that failed.

        Args:
            key: of the file.
            before: how far it was, in bytes.
            furthest: how far it came.
        """
        with self._guard:
            best, stalls = self._stalls.get(key, (before, 0))
            # Further than ever: a store that forgets what it had is not fed for ever.
            stalls = 0 if furthest > best else stalls + 1
            self._stalls[key] = (max(best, furthest), stalls)
        return stalls < _STALLS

    def _forget(self, key: ObjectKey) -> None:
        with self._guard:
            self._stalls.pop(key, None)

    def abandon(self, key: ObjectKey, notes: Notes) -> None:
        """Free what a half-finished upload holds on the server, if the endpoint lets us."""
        self._forget(key)
        # What is left there costs the project's owner room, but is visible to nobody.
        with contextlib.suppress(Refused, httpx.HTTPError, AgentError):
            self._multipart.abort(key, notes.upload_id)

    def close(self) -> None:
        """Close the connections."""
        self._requests.close()


def _notes_in(progress: Progress | None) -> Notes | None:
    return Notes.read(progress.resume_token) if progress else None


def _headers(outgoing: Outgoing) -> Mapping[str, str]:
    return {
        "Content-Type": outgoing.content_type,
        "Cache-Control": "max-age=3600",
        SHA256: outgoing.sha256,
    }
