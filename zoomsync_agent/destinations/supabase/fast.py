"""The fast way into a project's Storage: its S3 endpoint, several parts at a time.

A project may have it switched off, or know other secrets than we try; resumable upload is there
for everybody, and says better what is wrong. So whatever this way is refused for, the other one is
taken, and this one is left alone for a while.

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
from zoomsync_agent.destinations.outflow import Outflow
from zoomsync_agent.destinations.parted import Assurance, Notes, PartedUpload, is_transient
from zoomsync_agent.destinations.proof import Sent, Stored
from zoomsync_agent.s3.bucket import Bucket
from zoomsync_agent.s3.credentials import Credentials, Keys
from zoomsync_agent.s3.multipart import Multipart
from zoomsync_agent.s3.objects import SHA256
from zoomsync_agent.s3.requests import Refused, Requests
from zoomsync_agent.supabase.access import Access
from zoomsync_agent.supabase.project import Project

PART_BYTES: Final = 8 << 20
PARALLEL: Final = 4
_REGION: Final = "us-east-1"
"""Taken by every project, wherever it lies."""
_OFF_SECONDS: Final = 600.0


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

    @property
    def is_on(self) -> bool:
        """Whether it is worth a try."""
        with self._guard:
            return self._monotonic() >= self._off_until

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
        """Send a large file; None where it has to go the other way.

        Raises:
            RemoteUnavailable: it went well so far, and can be continued.
            As `PartedUpload.run`, but for what the endpoint refuses.
        """
        has_begun = False

        def noted(progress: Progress) -> None:
            nonlocal has_begun
            has_begun = True
            report(progress)

        upload = PartedUpload(
            self._multipart,
            objects,
            outgoing,
            flow,
            wanted_part_bytes=self._part_bytes,
            parallel=self._parallel,
            # Storage signs what it is told of a body and does not look whether it is true.
            assurance=Assurance(proves_content=proves_content, lists_parts=self._lists_parts),
            headers=_headers(outgoing),
            condition={},
            pace=pace,
            bytes_per_second=bytes_per_second,
            completing=completing,
            nap=nap,
            report=noted,
        )
        try:
            return upload.run(resume_from)
        except Refused as exc:
            if has_begun and is_transient(exc):
                raise RemoteUnavailable(f"upload of {outgoing.key}: {exc.answer.text}") from exc
        except httpx.HTTPError:
            if has_begun:
                raise
        self._leave_alone()
        return None

    def abandon(self, key: ObjectKey, notes: Notes) -> None:
        """Free what a half-finished upload holds on the server, if the endpoint lets us."""
        # What is left there costs the project's owner room, but is visible to nobody.
        with contextlib.suppress(Refused, httpx.HTTPError, AgentError):
            self._multipart.abort(key, notes.upload_id)

    def close(self) -> None:
        """Close the connections."""
        self._requests.close()


def _headers(outgoing: Outgoing) -> Mapping[str, str]:
    return {
        "Content-Type": outgoing.content_type,
        "Cache-Control": "max-age=3600",
        SHA256: outgoing.sha256,
    }
