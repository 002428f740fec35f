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
from pathlib import Path
from typing import Any, Final

import httpx

from zoomsync_agent.core import rows
from zoomsync_agent.core.errors import (
    AgentError,
    DestinationDenied,
    NameRefused,
    NotFound,
    SetupIncomplete,
)
from zoomsync_agent.core.naming import KeyStyle
from zoomsync_agent.core.recording import (
    Archived,
    ObjectKey,
    Outgoing,
    ProcessingStatus,
    Progress,
    Receipt,
    RecordingRow,
)
from zoomsync_agent.destinations.outflow import Outflow, ToldToStop, flowing
from zoomsync_agent.destinations.parted import Notes
from zoomsync_agent.destinations.plain_keys import expect_plain
from zoomsync_agent.destinations.proof import Proof, Sent
from zoomsync_agent.destinations.supabase.etags import etag_of_file
from zoomsync_agent.destinations.supabase.fast import FastPath
from zoomsync_agent.destinations.supabase.finishing import Finishing
from zoomsync_agent.destinations.supabase.limits import Limits
from zoomsync_agent.destinations.supabase.objects import Objects
from zoomsync_agent.destinations.supabase.resumable import ResumableUpload
from zoomsync_agent.destinations.supabase.sight import Sight
from zoomsync_agent.destinations.supabase.tus import Tus
from zoomsync_agent.supabase.access import Access
from zoomsync_agent.supabase.project import Project
from zoomsync_agent.supabase.requests import Refused, Requests

CHUNK_BYTES: Final = 6 << 20
SMALL_BYTES: Final = 6 << 20
"""Up to so many bytes one request is the better way; Supabase says so too."""
_WORTH_A_LISTING: Final = 10


class SupabaseDestination:
    """`Destination` in Supabase Storage.

    Args:
        project: where.
        access: who we are.
        rows: gives the rows of completed recordings that the project's database knows, for
            rebuilding a lost queue; None where it knows none.
        policies_allow_sight: tells whether the policies let us see our objects, None where that
            cannot be known; asked when not one object is to be seen.
        chunk_bytes: how much is made durable at a time.
        small_bytes: up to this size a file goes by one request.
        bytes_per_second: the bandwidth limit, 0 for none.
        proves_etag: whether what has arrived is proven by Storage's own MD5, which costs 1.3 s of
            processor time per GiB, or by its size alone.
        monotonic: the time for what is remembered for a while.
        wait: sleeps; tests hand in something quicker.
        fast: the way through the S3 endpoint for large files; None where it is not wanted.
    """

    name = "supabase"
    key_style = KeyStyle.ASCII

    def __init__(
        self,
        project: Project,
        access: Access,
        *,
        rows: Callable[[], Iterable[RecordingRow]] | None = None,
        policies_allow_sight: Callable[[], bool | None] = lambda: None,
        chunk_bytes: int = CHUNK_BYTES,
        small_bytes: int = SMALL_BYTES,
        bytes_per_second: int = 0,
        proves_etag: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
        fast: FastPath | None = None,
    ) -> None:
        self._fast = fast
        self._project = project
        self._access = access
        self._requests = Requests(project, access)
        self._objects = Objects(self._requests)
        self._tus = Tus(self._requests, project.resumable)
        self._rows = rows
        self._finishing = Finishing()
        self._limits = Limits(self._requests, self._tus, self._objects, monotonic)
        self._sight = Sight(self._objects, project.bucket, policies_allow_sight)
        self._proof = Proof(self._objects, self._sight.expect)
        self._chunk_bytes = chunk_bytes
        self._small_bytes = small_bytes
        self._bytes_per_second = bytes_per_second
        self._proves_etag = proves_etag
        self._wait = wait

    @property
    def is_finishing(self) -> bool:
        """Whether an upload would be lost if it were broken off now."""
        return self._finishing.is_going_on

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
        expect_plain(outgoing.key)
        with flowing(
            outgoing, stop=stop, pace=pace, bytes_per_second=self._bytes_per_second
        ) as flow:
            try:
                flow.expect_time()
                sent = self._sent(outgoing, flow, resume_from, report, pace)
                with self._requests.told(f"proof of {outgoing.key}"):
                    self._proof.prove(
                        outgoing,
                        sent,
                        lambda: self._etag_of(outgoing, flow),
                        flow.expect_time,
                    )
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
        with self._requests.told("look at the bucket"):
            found = self._objects.facts(receipt.key)
            if found is None:
                self._sight.expect(receipt.key)
                return None
        # An object tells the hash with which it was sent; older ones, and others' tell none.
        if found.size != receipt.size or found.sha256 not in ("", receipt.sha256):
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
            with self._requests.told("list the bucket"), contextlib.suppress(Refused):
                sizes = self._objects.sizes_below(folder)
        for receipt in receipts:
            if sizes.get(receipt.key) == receipt.size and self._is_ours(receipt):
                yield replace(receipt, url=self._project.object_url(receipt.key))
            else:
                yield self.check(receipt)

    def is_here(self, receipt: Receipt) -> bool:
        """Return whether the object has just been seen; one of another place never is."""
        return self._is_ours(receipt) and self.check(receipt) is not None

    def local_path(self, receipt: Receipt) -> Path | None:  # noqa: ARG002  there are no files
        """Return None: no file of this computer holds an object."""
        return None

    def link(self, key: ObjectKey, seconds: int) -> str:
        """Return a link with which anybody can read the object for *seconds*."""
        with self._requests.told("make a link"):
            try:
                return self._objects.sign(key, seconds)
            except Refused as exc:
                if exc.answer.status == 404:  # noqa: PLR2004  as Storage says it
                    raise NotFound(f"{key} is not in the bucket, or not yours") from exc
                raise

    def describe(self, key: ObjectKey, described: Mapping[str, Any]) -> None:
        """Do nothing: the project's database holds the row."""

    def inventory(self) -> Iterator[Archived]:
        """Yield what is in the bucket: as the project's database says it, else as it is listed.

        What the database says `check` looks at later. Where no rows are kept there, each object is
        asked for its hash.
        """
        if self._rows is None:
            yield from self._listed()
            return
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

    def _listed(self) -> Iterator[Archived]:
        with self._requests.told("list the bucket"):
            sizes = self._objects.sizes_below(f"{self._access.user_id}/")
            for key in map(ObjectKey, sorted(sizes)):
                found = self._objects.facts(key)
                if found is not None and found.sha256:
                    url = self._project.object_url(key)
                    receipt = Receipt(
                        self.name, key, found.size, found.sha256, url, verified_at=time.time()
                    )
                    yield Archived(receipt)

    def abandon(self, key: ObjectKey, progress: Progress) -> None:
        """Free what a half-finished upload holds on the server."""
        notes = Notes.read(progress.resume_token)
        if notes is not None and self._fast is not None:
            self._fast.abandon(key, notes)
        if self._tus.knows(progress.resume_token):
            with self._requests.told(f"drop the upload of {key}"):
                self._tus.drop(progress.resume_token)

    # --- sending ---------------------------------------------------------------------------

    def _sent(
        self,
        outgoing: Outgoing,
        flow: Outflow,
        resume_from: Progress | None,
        report: Callable[[Progress], None],
        pace: Callable[[int], None],
    ) -> Sent:
        """Send the file in the way that suits its size."""
        if outgoing.size <= self._small_bytes:
            return self._put(outgoing, flow)
        self._limits.expect_within(outgoing.size)
        sent = self._sent_fast(outgoing, flow, resume_from, report, pace)
        if sent is not None:
            return sent
        upload = ResumableUpload(
            self._tus,
            self._objects,
            outgoing,
            flow,
            chunk_bytes=self._chunk_bytes,
            metadata=self._metadata(outgoing),
            proves_etag=self._proves_etag,
            finishing=self._finishing,
            wait=self._wait,
            report=report,
        )
        return upload.run(resume_from)

    def _sent_fast(
        self,
        outgoing: Outgoing,
        flow: Outflow,
        resume_from: Progress | None,
        report: Callable[[Progress], None],
        pace: Callable[[int], None],
    ) -> Sent | None:
        """Send a large file through the S3 endpoint; None where that is not there for it."""
        is_resumable = resume_from is not None and self._tus.knows(resume_from.resume_token)
        if self._fast is None or is_resumable:
            return None
        notes = Notes.read(resume_from.resume_token) if resume_from else None
        takes = self._fast.takes(notes)
        # The endpoint would replace what is there.
        is_there = takes and self._objects.facts(outgoing.key) is not None
        if notes is not None and (is_there or not takes):
            self._fast.abandon(outgoing.key, notes)
        if is_there:
            return Sent(is_new=False)
        if not takes:
            return None
        return self._fast.send(
            self._objects,
            outgoing,
            flow,
            resume_from,
            proves_content=self._proves_etag,
            pace=pace,
            bytes_per_second=self._bytes_per_second,
            completing=self._finishing.one,
            nap=self._wait,
            report=report,
        )

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

    def _etag_of(self, outgoing: Outgoing, flow: Outflow) -> str:
        """Return what Storage calls the file if it came in one go; empty where nobody asks."""
        if not self._proves_etag:
            return ""
        is_small = outgoing.size <= self._small_bytes
        chunk_bytes = None if is_small else self._chunk_bytes
        return etag_of_file(flow.source, outgoing.size, chunk_bytes, flow.expect_time)

    def _metadata(self, outgoing: Outgoing) -> dict[str, str]:
        return {
            "bucketName": self._project.bucket,
            "objectName": outgoing.key,
            "contentType": outgoing.content_type,
            "cacheControl": "3600",
            "metadata": f'{{"sha256":"{outgoing.sha256}"}}',
        }

    def _is_ours(self, receipt: Receipt) -> bool:
        base = self._project.object_url(ObjectKey(f"{self._access.user_id}/"))
        return receipt.url.startswith(base)

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

    def _meaning(self, exc: Refused | httpx.HTTPError, outgoing: Outgoing) -> AgentError:
        """Return what a failed upload means for this file."""
        doing = f"upload of {outgoing.key}"
        if isinstance(exc, Refused):
            answer = exc.answer
            if answer.is_refused_by_policy:
                return DestinationDenied(
                    f"{doing}: a policy of the bucket “{self._project.bucket}” does not allow it; "
                    "“zoomsync doctor” names what is missing"
                )
            match answer.status:
                case 413 if answer.is_page:
                    return SetupIncomplete(
                        f"{doing}: a server in front of the project takes no request of this size "
                        "(HTTP 413); raise its limit or make ZOOMSYNC_CHUNK_SIZE smaller"
                    )
                case 413:
                    return self._limits.refused(outgoing.size)
                case 415:
                    return SetupIncomplete(
                        f"the bucket “{self._project.bucket}” does not take "
                        f"{outgoing.content_type}; allow it in the dashboard under Storage"
                    )
                case 400 if "nvalid key" in answer.message:
                    return NameRefused(outgoing.key)
        return self._requests.error(exc, doing)
