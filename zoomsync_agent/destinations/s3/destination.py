"""A bucket of an S3-compatible store as the archive.

Small files go by one request, larger ones in parts, several at a time. Keys are plain ASCII with a
part of the content's hash; what is under a key is never replaced.
"""

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import httpx

from zoomsync_agent.core.errors import (
    AgentError,
    KeyTaken,
    NameRefused,
    NotFound,
    ObjectTooLarge,
    VerificationFailed,
)
from zoomsync_agent.core.naming import KeyStyle
from zoomsync_agent.core.recording import Archived, ObjectKey, Outgoing, Progress, Receipt
from zoomsync_agent.core.units import readable_size
from zoomsync_agent.destinations.outflow import Outflow, ToldToStop, fitting, flowing
from zoomsync_agent.destinations.parted import PARALLEL, PART_BYTES, Assurance, Notes, PartedUpload
from zoomsync_agent.destinations.patience import Patience
from zoomsync_agent.destinations.plain_keys import expect_plain
from zoomsync_agent.destinations.proof import Proof, Sent
from zoomsync_agent.destinations.s3.assurances import PROBE, Assurances
from zoomsync_agent.destinations.s3.shelf import AS_THE_BUCKET_DOES, Shelf, Storing
from zoomsync_agent.destinations.source_file import md5_of
from zoomsync_agent.s3.condition import Unreplaced
from zoomsync_agent.s3.multipart import Multipart, etag_of_parts, may_be_md5, part_bytes
from zoomsync_agent.s3.objects import CHECKSUM, SHA256, Objects, in_header
from zoomsync_agent.s3.requests import Refused, Requests, is_transient

LONGEST_LINK_SECONDS: Final = 7 * 86_400
"""No store signs a link for longer (AWS, "Sharing objects with presigned URLs")."""
_WORTH_A_LISTING: Final = 10
_PRECONDITION: Final = 412
_TOO_LARGE: Final = 413
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class S3Destination:
    """`Destination` in one bucket.

    Args:
        requests: to the bucket, as who we are.
        storing: how objects are to be kept.
        part_size: how large the parts of large files are; up to this size one request does.
        parallel: so many parts of one file are on their way at a time.
        bytes_per_second: the bandwidth limit, 0 for none.
        proves_content: whether what has arrived is proven by its content, or by its size alone.
        nap: sleeps for so many seconds; tests hand in something quicker.
    """

    name = "s3"
    key_style = KeyStyle.PLAIN

    def __init__(
        self,
        requests: Requests,
        *,
        storing: Storing = AS_THE_BUCKET_DOES,
        part_size: int = PART_BYTES,
        parallel: int = PARALLEL,
        bytes_per_second: int = 0,
        proves_content: bool = True,
        nap: Callable[[float], object] = time.sleep,
    ) -> None:
        self._requests = requests
        self._bucket = requests.bucket
        self._objects = Objects(requests)
        self._shelf = Shelf(self._objects, storing)
        self._multipart = Multipart(requests)
        self._assurances = Assurances(requests, proves_content=proves_content)
        self._proof = Proof(self._objects, self._expect_sight)
        self._storing = storing
        self._part_size = part_size
        self._parallel = parallel
        self._bytes_per_second = bytes_per_second
        self._nap = nap
        self._patience = Patience(is_transient, nap)
        self._unreplaced = Unreplaced()

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
                self._proof.prove(
                    outgoing, sent, lambda: self._etag_of(outgoing, flow), flow.expect_time
                )
            except ToldToStop:
                return None
            except (Refused, httpx.HTTPError) as exc:
                raise self._meaning(exc, outgoing) from exc
        return self._receipt(outgoing.key, outgoing.size, outgoing.sha256)

    def check(self, receipt: Receipt) -> Receipt | None:
        """Return the receipt if the object is there, None if it surely is not.

        An object of another bucket is believed.
        """
        if not self._is_ours(receipt):
            return receipt
        with self._requests.told("look at the bucket"):
            found = self._objects.facts(receipt.key)
            if found is None:
                self._expect_sight(receipt.key)
                return None
        is_same = found.size == receipt.size and found.sha256 in ("", receipt.sha256)
        return receipt if is_same else None

    def check_all(self, receipts: Sequence[Receipt]) -> Iterator[Receipt | None]:
        """Yield what `check` returns for each of *receipts*; many are looked up in one listing.

        What the listing does not show is looked at by itself before it counts as gone.
        """
        sizes: dict[str, int] = {}
        if len(receipts) >= _WORTH_A_LISTING:
            # Somebody may be let look at objects and not at the list of them.
            with self._requests.told("list the bucket"), contextlib.suppress(Refused):
                sizes = self._shelf.sizes_of({receipt.key for receipt in receipts})
        for receipt in receipts:
            is_there = sizes.get(receipt.key) == receipt.size
            if is_there and receipt.url == self._bucket.object_url(receipt.key):
                yield receipt
            else:
                yield self.check(receipt)

    def is_here(self, receipt: Receipt) -> bool:
        """Return whether the object has just been seen; one of another place never is."""
        return self._is_ours(receipt) and self.check(receipt) is not None

    def local_path(self, receipt: Receipt) -> Path | None:  # noqa: ARG002  there are no files
        """Return None: no file of this computer holds an object."""
        return None

    def link(self, key: ObjectKey, seconds: int) -> str:
        """Return a link with which anybody can read the object for *seconds*, a week at most.

        Links that were signed with temporary keys end with them.
        """
        with self._requests.told("make a link"):
            if self._objects.facts(key) is None:
                raise NotFound(f"{key} is not in the bucket “{self._bucket.name}”")
        return self._requests.link(key, max(1, min(seconds, LONGEST_LINK_SECONDS)))

    def describe(self, key: ObjectKey, described: Mapping[str, Any]) -> None:
        """Keep the row beside the object, under its name and `.json`."""
        with self._requests.told(f"description of {key}"):
            self._patience.try_(lambda: self._shelf.describe(key, described), lambda: None)

    def inventory(self) -> Iterator[Archived]:
        """Yield what is in the bucket and tells the hash of its content, with what describes it.

        Only names such as the agent gives are looked at: others may use the bucket too.
        """
        with self._requests.told("list the bucket"):
            for key, found, described in self._shelf.kept():
                # A store that keeps no metadata keeps the description all the same.
                sha256 = found.sha256 or str(described.get("sha256", ""))
                if _SHA256.fullmatch(sha256):
                    yield Archived(self._receipt(key, found.size, sha256), described)

    def abandon(self, key: ObjectKey, progress: Progress) -> None:
        """Free what a half-finished upload holds in the store."""
        notes = Notes.read(progress.resume_token)
        if notes is not None:
            with self._requests.told(f"drop the upload of {key}"):
                self._multipart.abort(key, notes.upload_id)

    def close(self) -> None:
        """Close the connections."""
        self._requests.close()

    # --- sending ---------------------------------------------------------------------------

    def _sent(
        self,
        outgoing: Outgoing,
        flow: Outflow,
        resume_from: Progress | None,
        report: Callable[[Progress], None],
        pace: Callable[[int], None],
    ) -> Sent:
        """Send the file in the way that suits its size, unless there is something already."""
        # This also shows that the keys are right, without which nothing can be found out.
        if self._patience.try_(lambda: self._objects.facts(outgoing.key), flow.expect_time):
            self._forget(outgoing.key, resume_from)
            return self._there(outgoing)
        assurance = self._patience.try_(self._assurances.told, flow.expect_time)
        if outgoing.size <= self._part_size:
            return self._put(outgoing, flow, assurance)
        upload = PartedUpload(
            self._multipart,
            self._objects,
            outgoing,
            flow,
            wanted_part_bytes=self._part_size,
            parallel=fitting(self._parallel, self._bytes_per_second),
            assurance=assurance,
            headers=self._headers(outgoing),
            unreplaced=self._unreplaced,
            pace=pace,
            bytes_per_second=self._bytes_per_second,
            completing=contextlib.nullcontext,
            nap=self._nap,
            report=report,
        )
        return upload.run(resume_from)

    def _there(self, outgoing: Outgoing) -> Sent:
        """Return what is to be said of an object that somebody put there before."""
        return Sent(is_new=False, checksum=in_header(bytes.fromhex(outgoing.sha256)))

    def _forget(self, key: ObjectKey, progress: Progress | None) -> None:
        """Free what is held for an object that is there without it."""
        if progress is not None:
            with contextlib.suppress(AgentError):
                self.abandon(key, progress)

    def _put(self, outgoing: Outgoing, flow: Outflow, assurance: Assurance) -> Sent:
        """Send a small file; whatever the answer, what is there then decides."""
        headers = self._headers(outgoing)
        etag = ""
        if assurance.compares_md5:
            md5 = md5_of(flow.source, 0, outgoing.size, flow.expect_time)
            headers["Content-MD5"], etag = in_header(md5), md5.hex()
        checksum = ""
        if assurance.keeps_checksums:
            headers[CHECKSUM] = checksum = in_header(bytes.fromhex(outgoing.sha256))

        def put(condition: Mapping[str, str]) -> httpx.Response:
            return self._objects.put(
                outgoing.key,
                lambda: flow.body(0, outgoing.size, may_stop=True),
                outgoing.size,
                outgoing.sha256,
                {**headers, **condition},
            )

        def once() -> httpx.Response | None:
            try:
                return self._unreplaced.try_(put)
            except httpx.HTTPError:
                # The answer may have been lost after everything was done.
                if self._objects.facts(outgoing.key) is None:
                    raise
                return None

        try:
            response = self._patience.try_(once, flow.expect_time)
        except Refused as exc:
            if exc.answer.status != _PRECONDITION:
                raise
            return self._there(outgoing)
        if response is None:
            return self._there(outgoing)
        return Sent(is_new=True, etag=etag if may_be_md5(response) else "", checksum=checksum)

    def _headers(self, outgoing: Outgoing) -> dict[str, str]:
        return {
            "Content-Type": outgoing.content_type,
            SHA256: outgoing.sha256,
            **self._storing.headers,
        }

    def _etag_of(self, outgoing: Outgoing, flow: Outflow) -> str:
        """Return what a store calls the file if we sent it; empty where nobody asks."""
        if not self._assurances.told().compares_md5:
            return ""
        size, part = outgoing.size, part_bytes(outgoing.size, self._part_size)
        source, expect_time = flow.source, flow.expect_time
        if size <= self._part_size:
            return md5_of(source, 0, size, expect_time).hex()
        return etag_of_parts(
            [
                md5_of(source, at, min(part, size - at), expect_time).hex()
                for at in range(0, size, part)
            ]
        )

    def _is_ours(self, receipt: Receipt) -> bool:
        return receipt.url.startswith(self._bucket.object_url(""))

    def _receipt(self, key: ObjectKey, size: int, sha256: str) -> Receipt:
        return Receipt(self.name, key, size, sha256, self._bucket.object_url(key), time.time())

    # --- meaning ---------------------------------------------------------------------------

    def _expect_sight(self, _key: ObjectKey) -> None:
        """Make sure that an object that is not to be seen is not there.

        Raises:
            Refused, httpx.HTTPError: the bucket itself is not to be seen.
        """
        self._objects.any_below(PROBE)

    def _meaning(self, exc: Refused | httpx.HTTPError, outgoing: Outgoing) -> AgentError:
        """Return what a failed upload means for this file."""
        doing = f"upload of {outgoing.key}"
        if isinstance(exc, Refused):
            if exc.answer.is_about_content:
                return VerificationFailed(f"{doing}: {exc.answer.text}")
            match exc.answer.code:
                case "EntityTooLarge":
                    return ObjectTooLarge(
                        f"{readable_size(outgoing.size)}; the store takes no file of this size"
                    )
                case "" if exc.answer.status == _TOO_LARGE:
                    return ObjectTooLarge(
                        f"{doing}: the store, or a proxy before it, takes no request of this size; "
                        "where it is the proxy, smaller parts may do: zoomsync config set "
                        "s3_part_size 5Mi"
                    )
                case "KeyTooLongError" | "InvalidObjectName" | "XMinioInvalidObjectName":
                    return NameRefused(outgoing.key)
                case "ObjectAlreadyExists" | "InvalidObjectState":
                    return KeyTaken(outgoing.key)
        return self._requests.error(exc, doing)
