"""A stand-in for a store that speaks S3, on the loopback, as strict as Amazon's."""

from tests.fakes.http_server import (
    Seen,
    answer,
    cut_after,
    cut_before_body,
    delay,
    html,
    lose_answer,
)
from tests.fakes.s3_server.faults import (
    Action,
    Exchange,
    Fault,
    error_in_200,
    error_in_200_but_done,
    on,
    s3_error,
    slow_down,
    spoil,
    wrong_etag,
)
from tests.fakes.s3_server.multipart import Part, Upload
from tests.fakes.s3_server.server import S3Server
from tests.fakes.s3_server.state import DeleteMarker, StoredObject

__all__ = [
    "Action",
    "DeleteMarker",
    "Exchange",
    "Fault",
    "Part",
    "S3Server",
    "Seen",
    "StoredObject",
    "Upload",
    "answer",
    "cut_after",
    "cut_before_body",
    "delay",
    "error_in_200",
    "error_in_200_but_done",
    "html",
    "lose_answer",
    "on",
    "s3_error",
    "slow_down",
    "spoil",
    "wrong_etag",
]
