"""What goes wrong on purpose with a store, beside what can with any server."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from secrets import token_hex

from tests.fakes import http_server
from tests.fakes.http_server import Answer, Seen, Work
from tests.fakes.s3_server.documents import DECLARATION, error_document
from tests.fakes.s3_server.errors import S3Error
from tests.fakes.s3_server.operations import operation
from tests.fakes.s3_server.signature import Claim
from tests.fakes.s3_server.state import Store

_XML = {"content-type": "application/xml"}
_ETAG = re.compile(rb"<ETag>[^<]*</ETag>")
_OTHER_ETAG = "0123456789abcdef0123456789abcdef"


@dataclass(slots=True)
class Exchange(http_server.Exchange):
    """One request and the store it is for.

    `claim` is who signed it, once that is known; `spoils` flips the bits of what it stores.
    """

    store: Store
    key: str = ""
    claim: Claim | None = None
    spoils: bool = False
    request_id: str = field(default_factory=lambda: token_hex(8).upper())

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the request."""
        return self.request.headers

    @property
    def query(self) -> dict[str, str]:
        """Parameters of the request."""
        return self.request.query

    def refused(self, error: S3Error) -> Answer:
        """Return the answer that says *error*."""
        body = error_document(error, self.request.path, self.request_id)
        told = _XML | error.headers | {"x-amz-request-id": self.request_id}
        return Answer(error.status, body, told, early=error.early)


Action = http_server.Action[Exchange]
Fault = http_server.Fault[Exchange]


def on(name: str) -> Callable[[Seen], bool]:
    """Return a predicate for requests of one operation, such as `UploadPart`, with path style."""

    def fits(seen: Seen) -> bool:
        _, _, key = seen.path.removeprefix("/").partition("/")
        try:
            return operation(seen.method, seen.query, has_key=bool(key)) == name
        except S3Error:
            return False

    return fits


def s3_error(
    status: int,
    code: str,
    message: str = "",
    headers: Mapping[str, str] | None = None,
    **elements: str,
) -> Action:
    """Refuse in the words of S3 and do nothing; the body is read and forgotten."""
    error = S3Error(status, code, message, elements, headers)

    def act(exchange: Exchange, work: Work) -> Answer:
        exchange.request.body.discard()
        return exchange.refused(error)

    return act


def slow_down() -> Action:
    """Ask for fewer requests."""
    return s3_error(503, "SlowDown", "Please reduce your request rate.")


def error_in_200(code: str = "InternalError") -> Action:
    """Begin a completion with 200, as if it took long, and end with an error; nothing is done."""

    def act(exchange: Exchange, work: Work) -> Answer:
        exchange.request.body.discard()
        return _late_error(exchange, code)

    return act


def error_in_200_but_done(code: str = "InternalError") -> Action:
    """Do all of it, and say with 200 that it went wrong."""

    def act(exchange: Exchange, work: Work) -> Answer:
        done = work()
        return _late_error(exchange, code) if done.status == 200 else done

    return act


def _late_error(exchange: Exchange, code: str) -> Answer:
    """The declaration goes out at once, then a blank now and then, at last what came of it."""
    error = S3Error(200, code, "We encountered an internal error. Please try again.")
    answer = exchange.refused(error)
    answer.body = DECLARATION + b" \n \n" + answer.body.removeprefix(DECLARATION)
    answer.chunked = True
    return answer


def wrong_etag() -> Action:
    """Do all of it, and answer another ETag than what is stored has."""

    def act(exchange: Exchange, work: Work) -> Answer:
        done = work()
        if "etag" in done.headers:
            done.headers["etag"] = f'"{_OTHER_ETAG}"'
        done.body = _ETAG.sub(f'<ETag>"{_OTHER_ETAG}"</ETag>'.encode(), done.body)
        return done

    return act


def spoil() -> Action:
    """Take the body as if it were right, and store it with its bits flipped."""

    def act(exchange: Exchange, work: Work) -> Answer:
        exchange.spoils = True
        return work()

    return act
