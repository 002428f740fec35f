"""The stand-in itself: a store with one bucket, on the loopback."""

import time
from collections.abc import Callable, Mapping
from email.utils import formatdate
from secrets import token_hex
from typing import Final

from tests.fakes.http_server import Answer, HttpServer, Request
from tests.fakes.s3_server import listing, objects, uploading
from tests.fakes.s3_server.access import expect_allowed, let_in
from tests.fakes.s3_server.errors import S3Error
from tests.fakes.s3_server.faults import Exchange
from tests.fakes.s3_server.operations import operation
from tests.fakes.s3_server.state import ACCESS_KEY, SECRET_KEY, Store


def _head_bucket(exchange: Exchange) -> Answer:
    return Answer(200)


_HANDLERS: Final[Mapping[str, Callable[[Exchange], Answer]]] = {
    "HeadBucket": _head_bucket,
    "ListObjectsV2": listing.list_objects,
    "ListMultipartUploads": listing.list_uploads,
    "PutObject": objects.put,
    "GetObject": objects.get,
    "HeadObject": objects.head,
    "DeleteObject": objects.delete,
    "CreateMultipartUpload": uploading.create,
    "UploadPart": uploading.send_part,
    "ListParts": uploading.list_parts,
    "CompleteMultipartUpload": uploading.complete,
    "AbortMultipartUpload": uploading.abort,
}


class S3Server(Store, HttpServer[Exchange]):
    """A store that speaks S3 on 127.0.0.1, as a context manager.

    The bucket is taken from the path, or from the first label of Host. What can be changed while it
    runs are the attributes of `Store`.

    Args:
        bucket: name of its only bucket.
        region: the only one for which signatures hold.
        access_key: who may come.
        secret_key: what that one signs with.
        keep_bytes: False counts the bytes of objects and forgets them.
        hash: False computes no hash of any body: nothing is verified, and no ETag is an MD5.
        smallest_part: in bytes.
        clock: decides what has expired, in seconds since 1970.
        port: 0 takes a free one.
    """

    def __init__(
        self,
        *,
        bucket: str = "recordings",
        region: str = "eu-central-1",
        access_key: str = ACCESS_KEY,
        secret_key: str = SECRET_KEY,
        keep_bytes: bool = True,
        hash: bool = True,  # noqa: A002  says best what it switches
        smallest_part: int = 5 << 20,
        clock: Callable[[], float] = time.time,
        port: int = 0,
    ) -> None:
        HttpServer.__init__(self, name="s3", port=port)
        Store.__init__(
            self,
            bucket=bucket,
            region=region,
            access_key=access_key,
            secret_key=secret_key,
            keep_bytes=keep_bytes,
            hashing=hash,
            smallest_part=smallest_part,
            clock=clock,
            guard=self.guard,
        )

    def _open(self, request: Request) -> Exchange:
        return Exchange(request, self.stopping, self)

    def _respond(self, exchange: Exchange) -> Answer:
        try:
            answer = self._done(exchange)
        except S3Error as error:
            answer = exchange.refused(error)
        answer.headers.setdefault("x-amz-request-id", exchange.request_id)
        return answer

    def _done(self, exchange: Exchange) -> Answer:
        request = exchange.request
        bucket, exchange.key = self._place(request)
        exchange.claim = let_in(exchange)
        name = operation(request.method, request.query, has_key=bool(exchange.key))
        if bucket != self.bucket:
            message = "The specified bucket does not exist"
            raise S3Error(404, "NoSuchBucket", message, {"BucketName": bucket})
        expect_allowed(exchange, name)
        return _HANDLERS[name](exchange)

    def _place(self, request: Request) -> tuple[str, str]:
        """Return the bucket and the key."""
        path = request.path.removeprefix("/")
        if request.headers.get("host", "").partition(".")[0] == self.bucket:
            return self.bucket, path
        bucket, _, key = path.partition("/")
        return bucket, key

    def _dress(self, request: Request, answer: Answer) -> None:
        """S3 says when it answers, which is how a client learns that its clock is wrong."""
        answer.headers = {
            "date": formatdate(self.clock(), usegmt=True),
            "server": "AmazonS3",
            "x-amz-request-id": token_hex(8).upper(),
            "x-amz-id-2": "stand-in",
        } | answer.headers
        if request.method == "HEAD" and not self._has_key(request):
            answer.headers["x-amz-bucket-region"] = self.region
        if request.method == "HEAD" and answer.status >= 400:
            answer.body = b""

    def _has_key(self, request: Request) -> bool:
        bucket, key = self._place(request)
        return bool(key) or bucket != self.bucket
