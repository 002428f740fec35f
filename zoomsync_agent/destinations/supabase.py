"""Supabase Storage as the archive: a private bucket, a folder for each user.

Small files go by one request, larger ones by resumable upload in chunks, each of which is durable
when it is answered. Keys are plain ASCII with a part of the content's hash; what is under a key is
never replaced.
"""

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import httpx

from zoomsync_agent.core import rows
from zoomsync_agent.core.errors import (
    AgentError,
    DestinationDenied,
    KeyTaken,
    NameRefused,
    ObjectTooLarge,
    RemoteUnavailable,
    SetupIncomplete,
    VerificationFailed,
)
from zoomsync_agent.core.naming import KeyStyle
from zoomsync_agent.core.os_errors import reading
from zoomsync_agent.core.recording import (
    Archived,
    ObjectKey,
    Outgoing,
    ProcessingStatus,
    Progress,
    Receipt,
    RecordingRow,
)
from zoomsync_agent.core.units import readable_size
from zoomsync_agent.destinations.objects import ObjectFacts, Objects
from zoomsync_agent.destinations.outflow import Outflow, ToldToStop
from zoomsync_agent.destinations.resumable import ResumableUpload, Sent
from zoomsync_agent.destinations.tus import Tus
from zoomsync_agent.supabase.access import Access
from zoomsync_agent.supabase.project import Project
from zoomsync_agent.supabase.requests import Refused, Requests

CHUNK_BYTES: Final = 6 << 20
SMALL_BYTES: Final = 6 << 20
"""Up to so many bytes one request is the better way; Supabase says so too."""
_FREE_PLAN_BYTES: Final = (50 << 20, 50_000_000)
_LIMIT_SECONDS: Final = 600.0
_SIGHT_SECONDS: Final = 60.0
_WORTH_A_LISTING: Final = 10


class SupabaseDestination:
    """`Destination` in Supabase Storage.

    Args:
        project: where.
        access: who we are.
        rows: gives the rows of completed recordings that the project's database knows, for
            rebuilding a lost queue.
        policies_allow_sight: tells whether the policies let us see our objects, None where that
            cannot be known; asked when not one object is to be seen.
        chunk_bytes: how much is made durable at a time.
        small_bytes: up to this size a file goes by one request.
        bytes_per_second: the bandwidth limit, 0 for none.
        proves_etag: whether what has arrived is proven by Storage's own MD5, which costs 1.3 s of
            processor time per GiB, or by its size alone.
        monotonic: the time for what is remembered for a while.
        wait: sleeps; tests hand in something quicker.
    """

    name = "supabase"
    key_style = KeyStyle.ASCII

    def __init__(
        self,
        project: Project,
        access: Access,
        *,
        rows: Callable[[], Iterable[RecordingRow]] = lambda: (),
        policies_allow_sight: Callable[[], bool | None] = lambda: None,
        chunk_bytes: int = CHUNK_BYTES,
        small_bytes: int = SMALL_BYTES,
        bytes_per_second: int = 0,
        proves_etag: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self._project = project
        self._access = access
        self._requests = Requests(project, access)
        self._objects = Objects(self._requests)
        self._tus = Tus(self._requests, project.resumable)
        self._rows = rows
        self._policies_allow_sight = policies_allow_sight
        self._chunk_bytes = chunk_bytes
        self._small_bytes = small_bytes
        self._bytes_per_second = bytes_per_second
        self._proves_etag = proves_etag
        self._monotonic = monotonic
        self._wait = wait
        self._limit: tuple[float, int] | None = None
        self._seen_at: float | None = None
        self._is_etag_md5 = True
        # Objects that are perhaps not what they say they are.
        self._doubted: set[ObjectKey] = set()

    # --- the port --------------------------------------------------------------------------

    def send(
        self,
        outgoing: Outgoing,
        *,
        resume_from: Progress | None,
        report: Callable[[Progress], None],
        stop: Callable[[], bool],
        pace: Callable[[int], None],
    ) -> Receipt | None:
        """Upload one file and prove that it is there; see the port."""
        _expect_name(outgoing.key)
        with (
            reading(outgoing.path),
            outgoing.path.open("rb", buffering=0) as source,
            Outflow(
                source, outgoing, stop=stop, pace=pace, bytes_per_second=self._bytes_per_second
            ) as flow,
        ):
            flow.expect_unchanged()
            try:
                flow.expect_time()
                sent = self._sent(outgoing, flow, resume_from, report)
                with self._told(f"proof of {outgoing.key}"):
                    self._prove(outgoing, sent, flow)
            except ToldToStop:
                return None
            except (Refused, httpx.HTTPError) as exc:
                raise self._meaning(exc, outgoing) from exc
        return self._receipt(outgoing)

    def check(self, receipt: Receipt) -> Receipt | None:
        """Return the receipt if the object is there, None if it surely is not.

        An object of another project or of another user is believed.

        Raises:
            SetupIncomplete: nothing at all is to be seen, and that may not be for lack of objects.
        """
        if not self._is_ours(receipt):
            return receipt
        with self._told("look at the bucket"):
            found = self._objects.facts(receipt.key)
            if found is None:
                self._expect_sight(receipt.key)
                return None
            self._seen_at = self._monotonic()
        if found.size != receipt.size:
            return None
        return replace(receipt, url=self._project.object_url(receipt.key))

    def check_all(self, receipts: Sequence[Receipt]) -> Iterator[Receipt | None]:
        """Yield what `check` returns for each of *receipts*; many are looked up in one listing.

        What the listing does not show is looked at by itself before it counts as gone.
        """
        sizes: dict[str, int] = {}
        if len(receipts) >= _WORTH_A_LISTING:
            folder = f"{self._access.user_id}/"
            # An older server cannot list that way; then each one is asked for.
            with self._told("list the bucket"), contextlib.suppress(Refused):
                sizes = self._objects.sizes_below(folder)
        for receipt in receipts:
            if sizes.get(receipt.key) == receipt.size and self._is_ours(receipt):
                self._seen_at = self._monotonic()
                yield replace(receipt, url=self._project.object_url(receipt.key))
            else:
                yield self.check(receipt)

    def link(self, key: ObjectKey, seconds: int) -> str:
        """Return a link with which anybody can read the object for *seconds*."""
        with self._told("make a link"):
            return self._objects.sign(key, seconds)

    def describe(self, key: ObjectKey, described: Mapping[str, Any]) -> None:
        """Do nothing: the project's database holds the row."""

    def inventory(self) -> Iterator[Archived]:
        """Yield what the project's database says is in the bucket; `check` looks whether it is."""
        for row in self._rows():
            if row.processing_status is ProcessingStatus.COMPLETED and row.object_key:
                receipt = Receipt(
                    self.name,
                    row.object_key,
                    row.file_size,
                    row.sha256,
                    row.file_url,
                    verified_at=0.0,
                )
                yield Archived(receipt, rows.as_dict(row))

    def abandon(self, key: ObjectKey, progress: Progress) -> None:
        """Free what a half-finished upload holds on the server."""
        if self._tus.knows(progress.resume_token):
            with self._told(f"drop the upload of {key}"):
                self._tus.drop(progress.resume_token)

    # --- sending ---------------------------------------------------------------------------

    def _sent(
        self,
        outgoing: Outgoing,
        flow: Outflow,
        resume_from: Progress | None,
        report: Callable[[Progress], None],
    ) -> Sent:
        """Send the file in the way that suits its size."""
        if outgoing.size <= self._small_bytes:
            return self._put(outgoing, flow)
        self._expect_within_limit(outgoing)
        upload = ResumableUpload(
            self._tus,
            self._objects,
            outgoing,
            flow,
            chunk_bytes=self._chunk_bytes,
            metadata=self._metadata(outgoing),
            proves_etag=self._proves_etag,
            wait=self._wait,
            report=report,
        )
        return upload.run(resume_from)

    def _put(self, outgoing: Outgoing, flow: Outflow) -> Sent:
        """Send a small file; whatever the answer, what is there then decides."""
        md5 = hashlib.md5(usedforsecurity=False)

        def body() -> Iterator[bytes]:
            nonlocal md5
            md5 = hashlib.md5(usedforsecurity=False)
            return flow.body(0, outgoing.size, may_stop=True, md5=md5)

        try:
            self._objects.put(outgoing, body)
        except Refused as exc:
            if exc.answer.status != 409:  # noqa: PLR2004  there is one already
                raise
            return Sent(is_new=False)
        except httpx.HTTPError:
            # The answer may have been lost after everything was done.
            if self._objects.facts(outgoing.key) is None:
                raise
            return Sent(is_new=False)
        flow.settle()
        return Sent(is_new=True, etag=md5.hexdigest())

    def _metadata(self, outgoing: Outgoing) -> dict[str, str]:
        return {
            "bucketName": self._project.bucket,
            "objectName": outgoing.key,
            "contentType": outgoing.content_type,
            "cacheControl": "3600",
            "metadata": f'{{"sha256":"{outgoing.sha256}"}}',
        }

    def _expect_within_limit(self, outgoing: Outgoing) -> None:
        """Refuse a file that the project does not take, before its first byte is sent."""
        limit = self._project_limit()
        if limit is not None and outgoing.size > limit:
            raise _too_large(outgoing.size, limit)

    def _project_limit(self) -> int | None:
        now = self._monotonic()
        if self._limit is None or now - self._limit[0] >= _LIMIT_SECONDS:
            with self._told("ask for the size limit"):
                told = self._tus.largest()
            self._limit = (now, told or 0)
        return self._limit[1] or None

    # --- proof -----------------------------------------------------------------------------

    def _prove(self, outgoing: Outgoing, sent: Sent, flow: Outflow) -> None:
        """Make sure that what is under the key is the file, whoever put it there.

        Raises:
            ToldToStop: while it was read back.
            VerificationFailed: what we sent arrived as something else; it is deleted.
            KeyTaken: something else was there before.
            RemoteUnavailable: the object is not to be seen, though it was accepted.
        """
        found = self._objects.facts(outgoing.key)
        if found is None:
            self._expect_sight(outgoing.key)
            raise RemoteUnavailable(f"{outgoing.key} was accepted and is not there")
        self._seen_at = self._monotonic()
        if self._is_same(outgoing, found, sent, flow):
            return
        # What names our content without being it was sent by us, however long ago.
        if not sent.is_new and found.sha256 != outgoing.sha256:
            raise KeyTaken(outgoing.key)
        # Until it is gone it goes on saying that it is the file; the next attempt must not believe.
        self._doubted.add(outgoing.key)
        self._objects.delete(outgoing.key)
        if self._objects.facts(outgoing.key) is None:
            self._doubted.discard(outgoing.key)
        raise VerificationFailed(f"{outgoing.key}: what arrived is not what was sent")

    def _is_same(self, outgoing: Outgoing, found: ObjectFacts, sent: Sent, flow: Outflow) -> bool:
        if found.size != outgoing.size:
            return False
        if outgoing.key not in self._doubted:
            if not sent.is_new and found.sha256:
                # Told by its sender at the beginning; nothing half-finished is ever visible.
                return found.sha256 == outgoing.sha256
            if sent.is_new and not (self._is_etag_md5 and _is_comparable(sent.etag, found.etag)):
                return True  # the size is all that can be compared
            if sent.is_new and sent.etag == found.etag:
                return True
        # A store that encrypts has ETags of another kind: only the bytes themselves decide.
        self._doubted.add(outgoing.key)
        is_same = self._objects.hash(outgoing.key, flow.expect_time) == outgoing.sha256
        if is_same:
            self._doubted.discard(outgoing.key)
            self._is_etag_md5 = self._is_etag_md5 and not sent.is_new
        return is_same

    def _is_ours(self, receipt: Receipt) -> bool:
        base = self._project.object_url(ObjectKey(f"{self._access.user_id}/"))
        return receipt.url.startswith(base)

    def _expect_sight(self, key: ObjectKey) -> None:
        """Make sure that an object that is not to be seen is not there.

        Without a policy for reading everything looks as if it were deleted. That something was to
        be seen a moment ago counts only where nothing better is known: the policy may be gone.
        """
        if self._objects.any_below(key.partition("/")[0]):
            return
        is_allowed = self._policies_allow_sight()
        if is_allowed is None and self._seen_at is not None:
            is_allowed = self._monotonic() - self._seen_at < _SIGHT_SECONDS
        if is_allowed:
            return
        raise SetupIncomplete(
            f"nothing in the bucket “{self._project.bucket}” is to be seen: is it there, and does "
            "a policy allow reading?"
        )

    def _receipt(self, outgoing: Outgoing) -> Receipt:
        return Receipt(
            destination=self.name,
            key=outgoing.key,
            size=outgoing.size,
            sha256=outgoing.sha256,
            url=self._project.object_url(outgoing.key),
            verified_at=time.time(),
        )

    # --- meaning ---------------------------------------------------------------------------

    def _told(self, doing: str) -> "_Told":
        return _Told(self._requests, doing)

    def _meaning(self, exc: Refused | httpx.HTTPError, outgoing: Outgoing) -> AgentError:
        """Return what a failed upload means for this file."""
        doing = f"upload of {outgoing.key}"
        if isinstance(exc, Refused):
            answer = exc.answer
            if answer.is_refused_by_policy:
                return DestinationDenied(
                    f"{doing}: a policy of the bucket “{self._project.bucket}” does not allow it; "
                    "“zoomsync doctor supabase” names what is missing"
                )
            match answer.status:
                case 413 if answer.message.endswith("a page of HTML"):
                    return SetupIncomplete(
                        f"{doing}: a server in front of the project takes no request of this size "
                        "(HTTP 413); raise its limit or make ZOOMSYNC_CHUNK_SIZE smaller"
                    )
                case 413:
                    return self._refused_size(outgoing.size)
                case 415:
                    return SetupIncomplete(
                        f"the bucket “{self._project.bucket}” does not take "
                        f"{outgoing.content_type}; allow it in the dashboard under Storage"
                    )
                case 400 if "nvalid key" in answer.message:
                    return NameRefused(outgoing.key)
        return self._requests.error(exc, doing)

    def _refused_size(self, size: int) -> AgentError:
        largest = self._project_limit()
        if largest is not None and size > largest:
            return _too_large(size, largest)
        with self._told("ask for the bucket's limit"):
            limit = self._objects.size_limit()
        bucket = f"the bucket “{self._project.bucket}” "
        if limit is None:
            return ObjectTooLarge(
                f"{readable_size(size)} is more than {bucket}takes; raise its limit in the "
                "dashboard under Storage"
            )
        return ObjectTooLarge(
            f"{readable_size(size)}; {bucket}takes {readable_size(limit)} a file. Raise its limit "
            "in the dashboard under Storage"
        )


class _Told:
    """Turns what a request raises into an error of the agent."""

    def __init__(self, requests: Requests, doing: str) -> None:
        self._requests = requests
        self._doing = doing

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Refused | httpx.HTTPError):
            raise self._requests.error(error, self._doing) from error


def _expect_name(key: ObjectKey) -> None:
    # Proxies fold such names before Storage sees them.
    parts = key.split("/")
    if not key.isascii() or not key.isprintable() or any(part in ("", ".", "..") for part in parts):
        raise NameRefused(key)


def _is_comparable(ours: str, theirs: str) -> bool:
    """Return whether two ETags were made of the same number of parts, if of MD5 at all."""
    return bool(ours) and ours.partition("-")[2] == theirs.partition("-")[2]


def _too_large(size: int, limit: int) -> ObjectTooLarge:
    plan = " (the Free plan's limit; a paid plan takes more)" if limit in _FREE_PLAN_BYTES else ""
    return ObjectTooLarge(
        f"{readable_size(size)}; this project takes {readable_size(limit)} a file{plan}. Raise it "
        "in the dashboard under Storage, Settings"
    )
